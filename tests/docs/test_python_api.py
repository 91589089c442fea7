"""The program of the page of the Python API runs, and what pages show of it is typed."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import build_files
from tests.docs.pages import DOCS, README, REPOSITORY, blocks
from tests.scenes import trunk, trunks

PROGRAM = DOCS / "reference" / "drift_to_undo.py"
API = DOCS / "reference" / "python-api.md"


def test_the_program_goes_from_drift_to_undo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It shows the rows that differ, repairs them, reports the run, undoes it, and shows its progress."""
    primary, secondary = [trunk(500), trunk(500, 2, incalls=7)], [trunk(500, 2), trunk(500, 3)]
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": trunks(400, 500)},
        primary={"htrunk": primary},
        secondary={"htrunk": secondary},
    )
    before = files.bag("secondary", "htrunk")

    code = runpy.run_path(str(PROGRAM))["main"](str(files.pair_file), "2000-06-05 05:13..05:19")

    output = capsys.readouterr()
    assert code == 0
    assert "htrunk Bucket(row_date=datetime.date(2000, 6, 5), slot=500, acd=1) 1 missing 1 extra" in output.out
    assert "'incalls': 7" in output.out
    assert "differs in ('incalls',)" in output.out
    assert "done 1 of 1 steps, in sync: True" in output.out
    assert "Comparing: 0 of 1\n  1 more, " in output.err
    assert files.bag("secondary", "htrunk") == before


def test_what_is_shown_of_python_is_typed(tmp_path: Path) -> None:
    """The program, the README's piece of Python and those of the page are clean under mypy --strict."""
    shown = [PROGRAM]
    for page in (README, API):
        file = tmp_path / f"{page.stem.replace('-', '_').lower()}.py"
        file.write_text("".join(block.text for block in blocks(page) if block.kind == "python"))
        shown.append(file)

    assert checked(REPOSITORY, *shown) == ""


@pytest.mark.soak
def test_it_is_typed_for_users(tmp_path: Path) -> None:
    """The installed package is typed for users who have nothing of this repository."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.read_text() + "\n\nreveal_type(syncengine.open_pair('pair.toml').status())\n")

    output = checked(tmp_path, program, "--strict", "--cache-dir", str(tmp_path / "cache"))

    assert 'Revealed type is "syncengine.model.pair_status.PairStatus"' in output
    assert "error" not in output


def checked(folder: Path, *words: str | Path) -> str:
    """Return what mypy says of some files, with the settings of a folder."""
    command = [sys.executable, "-m", "mypy", "--no-error-summary", *map(str, words)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr
