"""Types commands and captures their output."""

from __future__ import annotations

import ctypes
import io
import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from syncengine.cli.main import run_for_code
from tests.builders import Files, build_files
from tests.scenes import trunks

WINDOW = ("--window", "2000-06-05 05:13..05:19")
TRUNKS = (*WINDOW, "--table", "htrunk")
"""The guide's outage, in a narrow table."""
PROGRAM = (sys.executable, "-c", "from syncengine.cli.main import run; run()")

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
"""What Linux calls the right to pass over permissions, and giving it up."""


@dataclass(frozen=True)
class CommandResult:
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as one JSON document; any other text fails."""
        document: dict[str, Any] = json.loads(self.out)
        return document

    @property
    def text(self) -> str:
        """Both outputs, lines joined."""
        return " ".join((self.out + " " + self.err).split())


class Typing:
    """Types commands in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str | Path) -> CommandResult:
        """Type a command."""
        self._capsys.readouterr()
        code = run_for_code([str(word) for word in words])
        captured = self._capsys.readouterr()
        return CommandResult(code, captured.out, captured.err)


def type_in_process(*words: str | Path, **options: Any) -> CommandResult:
    """Type a command in a process of its own; options are those of `subprocess.run`."""
    done = subprocess.run(
        [*PROGRAM, *map(str, words)], check=False, capture_output=True, text=True, timeout=60, **options
    )
    return CommandResult(done.returncode, done.stdout, done.stderr)


class _Person(io.StringIO):
    def isatty(self) -> bool:
        return True


def answering(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    """Put a user at the terminal who types these answers."""
    monkeypatch.setattr("sys.stdin", _Person("".join(f"{answer}\n" for answer in answers)))


def drifting_pair(folder: Path, **options: Any) -> Files:
    """Build a pair whose secondary has other figures from 5:00 to 5:29 and is alike elsewhere."""
    return build_files(
        folder,
        ["htrunk"],
        both={"htrunk": [*trunks(400, 500), *trunks(530, 700)]},
        primary={"htrunk": trunks(500, 530, incalls=9)},
        secondary={"htrunk": trunks(500, 530)},
        **options,
    )


def suggested(output: str, label: str) -> list[list[str]]:
    """Return the words of the commands that stand below a label, each on a line of its own."""
    commands: list[list[str]] = []
    below = False
    for line in output.splitlines():
        if below and line.startswith("  syncengine "):
            commands.append(shlex.split(line)[1:])
        else:
            below = line.startswith(label) and line.endswith(":")
    return commands


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file under a folder, to compare with later."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def is_one_sentence(text: str) -> bool:
    """Return whether an error is a short text for people, without a trace."""
    return bool(text.strip()) and "Traceback" not in text and len(text.strip().splitlines()) <= 3


def without_privileges() -> None:
    """Make permissions count for this process and what it runs, even where it belongs to root."""
    if os.geteuid() == 0:
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
