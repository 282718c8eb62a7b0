"""Documents as PDF: tagged for screen readers (PDF/UA-1) and for the archive (PDF/A-2a)."""

import ctypes
import json
from functools import cache
from pathlib import Path
from typing import Any, Literal

import typst

from rft_admin.core.templating import TEMPLATES

FONTS = Path(__file__).parent.parent / "static" / "fonts"
STANDARDS: list[Literal["a-2a", "ua-1"]] = ["a-2a", "ua-1"]


def render_pdf(template: str, data: dict[str, Any]) -> bytes:
    """Compile a typst template of `rft_admin/templates` and return the PDF.

    What people typed travels as JSON in `sys.inputs.data`: the template prints it as text, and
    nothing of it is ever read as markup.
    """
    compiled = typst.compile(
        str(TEMPLATES / template),
        root=str(TEMPLATES),
        font_paths=_fonts(),
        sys_inputs={"data": json.dumps(data)},
        pdf_standards=[*STANDARDS],
    )
    _give_memory_back()
    if not isinstance(compiled, bytes):
        raise TypeError(f"{template} did not become one PDF.")
    return compiled


def _give_memory_back() -> None:
    """Return to the system what the compiler took: 8 MB of the web process's 150.

    glibc alone keeps it and has the call; elsewhere there is nothing to do.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


@cache
def _fonts() -> typst.Fonts:
    """Return our own faces, else those inside typst: the same on every machine."""
    paths = [str(FONTS)] if FONTS.is_dir() else []
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=not paths, font_paths=paths
    )
