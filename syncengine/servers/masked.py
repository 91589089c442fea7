"""A server whose errors, names and texts never show values that its url takes from the environment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from hashlib import sha256
from typing import cast

import pyarrow as pa

from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.mask import Mask
from syncengine.model.selection import ReadQuery
from syncengine.model.spec import ColumnType
from syncengine.model.surroundings import Surroundings
from syncengine.servers.forwarding import Answer, Forwarding, ForwardingServer, ForwardingSession, Inner, Params
from syncengine.servers.masked_errors import masking
from syncengine.servers.protocol import LiveTable, Server, ServerDescription, WriteSession

NAME_FIELDS = frozenset(
    {"table", "to", "of", "columns", "column", "generated", "inherited_by", "elsewhere", "is_a", "called"}
)
"""Fields of a table's surroundings that name tables and columns, or are words of syncengine's own."""


class _Masked(Forwarding[Inner]):
    """A wrapper that masks the errors of every call."""

    def __init__(self, inner: Inner, mask: Mask) -> None:
        super().__init__(inner)
        self._mask = mask

    def _call(self, method: Callable[Params, Answer], *args: Params.args, **kwargs: Params.kwargs) -> Answer:
        with masking(self._mask):
            return method(*args, **kwargs)


class MaskedSession(_Masked[WriteSession], ForwardingSession):
    """A transaction; its id is not masked, since the server has to find it again."""

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Stream rows, with the errors of the stream masked."""
        return _reader(super().read(query), self._mask)


class MaskedServer(_Masked[Server], ForwardingServer):
    """A server without the values that its url takes from the environment. Rows are passed on unchanged."""

    def describe(self) -> ServerDescription:
        """Describe it. Servers that differ only in masked text still have different identities."""
        description = super().describe()
        return replace(
            description,
            identity=self._identity(description.identity),
            user=self._mask.text(description.user),
            notes=tuple(map(self._mask.text, description.notes)),
            capabilities=replace(
                description.capabilities, read_only=self._mask.text(description.capabilities.read_only)
            ),
        )

    def tables(self, names: Collection[str]) -> Mapping[str, LiveTable]:
        """Return tables, with their owners, problems and types masked."""
        text = self._mask.text
        return {
            name: replace(
                table,
                owner=text(table.owner),
                problem=text(table.problem),
                columns=tuple(replace(column, native=text(column.native)) for column in table.columns),
            )
            for name, table in super().tables(names).items()
        }

    def surroundings(self, names: Collection[str]) -> Mapping[str, Surroundings]:
        """Return the surroundings of tables: a name with its schema may contain one of the url."""
        return {name: self._masked_surroundings(one) for name, one in super().surroundings(names).items()}

    def fingerprint(self, query: FingerprintQuery) -> Iterator[tuple[Bucket, BucketState]]:
        """Yield buckets, any of which may raise."""
        with masking(self._mask):
            yield from super().fingerprint(query)

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Stream rows, any batch of which may raise."""
        return _reader(super().read(query), self._mask)

    @contextmanager
    def begin(self) -> Iterator[WriteSession]:
        """Open a transaction."""
        with masking(self._mask), super().begin() as session:
            yield MaskedSession(session, self._mask)

    @contextmanager
    def scratch(self, columns: Sequence[tuple[str, ColumnType]]) -> Iterator[str]:
        """Create a table; errors while it exists are masked."""
        with masking(self._mask), super().scratch(columns) as name:
            yield name

    def termination_command(self, session: str) -> str:
        """Return the command that ends a session, which may contain a user of the url."""
        return self._mask.text(super().termination_command(session))

    def _identity(self, identity: str) -> str:
        shown = self._mask.text(identity)
        # Runs are recorded with it, and must not be undone on another server once the environment names one.
        return shown if shown == identity else f"{shown} ({sha256(identity.encode()).hexdigest()[:8]})"

    def _masked_surroundings(self, surroundings: Surroundings) -> Surroundings:
        # A table is requested and returned under its own name.
        return replace(cast("Surroundings", _masked(surroundings, self._mask)), table=surroundings.table)


def _masked(value: object, mask: Mask, name: str = "") -> object:
    """Return a value with every text in it masked, at any depth."""
    if isinstance(value, str) and not isinstance(value, Enum):
        # Plain names of tables and columns are not masked, unless a schema or an expression comes with them.
        return value if name in NAME_FIELDS and value.replace("$", "").isidentifier() else mask.text(value)
    if isinstance(value, tuple):
        return tuple(_masked(one, mask, name) for one in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    return replace(value, **{one.name: _masked(getattr(value, one.name), mask, one.name) for one in fields(value)})


def _reader(rows: pa.RecordBatchReader, mask: Mask) -> pa.RecordBatchReader:
    return pa.RecordBatchReader.from_batches(rows.schema, _batches(rows, mask))


def _batches(rows: pa.RecordBatchReader, mask: Mask) -> Iterator[pa.RecordBatch]:
    with masking(mask):
        yield from rows
