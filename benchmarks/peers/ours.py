"""Ours, as gunicorn serves it, with the number of statements told in a header."""

from sqlalchemy import Engine, event

from benchmarks.peers.counting import counted, note
from rft_admin import create_app

event.listen(Engine, "before_cursor_execute", note)
app = counted(create_app(with_commands=False))
