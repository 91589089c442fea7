"""A wire between the driver and the server on which what is received is held, as by a server that hangs."""

from __future__ import annotations

import contextlib
import socket
import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from tests.wires import AT_ONCE, Wire, end, started

PROTOCOL = (196_608).to_bytes(4, "big")
"""What a client begins with, after the length of it."""


@dataclass
class StallingWire(Wire):
    """Passes on what both sides say, until the nth request, and all that follows on its connection, is held."""

    nth: int = 0
    received: list[bytes] = field(default_factory=list)
    """What clients sent, each as it was sent."""
    stalled: threading.Event = field(default_factory=threading.Event)
    _released: threading.Event = field(default_factory=threading.Event)

    @property
    def logins(self) -> int:
        """Return how many connections were opened."""
        return sum(result[4:8] == PROTOCOL for result in self.received)

    def stall_at(self, nth: int) -> None:
        """Hold the nth request that comes from now on, 0 for none; let go what was held before."""
        self._released.set()
        self._released = threading.Event()
        self.stalled.clear()
        self.received.clear()
        self.nth = nth

    def stop(self) -> None:
        """Let go what is held and end every connection."""
        self._released.set()
        super().stop()

    def carry(self, client: socket.socket, server: socket.socket) -> None:
        """Pass on what both say."""
        self.begin(lambda: self._pass_on(client, server))
        self.begin(lambda: self._pass_back(server, client))

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while result := client.recv(AT_ONCE):
                self.received.append(result)
                if len(self.received) == self.nth:
                    released = self._released
                    self.stalled.set()
                    released.wait()
                server.sendall(result)
        end(server, client)

    def _pass_back(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while result := server.recv(AT_ONCE):
                client.sendall(result)
        end(client, server)


def stalling(upstream: int) -> AbstractContextManager[StallingWire]:
    """Give a wire to a port and end it."""
    return started(StallingWire(upstream))
