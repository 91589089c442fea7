"""A wire whose end the server does not notice: a client that dies leaves a session behind."""

from __future__ import annotations

import contextlib
import socket
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from tests.wires import AT_ONCE, Wire, end, started


@dataclass
class StickyWire(Wire):
    """Passes bytes on both ways; the end of a client is hidden from the server until it is released."""

    sticks: bool = False
    """Whether ended clients are hidden from the server."""
    _held_back: list[socket.socket] = field(default_factory=list, init=False)

    def release(self) -> None:
        """Have the server notice ended clients, now and from now on."""
        self.sticks = False
        end(*self._held_back)

    def stop(self) -> None:
        """End every connection."""
        self.sticks = False
        super().stop()

    def carry(self, client: socket.socket, server: socket.socket) -> None:
        """Pass everything on."""
        self.begin(lambda: self._pass(client, server, leaves=True))
        self.begin(lambda: self._pass(server, client, leaves=False))

    def _pass(self, giver: socket.socket, taker: socket.socket, *, leaves: bool) -> None:
        with contextlib.suppress(OSError):
            while output := giver.recv(AT_ONCE):
                taker.sendall(output)
        if self.sticks and leaves:
            self._held_back += [giver, taker]
        else:
            end(giver, taker)


def sticking(upstream: int) -> AbstractContextManager[StickyWire]:
    """Give a wire to a port and end it."""
    return started(StickyWire(upstream))
