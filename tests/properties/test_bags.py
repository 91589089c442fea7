"""The difference of two bags, against one counted in Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from syncengine.diffing.bag_difference import BagQuestion, counts_statement, surplus_statement
from syncengine.diffing.buckets import BucketPair, differing, paired, portions
from syncengine.model.bucket import Bucket, BucketColumns, BucketState
from syncengine.model.fingerprint import FingerprintColumn
from syncengine.model.spec import ColumnType
from syncengine.servers.sql.buckets import bucket_terms
from tests.examples import examples

COLUMNS = BucketColumns(date="day", label="label", acd="acd")
COMPARED = (
    FingerprintColumn("name", ColumnType("char", 6), significant=4),
    FingerprintColumn("split", ColumnType("smallint")),
    FingerprintColumn("calls", ColumnType("integer")),
    FingerprintColumn("share", ColumnType("float")),
)
SCHEMA = pa.schema(
    [
        ("day", pa.date32()),
        ("label", pa.int16()),
        ("acd", pa.int16()),
        ("name", pa.string()),
        ("split", pa.int16()),
        ("calls", pa.int32()),
        ("share", pa.float64()),
    ]
)
Row = tuple[Any, ...]
ROWS = st.lists(
    st.tuples(
        st.sampled_from([date(2000, 6, 5), date(2000, 6, 6), None]),
        st.sampled_from([500, 530, None]),
        st.sampled_from([1, None]),
        st.sampled_from(["a", "a   ", "", "  ", None, "long", "longer", "longes"]),
        st.sampled_from([1, 2, None]),
        st.sampled_from([0, 1, None]),
        st.sampled_from([0.0, 0.5, None]),
    ),
    max_size=14,
)
DATABASE = duckdb.connect(":memory:")


def by_statements(source: list[Row], target: list[Row], key: tuple[str, ...]) -> dict[Bucket, tuple[int, int, int]]:
    """Run the statements under test."""
    for name, rows in (("source_rows", source), ("target_rows", target)):
        given_rows = [dict(zip(SCHEMA.names, one, strict=True)) for one in rows]
        DATABASE.register(name, pa.Table.from_pylist(given_rows, schema=SCHEMA))
    terms = bucket_terms(COLUMNS)
    question = BagQuestion("source_rows", "target_rows", COMPARED, terms, key)
    DATABASE.execute(surplus_statement(question))
    rows = DATABASE.execute(counts_statement(question)).fetchall()
    assert len({one[:3] for one in rows}) == len(rows)
    return {Bucket(*one[:3]): one[3:6] for one in rows}


def counted(source: list[Row], target: list[Row], key: tuple[str, ...]) -> dict[Bucket, tuple[int, int, int]]:
    """Count the same in Python."""

    def normal(one: Row) -> Row:
        name = one[3] if one[3] is None else one[3].rstrip(" ")[:4]
        return (*one[:3], name, *one[4:])

    surplus = Counter(map(normal, source))
    surplus.subtract(Counter(map(normal, target)))
    groups: dict[Row, list[int]] = defaultdict(lambda: [0, 0])
    places = [SCHEMA.names.index(name) for name in key]
    for one, count in surplus.items():
        if count:
            group = groups[(*one[:3], *(one[place] for place in places))]
            group[0] += max(count, 0)
            group[1] += max(-count, 0)
    found: dict[Bucket, tuple[int, int, int]] = {}
    for group_key, (over, under) in groups.items():
        bucket = Bucket(*group_key[:3])
        missing, extra, changed = found.get(bucket, (0, 0, 0))
        same = min(over, under)
        found[bucket] = (missing + over - same, extra + under - same, changed + same)
    return found


@examples(60)
@given(ROWS, ROWS, ROWS, st.sampled_from([(), ("split",), ("name", "split"), ("name", "split", "calls", "share")]))
def test_bags_differ_by_what_counting_says(
    shared: list[Row], source: list[Row], target: list[Row], key: tuple[str, ...]
) -> None:
    """Missing, extra and changed rows per bucket are those of a count in Python, repeats and NULLs too."""
    source, target = shared + source, target + shared

    found = by_statements(source, target, key)

    assert found == counted(source, target, key)


@examples(20)
@given(ROWS, ROWS)
def test_seen_from_the_other_side_missing_is_extra(source: list[Row], target: list[Row]) -> None:
    """Turned around, the same difference has missing and extra exchanged and as many changed."""
    there, back = by_statements(source, target, ("split",)), by_statements(target, source, ("split",))

    assert {bucket: (extra, missing, changed) for bucket, (missing, extra, changed) in back.items()} == there
    assert by_statements(source, source[::-1], ("split",)) == {}


STATES = st.builds(BucketState, rows=st.integers(1, 9), hash_sum=st.integers(0, 2))
SIDES = st.dictionaries(
    st.builds(Bucket, st.none(), st.sampled_from([None, 0, 15, 30, 45]), st.sampled_from([None, 1])), STATES
)


@examples(150)
@given(SIDES, SIDES, st.integers(1, 30))
def test_every_bucket_is_paired_once_and_fetched_where_it_differs(
    source: dict[Bucket, BucketState], target: dict[Bucket, BucketState], most: int
) -> None:
    """Buckets of either side come once; portions hold all that differ, in order, under the bound or alone."""
    pairs = tuple(paired(source, target))

    fetched = tuple(differing(pairs, every_row=False))
    cut = list(portions(fetched, most))

    assert sorted(pair.bucket.order for pair in pairs) == sorted(b.order for b in source.keys() | target.keys())
    assert {pair.bucket for pair in fetched} == {
        b for b in source.keys() | target.keys() if source.get(b) != target.get(b)
    }
    assert tuple(differing(pairs, every_row=True)) == pairs
    assert [pair for portion in cut for pair in portion] == list(fetched)
    assert all(len(portion) == 1 or sum(pair.rows for pair in portion) <= most for portion in cut)


def test_an_overlong_bucket_is_fetched_although_its_figures_agree() -> None:
    """Equal figures that do not cover everything prove nothing."""
    state = BucketState(1, 1, overlong=1)

    assert list(differing((BucketPair(Bucket(), state, state),), every_row=False))
