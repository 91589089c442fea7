"""The sockets of a driver, which it does not show: closing one ends a call that hangs on it.

Without that an abandoned call would keep its locks on the server and prevent this process from ending.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

OPEN_FILES = Path("/proc/self/fd")
CONNECTING = threading.Lock()
"""One at a time, so that a new socket is known to be the connection's own."""


@dataclass(frozen=True, slots=True)
class OpenSocket:
    """An open socket of this process; its number may be reused by another file once it is closed."""

    number: int
    link: str
    """Its unique name in the system."""

    def shut(self) -> None:
        """End the connection from this side: calls that wait on it return at once."""
        with suppress(OSError):
            if _link(self.number) == self.link:
                with _copy(self.number) as found:
                    found.shutdown(socket.SHUT_RDWR)


class OpeningConnection:
    """A connection that a driver is opening, which can be abandoned from another thread."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._guard = threading.Lock()
        self._before: frozenset[OpenSocket] | None = None
        self._abandoned = False
        self.sockets: frozenset[OpenSocket] = frozenset()
        """Its sockets, once it is open."""

    @contextmanager
    def connecting(self) -> Iterator[None]:
        """Record the sockets a driver opens meanwhile; raises `OSError` where the connection was abandoned."""
        with CONNECTING:
            with self._guard:
                if self._abandoned:
                    raise OSError("the opening of the connection was abandoned")
                self._before = sockets_to(self._port)
            try:
                yield
            finally:
                with self._guard:
                    self.sockets = sockets_to(self._port) - self._before
                    self._before = None

    def shut(self) -> None:
        """Close the sockets it has opened; an opening that has not begun does not begin."""
        with self._guard:
            self._abandoned = True
            opened = self.sockets if self._before is None else sockets_to(self._port) - self._before
            for one in opened:
                one.shut()


def sockets_to(port: int) -> frozenset[OpenSocket]:
    """Return the sockets of this process connected or connecting to a port; none where there is no /proc."""
    if not OPEN_FILES.is_dir():
        return frozenset()
    found = set()
    for file in OPEN_FILES.iterdir():
        # A file may have been closed since it was listed.
        with suppress(OSError):
            link = _link(int(file.name))
            if link.startswith("socket:") and _leads_to(int(file.name), port):
                found.add(OpenSocket(int(file.name), link))
    return frozenset(found)


def _link(number: int) -> str:
    return str((OPEN_FILES / str(number)).readlink())


def _leads_to(number: int, port: int) -> bool:
    with _copy(number) as found:
        peer = found.getpeername()
        return isinstance(peer, tuple) and int(peer[1]) == port


def _copy(number: int) -> socket.socket:
    """Return a socket of our own on the same connection; closing it leaves the driver's open."""
    copy = os.dup(number)
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise
