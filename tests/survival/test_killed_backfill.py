"""Killed at any moment, a backfill leaves whole intervals, and ends the same when it is resumed."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from syncengine.model.errors import InputError
from syncengine.model.pair import Role
from tests.builders import Files, build_files
from tests.scenes import trunks
from tests.survival.children import Order, counted, died_of, done, opened
from tests.survival.outages import chosen

DAYS = [date(2000, 6, day) for day in (1, 2, 3)]
REQUEST = {"window": "2000-06-01..2000-06-03", "tables": ("htrunk",), "portion_days": 1}
SPREAD = 1
"""Moments at which it is killed."""
SETTINGS = "limits.step_rows = 4\nlimits.memory_mb = 128\n"


def build(folder: Path) -> Files:
    """Build a pair whose secondary is newly installed."""
    rows = [one for day in DAYS for one in trunks(400, 600, row_date=day)]
    return build_files(folder, ["htrunk"], primary={"htrunk": rows}, settings=SETTINGS)


def is_whole(files: Files) -> bool:
    """Say whether every interval of the secondary is empty or the primary's."""
    held: list[dict[tuple[str | None, ...], Counter[tuple[str | None, ...]]]] = []
    for role in Role:
        buckets: dict[tuple[str | None, ...], Counter[tuple[str | None, ...]]] = {}
        for row in files.bag(role, "htrunk"):
            buckets.setdefault(row[:2], Counter())[row] += 1
        held.append(buckets)
    source, target = held
    return all(bag == source[bucket] for bucket, bag in target.items())


@pytest.mark.soak
@pytest.mark.sampled
def test_killed_at_a_moment(tmp_path: Path) -> None:
    """Killed before or after any operation, in a portion, a backfill leaves whole intervals, and resume ends it."""
    files = build(tmp_path / "pair")
    originals = tmp_path / "originals"
    shutil.copytree(files.folder, originals)
    moments = counted(Order(files.pair_file, None, backfill=REQUEST))
    for fatal in chosen(moments, SPREAD, seed=3, firsts=()):
        shutil.rmtree(files.folder / "pair.staging", ignore_errors=True)
        for role in Role:
            shutil.copyfile(originals / files.database(role).name, files.database(role))
            files.database(role).with_name(f"{files.database(role).name}.wal").unlink(missing_ok=True)
        assert died_of(Order(files.pair_file, None, fatal, backfill=REQUEST)), fatal
        assert is_whole(files)

        pair = opened(files.pair_file, {})
        try:
            assert pair.resume().outcome.done
        except InputError as error:
            if "is done" not in error.message:
                assert done(pair, Order(files.pair_file, None, backfill=REQUEST)).outcome.done
        assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")
