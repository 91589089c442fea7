"""Connections to one live server: kept in SQLAlchemy's pool, lent to one query each, interrupted meanwhile."""

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

# What goes wrong with a connection that is given back is told by whoever used it, or matters to nobody.
logging.getLogger("sqlalchemy.pool").addHandler(logging.NullHandler())

IDLE_CONNECTIONS = 3
"""Kept for the next who asks."""


class LeasedConnection(Protocol):
    """A connection in use."""

    @property
    def calls(self) -> Calls:
        """The calls on it."""


Lent = TypeVar("Lent", bound=LeasedConnection)


class Connections(NeverPickled, ABC, Generic[Lent]):
    """Lends the connections of one server, each to one query at a time."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.closed = False
        # One that a collected stream gives back may come while another is lent, in the same thread.
        self._guard = threading.RLock()
        self._leased: set[Lent] = set()
        self._opening: set[Calls] = set()

    @contextmanager
    def lease(self) -> Iterator[Lent]:
        """Lend a connection; what was not committed on it is rolled back when it is given back."""
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
            # Who reads no further has no fault of it.
            failed = False
            raise
        finally:
            try:
                self._release(lease, failed=failed)
            finally:
                self._forget(lease)

    def interrupt(self) -> None:
        """End the waits of all connections that are lent, or on their way to be."""
        with self._guard:
            waits = (*(one.calls for one in self._leased), *self._opening)
        for one in waits:
            one.interrupt()

    @contextmanager
    def _interruptible(self, calls: Calls) -> Iterator[None]:
        """Have an interruption reach the calls of a connection that is not lent yet."""
        with self._guard:
            self._opening.add(calls)
        try:
            yield
        finally:
            with self._guard:
                self._opening.discard(calls)

    def close(self) -> None:
        """End every connection; those that are lent end when they are given back."""
        self.closed = True
        self._dispose()
        with self._guard:
            if not self._leased:
                self._all_ended()

    def _forget(self, lease: Lent) -> None:
        with self._guard:
            self._leased.discard(lease)
            if self.closed and not self._leased:
                # One that was given back while the pool was emptied lies in it again.
                self._dispose()
                self._all_ended()

    @abstractmethod
    def _acquire(self) -> Lent:
        """Take a connection from the pool."""

    @abstractmethod
    def _release(self, lease: Lent, *, failed: bool) -> None:
        """Give a connection back to the pool, or end it; `failed` says whether its query raised."""

    @abstractmethod
    def _dispose(self) -> None:
        """End the connections that wait to be lent."""

    def _all_ended(self) -> None:  # most kinds have nothing to do then
        """Do what is left to do once none is lent any more."""
