"""What gunicorn serves: Django's application, with the number of statements told in a header."""

import os
from collections.abc import Callable
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.db.backends.signals import connection_created

from benchmarks.peers.counting import counted, note

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.peers.django_admin.settings"


def _counting(execute: Callable[..., Any], *args: Any) -> Any:
    note()
    return execute(*args)


def _count_on(connection: Any, **_: Any) -> None:
    connection.execute_wrappers.append(_counting)


connection_created.connect(_count_on)
app = counted(get_wsgi_application())
