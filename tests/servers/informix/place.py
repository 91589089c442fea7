"""A place for the contract: an Informix, which is Derby behind a shim, spoken to by the vendor's driver."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from syncengine.model.errors import ServerError, ServerUnreachableError
from syncengine.model.pair import Limits, Role
from syncengine.servers.informix.server import InformixServer
from syncengine.servers.protocol import Server
from tests.servers.derby.loading import create_tables, load_rows
from tests.servers.derby.network_server import PASSWORD, Database, NetworkServer
from tests.servers.derby.shim import Shim

LOCK_SECONDS = 2
_RUNNING: list[tuple[NetworkServer, Path]] = []
"""The server of this process, started when it is first needed."""


def running() -> NetworkServer:
    """Return the network server of this process."""
    if not _RUNNING:
        folder = Path(tempfile.mkdtemp(prefix="derby-"))
        _RUNNING.append((NetworkServer(folder).start(), folder))
    return _RUNNING[0][0]


def stop() -> None:
    """Stop the network server of this process, if it was started."""
    while _RUNNING:
        server, folder = _RUNNING.pop()
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class InformixPlace:
    """One database, reached at a port of its own."""

    database: Database
    shim: Shim
    exclusive: bool = False
    narrow_locks: bool = False
    """Repeatable read locks what it reads, which without an index on all bucket columns is more than a bucket."""
    hides_uncommitted: bool = False
    """Derby has no last committed rows, so that the shim reads uncommitted ones for an Informix that would."""
    locked_error: type[ServerError] = ServerError
    lost_error: type[ServerError] = ServerUnreachableError

    @classmethod
    def make(cls, folder: Path, tables: Sequence[str], whole: bool = False) -> InformixPlace:
        """Make a database with some tables of the catalogue."""
        del folder
        database = running().create_filled(
            f"d{uuid.uuid4().hex[:8]}",
            (tuple(tables), whole),
            lambda empty: create_tables(empty, tables, whole=whole),
        )
        shim = Shim(database.server.port, upstream_database=database.name)
        shim.start()
        return cls(database, shim)

    @property
    def url(self) -> str:
        """Where it is, with its password."""
        return f"informix+ibm_db://root:{PASSWORD}@127.0.0.1:{self.shim.port}/cms"

    def load(self, table: str, rows: pa.Table) -> None:
        """Insert rows."""
        load_rows(self.database, table, rows)

    def open(self, *, writable: bool = True, limits: Limits | None = None) -> Server:
        """Open a connection; it waits for locks a little longer than the server lets it."""
        allowed = replace(limits or Limits(), lock_seconds=LOCK_SECONDS)
        return InformixServer(self.url, Role.PRIMARY, writable=writable, limits=allowed)

    @contextmanager
    def locked_elsewhere(self) -> Iterator[None]:
        """Have another connection open."""
        other = self.open()
        try:
            yield
        finally:
            other.close()

    def lose(self) -> None:
        """Make the database unreachable."""
        self.shim.stop()

    def end(self) -> None:
        """Take it away."""
        self.shim.close()
        self.database.server.drop_database(self.database)
