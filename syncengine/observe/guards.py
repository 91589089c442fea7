"""Adds to drift the states over all columns, which a write is compared with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from syncengine.diffing.buckets import BucketPair, portions
from syncengine.diffing.digest import digest_statement
from syncengine.model.bucket import EMPTY, Bucket
from syncengine.model.drift import BucketDrift
from syncengine.model.fingerprint import FingerprintColumn, in_full
from syncengine.model.selection import ReadQuery, Selection
from syncengine.observe.comparison import Comparison, fetch, fingerprints, selection_of
from syncengine.servers.protocol import Server
from syncengine.servers.sql.buckets import bucket_terms


def with_guards(comparison: Comparison, drifts: list[BucketDrift]) -> Iterator[BucketDrift]:
    """Add the states over all columns, which a write is compared with.

    They must be of the rows that were compared: a bucket that is no longer as it was compared once its
    guard has been read is changing, and is not written.
    """
    columns = in_full(comparison.verdict.all_columns)
    parts = tuple(
        portions(
            tuple(BucketPair(drift.bucket, drift.source, drift.target) for drift in drifts),
            comparison.limits.compare_rows,
        )
    )
    guards = {
        pair.bucket: pair
        for portion in parts
        for pair in fingerprints(comparison, selection_of(comparison, portion), columns)
    }
    if beyond_fingerprint(columns, guards.values()):
        guards = {pair.bucket: pair for portion in parts for pair in _with_digests(comparison, portion, guards)}
    compared = {
        pair.bucket: pair
        for portion in parts
        for pair in fingerprints(comparison, selection_of(comparison, portion), comparison.verdict.compared)
    }
    for drift in drifts:
        none = BucketPair(drift.bucket, EMPTY, EMPTY)
        guard, again = guards.get(drift.bucket, none), compared.get(drift.bucket, none)
        changing = drift.changing or (again.source, again.target) != (drift.source, drift.target)
        yield replace(drift, source_guard=guard.source, target_guard=guard.target, changing=changing)


def _with_digests(
    comparison: Comparison, portion: tuple[BucketPair, ...], guards: Mapping[Bucket, BucketPair]
) -> Iterator[BucketPair]:
    """Add digests of all rows and columns to guards."""
    only = selection_of(comparison, portion)
    source, target = (_digests(comparison, server, only) for server in (comparison.source, comparison.target))
    for pair in portion:
        guard = guards.get(pair.bucket, BucketPair(pair.bucket, EMPTY, EMPTY))
        yield BucketPair(
            pair.bucket,
            replace(guard.source, digest=source.get(pair.bucket, "")),
            replace(guard.target, digest=target.get(pair.bucket, "")),
        )


def _digests(comparison: Comparison, server: Server, only: Selection) -> dict[Bucket, str]:
    columns = comparison.verdict.all_columns
    fetch(comparison.cache, "guarded_rows", server, ReadQuery(only, tuple(column.name for column in columns)))
    terms = bucket_terms(comparison.buckets)
    rows = comparison.cache.rows(digest_statement("guarded_rows", columns, terms))
    comparison.cache.drop("guarded_rows")
    return {Bucket(row_date, slot, acd): digest for row_date, slot, acd, digest in rows}


def beyond_fingerprint(columns: tuple[FingerprintColumn, ...], pairs: Iterable[BucketPair]) -> bool:
    """Say whether no fingerprint can cover some of the rows: fractions, text of unknown width or too long."""
    return any(not column.covered for column in columns) or any(p.source.overlong or p.target.overlong for p in pairs)
