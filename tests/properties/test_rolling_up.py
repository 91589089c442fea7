"""The roll-up of random intervals, against one written in plain Python."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncengine.diffing.rollup_sums import (
    MATCHED,
    PARTS,
    PERIODS,
    ROLLED,
    RolledColumn,
    RollupQuestion,
    counts_statement,
    matched_statement,
    parts_statement,
    rolled_statement,
    rows_statement,
)
from syncengine.model.fingerprint import FingerprintColumn
from syncengine.model.spec import ColumnType, Rollup
from tests.examples import examples, some_of

NAME = FingerprintColumn("name", ColumnType("char", 4))
COLUMNS = (
    RolledColumn(FingerprintColumn("calls", ColumnType("integer")), Rollup.SUM),
    RolledColumn(FingerprintColumn("longest", ColumnType("smallint")), Rollup.MAX),
    RolledColumn(FingerprintColumn("place", ColumnType("char", 2)), Rollup.LATEST),
    RolledColumn(FingerprintColumn("incomplete", ColumnType("smallint")), Rollup.BROKEN),
)
QUESTION = RollupQuestion("row_date", "starttime", "acd", (NAME,), COLUMNS)
FIELDS = [
    ("row_date", pa.date32()),
    ("acd", pa.int16()),
    ("name", pa.string()),
    ("calls", pa.int32()),
    ("longest", pa.int16()),
    ("place", pa.string()),
    ("incomplete", pa.int16()),
]
SHORTER = pa.schema([("starttime", pa.int16()), *FIELDS])
LONGER = pa.schema(FIELDS)
FIRST = date(2000, 6, 4)
DATABASE = duckdb.connect(":memory:")
Row = dict[str, Any]

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "starttime": st.sampled_from([0, 1000, 1030, None]),
            "row_date": st.integers(0, 8).map(lambda n: FIRST + timedelta(days=n)),
            "acd": st.sampled_from([1, 2]),
            "name": st.sampled_from(["a", "a   ", "b", None]),
            "calls": st.sampled_from([0, 3, 30_000, None]),
            "longest": st.sampled_from([0, 4, 9, None]),
            "place": st.sampled_from(["x", "y ", None]),
            "incomplete": st.sampled_from([0, 2, None]),
        }
    ),
    max_size=12,
)
"""Rows of a week and a bit: keys that repeat, NULLs everywhere, labels that occur twice."""


def periods(days: int) -> list[Row]:
    """Return the first whole period of each ACD."""
    return [{"acd": acd, "first": FIRST, "past": FIRST + timedelta(days=days)} for acd in (1, 2)]


def rolled(rows: list[Row], days: int) -> dict[tuple[int, str | None], Row]:
    """Roll rows up in Python: what NULL and repeated labels leave open is decided in one way."""
    groups: dict[tuple[int, str | None], list[Row]] = defaultdict(list)
    for one in rows:
        if one["row_date"] < FIRST + timedelta(days=days):
            name = None if one["name"] is None else one["name"].rstrip()
            groups[one["acd"], name].append(one)
    return {group: _one(group, members) for group, members in groups.items()}


def _one(group: tuple[int, str | None], members: list[Row]) -> Row:
    def present(name: str) -> list[Any]:
        return [one[name] for one in members if one[name] is not None]

    newest = max(members, key=lambda one: (one["row_date"], -1 if one["starttime"] is None else one["starttime"]))
    broken = {(one["row_date"], one["starttime"]) for one in members if one["incomplete"]}
    return {
        "row_date": FIRST,
        "acd": group[0],
        "name": group[1],
        "calls": sum(present("calls")) if present("calls") else None,
        "longest": max(present("longest"), default=None),
        "place": newest["place"],
        "incomplete": len({place for place in broken if place[1] is not None}),
    }


def roll(rows: list[Row], days: int) -> None:
    """Roll rows up by the statements under test, day by day as a run does, and show them as `rolled`."""
    DATABASE.register("period_rows", pa.Table.from_pylist(periods(days)))
    DATABASE.execute(f"CREATE OR REPLACE TABLE {PERIODS} AS SELECT * FROM period_rows")
    begun = False
    for day in range(9):
        of_day = [one for one in rows if one["row_date"] == FIRST + timedelta(days=day)]
        DATABASE.register("day_rows", pa.Table.from_pylist(of_day, schema=SHORTER))
        statement = parts_statement(QUESTION, "day_rows")
        made = f"INSERT INTO {PARTS} {statement}" if begun else f"CREATE OR REPLACE TABLE {PARTS} AS {statement}"
        DATABASE.execute(made)
        begun = True
    DATABASE.execute(f"CREATE OR REPLACE TABLE {ROLLED} AS {rolled_statement(QUESTION)}")


def compared_with_rolled(longer: list[Row]) -> dict[int, tuple[Any, ...]]:
    """Compare rows of a longer archive with `rolled`: groups, rows, differing, lacking, extra, a count a column."""
    DATABASE.register("longer_rows", pa.Table.from_pylist(longer, schema=LONGER))
    DATABASE.execute(f"CREATE OR REPLACE TABLE {MATCHED} AS {matched_statement(QUESTION, 'longer_rows')}")
    return {acd: tuple(rest) for acd, _, *rest in DATABASE.execute(counts_statement(QUESTION)).fetchall()}


@examples(8)
@given(ROWS, st.sampled_from([1, 7]))
def test_what_python_sums_up_agrees(rows: list[Row], days: int) -> None:
    """Days and weeks that Python made of random intervals are what the statements make of them, group by group."""
    expected = rolled(rows, days)
    roll(rows, days)

    found = compared_with_rolled(list(expected.values()))

    assert {acd: counts[0] for acd, counts in found.items()} == {
        acd: sum(group[0] == acd for group in expected) for acd in {group[0] for group in expected}
    }
    assert not [counts for counts in found.values() if any(counts[2:])]


@pytest.mark.parametrize(
    ("column", "value"), some_of([("calls", 99), ("longest", 7), ("place", "zz"), ("incomplete", 50)], 2)
)
@examples(8)
@given(rows=ROWS.filter(bool), days=st.sampled_from([1, 7]), data=st.data())
def test_one_wrong_value_is_found_in_its_column(
    column: str, value: object, rows: list[Row], days: int, data: st.DataObject
) -> None:
    """A value no interval makes is found, in that column and no other; a group that is missing is lacking."""
    expected = rolled(rows, days)
    if not expected:
        return
    place = data.draw(st.sampled_from(sorted(expected, key=str)))
    roll(rows, days)
    no_values = column == "incomplete" and all(one["incomplete"] is None for one in rows)

    wrong = compared_with_rolled([{**one, column: value} if group == place else one for group, one in expected.items()])
    lacking = compared_with_rolled([one for group, one in expected.items() if group != place])

    counts = dict(zip([one.name for one in COLUMNS], wrong[place[0]][5:], strict=True))
    assert counts == {name: int(name == column) for name in counts} or no_values
    assert lacking[place[0]][2:5] == (1, 1, 0)


@examples(8)
@given(ROWS, st.sampled_from([1, 7]), st.booleans())
def test_the_rows_made_agree_with_the_intervals(rows: list[Row], days: int, existing: bool) -> None:
    """What a recomputation would write, over rows that are there and wrong or over none, agrees with the intervals.

    Its sums and maxima are those of Python, and a second recomputation changes nothing.
    """
    expected = rolled(rows, days)
    roll(rows, days)
    there = [{**one, "calls": 1, "place": "zz", "incomplete": 40} for one in expected.values()] if existing else []
    columns = tuple(FingerprintColumn(name, _type(name)) for name in LONGER.names)

    made = _made(there, columns)

    assert {(one["acd"], one["name"] and one["name"].rstrip()): _sums(one) for one in made} == {
        group: _sums(one) for group, one in expected.items()
    }
    assert not [counts for counts in compared_with_rolled(made).values() if any(counts[2:])]
    assert sorted(_made(made, columns), key=str) == sorted(made, key=str)


def _made(longer: list[Row], columns: tuple[FingerprintColumn, ...]) -> list[Row]:
    DATABASE.register("longer_rows", pa.Table.from_pylist(longer, schema=LONGER))
    DATABASE.execute("CREATE OR REPLACE TABLE made AS SELECT * FROM longer_rows LIMIT 0")
    DATABASE.execute(f"INSERT INTO made {rows_statement(QUESTION, 'longer_rows', columns)}")
    rows = DATABASE.execute("SELECT * FROM made").fetchall()
    return [dict(zip(LONGER.names, one, strict=True)) for one in rows]


def _sums(one: Row) -> tuple[Any, ...]:
    return one["calls"], one["longest"]


def _type(name: str) -> ColumnType:
    known = {"row_date": "date", "acd": "smallint", "name": "char(4)", "place": "char(2)", "calls": "integer"}
    return ColumnType.parse(known.get(name, "smallint"))
