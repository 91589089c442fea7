"""Small pairs of any rows: for properties of resync and undo."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
from hypothesis import strategies as st

from syncengine.app import Pair
from syncengine.model.plan import Plan
from tests.builders import DAY, Files, build_files, catalogue, row
from tests.mixed_plans import mixed_plan
from tests.properties.layouts import Row
from tests.servers.contract.kinds import as_arrow

TABLES = ("hsplit", "hagent", "call_rec", "synonyms")
WINDOW = "2000-06-05 05:00..05:59"
LAST_HOUR = "starttime < 500 OR starttime > 559 OR row_date <> DATE '2000-06-05'"
OUTSIDE = {
    "hsplit": LAST_HOUR,
    "hagent": LAST_HOUR,
    "call_rec": LAST_HOUR.replace("starttime", "row_time"),
    "synonyms": "1 = 0",
}
ACDS = (1, 2)
VARYING = ("acdcalls", "i_acdtime", "talktime", "item_name", "standard", "ucid")
YESTERDAY = date(2000, 6, 4)
FEW = st.sampled_from([0, 1, None])


def rows_of(table: str, **values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Row]]:
    """Return lists of rows that differ in few columns, so that repeats and near misses are common."""
    one = st.fixed_dictionaries(values).map(lambda chosen: row(table, **chosen))
    return st.lists(one, max_size=12)


ACD = st.sampled_from(ACDS)
LABEL = st.sampled_from([430, 500, 500, 530, 530, 600])
ROW_DATE = st.sampled_from([DAY, DAY, DAY, YESTERDAY])
BROKEN = st.sampled_from([0, 0, 0, 1])
SIDE = st.fixed_dictionaries(
    {
        "hsplit": rows_of(
            "hsplit",
            row_date=ROW_DATE,
            starttime=LABEL,
            acd=ACD,
            split=st.sampled_from([1, 2]),
            acdcalls=FEW,
            incomplete=BROKEN,
        ),
        "hagent": rows_of(
            "hagent",
            row_date=ROW_DATE,
            starttime=LABEL,
            acd=ACD,
            logid=st.sampled_from(["4001", "4002", None]),
            extension=st.sampled_from(["", "51", None]),
            i_acdtime=FEW,
            incomplete=BROKEN,
        ),
        "call_rec": rows_of(
            "call_rec",
            row_date=ROW_DATE,
            row_time=st.sampled_from([459, 500, 507, 530, 559, 600]),
            acd=ACD,
            callid=st.sampled_from([1, 2]),
            talktime=FEW,
            seqnum=st.sampled_from([1, 2, 3]),
        ),
        "synonyms": rows_of(
            "synonyms",
            acd_no=st.sampled_from([1, 2, None]),
            value=st.sampled_from(["1", "2", None]),
            item_name=st.sampled_from(["a", "b", ""]),
            standard=FEW,
        ),
    }
)
Side = dict[str, list[Row]]


def build_empty(folder: Path) -> Path:
    """Build an empty pair, of which examples fill copies.

    Its tables have the columns that vary and the spec's own, so that queries are planned quickly.
    """
    files = build_files(
        folder,
        TABLES,
        both={"dcalloc": [row("dcalloc", acd=acd, item="call records", num_items=10**6) for acd in ACDS]},
        acds=dict.fromkeys(ACDS, 30),
        archived=datetime(2000, 6, 5, 7, 0),
        whole=True,
    )
    for role in ("primary", "secondary"):
        with duckdb.connect(str(files.database(role))) as connection:
            for table in TABLES:
                for column in catalogue().table(table).columns:
                    if column.name not in columns_of(table):
                        connection.execute(f'ALTER TABLE "{table}" DROP COLUMN "{column.name}"')
    return files.folder


def columns_of(table: str) -> list[str]:
    """Return the columns a pair of this test has."""
    spec = catalogue().table(table)
    wanted = {*spec.key, *spec.ignored, *VARYING, spec.acd, spec.row_number}
    if spec.time is not None:
        wanted |= {spec.time.date, spec.time.label, spec.time.interval, spec.time.incomplete}
    return [column.name for column in spec.columns if column.name in wanted]


@contextmanager
def filled(empty: Path, primary: Side, secondary: Side) -> Iterator[Files]:
    """Return a pair with rows on both sides."""
    with tempfile.TemporaryDirectory(prefix="syncengine-") as name:
        files = Files(Path(name) / "pair")
        shutil.copytree(empty, files.folder)
        for role, side in (("primary", primary), ("secondary", secondary)):
            with duckdb.connect(str(files.database(role))) as connection:
                for table, rows in side.items():
                    connection.register("given", as_arrow(table, rows).select(columns_of(table)))
                    connection.execute(f'INSERT INTO "{table}" BY NAME SELECT * FROM given')
        yield files


def planned(pair: Pair, policy: str) -> Plan:
    """Plan the resync of the hour, from the primary."""
    return mixed_plan(pair, tables=TABLES, window=WINDOW, policy=policy, allow_deletions=10**6)


def bags(
    files: Files, role: str, where: Callable[[str], str] = lambda _: "1 = 1"
) -> dict[str, Counter[tuple[Any, ...]]]:
    """Return what one server holds of every table, byte for byte."""
    return {table: Counter(files.bag(role, table, where(table))) for table in TABLES}
