"""The program that compiles documents, run by `core.printer` as a process of its own.

It imports nothing of the application: `python pdf_program.py TEMPLATES FONTS` reads orders from its
standard input and writes PDFs to its standard output, one after the other. Each message is a
length (four bytes) and so many bytes; an answer's first byte says whether a PDF follows or the
compiler's complaint. It ends when nobody has asked for a minute, after a large document
(the compiler keeps the memory it took), and when its parent has gone.
"""

import json
import select
import struct
import sys
from pathlib import Path
from typing import BinaryIO, Literal

import typst

LENGTH = struct.Struct(">I")
PRINTED, COMPLAINT = b"P", b"C"
#: A process that waits for nothing is given back to the machine.
IDLE_SECONDS = 60.0
#: Pages take 50 MB and no more, however many; the longest report takes 270, which are kept.
LARGE_BYTES = 256 * 1024
STANDARDS: list[Literal["a-2a", "ua-1"]] = ["a-2a", "ua-1"]


def serve(orders: BinaryIO, answers: BinaryIO, templates: Path, fonts: typst.Fonts) -> None:
    """Answer orders until there are no more, or one was large."""
    answer = b""
    while len(answer) < LARGE_BYTES and (order := _next_order(orders)) is not None:
        try:
            answer = PRINTED + _compile(templates, fonts, **json.loads(order))
        except RuntimeError as error:
            answer = COMPLAINT + str(error).encode()
        answers.write(LENGTH.pack(len(answer)) + answer)
        answers.flush()


def _next_order(orders: BinaryIO) -> bytes | None:
    """Return the next order; None when the parent has gone or nobody has asked for long."""
    waiting, _, _ = select.select([orders], [], [], IDLE_SECONDS)
    head = orders.read(LENGTH.size) if waiting else b""
    return orders.read(*LENGTH.unpack(head)) if len(head) == LENGTH.size else None


def _compile(templates: Path, fonts: typst.Fonts, *, template: str, data: str) -> bytes:
    compiled = typst.compile(
        str(templates / template),
        root=str(templates),
        font_paths=fonts,
        sys_inputs={"data": data},
        pdf_standards=[*STANDARDS],
    )
    if not isinstance(compiled, bytes):
        raise TypeError(f"{template} did not become one PDF.")
    return compiled


def own_faces(directory: Path) -> typst.Fonts:
    """Return our own faces, else those inside typst: the same on every machine."""
    paths = [str(directory)] if directory.is_dir() else []
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=not paths, font_paths=paths
    )


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer, Path(sys.argv[1]), own_faces(Path(sys.argv[2])))
