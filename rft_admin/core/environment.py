"""The environment's settings for rooms that know nothing of the web."""

from flask import current_app

from config import Config


def config() -> Config:
    """Return the checked environment of the running application."""
    checked: Config = current_app.config["RFT"]
    return checked
