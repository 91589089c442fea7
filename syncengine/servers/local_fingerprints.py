"""Fingerprints computed here, where a server does not compute them as defined."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow as pa

from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.servers.sql.fingerprints import bucket_state, fingerprint_statement

FOLDED_AT_ONCE = 50_000
"""Rows in one query, whose planning alone takes as long as the fingerprints of 30,000."""


def folds_all(query: FingerprintQuery, trusted: frozenset[str]) -> bool:
    """Say whether the server computes all of a fingerprint itself."""
    whole = query.buckets.whole
    kinds = {column.type.name for column in query.columns if column.covered and column.name not in whole}
    return kinds <= trusted


def needed_columns(query: FingerprintQuery) -> tuple[str, ...]:
    """Return the columns a fingerprint is computed from."""
    buckets = query.buckets
    around = (buckets.date, buckets.label, buckets.epoch, buckets.acd, query.incomplete, query.interval)
    names = [name for name in around if name is not None]
    return tuple(dict.fromkeys([*names, *(column.name for column in query.columns if column.covered)]))


def fold_here(query: FingerprintQuery, rows: pa.RecordBatchReader) -> Iterator[tuple[Bucket, BucketState]]:
    """Yield the state of each bucket of fetched rows, of which only some are in memory at a time."""
    states: dict[Bucket, BucketState] = {}
    with duckdb.connect(":memory:", config={"threads": "1", "memory_limit": "256MB"}) as connection:
        # The rows are selected already: the condition is true for each of them.
        statement = fingerprint_statement(query, source="fetched")
        for portion in _portions(rows):
            connection.register("fetched", portion)
            for row in connection.execute(statement.text, list(statement.values)).fetchall():
                bucket, state = bucket_state(row)
                states[bucket] = state if bucket not in states else _combined(states[bucket], state)
            connection.unregister("fetched")
    yield from states.items()


def _portions(rows: pa.RecordBatchReader) -> Iterator[pa.Table]:
    batches: list[pa.RecordBatch] = []
    for batch in rows:
        batches.append(batch)
        if sum(one.num_rows for one in batches) >= FOLDED_AT_ONCE:
            yield pa.Table.from_batches(batches)
            batches = []
    if batches:
        yield pa.Table.from_batches(batches)


def _combined(one: BucketState, other: BucketState) -> BucketState:
    """Return the state of a bucket whose rows came in two batches."""
    incomplete = [state.incomplete for state in (one, other) if state.incomplete is not None]
    lengths = [length for state in (one, other) for length in state.lengths or ()]
    return BucketState(
        rows=one.rows + other.rows,
        hash_sum=one.hash_sum + other.hash_sum,
        incomplete=max(incomplete, default=None),
        lengths=(min(lengths), max(lengths)) if lengths else None,
        overlong=one.overlong + other.overlong,
    )
