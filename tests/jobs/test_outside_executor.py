"""An executor from outside: what the work is, it is handed as plain values, and the same comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncengine.app import open_pair
from tests.builders import Files, build_files, half_hours, row
from tests.executors import Pickling

TABLES = ("hsplit", "dsplit", "haglog", "synonyms", "tt_schedule")


@pytest.fixture(autouse=True)
def one_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every look at a pair compute its fingerprints by one seed."""
    monkeypatch.setattr("syncengine.jobs.observation.secrets.randbits", lambda _: 20_000_605)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Build a pair that differs in intervals, days, logins and names."""
    logins = [row("haglog", login=960_175_000 + 1800 * n, logid=str(n), extn=f"é{n}") for n in range(6)]
    return build_files(
        tmp_path,
        ("hsplit", "dsplit", "haglog", "synonyms"),
        both={"dsplit": [row("dsplit", split=1)]},
        primary={"hsplit": half_hours(), "haglog": logins, "synonyms": [row("synonyms", item_name="Zoë", value="7")]},
        secondary={"hsplit": half_hours(acdcalls=1), "haglog": [*logins[:3], *logins[4:]]},
    )


def test_a_verify_is_handed_over(files: Files) -> None:
    """Every table is a part of its own, and together they show what one look at all of them does."""
    executor = Pickling()

    found = open_pair(files.pair_file, executor=executor).verify()

    assert found == files.open().verify()
    assert {*executor.done} == {"_facts_on", "_absent", "observe_part"}
    assert executor.done.count("observe_part") == len(found.tables) > 90
    assert len(found.differing) == 3


def test_a_check_is_handed_over(files: Files) -> None:
    """What a check asks of the servers and of each table of the set-up is handed over, and finds the same."""
    executor = Pickling()

    found = open_pair(files.pair_file, executor=executor).check()

    assert found == files.open().check()
    assert executor.done[:2] == ["_look_of", "_look_of"]
