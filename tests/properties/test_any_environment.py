"""Whatever a command runs in, it ends with a documented code, in words, and never with a trace."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncengine.cli.exit_codes import ExitCode
from tests.cli.terminal import drifting_pair
from tests.examples import examples

PAIR = "pair.toml"
WINDOW = ("-w", "2000-06-05 05:13..05:19", "-t", "htrunk")
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("verify", "-t", "htrunk", "--pair", PAIR),
    ("verify", "-t", "htrunk", "--full", "-v", "--pair", PAIR),
    ("verify", "--internal", "--pair", PAIR),
    ("check", "--pair", PAIR),
    ("check", "--scratch", "--pair", PAIR),
    ("status", "--pair", PAIR),
    ("outages", "--pair", PAIR),
    ("timetables", "--pair", PAIR),
    ("runs", "--pair", PAIR),
    ("report", "--pair", PAIR),
    ("undo", "--dry-run", "--pair", PAIR),
    ("undo", "--yes", "--pair", PAIR),
    ("resume", "--pair", PAIR),
    ("resync", *WINDOW, "--dry-run", "--pair", PAIR),
    ("resync", *WINDOW, "--yes", "--pair", PAIR),
    ("resync", *WINDOW, "--pair", PAIR),
    ("resync", "--outages", "--yes", "--pair", PAIR),
    ("sync", "--set", "dictionary", "--yes", "--pair", PAIR),
    ("backfill", "-w", "2000-06-05", "-t", "htrunk", "--dry-run", "--pair", PAIR),
    ("tables",),
    ("tables", "hsplit"),
    ("--version",),
    ("--help",),
    ("resync", "--help"),
    (),
    ("nonsense",),
    ("verify", "--nonsense", "--pair", PAIR),
    ("verify", "--pair", "nowhere.toml"),
    ("verify", "--acd", "9" * 30, "--pair", PAIR),
    ("resync", *WINDOW, "--allow-deletions", "9" * 40, "--yes", "--pair", PAIR),
    ("verify", "-w", "\udcff", "--pair", PAIR),
    ("verify", "-t", "\udcff\n\x1b[31m", "--pair", PAIR),
    ("demo", "--into", PAIR),
)
ENVIRONMENTS: tuple[dict[str, str | None], ...] = (
    {},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"LANG": "en_US.ISO-8859-1", "LC_ALL": None},
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "iso-8859-1"},
    {"HOME": "/nowhere"},
    {"HOME": None},
    {"TMPDIR": "/nowhere"},
    {"TERM": "dumb"},
    {"COLUMNS": "1"},
    {"COLUMNS": "junk"},
    {"NO_COLOR": "1"},
    {"FORCE_COLOR": "1"},
    {"PYTHONWARNINGS": "error"},
    {"TZ": "nonsense"},
    {"PATH": ""},
)
LINES = (
    '"$@"',
    '"$@" >&-',
    '"$@" 2>&-',
    '"$@" <&-',
    '"$@" >&- 2>&- <&-',
    '"$@" >/dev/full',
    '"$@" 2>/dev/full',
    '"$@" >/dev/full 2>&1',
    'mkdir gone; cd gone; rmdir "$PWD"; "$@"',
    'ulimit -n 10; "$@"',
    'ulimit -n 20; "$@"',
    'ulimit -n 40; "$@"',
    'ulimit -v 900000; "$@"',
    'ulimit -v 3000000; "$@"',
    'ulimit -f 0; "$@"',
    'ulimit -f 100; "$@"',
)
"""What a shell does to the streams, the folder and the limits of a command; `"$@"` is the command."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SECONDS = 60
PATIENCE = 8
"""Seconds after a signal, on a machine that does other things."""


@pytest.fixture(scope="module")
def pair() -> Iterator[Path]:
    """Return a folder with a pair, which each example copies."""
    with tempfile.TemporaryDirectory() as name:
        drifting_pair(Path(name))
        yield Path(name)


@contextmanager
def copied(pair: Path) -> Iterator[Path]:
    """Make a copy of a pair for one command."""
    with tempfile.TemporaryDirectory() as name:
        shutil.copytree(pair, name, dirs_exist_ok=True)
        yield Path(name)


@examples(3)
@given(
    command=st.sampled_from(COMMANDS),
    environment=st.sampled_from(ENVIRONMENTS),
    line=st.sampled_from(LINES),
    json_wanted=st.booleans(),
    struck=st.none() | st.tuples(st.sampled_from(SIGNALS), st.floats(0.0, 3.0)),
)
def test_it_ends_in_words(
    pair: Path,
    command: tuple[str, ...],
    environment: dict[str, str | None],
    line: str,
    json_wanted: bool,
    struck: tuple[signal.Signals, float] | None,
) -> None:
    """In any locale, with closed or full streams, few files, little memory and signals: a code and words, no trace."""
    words = [*command, "--json"] if json_wanted else list(command)
    with copied(pair) as folder:
        done = subprocess.Popen(
            ["/bin/bash", "-c", line, "bash", sys.executable, "-m", "syncengine", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env={name: value for name, value in {**os.environ, **environment}.items() if value is not None},
            start_new_session=True,
        )
        begun = time.monotonic()
        if struck is not None:
            number, seconds = struck
            time.sleep(seconds)
            with suppress(ProcessLookupError):
                os.killpg(done.pid, number)
            begun = time.monotonic()
        out, err = done.communicate(timeout=SECONDS)

    output = f"{out.decode(errors='replace')}{err.decode(errors='replace')}"
    # A signal that comes before Python listens, or while it leaves, is reported by the shell.
    codes = {*ExitCode} if struck is None else {*ExitCode, *(-one for one in SIGNALS)}
    assert done.returncode in codes, output
    assert "Traceback" not in output
    assert "This is a fault of syncengine" not in output
    assert "Exception ignored" not in output
    if struck is not None:
        assert time.monotonic() - begun < PATIENCE
    if json_wanted and out.strip() and struck is None and not {"--help", "--version"} & set(command):
        assert json.loads(out)
