"""Django's own commands: `python -m benchmarks.peers.django_admin migrate`."""

import os
import sys

from django.core.management import execute_from_command_line

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.peers.django_admin.settings"
execute_from_command_line([sys.argv[0], *sys.argv[1:], "--verbosity=0"])
