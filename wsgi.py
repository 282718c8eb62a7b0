"""What gunicorn imports and `flask` finds: the application of this environment."""

import os

from rft_admin import create_app

#: Flask sets it while `flask` runs a command; gunicorn needs no commands.
RUN_FROM_COMMAND_LINE = os.environ.get("FLASK_RUN_FROM_CLI") == "true"

app = create_app(with_commands=RUN_FROM_COMMAND_LINE)
