"""Documents as PDF: tagged for screen readers (PDF/UA-1) and for the archive (PDF/A-2a)."""

import json
from pathlib import Path
from typing import Any

from rft_admin.core.printer import our_printer
from rft_admin.core.templating import TEMPLATES

FONTS = Path(__file__).parent.parent / "static" / "fonts"


def render_pdf(template: str, data: dict[str, Any]) -> bytes:
    """Compile a typst template of `rft_admin/templates` and return the PDF.

    What people typed travels as JSON in `sys.inputs.data`: the template prints it as text, and
    nothing of it is ever read as markup. The compiler runs in a process beside this one.

    :raises PrinterAway: if it does not answer in time.
    :raises CannotPrint: if it complains of the template.
    """
    order = {"template": template, "data": json.dumps(data)}
    return our_printer(TEMPLATES, FONTS).print(json.dumps(order).encode())
