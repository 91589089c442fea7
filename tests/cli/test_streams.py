"""What a command says reaches whoever can read it, on streams of any kind, and no trace reaches anybody."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.terminal import PROGRAM, TRUNKS, Typing, drifting_pair, is_one_sentence

VERIFY = ("verify", *TRUNKS)


def shell(line: str, *words: str | Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Type a command with what a shell does to its streams; `line` has "$@" for the command."""
    return subprocess.run(
        ["/bin/bash", "-c", line, "bash", *PROGRAM, *map(str, words)],
        check=False,
        capture_output=True,
        timeout=60,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize(
    ("environment", "encoding"),
    [
        ({"PYTHONIOENCODING": "ascii"}, "ascii"),
        pytest.param({"PYTHONIOENCODING": "iso-8859-1"}, "latin-1", marks=pytest.mark.soak),
    ],
)
def test_signs_that_a_stream_has_not_are_spelled(tmp_path: Path, environment: dict[str, str], encoding: str) -> None:
    """Where a terminal lacks a sign that a report has, a plain one stands for it."""
    files = drifting_pair(tmp_path)

    done = shell('"$@"', *VERIFY, "--pair", files.pair_file, **environment)

    assert done.returncode == 3
    assert "incalls 9 != 5" in done.stdout.decode(encoding)
    assert done.stderr == b""


def test_names_that_a_stream_has_not_are_spelled() -> None:
    """Signs of a name that a terminal or every encoding lacks are shown by their numbers."""
    done = shell('"$@"', "verify", "--pair", os.fsdecode(b"d\xc3\xa9j\xe0.toml"), PYTHONIOENCODING="ascii")

    assert done.returncode == 2
    assert is_one_sentence(done.stderr.decode("ascii"))
    assert "d\\xe9j\\udce0.toml" in done.stderr.decode("ascii")


@pytest.mark.parametrize("json_wanted", [False, pytest.param(True, marks=pytest.mark.soak)])
@pytest.mark.parametrize(
    ("line", "code"),
    [
        pytest.param('"$@" >&-', 3, marks=pytest.mark.soak),
        pytest.param('"$@" 2>&-', 3, marks=pytest.mark.soak),
        pytest.param('"$@" <&-', 3, marks=pytest.mark.soak),
        ('"$@" <&- >&- 2>&-', 3),
        ('"$@" >/dev/full', 1),
        pytest.param('"$@" 2>/dev/full', 3, marks=pytest.mark.soak),
        pytest.param('"$@" >/dev/full 2>&1', 1, marks=pytest.mark.soak),
        ('set -o pipefail; "$@" | true', 3),
        ('mkdir gone && cd gone && rmdir "$PWD" && "$@"', 2),
    ],
)
def test_streams_of_any_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, code: int, json_wanted: bool
) -> None:
    """Streams that are closed, full or no longer read, and a folder that is gone: the true exit code, and no trace."""
    files = drifting_pair(tmp_path)
    monkeypatch.chdir(tmp_path)

    done = shell(line, *VERIFY, "--pair", files.pair_file, *(["--json"] if json_wanted else []))

    result = done.stderr.decode()
    assert done.returncode == code
    assert result == "" or is_one_sentence(result)
    if json_wanted and done.stdout:
        assert json.loads(done.stdout)
    if "/dev/full" in line and "2>" not in line:
        assert "The output could not be written: No space left on device." in result


def test_a_full_disk_stops_before_anything_is_written(tmp_path: Path) -> None:
    """A plan that nobody can read is not carried out."""
    files = drifting_pair(tmp_path)

    done = shell('PYTHONUNBUFFERED=1 "$@" >/dev/full', "resync", *TRUNKS, "--yes", "--pair", files.pair_file)

    assert done.returncode == 1
    assert files.open().runs() == ()


def test_closed_streams_are_no_file_of_ours(tmp_path: Path) -> None:
    """With standard output closed nothing that is said gets into a database that is opened then."""
    files = drifting_pair(tmp_path)

    done = shell('"$@" >&- 2>&-', "resync", *TRUNKS, "--yes", "--pair", files.pair_file)

    assert done.returncode == 0
    assert files.open().verify(tables="htrunk").in_sync


def test_an_unforeseen_error_is_a_sentence(tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug is reported as a bug, and -vv shows its trace."""
    files = drifting_pair(tmp_path)
    monkeypatch.setattr("syncengine.app.pair.Pair.verify", lambda *_, **__: 1 // 0)

    result = typed(*VERIFY, "--pair", files.pair_file)
    traced = typed(*VERIFY, "--pair", files.pair_file, "-vv")

    assert (result.code, traced.code) == (1, 1)
    assert is_one_sentence(result.err)
    assert "This is a bug in syncengine: ZeroDivisionError" in result.err
    assert "Traceback" in traced.err


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (MemoryError(), "Out of memory"),
        (RuntimeError("can't start new thread"), "allows no more threads"),
        (OSError(24, "Too many open files", "/somewhere"), "Too many open files (/somewhere)"),
        (BrokenPipeError(32, "Broken pipe"), "broken pipe"),
    ],
)
def test_an_exhausted_resource_is_named(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch, raised: Exception, message: str
) -> None:
    """Too little memory, too few threads or files are named, with exit code 1."""
    files = drifting_pair(tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr("syncengine.app.pair.Pair.verify", fail)

    result = typed(*VERIFY, "--pair", files.pair_file)

    assert result.code == 1
    assert is_one_sentence(result.err)
    assert message in result.err
