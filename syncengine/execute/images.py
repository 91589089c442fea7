"""The rows a server or a piece has in the buckets of a part, exactly enough to guard a write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Protocol

import pyarrow as pa

from syncengine.diffing.digest import digest_statement
from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.fingerprint import FingerprintQuery, in_full
from syncengine.model.plan import TablePart
from syncengine.model.run import Image
from syncengine.model.selection import ReadQuery, Selection
from syncengine.servers.sql.buckets import bucket_terms
from syncengine.servers.sql.fingerprints import bucket_state, fingerprint_statement
from syncengine.staging.cache import Cache

READ_BACK = "read_back"


class RowReader(Protocol):
    """A server or a session, as a source of fingerprints and rows."""

    def fingerprint(
        self, query: FingerprintQuery
    ) -> Mapping[Bucket, BucketState] | Iterator[tuple[Bucket, BucketState]]:
        """Return or yield the state of each bucket."""

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Stream rows."""


def image_of(part: TablePart, seed: int, source: RowReader, cache: Cache) -> Image:
    """Return the image of a server's or session's rows in the buckets of a part."""
    states = dict(source.fingerprint(guard_query(part, seed)))
    if not part.beyond_fingerprint:
        return image_of_states(states)
    names = tuple(column.name for column in part.columns)
    cache.load(READ_BACK, source.read(ReadQuery(buckets_of(part), names)))
    return image_of_states(states, _digests(part, READ_BACK, cache))


def image_of_relation(part: TablePart, seed: int, relation: str, cache: Cache) -> Image:
    """Return the image of a relation of the cache; it must have the part's buckets and nothing else."""
    query = replace(guard_query(part, seed), selection=Selection(part.table, part.bucket_columns))
    statement = fingerprint_statement(query, source=relation)
    states = dict(bucket_state(row) for row in cache.rows(statement.text, statement.values))
    return image_of_states(states, _digests(part, relation, cache) if part.beyond_fingerprint else None)


def image_of_states(states: Mapping[Bucket, BucketState], digests: Mapping[Bucket, str] | None = None) -> Image:
    """Return bucket states as a comparable value; `digests` replace those of the states."""
    return Image(
        tuple(
            (bucket, state.rows, state.hash_sum, state.digest if digests is None else digests.get(bucket, ""))
            for bucket, state in sorted(states.items(), key=lambda item: item[0].order)
            if state.rows
        )
    )


def _digests(part: TablePart, relation: str, cache: Cache) -> dict[Bucket, str]:
    terms = bucket_terms(part.bucket_columns)
    rows = cache.rows(digest_statement(relation, part.columns, terms))
    return {Bucket(row_date, slot, acd): digest for row_date, slot, acd, digest in rows}


def buckets_of(part: TablePart) -> Selection:
    """Return the rows of all buckets of a part."""
    buckets = tuple(write.bucket for write in part.buckets)
    only = part.only
    return Selection(
        part.table,
        part.bucket_columns,
        buckets=buckets,
        group_columns=only.columns if only else (),
        groups=only.values if only else None,
        excluded=part.excluded,
    )


def guard_query(part: TablePart, seed: int) -> FingerprintQuery:
    """Return the fingerprint that guards a write: all columns, text in full width."""
    return FingerprintQuery(buckets_of(part), in_full(part.columns), seed)
