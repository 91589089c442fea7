"""The sockets the driver speaks through, which it does not show: closing one ends a call that hangs on it.

Without that a call nobody waits for any more would keep its locks on the server, and this process from ending.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

OPEN_FILES = Path("/proc/self/fd")


def sockets_to(port: int) -> frozenset[int]:
    """Return the open files of this process that are connected to a port; none where there is no /proc."""
    if not OPEN_FILES.is_dir():
        return frozenset()
    return frozenset(int(file.name) for file in OPEN_FILES.iterdir() if _peer_port(file) == port)


def _peer_port(file: Path) -> int | None:
    # A file may have been closed since it was listed.
    with suppress(OSError):
        if str(file.readlink()).startswith("socket:"):
            with _copy(int(file.name)) as found:
                peer = found.getpeername()
                return int(peer[1]) if isinstance(peer, tuple) else None
    return None


def shut(number: int) -> None:
    """End a connection from this side: whoever waits on it hears at once that it is over."""
    with suppress(OSError), _copy(number) as found:
        found.shutdown(socket.SHUT_RDWR)


def _copy(number: int) -> socket.socket:
    """Return a socket of our own on the same connection; closing it leaves the driver's open."""
    copy = os.dup(number)
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise
