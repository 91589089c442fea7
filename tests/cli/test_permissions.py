"""What commands leave on disk is for the user alone, whatever the umask, and what others could alter is refused."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from syncengine.staging import private_files
from syncengine.staging.ledger import RUNS
from syncengine.staging.remembered_days import Memory
from tests.builders import build_files, row
from tests.cli.terminal import TRUNKS, WINDOW, Typing, drifting_pair, is_one_sentence
from tests.damaged_runs import killed_after
from tests.scenes import trunks

TYPED = """
import json, os, sys, threading
from pathlib import Path
from syncengine.cli.main import run

umask, folder, commands = int(sys.argv[1], 8), Path(sys.argv[2]), json.loads(sys.argv[3])
os.umask(umask)
seen, over = {}, threading.Event()

def watch():
    last = False
    while not last:
        last = over.wait(0.002)
        try:
            for path in folder.rglob("*"):
                seen[str(path.relative_to(folder))] = oct(path.lstat().st_mode)
        except FileNotFoundError:
            # It went while it was looked at: look again.
            last = False

watching = threading.Thread(target=watch)
watching.start()
codes = []
for words in commands:
    os.umask(umask)
    try:
        run(words)
    except SystemExit as ended:
        codes.append(ended.code)
over.set()
watching.join()
print(json.dumps([codes, seen]), file=sys.stderr)
"""
"""Types commands one after the other, and watches what comes and goes in a folder meanwhile."""


def modes(folder: Path) -> dict[str, int]:
    """Return what others may do with all that is in a folder, by name; nothing where that is nothing."""
    paths = {str(path.relative_to(folder)): path.lstat().st_mode for path in (folder, *folder.rglob("*"))}
    return {name: stat.S_IMODE(mode) for name, mode in paths.items() if mode & private_files.OTHERS}


@pytest.mark.parametrize("umask", ["000", pytest.param("022", marks=pytest.mark.soak)])
def test_nothing_that_commands_make_is_for_others(umask: str, tmp_path: Path) -> None:
    """At no moment of any command can others reach a file of the staging folder, or of a demo pair."""
    files = build_files(
        tmp_path / "files",
        ["htrunk", "synonyms"],
        both={"htrunk": [*trunks(400, 500), *trunks(530, 700)]},
        primary={"htrunk": trunks(500, 530, incalls=9), "synonyms": [row("synonyms", value="1", item_name="Sales")]},
        secondary={"htrunk": trunks(500, 530)},
        settings='staging = "new/staging"\nhooks.visual-vectors = { command = ["touch", "hook.out"] }',
    )
    mine = {str(path) for path in (files.folder, *files.folder.rglob("*"))}
    pair = ("--pair", str(files.pair_file))
    demo = ("demo", "--days", "1", "--acds", "1", "--splits", "1", "--agents", "5", "--vdns", "1", "--trunks", "1")
    commands = [
        ["verify", *pair],
        ["resync", *pair, *TRUNKS, "--yes"],
        ["undo", *pair, "--yes"],
        ["backfill", *pair, *WINDOW, "--table", "htrunk", "--yes"],
        ["sync", *pair, "--table", "synonyms", "--yes"],
        ["runs", *pair],
        ["report", *pair],
        [*demo, "--no-resync", "--into", str(files.folder / "new/demo")],
    ]

    done = subprocess.run(
        [sys.executable, "-c", TYPED, umask, str(files.folder), json.dumps(commands)],
        capture_output=True,
        text=True,
        check=False,
    )

    codes, seen = json.loads(done.stderr.splitlines()[-1])
    assert codes[:2] == [3, 0], done.stdout + done.stderr
    assert codes[-1] == 0, done.stdout + done.stderr
    made = {name: int(mode, 8) for name, mode in seen.items() if str(files.folder / name) not in mine}
    assert {name.split("/")[-1] for name in made} >= {"pair.lock", "steps.jsonl", "verdicts.sqlite3", "primary.duckdb"}
    # The user's own command keeps the user's own umask.
    assert stat.S_IMODE(made.pop("hook.out")) == 0o666 & ~int(umask, 8)
    opened = {name: oct(mode) for name, mode in made.items() if mode & private_files.OTHERS}
    assert not opened, opened


def test_the_python_api_is_for_the_user_alone_too(tmp_path: Path) -> None:
    """Where no command was typed, and the umask is the caller's to choose, all that stays is for the user alone."""
    files = drifting_pair(tmp_path / "files")
    before = os.umask(0)
    try:
        pair = files.open()
        resynced = pair.execute(pair.plan_resync(window=WINDOW[1], tables=("htrunk",)))
        (marks,) = files.folder.rglob("steps.jsonl")
        killed_after(marks, 3)
        assert resynced.outcome.done
        assert pair.resume().outcome.done
    finally:
        os.umask(before)

    assert files.folder.joinpath("pair.staging", RUNS).is_dir()
    assert not modes(files.folder / "pair.staging")


def test_what_sqlite_makes_beside_is_for_the_user(tmp_path: Path) -> None:
    """The log and the index beside what is remembered of verifies are for the user alone while they are there."""
    before = os.umask(0)
    try:
        with Memory(tmp_path / "memory") as memory:
            memory.forget([("htrunk", 1, None)])
            names = {path.name for path in (tmp_path / "memory").iterdir()}
            opened = modes(tmp_path / "memory")
    finally:
        os.umask(before)

    assert {"verdicts.sqlite3", "verdicts.sqlite3-wal", "verdicts.sqlite3-shm"} <= names
    assert not opened


@pytest.mark.parametrize("kind", ["writable", "link", "hanging link", "another's"])
def test_a_staging_folder_others_could_alter_is_refused(
    kind: str, tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence says what is wrong with the folder and what to type, and nothing is read from it or written."""
    files = drifting_pair(tmp_path / "files")
    staging = files.folder / "pair.staging"
    elsewhere = tmp_path / "elsewhere"
    if kind == "writable":
        staging.mkdir()
        staging.chmod(0o770)
    elif kind == "another's":
        staging.mkdir(0o700)
        monkeypatch.setattr("os.geteuid", lambda: staging.stat().st_uid + 1)
        os.chown(staging, *([12345] * 2 if staging.stat().st_uid == 0 else [-1, -1]))
    else:
        if kind == "link":
            elsewhere.mkdir(0o700)
        staging.symlink_to(elsewhere)

    result = typed("resync", "--pair", files.pair_file, *TRUNKS, "--yes")

    assert result.code == 1
    assert is_one_sentence(result.err), result.err
    words = {"writable": f"type: chmod 700 {staging}", "another's": "Run syncengine as user"}
    assert words.get(kind, f"Name {elsewhere} itself") in result.err
    assert "set staging in the pair file" in result.err
    assert not elsewhere.exists() or not list(elsewhere.iterdir())
    assert staging.is_symlink() or not list(staging.iterdir())
    if kind == "writable":
        staging.chmod(0o700)
        assert typed("resync", "--pair", files.pair_file, *TRUNKS, "--yes").code == 0


@pytest.mark.parametrize("kind", ["writable", "link"])
def test_a_demo_is_not_built_where_others_could_alter_it(kind: str, tmp_path: Path, typed: Typing) -> None:
    """A folder for the demo that others can write to, or that is a link, is refused with what to type."""
    into = tmp_path / "demo"
    if kind == "link":
        into.symlink_to(tmp_path)
    else:
        into.mkdir()
        into.chmod(0o777)

    result = typed("demo", "--into", into)

    assert result.code == 2
    assert is_one_sentence(result.err), result.err
    assert "name a folder with --into that is not there yet" in result.err
    assert not list(into.glob("*.duckdb"))


def test_what_an_earlier_release_left_open_is_closed(
    tmp_path: Path, typed: Typing, caplog: pytest.LogCaptureFixture
) -> None:
    """A staging folder that others could read is closed to them with all that is in it, once, and that is said."""
    files = drifting_pair(tmp_path / "files")
    staging = files.folder / "pair.staging"
    assert typed("resync", "--pair", files.pair_file, *TRUNKS, "--yes").code == 0
    for path in (staging, *staging.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)

    assert typed("runs", "--pair", files.pair_file).code == 0
    assert typed("runs", "--pair", files.pair_file).code == 0

    assert not modes(staging)
    assert [str(staging) in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.parametrize(("number", "code"), [(errno.EROFS, 0), (errno.EPERM, 1)])
def test_what_cannot_be_closed_is_refused_unless_it_can_only_be_read(
    number: int, code: int, tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk that is only read the runs are shown; where permissions mean nothing, nothing is saved."""
    files = drifting_pair(tmp_path / "files")
    staging = files.folder / "pair.staging"
    assert typed("resync", "--pair", files.pair_file, *TRUNKS, "--yes").code == 0
    staging.chmod(0o755)

    def refusing(path: Path, _: int) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "chmod", refusing)

    result = typed("runs", "--pair", files.pair_file)

    assert result.code == code, result.text
    assert (f"The staging folder {staging} cannot be written to" in result.err) == bool(code)


def test_a_folder_with_other_files_is_not_changed(tmp_path: Path, typed: Typing) -> None:
    """Where staging is a folder of the user's that holds more, only what is of syncengine is closed to others."""
    files = drifting_pair(tmp_path / "files", settings='staging = "."')
    files.folder.chmod(0o755)
    files.pair_file.chmod(0o644)
    assert typed("resync", "--pair", files.pair_file, *TRUNKS, "--yes").code == 0
    (files.folder / RUNS).chmod(0o755)

    assert typed("runs", "--pair", files.pair_file).code == 0

    assert not modes(files.folder / RUNS)
    assert stat.S_IMODE(files.folder.stat().st_mode) == 0o755
    assert stat.S_IMODE(files.pair_file.stat().st_mode) == 0o644
