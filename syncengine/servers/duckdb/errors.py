"""The one place where DuckDB's errors become ours."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb

from syncengine import machine
from syncengine.model.errors import (
    CancelledError,
    ServerError,
    ServerLockedError,
    ServerReadOnlyError,
    ServerUnreachableError,
    SyncError,
)
from syncengine.servers import advice
from syncengine.servers.driver_calls import too_long

STREAMED: dict[str, type[duckdb.Error]] = {
    "INTERRUPT Error": duckdb.InterruptException,
    "IO Error": duckdb.IOException,
    "Out of Memory Error": duckdb.OutOfMemoryException,
    "TransactionContext Error": duckdb.TransactionException,
}
"""The first words of an error, for the classes that `error_of` distinguishes and a stream can raise."""

NOTHING_WRITTEN = re.compile(r"conflict|constraint|no transaction is active|transaction is aborted", re.IGNORECASE)
"""The message of a commit that DuckDB refused before it wrote."""


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Raise our errors for DuckDB's, including those of its streams; `name` names the server."""
    try:
        yield
    except duckdb.Error as error:
        raise error_of(name, error) from error
    except OSError as error:
        # pyarrow passes on DuckDB's message while it streams, but not its class.
        if error.errno is not None:
            raise
        raise error_of(name, STREAMED.get(str(error).partition(":")[0], duckdb.Error)(str(error))) from error
    except RuntimeError as error:
        # What DuckDB makes of Ctrl-C while a query runs.
        if "interrupted" in str(error).lower():
            raise KeyboardInterrupt from error
        raise


@contextmanager
def time_limit(cursor: duckdb.DuckDBPyConnection, seconds: float, name: str) -> Iterator[Callable[[], None]]:
    """Interrupt a query that exceeds the user's time limit, and report that.

    The yielded function raises the same error after the deadline: streams call it for every batch, since an
    interruption only takes effect while DuckDB works.
    """
    expired = threading.Event()
    deadline = machine.monotonic() + seconds

    def interrupt() -> None:
        expired.set()
        cursor.interrupt()

    def check() -> None:
        if machine.monotonic() > deadline:
            raise too_long(name, seconds)

    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield check
    except CancelledError as error:
        if expired.is_set():
            raise too_long(name, seconds) from error
        raise
    finally:
        timer.cancel()


def rolled_back(error: duckdb.Error) -> bool:
    """Say whether an error of a commit is one that is known to have written nothing.

    A full disk, or a file that cannot be written, raises the same class with the same words as a conflict.
    """
    return isinstance(error, duckdb.TransactionException) and NOTHING_WRITTEN.search(str(error)) is not None


def error_of(name: str, error: duckdb.Error) -> SyncError:
    """Return our error for one of DuckDB's, most specific first."""
    if isinstance(error, duckdb.InterruptException):
        return CancelledError(f"{name}: the query was interrupted.")
    text = str(error).splitlines()[0]
    if "Conflicting lock" in str(error) or "Could not set lock" in str(error):
        holder = re.search(r"PID (\d+)", str(error))
        who = f" (process {holder.group(1)})" if holder else ""
        return ServerLockedError(
            f"{name}: another process{who} has the database open.",
            hint="Close it there, or wait until it is done, then run the same command again.",
        )
    if "read-only" in str(error).lower() or "Permission denied" in str(error):
        return ServerReadOnlyError(
            f"{name}: the database cannot be written to.", hint="Check the permissions of the file and of its folder."
        )
    if isinstance(error, duckdb.IOException) and "No space left" in str(error):
        return ServerError(f"{name}: the disk of the database is full.", hint="Make room there; nothing was written.")
    if isinstance(error, duckdb.IOException) and "No files found" in text:
        # The database is open: only this view is affected.
        return ServerError(f"{name}: a file that a view reads is missing: {text}", hint="Restore it, or drop the view.")
    if isinstance(error, duckdb.IOException):
        return ServerUnreachableError(
            f"{name}: the database cannot be opened: {text}", hint="Check the url in the pair file."
        )
    if isinstance(error, duckdb.CatalogException):
        return ServerError(f"{name}: no such table or column: {text}")
    if isinstance(error, duckdb.ConstraintException):
        reason = text.removeprefix("Constraint Error: ").partition(" If this is an unexpected")[0]
        foreign = "foreign key" in reason.lower()
        what = "a foreign key forbids it" if foreign else "a constraint of the table forbids it"
        return ServerError(
            f"{name}: {what}: {reason.rstrip('.')}.", hint=advice.FOREIGN_KEY if foreign else advice.CONSTRAINT
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return ServerError(
            f"{name}: DuckDB ran out of the memory it may use: {text}",
            hint="Set limits.memory_mb in the pair file higher, or choose a shorter window.",
            retry_smaller=True,
        )
    if isinstance(error, duckdb.TransactionException) and "conflict" in text.lower():
        return ServerError(
            f"{name}: another session wrote the same rows: {text}",
            hint="Run the same command again.",
            transient=True,
            retry_smaller=True,
        )
    if isinstance(error, duckdb.TransactionException):
        return ServerError(f"{name}: the transaction failed: {text}", hint="Run the same command again.")
    return ServerError(f"{name}: {text}")
