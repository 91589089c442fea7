"""Selections as SQL, run in DuckDB and compared with the same condition evaluated row by row in Python."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from syncengine.model.bucket import Bucket, BucketColumns
from syncengine.model.names import quoted
from syncengine.model.selection import Selection
from syncengine.model.window import Window
from syncengine.servers.sql.buckets import slot_expression
from syncengine.servers.sql.predicates import predicate

DAYS = [date(2000, 6, 4), date(2000, 6, 5), date(2000, 6, 6), None]
LABELS = [0, 15, 30, 45, 100, 115, 1330, 1345, 1400, 1414, 2330, 2345, 2359, None]
ACDS = [1, 2, 3, None]
EPOCHS = [None, 0, 960_000_000, 960_000_299, 960_000_300, 960_001_199, 960_001_200, 960_086_400]
INTERVALS = BucketColumns(date="day", label="label", acd="acd")
EVENTS = BucketColumns(date="day", label="label", acd="acd", quarters=True)
LOGINS = BucketColumns(date="day", epoch="epoch", acd="acd")
DAILY = BucketColumns(date="day", acd="acd")
GROUPS = BucketColumns(acd="acd")
WHOLE = BucketColumns()

Row = dict[str, Any]


def rows() -> list[Row]:
    """Return rows with every mix of day, label and ACD, NULLs too; the first are there twice."""
    mixed = [(day, label, acd) for day in DAYS for label in LABELS for acd in ACDS]
    mixed += mixed[:20]
    return [
        {
            "number": number,
            "day": day,
            "label": label,
            "acd": acd,
            "epoch": EPOCHS[number % len(EPOCHS)],
            "name": ["a", "a ", "", None, "'"][number % 5],
        }
        for number, (day, label, acd) in enumerate(mixed)
    ]


ROWS = rows()


@lru_cache(maxsize=1)
def table() -> duckdb.DuckDBPyConnection:
    """Return a database in memory with the rows as the table `t`."""
    connection = duckdb.connect(":memory:")
    connection.register("given", pa.Table.from_pylist(ROWS))
    connection.execute(
        "CREATE TABLE t AS SELECT CAST(number AS INTEGER) AS number, CAST(day AS DATE) AS day, "
        "CAST(label AS SMALLINT) AS label, CAST(acd AS SMALLINT) AS acd, CAST(epoch AS INTEGER) AS epoch, name "
        "FROM given"
    )
    return connection


def selected(selection: Selection) -> list[int]:
    """Return the numbers of the rows DuckDB selects."""
    where = predicate(selection)
    text = f"SELECT number FROM t WHERE {where.text} ORDER BY 1"
    return [number for (number,) in table().execute(text, list(where.values)).fetchall()]


def wanted(holds: Callable[[Row], bool]) -> list[int]:
    """Return the numbers of the rows Python selects."""
    return [row["number"] for row in ROWS if holds(row)]


def bucket_of(row: Row, columns: BucketColumns) -> Bucket:
    """Return the bucket a row belongs to, worked out without SQL."""
    slot = None
    if columns.epoch and row["epoch"] is not None:
        slot = row["epoch"] - row["epoch"] % 900
    elif columns.label and row["label"] is not None:
        slot = row["label"]
        if columns.quarters:
            slot = slot // 100 * 100 + slot % 100 // 15 * 15
    return Bucket(row["day"] if columns.date else None, slot, row["acd"] if columns.acd else None)


WINDOWS = [
    Window(datetime(2000, 6, 5, 13, 30), datetime(2000, 6, 5, 14, 0)),
    Window(datetime(2000, 6, 5, 0, 0), datetime(2000, 6, 6, 0, 0)),
    Window(datetime(2000, 6, 4, 23, 30), datetime(2000, 6, 5, 0, 30)),
    Window(datetime(2000, 6, 4, 0, 15), datetime(2000, 6, 6, 0, 0)),
    Window(datetime(2000, 6, 4, 13, 45), datetime(2000, 6, 6, 13, 45)),
    Window(datetime(2000, 6, 6, 0, 0), datetime(2000, 6, 6, 0, 15)),
    Window(datetime(1999, 1, 1), datetime(2001, 1, 1)),
]


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("acds", [None, (1,), (1, 3), ()])
def test_a_window_selects_the_rows_inside_it(window: Window, acds: tuple[int, ...] | None) -> None:
    """Date and label together are compared as a moment: the start belongs to it, the stop does not."""
    selection = Selection("t", INTERVALS, window=window, acds=acds)

    def holds(row: Row) -> bool:
        if row["day"] is None or row["label"] is None or (acds is not None and row["acd"] not in acds):
            return False
        minutes = row["label"] // 100 * 60 + row["label"] % 100
        moment = datetime(row["day"].year, row["day"].month, row["day"].day) + timedelta(minutes=minutes)
        return window.start <= moment < window.stop

    assert selected(selection) == wanted(holds)


@pytest.mark.parametrize("named", [(1,), (1, 2, 3), ()])
def test_all_other_acds_are_the_rest_with_null(named: tuple[int, ...]) -> None:
    """ACDs named and all but those named are every row once, those of no ACD among the others."""
    inside = selected(Selection("t", INTERVALS, acds=named))
    others = selected(Selection("t", INTERVALS, except_acds=named))

    assert others == wanted(lambda row: row["acd"] not in named)
    assert sorted(inside + others) == wanted(lambda _: True)


def test_two_ranges_of_epochs_are_either_and_none_is_nothing() -> None:
    """A repeated hour comes as two ranges; a skipped one as none, which selects no row rather than all."""
    two = selected(Selection("t", LOGINS, epochs=((0, 1), (960_000_299, 960_000_301)), acds=(1, 2, 3)))

    assert two == wanted(lambda row: row["epoch"] in (0, 960_000_299, 960_000_300) and row["acd"] is not None)
    assert selected(Selection("t", LOGINS, epochs=())) == []


def test_epochs_and_dates_are_half_open() -> None:
    """A range of epochs, or of dates, holds its first and not its stop, and never NULL."""
    epochs = Selection("t", LOGINS, epochs=((960_000_000, 960_001_200),))
    dates = Selection("t", DAILY, dates=(date(2000, 6, 4), date(2000, 6, 6)))

    assert selected(epochs) == wanted(lambda r: r["epoch"] is not None and 960_000_000 <= r["epoch"] < 960_001_200)
    assert selected(dates) == wanted(lambda r: r["day"] in (date(2000, 6, 4), date(2000, 6, 5)))


@pytest.mark.parametrize("columns", [INTERVALS, LOGINS, DAILY])
def test_untimed_rows_are_those_no_window_can_select(columns: BucketColumns) -> None:
    """A window without end and the untimed rows are every row once."""
    forever = Window(datetime(1900, 1, 1), datetime(2100, 1, 1))
    if columns is LOGINS:
        timed = Selection("t", columns, epochs=((-1, 2**31),))
    elif columns is DAILY:
        timed = Selection("t", columns, dates=(date(1900, 1, 1), date(2100, 1, 1)))
    else:
        timed = Selection("t", columns, window=forever)

    untimed = selected(Selection("t", columns, untimed=True))

    assert untimed
    assert sorted(selected(timed) + untimed) == wanted(lambda _: True)


@pytest.mark.parametrize("columns", [INTERVALS, EVENTS, LOGINS, DAILY, GROUPS, WHOLE])
def test_buckets_select_their_rows_and_no_others(columns: BucketColumns) -> None:
    """For any choice of buckets, NULL ones too, the rows selected are those that belong to them."""
    every = sorted({bucket_of(row, columns) for row in ROWS}, key=lambda bucket: bucket.order)
    dice = random.Random(7)  # noqa: S311
    choices: Iterable[list[Bucket]] = [[], every, *([bucket] for bucket in every[:12] + every[-12:])]
    choices = [*choices, *(dice.sample(every, dice.randint(1, len(every))) for _ in range(15))]

    for chosen in choices:
        found = selected(Selection("t", columns, buckets=tuple(chosen)))

        assert found == wanted(lambda row: bucket_of(row, columns) in chosen)  # noqa: B023


@pytest.mark.parametrize("columns", [INTERVALS, EVENTS, LOGINS, DAILY, GROUPS])
def test_the_slot_is_worked_out_alike_in_sql_and_python(columns: BucketColumns) -> None:
    """Every row's slot is the same number in DuckDB as in Python, NULL staying NULL."""
    found = table().execute(f"SELECT {slot_expression(columns)} FROM t ORDER BY number").fetchall()

    assert [slot for (slot,) in found] == [bucket_of(row, columns).slot for row in ROWS]


def test_key_groups_are_matched_null_safely() -> None:
    """A key group with NULL selects NULL and not blank, and quotes in values are only values."""
    groups = ((1, None), (None, "'"), (2, ""))

    found = selected(Selection("t", INTERVALS, group_columns=("acd", "name"), groups=groups))

    assert found == wanted(lambda row: (row["acd"], row["name"]) in groups)
    assert found
    assert selected(Selection("t", INTERVALS, group_columns=("acd",), groups=())) == []


def test_conditions_hold_together() -> None:
    """A window, ACDs and buckets narrow each other; none replaces another."""
    window = Window(datetime(2000, 6, 5), datetime(2000, 6, 6))
    buckets = (Bucket(date(2000, 6, 5), 1330, 1), Bucket(date(2000, 6, 5), 1330, 2), Bucket(date(2000, 6, 4), 1330, 1))

    found = selected(Selection("t", INTERVALS, window=window, acds=(1,), buckets=buckets))

    assert found == wanted(lambda r: (r["day"], r["label"], r["acd"]) == (date(2000, 6, 5), 1330, 1))
    assert found


def test_values_are_bound_and_names_are_quoted() -> None:
    """No value stands in the text, and a quote in a name is no end of it."""
    where = predicate(Selection("t", INTERVALS, group_columns=("name",), groups=(("x'; DROP TABLE t",),)))

    assert "DROP" not in where.text
    assert where.values == ("x'; DROP TABLE t",)
    assert quoted('a"b') == '"a""b"'
    for name in ("", "a\0b"):
        with pytest.raises(ValueError, match="cannot be the name"):
            quoted(name)
