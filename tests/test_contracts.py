"""Tests of the import contracts: each holds, and each breaks on a planted fault."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent

#: The contract's name, the file that is made to break it, and the line that does.
FAULTS = [
    ("Rooms rest on the rooms below them", "accounts/settings.py", "import rft_admin.bookings"),
    ("Business rooms know nothing of the web", "bookings/settings.py", "import flask"),
    ("Only payments.stripe_gateway imports stripe", "payments/settings.py", "import stripe"),
    ("Only messaging.transport imports smtplib", "messaging/settings.py", "import smtplib"),
    (
        "The application never imports the sandbox or the benchmarks",
        "public/planted.py",
        "import sandbox",
    ),
    (
        "Inside a room, models know nothing above them",
        "bookings/models.py",
        "import rft_admin.bookings.service",
    ),
]


def lint(directory: Path) -> subprocess.CompletedProcess[str]:
    """Run the import contracts in a copy of the project."""
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(directory), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what the contracts look at."""
    for name in ("rft_admin", "sandbox", "seeds", "benchmarks"):
        shutil.copytree(
            PROJECT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.pyc", "static")
        )
    for name in ("pyproject.toml", "config.py"):
        shutil.copy(PROJECT / name, tmp_path / name)
    return tmp_path


class TestContracts:
    @pytest.mark.parametrize(("contract", "file", "line"), FAULTS, ids=[f[0] for f in FAULTS])
    def test_break_on_a_planted_fault(
        self, copy: Path, contract: str, file: str, line: str
    ) -> None:
        planted = copy / "rft_admin" / file
        planted.write_text((planted.read_text() if planted.exists() else "") + f"\n{line}\n")

        result = lint(copy)

        assert result.returncode == 1
        assert f"{contract} BROKEN" in result.stdout

    def test_refuse_a_room_that_has_no_place_in_the_layers(self, copy: Path) -> None:
        (copy / "rft_admin" / "attic").mkdir()
        (copy / "rft_admin" / "attic" / "__init__.py").write_text('"""Planted."""\n')

        result = lint(copy)

        assert result.returncode != 0
        assert "attic" in result.stdout + result.stderr

    def test_hold(self, copy: Path) -> None:
        result = lint(copy)

        assert result.returncode == 0, result.stdout
        assert "BROKEN" not in result.stdout
