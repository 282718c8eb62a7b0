"""What gunicorn imports and `flask` finds: the application of this environment."""

from rft_admin import create_app

app = create_app()
