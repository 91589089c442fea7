"""Connections to one live server: pooled by SQLAlchemy, leased to one query at a time, and interruptible."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from syncengine.model.errors import ServerError
from syncengine.model.never_pickled import NeverPickled
from syncengine.servers.driver_calls import Calls

# A fault of a released connection was reported by the query that used it, or does not matter.
logging.getLogger("sqlalchemy.pool").addHandler(logging.NullHandler())

IDLE_CONNECTIONS = 3
"""How many idle connections stay open for the next query."""


class LeasedConnection(Protocol):
    """A leased connection."""

    @property
    def calls(self) -> Calls:
        """The calls on it."""


Lease = TypeVar("Lease", bound=LeasedConnection)


class Connections(NeverPickled, ABC, Generic[Lease]):
    """Leases the connections of one server, each to one query at a time."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.closed = False
        # A stream that is garbage-collected may release its connection while the same thread is leasing another.
        self._guard = threading.RLock()
        self._leased: set[Lease] = set()
        self._opening: set[Calls] = set()

    @contextmanager
    def lease(self) -> Iterator[Lease]:
        """Lease a connection; uncommitted work is rolled back when the lease ends."""
        if self.closed:
            raise ServerError(f"{self.name}: the connection was closed.")
        lease = self._acquire()
        with self._guard:
            self._leased.add(lease)
        failed = True
        try:
            yield lease
            failed = False
        except GeneratorExit:
            # The reader stopped early: the connection is not at fault.
            failed = False
            raise
        finally:
            try:
                self._release(lease, failed=failed)
            finally:
                self._forget(lease)

    def interrupt(self) -> None:
        """End the waits of all connections that are leased or being opened."""
        with self._guard:
            waits = (*(one.calls for one in self._leased), *self._opening)
        for one in waits:
            one.interrupt()

    @contextmanager
    def _interruptible(self, calls: Calls) -> Iterator[None]:
        """Let an interruption reach the calls of a connection that is not leased yet."""
        with self._guard:
            self._opening.add(calls)
        try:
            yield
        finally:
            with self._guard:
                self._opening.discard(calls)

    def close(self) -> None:
        """End every connection; leased ones end when they are released."""
        self.closed = True
        self._dispose()
        with self._guard:
            if not self._leased:
                self._all_ended()

    def _forget(self, lease: Lease) -> None:
        with self._guard:
            self._leased.discard(lease)
            if self.closed and not self._leased:
                # A connection released while the pool was being emptied is in the pool again.
                self._dispose()
                self._all_ended()

    @abstractmethod
    def _acquire(self) -> Lease:
        """Take a connection from the pool."""

    @abstractmethod
    def _release(self, lease: Lease, *, failed: bool) -> None:
        """Return a connection to the pool, or end it; `failed` says whether its query raised."""

    @abstractmethod
    def _dispose(self) -> None:
        """End the idle connections."""

    def _all_ended(self) -> None:  # most kinds have nothing to do then
        """Do the final work once no connection is leased."""
