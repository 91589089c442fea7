"""The protocol of every kind of server. The rest of the engine uses servers only through it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import pyarrow as pa

from syncengine import machine
from syncengine.model.bucket import Bucket, BucketColumns, BucketState
from syncengine.model.fingerprint import COVERED_TYPES, FingerprintQuery
from syncengine.model.pair import Role
from syncengine.model.remembered_days import DaysQuery, DayVersions
from syncengine.model.selection import ReadQuery, Selection
from syncengine.model.spec import ColumnType
from syncengine.model.surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class LiveColumn:
    """A column in the server's catalogue; text of unknown width has width 0."""

    name: str
    type: ColumnType
    native: str
    nullable: bool | None = None
    """None where the server does not report it."""
    readable: bool = True
    """Whether values are read exactly; a table with a column whose values are not is not compared."""


@dataclass(frozen=True, slots=True)
class LiveTable:
    """A table in the server's catalogue."""

    name: str
    columns: tuple[LiveColumn, ...]
    owner: str = ""
    indexes: tuple[str, ...] = ()
    """The names of its indexes, where they were read."""
    problem: str = ""
    """Why it cannot be queried, as the end of a sentence that begins with the server."""

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in the table's order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> LiveColumn | None:
        """Return a column by name, or None."""
        return next((column for column in self.columns if column.name == name), None)


class SessionState(StrEnum):
    """Whether the session that opened a transaction still lives on its server."""

    GONE = "gone"
    ALIVE = "alive"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a server can do."""

    transactions: bool
    locks_per_row: bool
    """Whether a transaction needs an entry in a lock table for every row it writes."""
    writable: bool
    write_path: str = ""
    """How rows are inserted, for people; empty while that is not determined."""
    folds: frozenset[str] = COVERED_TYPES
    """The types whose fingerprint the server computes itself; rows with others are fetched and computed here."""
    read_only: str = ""
    """Why the server itself accepts no writes, as the end of a sentence that begins with it; empty where it does."""
    locks_by_update: bool = False
    """Whether rows are locked by updating them to their own values, which runs UPDATE triggers."""


@dataclass(frozen=True, slots=True)
class ServerDescription:
    """The description of a server."""

    role: Role
    kind: str
    version: str
    identity: str
    """The same for two connections to the same database, and different for two databases."""
    capabilities: Capabilities
    user: str = ""
    locale: str = ""
    load: str | None = None
    """The CMS load, from the pair file or the user's command: no table is known to hold it (rule 14)."""
    notes: tuple[str, ...] = ()
    """What is unusual about the server and limits its use, a sentence each."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many rows an ACD has in a table, and its first and last bucket."""

    acd: int | None
    rows: int
    first: Bucket | None
    last: Bucket | None
    untimed: int = 0
    """Rows that no window selects: with NULL in a time column, or an invalid date."""


class WriteSession(Protocol):
    """One transaction on a server. Leaving it without `commit` rolls everything back."""

    id: str

    def lock(self, selection: Selection, *, table: bool = False) -> None:
        """Block others from changing the selected rows until the transaction ends.

        With `table` the whole table is locked, so that its rows need no locks of their own.
        """

    def fingerprint(self, query: FingerprintQuery) -> Mapping[Bucket, BucketState]:
        """Return what the transaction sees in each bucket."""

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Stream rows as the transaction sees them, in batches of bounded size.

        The stream shares the transaction's connection: read it to its end, or drop it, before anything
        else is done in the session. It ends with the transaction.
        """

    def delete(self, selection: Selection) -> int:
        """Delete the selected rows and return how many there were."""

    def insert(self, table: str, rows: pa.RecordBatchReader) -> int:
        """Insert rows, columns matched by name, and return how many were inserted.

        Sequences that number columns of the table are advanced past the inserted numbers, never backwards.
        """

    def run_deferred(self) -> None:
        """Run deferred constraints and triggers once all is written: they may refuse rows or change them."""

    def commit(self) -> None:
        """Make the writes durable; raises `UnknownOutcomeError` when that is not known."""


class Server(Protocol):
    """One CMS database."""

    def describe(self) -> ServerDescription:
        """Describe the server."""

    def tables(self, names: Collection[str]) -> Mapping[str, LiveTable]:
        """Return those of the named tables that exist."""

    def surroundings(self, names: Collection[str]) -> Mapping[str, Surroundings]:
        """Return the triggers, references and constraints of the named tables that exist, under the requested names."""

    def fingerprint(self, query: FingerprintQuery) -> Iterator[tuple[Bucket, BucketState]]:
        """Yield each non-empty bucket once, in no order."""

    def bounds(self, table: str, columns: BucketColumns) -> tuple[Bounds, ...]:
        """Return the bounds of a table for each of its ACDs."""

    def highest(self, table: str, column: str) -> int:
        """Return the highest number in a column, 0 for an empty table."""

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Stream rows in batches of bounded size."""

    def begin(self) -> AbstractContextManager[WriteSession]:
        """Open a transaction; raises `ServerReadOnlyError` where there can be none."""

    def scratch(self, columns: Sequence[tuple[str, ColumnType]]) -> AbstractContextManager[str]:
        """Create an empty table with a unique name, which is yielded, and drop it at the end.

        Raises `ServerReadOnlyError` where there can be none. For checking a live server, and for tests.
        """

    def session_state(self, session: str) -> SessionState:
        """Say whether the write session with that id still lives on the server."""

    def termination_command(self, session: str) -> str:
        """Return the command that ends a write session on the server, for its administrator; empty where not known."""

    def day_versions(self, query: DaysQuery) -> DayVersions | None:
        """Return a version of each day that changes with its rows; None where the server cannot show all changes.

        Every change that a later query can see must change the version, however late or early it is read.
        """

    def waiting_sessions(self) -> int | None:
        """Return how many sessions wait for locks on this database; None where that is not reported."""

    def interrupt(self) -> None:
        """Stop the queries that are running, from another thread."""

    def close(self) -> None:
        """End every connection."""


def scratch_name() -> str:
    """Return a name for a scratch table; c_ is the prefix of customers' own tables, so no CMS table has it."""
    return f"c_syncengine_{machine.token(4)}"
