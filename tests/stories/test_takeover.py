"""A takeover of timetables on servers of each kind: edited while the primary is down, copied, and restored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.terminal import Typing
from tests.examples import some_of
from tests.rules.timetabled import schedule, task, three_owners
from tests.stories.servers import HOMES, MARKS, PASSWORDS, Bag, Home, as_text

KINDS = some_of(tuple(HOMES), 2)


@pytest.fixture(params=[pytest.param(kind, marks=[MARKS[kind]] if kind in MARKS else []) for kind in KINDS])
def secondary(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """Build the pair with its secondary on a server of each kind."""
    for name, value in PASSWORDS.items():
        monkeypatch.setenv(name, value)
    files = three_owners(tmp_path)
    files.add("primary", "ttsctasks", task("jm", "New"), task("cms", "Back up east"))
    files.add("primary", "ttsched", schedule("jm", "New", "o", start_time=515), schedule("cms", "Back up east"))
    home = HOMES[request.param](files.database("secondary"))
    text = files.pair_file.read_text().replace("duckdb:///secondary.duckdb", home.url)
    files.pair_file.write_text(text)
    yield home
    home.end()


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Typing:
    """Type commands in this process."""
    return Typing(capsys)


def flags(bag: Bag) -> dict[str | None, str | None]:
    """Return the flag of each timetable."""
    return {name: flag for _, name, _, _, _, _, flag, _ in bag}


@pytest.mark.soak("postgresql")
@pytest.mark.sampled
def test_timetables_are_taken_over_and_restored(secondary: Home, tmp_path: Path, typed: Typing) -> None:
    """A new timetable is copied with a schedule, flags change and are restored, and each server's backups stay."""
    pair = ("--pair", tmp_path / "pair.toml")
    before, tasks = as_text(secondary.rows("ttsched")), as_text(secondary.rows("ttsctasks"))

    listed = typed("timetables", *pair)
    synced = typed("sync", *pair, "--set", "timetables", "--yes")
    arrived = [row for row in as_text(secondary.rows("ttsctasks")) if row not in tasks]
    copied = as_text(secondary.rows("ttsched"))
    (tmp_path / "primary.duckdb").rename(tmp_path / "away")
    edited = typed("timetables", *pair, "--run-on", "this", "--owner", "jm", "--yes")
    edited_flags = flags(as_text(secondary.rows("ttsched")))
    undone = typed("undo", *pair, "--yes")
    restored = as_text(secondary.rows("ttsched"))
    (tmp_path / "away").rename(tmp_path / "primary.duckdb")
    (run,) = re.findall(r"Run (\S+):", synced.out)
    removed = typed("undo", run, *pair, "--yes")

    codes = (listed.code, synced.code, edited.code, undone.code, removed.code)
    assert codes == (3, 0, 0, 0, 0), "\n".join(one.text for one in (listed, synced, edited, undone, removed))
    assert [row[:2] for row in arrived] == [("jm", "New")]
    assert [(row[1], row[4], row[6]) for row in copied if row not in before] == [("New", "515", "n")]
    assert edited_flags == {"Greeting": "n", "Morning": "o", "Nightly backup": "y", "New": "o", "Weekly": "o"}
    assert restored == copied
    assert as_text(secondary.rows("ttsched")) == before
