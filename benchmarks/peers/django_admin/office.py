"""Django's own app of this peer, under a label of its own."""

from django.apps import AppConfig


class OfficeConfig(AppConfig):
    """The app with the models."""

    name = "benchmarks.peers.django_admin"
    label = "office"
