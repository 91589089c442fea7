"""Row numbers: which one a server gives to the next row of its own, whoever has numbered rows there meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from syncengine.servers.forwarding import ForwardingServer, ForwardingSession
from syncengine.servers.protocol import Server as ProductServer
from syncengine.servers.protocol import WriteSession
from tests.world.tables import world_catalogue
from tests.world.values import Scenario, Server

FIRST_NUMBERS: Mapping[Server, int] = {"primary": 1, "secondary": 4}
"""The numbers of both servers are nearly alike, so those of rows that are copied are taken already."""
Used = Callable[[str, int], None]
"""Is called with a table and the highest of the numbers that are inserted there."""


def reuses_numbers(scenario: Scenario) -> bool:
    """Say whether its servers give the highest number and one, as they do in some worlds: those of the end come again.

    All others count, as a SERIAL column of Informix does.
    """
    return scenario.seed % 5 == 3


class Numbers:
    """The numbers of one server's own rows, by table.

    A counter never goes back but with a tape, and moves past each number that is inserted, though the transaction is
    rolled back or the row deleted.
    """

    def __init__(self, scenario: Scenario, server: Server) -> None:
        self._first = FIRST_NUMBERS[server]
        self.counted = not reuses_numbers(scenario)
        """Whether they follow from those that were given, not from the rows that are there."""
        self._last: Counter[str] = Counter()
        """The last numbers that were given or inserted."""
        self._tapes: dict[int, Counter[str]] = {}

    def taken(self, table: str, rows: int, highest: int | None) -> int:
        """Take numbers for some rows, and return the first; `highest` is what the table has."""
        last = max(highest or 0, self._last[table] if self.counted else 0, self._first - 1)
        self._last[table] = last + rows
        return last + 1

    def used(self, table: str, number: int) -> None:
        """Move past a number that somebody inserted."""
        self._last[table] = max(self._last[table], number)

    def save(self, tape: int) -> None:
        """Write them to a tape."""
        self._tapes[tape] = Counter(self._last)

    def restore(self, tape: int) -> None:
        """Take them from a tape."""
        self._last = Counter(self._tapes[tape])

    @contextmanager
    def undone_by(self, error: type[Exception]) -> Iterator[None]:
        """Have what is done within it take no numbers if it ends with an error: it is done again."""
        last = Counter(self._last)
        try:
            yield
        except error:
            self._last = last
            raise


class NumberedServer(ForwardingServer):
    """A server that notices the numbers of rows that the product inserts, as its column does."""

    def __init__(self, inner: ProductServer, used: Used) -> None:
        super().__init__(inner)
        self._used = used

    @contextmanager
    def begin(self) -> Iterator[WriteSession]:
        """Open a transaction."""
        with self._inner.begin() as session:
            yield _NumberedSession(session, self._used)


class _NumberedSession(ForwardingSession):
    def __init__(self, inner: WriteSession, used: Used) -> None:
        super().__init__(inner)
        self._used = used

    def insert(self, table: str, rows: pa.RecordBatchReader) -> int:
        """Insert rows."""
        column = NUMBERED.get(table)
        if column is None or column not in rows.schema.names:
            return self._inner.insert(table, rows)
        return self._inner.insert(table, pa.RecordBatchReader.from_batches(rows.schema, self._noticed(table, rows)))

    def _noticed(self, table: str, rows: pa.RecordBatchReader) -> Iterator[Any]:
        for batch in rows:
            highest = pc.max(batch.column(NUMBERED[table])).as_py()
            if highest is not None:
                self._used(table, highest)
            yield batch


NUMBERED: Mapping[str, str] = {
    spec.name: spec.row_number for spec in world_catalogue().tables if spec.row_number is not None
}
"""The tables whose rows have numbers, and the columns of these."""
