"""Grains: the properties of each archive are in one place, and are consistent."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncengine.model.grain import A_DAY, A_MONTH, A_WEEK, EVENT, IN_ARCH_STAT, Archive, Grain, Unit
from syncengine.model.window import Window
from syncengine.observe.facts import FACTS
from syncengine.pair_file.schema import RetentionEntry
from tests.builders import catalogue
from tests.examples import examples

UNITS = (A_DAY, A_WEEK, A_MONTH, Unit("quarter", months=3))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.word)
@examples(50)
@given(day=st.dates(date(1970, 1, 1), date(2069, 12, 31)))
def test_units_tile_the_calendar(unit: Unit, day: date) -> None:
    """Every day lies in exactly one unit, which ends where the next begins and is whole in the window it makes."""
    first = unit.containing(day)
    past = unit.after(first)

    assert first <= day < past
    assert unit.containing(past) == past
    window = Window(datetime(first.year, first.month, first.day), datetime(past.year, past.month, past.day))
    found = unit.whole(window)
    assert found is not None
    assert found[0] <= first < found[1] <= past
    assert unit.whole(Window(window.start, window.stop - timedelta(minutes=1))) is None


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.word)
@examples(50)
@given(moment=st.datetimes(datetime(1970, 1, 1), datetime(2069, 12, 31)), begins=st.integers(0, 6))
def test_the_unit_before_the_one_under_way_is_over(unit: Unit, moment: datetime, begins: int) -> None:
    """If a server has no archive status, only finished periods are compared, on whichever day weeks begin."""
    under_way = unit.containing(moment.date(), begins)

    found = Grain(Archive.DAILY, unit.word, unit).last_but_one(moment, 30)

    assert found.date() < under_way


def test_every_archive_in_arch_stat_is_queried() -> None:
    """What names an archive elsewhere has all of them: the pair file, arch_stat and dcalloc."""
    assert set(RetentionEntry.model_fields) == {grain.archive.value for grain in IN_ARCH_STAT}
    assert len({grain.code for grain in IN_ARCH_STAT}) == len(IN_ARCH_STAT) == len(Archive) - 1
    columns = {column.name for column in catalogue().table("dcalloc").columns}
    assert {grain.retention_column for grain in IN_ARCH_STAT} <= columns
    assert {name for fact in FACTS["dcalloc"] for name in fact.columns} <= columns
    assert all(grain.longest_retention and grain.stuck and (grain.overdue or grain.sliced) for grain in IN_ARCH_STAT)
    assert all(one.grain.archive is one for one in Archive)
    assert all(one.grain.tiles + one.grain.events + one.grain.summarised == 1 for one in Archive)
    assert EVENT.longest_retention is None
