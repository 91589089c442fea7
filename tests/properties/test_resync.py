"""What holds after a resync of any small pair."""

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
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncengine.app import Pair, Ran
from syncengine.model.drift import Observation
from syncengine.model.plan import Plan
from tests.builders import DAY, Files, build_files, catalogue, row
from tests.contract.kinds import as_arrow
from tests.properties.layouts import Row

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


@pytest.fixture(scope="module")
def empty_pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build an empty pair once; examples fill copies of it.

    Its tables have the columns that vary and the spec's own, so that queries are planned quickly.
    """
    files = build_files(
        tmp_path_factory.mktemp("empty") / "pair",
        TABLES,
        both={"dcalloc": [row("dcalloc", acd=acd, item="call records", num_items=10**6) for acd in ACDS]},
        acds=dict.fromkeys(ACDS, 30),
        archived=datetime(2000, 6, 5, 7, 0),
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
    return pair.plan_resync(tables=TABLES, window=WINDOW, policy=policy, allow_deletions=10**6)


def bags(
    files: Files, role: str, where: Callable[[str], str] = lambda _: "1 = 1"
) -> dict[str, Counter[tuple[Any, ...]]]:
    """Return what one server holds of every table, byte for byte."""
    return {table: Counter(files.bag(role, table, where(table))) for table in TABLES}


def kept_counts(plan: Plan) -> Counter[tuple[str, int | None]]:
    """Return how many differing rows a plan leaves, by table and ACD."""
    found: Counter[tuple[str, int | None]] = Counter()
    for kept in plan.kept:
        found[kept.table, kept.acd] += kept.counts.total
    return +found


def left_counts(after: Observation | None) -> Counter[tuple[str, int | None]]:
    """Return how many rows still differ, by table and ACD."""
    assert after is not None
    found: Counter[tuple[str, int | None]] = Counter()
    for table in after.tables:
        for drift in table.differing:
            found[table.spec.name, drift.bucket.acd] += drift.counts.total
    return +found


EXAMPLES = settings(
    max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), print_blob=False
)


@pytest.mark.parametrize("policy", ["replace", "rows"])
@EXAMPLES
@given(shared=SIDE, source=SIDE, target=SIDE)
def test_after_a_resync_only_what_the_plan_kept_still_differs(
    empty_pair: Path, policy: str, shared: Side, source: Side, target: Side
) -> None:
    """Every other difference is gone, a second resync has nothing to do, and the rest is byte for byte as it was."""
    primary = {table: shared[table] + source[table] for table in TABLES}
    secondary = {table: target[table] + shared[table] for table in TABLES}
    with filled(empty_pair, primary, secondary) as files:
        pair = files.open()
        source_before = bags(files, "primary")
        outside_before = bags(files, "secondary", OUTSIDE.__getitem__)
        plan = planned(pair, policy)

        done: Ran = pair.execute(plan)

        assert done.outcome.done, done.outcome
        assert left_counts(done.after) == kept_counts(plan)
        assert planned(pair, policy).steps == ()
        assert bags(files, "primary") == source_before
        assert bags(files, "secondary", OUTSIDE.__getitem__) == outside_before
        assert plan.steps or left_counts(pair.verify(tables=TABLES, window=WINDOW)) == kept_counts(plan)


@EXAMPLES
@given(shared=SIDE, source=SIDE, target=SIDE)
def test_fill_deletes_nothing_and_adds_only_what_the_source_has(
    empty_pair: Path, shared: Side, source: Side, target: Side
) -> None:
    """Every row the target held is still there, and every row added is one the source has."""
    primary = {table: shared[table] + source[table] for table in TABLES}
    secondary = {table: target[table] + shared[table] for table in TABLES}
    with filled(empty_pair, primary, secondary) as files:
        pair = files.open()
        before, given_rows = bags(files, "secondary"), bags(files, "primary")
        outside_before = bags(files, "secondary", OUTSIDE.__getitem__)

        done = pair.execute(planned(pair, "fill"))

        after = bags(files, "secondary")
        assert done.outcome.done, done.outcome
        assert done.outcome.deleted == 0
        for table in TABLES:
            assert before[table] <= after[table]
            if table != "call_rec":
                # Row numbers of call_rec are given anew.
                assert after[table] - before[table] <= given_rows[table]
        assert sum(sum((after[table] - before[table]).values()) for table in TABLES) == done.outcome.inserted
        assert bags(files, "primary") == given_rows
        assert bags(files, "secondary", OUTSIDE.__getitem__) == outside_before
