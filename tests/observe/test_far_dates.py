"""Dates that no calendar here has: they stop nothing, and a verify of everything compares their rows."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from syncengine.app import Pair, open_pair
from syncengine.model.bucket import Bucket
from syncengine.model.errors import PairFileError, WindowError
from syncengine.model.window import Window
from tests.builders import Files, build_files

SPEC = """
summary = "Days of our own"
class = "custom"
acd = "acd"
key = ["split"]
synced_by = "copying"

[tables]
c_days = {{ archive = "{archive}" }}

[time]
date = "day"
{label}

[columns]
acd = {{ type = "smallint" }}
day = {{ type = "date" }}
label = {{ type = "smallint" }}
epoch = {{ type = "int8" }}
intrvl = {{ type = "smallint" }}
split = {{ type = "integer" }}
until = {{ type = "date" }}
"""
ARCHIVES = {
    "daily": ("daily", ""),
    "interval": ("interval", 'label = "label"\ninterval = "intrvl"'),
    "event": ("event", 'label = "label"'),
    "logins": ("event", 'epoch = "epoch"'),
}
FAR = ("infinity", "-infinity", "9999-12-31", "0001-01-01", "0044-03-15 (BC)", "290000-01-01")
NOON = 960206400
"""2000-06-05 12:00 UTC."""


def pair_of(folder: Path, kind: str) -> tuple[Files, Pair]:
    """Build a pair with an empty table of days."""
    archive, label = ARCHIVES[kind]
    (folder / "specs").mkdir()
    (folder / "specs" / "c_days.toml").write_text(SPEC.format(archive=archive, label=label))
    files = build_files(folder, [], as_of=datetime(2000, 6, 7, 0, 0), archived=datetime(2000, 6, 7, 0, 0))
    for role in ("primary", "secondary"):
        files.run(
            role,
            "CREATE TABLE c_days (acd SMALLINT, day DATE, label SMALLINT, epoch BIGINT, intrvl SMALLINT, "
            "split INTEGER, until DATE)",
        )
    return files, open_pair(files.pair_file, specs=(folder / "specs",))


def add(files: Files, role: str, day: str | None, split: int, *, until: str = "2000-06-05", epoch: int = NOON) -> None:
    """Add a row at noon of a day."""
    files.run(
        role,
        "INSERT INTO c_days VALUES (1, CAST(? AS DATE), 1200, ?, 30, ?, CAST(? AS DATE))",
        [day, epoch, split, until],
    )


@pytest.mark.soak("True", "interval")
@pytest.mark.parametrize("every_row", [False, True])
@pytest.mark.parametrize("kind", ["daily", "interval", "event"])
def test_rows_of_far_days_are_compared_with_everything(tmp_path: Path, kind: str, every_row: bool) -> None:
    """Each such day is distinguished from every other and from NULL; no window contains any of them."""
    files, pair = pair_of(tmp_path, kind)
    for split, day in enumerate((*FAR, None)):
        add(files, "primary", day, split)
        add(files, "secondary", (*FAR, None)[(split + 1) % 7], split)
    for role in ("primary", "secondary"):
        add(files, role, "2000-06-05", 100)

    everything, window = (
        pair.verify(tables="c_days", every_row=every_row),
        pair.verify(tables="c_days", window="2000-06-05", every_row=every_row),
    )

    (found,) = everything.tables
    slot = None if kind == "daily" else 1200
    assert {one.bucket: one.counts.changed for one in found.differing} == {Bucket(None, slot, 1): 7}
    assert (window.in_sync, window.tables[0].rows_compared) == (True, 2)


def test_far_seconds_and_days_of_logins_are_counted_once(tmp_path: Path) -> None:
    """A login whose second no calendar has is compared with everything; one that lacks only its day is in a window."""
    files, pair = pair_of(tmp_path, "logins")
    for role, second in (("primary", 2**62), ("secondary", 2**62 + 1)):
        add(files, role, "2000-06-05", 1, epoch=second)
        add(files, role, None, 2)
        add(files, role, "infinity" if role == "primary" else "-infinity", 3)

    (found,) = pair.verify(tables="c_days").tables
    (inside,) = pair.verify(tables="c_days", window="2000-06-05").tables

    assert (found.rows_compared, sum(one.counts.changed for one in found.differing)) == (6, 2)
    assert (inside.rows_compared, sum(one.counts.changed for one in inside.differing)) == (4, 1)


def test_a_far_date_elsewhere_is_a_value(tmp_path: Path) -> None:
    """In a column that is no time, a date of any calendar is compared, shown, copied and restored like another."""
    files, pair = pair_of(tmp_path, "daily")
    for split, until in enumerate(FAR):
        add(files, "primary", "2000-06-05", split, until=until)
        add(files, "secondary", "2000-06-05", split, until="9999-12-31" if until == "infinity" else "infinity")
    before = files.run("secondary", "SELECT CAST(until AS VARCHAR) FROM c_days ORDER BY split")

    (found,) = pair.verify(tables="c_days").tables
    shown = [(str(one.changes[0].source), str(one.changes[0].target)) for one in found.samples]
    assert shown[:2] == [("infinity", "9999-12-31"), ("-infinity", "infinity")]
    pair.execute(pair.plan_resync(tables="c_days", window="2000-06-05", policy="rows"))

    assert files.bag("secondary", "c_days", "until IS NOT NULL") == files.bag("primary", "c_days", "until IS NOT NULL")
    assert pair.verify(tables="c_days", every_row=True).in_sync
    pair.execute(pair.plan_undo())
    assert files.run("secondary", "SELECT CAST(until AS VARCHAR) FROM c_days ORDER BY split") == before


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_a_time_no_cms_has_is_a_fault_of_the_pair_file(tmp_path: Path, year: str) -> None:
    """The clock that a pair file sets is in the years of a CMS; another is refused in one sentence with its key."""
    files = build_files(tmp_path, [])
    files.pair_file.write_text(files.pair_file.read_text().replace("as_of = 2000", f"as_of = {year}"))

    with pytest.raises(PairFileError, match="as_of: is outside the years 1970 to 2069"):
        open_pair(files.pair_file)


@pytest.mark.parametrize("window", [(1, 2), (2000, 9999)])
def test_a_window_without_possible_data_is_refused(tmp_path: Path, window: tuple[int, int]) -> None:
    """A window given by a program is refused in a sentence, like a typed one."""
    _, pair = pair_of(tmp_path, "daily")

    with pytest.raises(WindowError, match="lies where no data can be"):
        pair.verify(tables="c_days", window=Window(*(datetime(year, 1, 1) for year in window)))
