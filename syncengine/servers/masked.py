"""A server of which nothing is told that its url takes from the environment: no error, no name, no sentence."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from hashlib import sha256
from typing import cast

import pyarrow as pa

from syncengine.model.bucket import Bucket, BucketColumns, BucketState
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.mask import Mask
from syncengine.model.remembered_days import DaysQuery, DayVersions
from syncengine.model.selection import ReadQuery, Selection
from syncengine.model.spec import ColumnType
from syncengine.model.surroundings import Surroundings
from syncengine.servers.masked_errors import masking
from syncengine.servers.protocol import Bounds, LiveTable, Server, ServerDescription, SessionState, WriteSession

CALLED = frozenset(
    {"table", "to", "of", "columns", "column", "generated", "inherited_by", "elsewhere", "is_a", "called"}
)
"""Fields of what surrounds a table that name tables and columns, or are words of syncengine's own."""


class MaskedSession:
    """A transaction whose errors tell nothing of the environment."""

    def __init__(self, inner: WriteSession, mask: Mask) -> None:
        # Numbers of the server's own, by which it is asked for it later.
        self.id = inner.id
        self._inner = inner
        self._mask = mask

    def lock(self, selection: Selection, *, table: bool = False) -> None:
        """Pass it on."""
        with masking(self._mask):
            self._inner.lock(selection, table=table)

    def fingerprint(self, query: FingerprintQuery) -> Mapping[Bucket, BucketState]:
        """Pass it on."""
        with masking(self._mask):
            return self._inner.fingerprint(query)

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Pass it on: what becomes of the stream is told by the server it is of."""
        with masking(self._mask):
            return _reader(self._inner.read(query), self._mask)

    def delete(self, selection: Selection) -> int:
        """Pass it on."""
        with masking(self._mask):
            return self._inner.delete(selection)

    def insert(self, table: str, rows: pa.RecordBatchReader) -> int:
        """Pass it on."""
        with masking(self._mask):
            return self._inner.insert(table, rows)

    def run_deferred(self) -> None:
        """Pass it on."""
        with masking(self._mask):
            self._inner.run_deferred()

    def commit(self) -> None:
        """Pass it on."""
        with masking(self._mask):
            self._inner.commit()


class MaskedServer:
    """A server that is told of without what its url takes from the environment. Rows are passed on as they are."""

    def __init__(self, inner: Server, mask: Mask) -> None:
        self._inner = inner
        self._mask = mask

    def describe(self) -> ServerDescription:
        """Say who it is. Who is another server by what is masked has another identity still."""
        with masking(self._mask):
            told = self._inner.describe()
        return replace(
            told,
            identity=self._identity(told.identity),
            user=self._mask.text(told.user),
            notes=tuple(map(self._mask.text, told.notes)),
            capabilities=replace(told.capabilities, read_only=self._mask.text(told.capabilities.read_only)),
        )

    def tables(self, names: Collection[str]) -> Mapping[str, LiveTable]:
        """Pass it on."""
        text = self._mask.text
        with masking(self._mask):
            found = self._inner.tables(names)
        return {
            name: replace(
                table,
                owner=text(table.owner),
                problem=text(table.problem),
                columns=tuple(replace(column, native=text(column.native)) for column in table.columns),
            )
            for name, table in found.items()
        }

    def surroundings(self, names: Collection[str]) -> Mapping[str, Surroundings]:
        """Pass it on: what is named with its schema may name one of the url."""
        with masking(self._mask):
            found = self._inner.surroundings(names)
        return {name: self._told(one) for name, one in found.items()}

    def fingerprint(self, query: FingerprintQuery) -> Iterator[tuple[Bucket, BucketState]]:
        """Pass it on."""
        with masking(self._mask):
            yield from self._inner.fingerprint(query)

    def bounds(self, table: str, columns: BucketColumns) -> tuple[Bounds, ...]:
        """Pass it on."""
        with masking(self._mask):
            return self._inner.bounds(table, columns)

    def highest(self, table: str, column: str) -> int:
        """Pass it on."""
        with masking(self._mask):
            return self._inner.highest(table, column)

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Pass it on."""
        with masking(self._mask):
            return _reader(self._inner.read(query), self._mask)

    @contextmanager
    def begin(self) -> Iterator[WriteSession]:
        """Open a transaction."""
        with masking(self._mask), self._inner.begin() as session:
            yield MaskedSession(session, self._mask)

    @contextmanager
    def scratch(self, columns: Sequence[tuple[str, ColumnType]]) -> Iterator[str]:
        """Pass it on."""
        with masking(self._mask), self._inner.scratch(columns) as name:
            yield name

    def session_state(self, session: str) -> SessionState:
        """Pass it on."""
        with masking(self._mask):
            return self._inner.session_state(session)

    def ending(self, session: str) -> str:
        """Pass it on."""
        with masking(self._mask):
            return self._mask.text(self._inner.ending(session))

    def day_versions(self, query: DaysQuery) -> DayVersions | None:
        """Pass it on."""
        with masking(self._mask):
            return self._inner.day_versions(query)

    def waiting(self) -> int | None:
        """Pass it on."""
        with masking(self._mask):
            return self._inner.waiting()

    def interrupt(self) -> None:
        """Pass it on."""
        with masking(self._mask):
            self._inner.interrupt()

    def close(self) -> None:
        """Pass it on."""
        with masking(self._mask):
            self._inner.close()

    def _identity(self, identity: str) -> str:
        shown = self._mask.text(identity)
        # Runs are kept with it, and must not be put back on another server once the environment names one.
        return shown if shown == identity else f"{shown} ({sha256(identity.encode()).hexdigest()[:8]})"

    def _told(self, around: Surroundings) -> Surroundings:
        # A table is asked for by its name, and told by it.
        return replace(cast("Surroundings", _masked(around, self._mask)), table=around.table)


def _masked(told: object, mask: Mask, name: str = "") -> object:
    """Return a value without what a mask hides, in every text of it, however deep it lies."""
    if isinstance(told, str) and not isinstance(told, Enum):
        # Tables and columns are called as everywhere, but where a schema or an expression is named with them.
        return told if name in CALLED and told.replace("$", "").isidentifier() else mask.text(told)
    if isinstance(told, tuple):
        return tuple(_masked(one, mask, name) for one in told)
    if not is_dataclass(told) or isinstance(told, type):
        return told
    return replace(told, **{one.name: _masked(getattr(told, one.name), mask, one.name) for one in fields(told)})


def _reader(rows: pa.RecordBatchReader, mask: Mask) -> pa.RecordBatchReader:
    return pa.RecordBatchReader.from_batches(rows.schema, _batches(rows, mask))


def _batches(rows: pa.RecordBatchReader, mask: Mask) -> Iterator[pa.RecordBatch]:
    with masking(mask):
        yield from rows
