"""A site for each number of rows, counted and not: /exact20/, /countless100/."""

from django.urls import path

from benchmarks.peers.django_admin.screens import site

urlpatterns = [
    path(f"{name}/", site(name, rows=rows, is_counted=is_counted).urls)
    for rows in (20, 100)
    for name, is_counted in ((f"exact{rows}", True), (f"countless{rows}", False))
]
