"""A tiny pair with drift in five tables: several steps of several buckets, repeated rows, row numbers, companions."""

from __future__ import annotations

import gc
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from syncengine.model.bucket import Bucket
from syncengine.model.plan import Plan
from tests.builders import DAY, Files, build_files, columns_of, row
from tests.properties.layouts import bucket_in

TABLES = ("hsplit", "hagent", "call_rec", "synonyms", "agroups")
WINDOW = "2000-06-05 05:00..06:29"
POLICIES = ("replace", "rows")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "hsplit": ("row_date", "starttime", "intrvl", "acd", "split", "acdcalls", "incomplete"),
    "hagent": (
        *("row_date", "starttime", "intrvl", "acd", "split", "extension", "logid", "loc_id", "rsv_level"),
        *("acdcalls", "incomplete"),
    ),
    "call_rec": ("acd", "row_date", "row_time", "callid", "segment", "segstart", "seqnum", "talktime", "ucid"),
    "synonyms": ("acd_no", "item_type", "item_name", "value", "descr", "standard"),
    "agroups": ("acd_no", "item_type", "item_name", "value"),
}
"""What the tables have in this pair: the columns a spec needs, and one or two that vary."""
SETTINGS = "limits.step_rows = 12\nlimits.lock_seconds = 3\nlimits.memory_mb = 128\n"
Row = tuple[Any, ...]
Bag = Counter[Row]
RowsByBucket = dict[str, dict[Bucket, Bag]]
"""Rows by table and bucket."""


def rows_of(role: str) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of one server: every bucket of the window differs, and so do those outside of it."""
    mine = 9 if role == "primary" else 5
    dice = random.Random(f"survival {role}")  # noqa: S311  # the same each time
    splits, agents, calls = [], [], []
    for label in (430, 500, 530, 600, 630):
        for day in (DAY, date(2000, 6, 4)):
            one = row("hsplit", row_date=day, starttime=label, split=1, acdcalls=mine)
            shared = row("hsplit", row_date=day, starttime=label, split=2, acdcalls=3)
            splits += [one, dict(one), shared]
            agent = row("hagent", row_date=day, starttime=label, split=1, logid="4001", acdcalls=mine)
            agents += [agent, dict(agent), row("hagent", row_date=day, starttime=label, split=2, logid="4002")]
            calls += [
                row(
                    "call_rec",
                    row_date=day,
                    row_time=label + 7,
                    callid=number,
                    segment=1,
                    segstart=label * 100 + number,
                    talktime=mine * number,
                    seqnum=dice.randrange(10**6),
                    ucid="1",
                )
                for number in (1, 2)
            ]
    names = [
        row("synonyms", acd_no=acd, item_type="split", value=f"{mine}", item_name=f"name {mine}") for acd in (1, 2)
    ]
    groups = [
        row("agroups", acd_no=acd, item_type="agent grp", value=f"400{mine}", item_name=f"name {mine}")
        for acd in (1, 2)
    ]
    return {"hsplit": splits, "hagent": agents, "call_rec": calls, "synonyms": names * 2, "agroups": groups}


def build(folder: Path, *, settings: str = SETTINGS) -> Files:
    """Build the pair as files, in a folder of its own."""
    files = build_files(
        folder,
        TABLES,
        both={"dcalloc": [row("dcalloc", acd=acd, item="call records", num_items=10**6) for acd in (1, 2)]},
        primary=rows_of("primary"),
        secondary=rows_of("secondary"),
        acds={1: 30, 2: 30},
        settings=settings,
    )
    for role in ("primary", "secondary"):
        with duckdb.connect(str(files.database(role))) as connection:
            for table, columns in COLUMNS.items():
                for column in columns_of(table):
                    if column.name not in columns:
                        connection.execute(f'ALTER TABLE "{table}" DROP COLUMN "{column.name}"')
            connection.execute("CHECKPOINT")
    return files


def rows_by_bucket(rows: Mapping[str, Iterable[Row]]) -> RowsByBucket:
    """Return rows, as they come with the columns of `COLUMNS`, by table and bucket."""
    found: RowsByBucket = {table: {} for table in TABLES}
    for table, given in rows.items():
        for one in given:
            bucket = bucket_in(table, dict(zip(COLUMNS[table], one, strict=True)))
            found[table].setdefault(bucket, Counter())[one] += 1
    return found


def rows_of_file(file: Path) -> RowsByBucket:
    """Return the rows of a DuckDB file."""
    # An error that refers to a connection keeps the file open in this process.
    gc.collect()
    with duckdb.connect(str(file), read_only=True) as connection:
        return rows_by_bucket(
            {
                table: connection.execute(f'SELECT {", ".join(names)} FROM "{table}"').fetchall()
                for table, names in COLUMNS.items()
            }
        )


@dataclass(frozen=True)
class Expected:
    """The rows of the target before a plan and after it."""

    plan: Plan
    before: RowsByBucket
    after: RowsByBucket

    def steps_done(self, now: RowsByBucket) -> set[int]:
        """Return the steps that are done in the target's rows; fails where one is half done, or other rows changed.

        That no bucket is half written follows: the buckets of a step are written together.
        """
        done: set[int] = set()
        touched = {table: set[Bucket]() for table in TABLES}
        for step in self.plan.steps:
            places = [(part.table, write.bucket) for part in step.parts for write in part.buckets]
            for table, bucket in places:
                touched[table].add(bucket)
            states = {_state(self, now, table, bucket) for table, bucket in places} - {"either"}
            assert len(states) == 1, f"step {step.number} is {' and '.join(sorted(states))}"
            if states == {"after"}:
                done.add(step.number)
        for table in TABLES:
            for bucket in {*now[table], *self.before[table]} - touched[table]:
                assert now[table].get(bucket) == self.before[table].get(bucket), f"{table}: {bucket} was not to change"
        return done

    def buckets_whole(self, now: RowsByBucket) -> None:
        """Fail where a bucket is neither as before nor as after."""
        for table in TABLES:
            for bucket in {*now[table], *self.before[table], *self.after[table]}:
                _state(self, now, table, bucket)


def _state(expected: Expected, now: RowsByBucket, table: str, bucket: Bucket) -> str:
    before, after, found = (held_rows[table].get(bucket) for held_rows in (expected.before, expected.after, now))
    if before == after == found:
        return "either"
    assert found in (before, after), f"{table}: {bucket} is neither as before nor as after"
    return "after" if found == after else "before"
