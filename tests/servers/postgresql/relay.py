"""A wire between the driver and the server that is cut at a chosen moment of a commit."""

from __future__ import annotations

import contextlib
import socket
import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import Enum

from tests.wires import AT_ONCE, Wire, end, started

COMMIT = b"COMMIT\0"


class Cut(Enum):
    """When the wire is cut."""

    NEVER = "never"
    BEFORE = "before the server hears of the commit"
    AFTER = "after the server has answered, which nobody hears"
    WHILE = "once the server has heard of it"


@dataclass
class Relay(Wire):
    """Passes on what both sides say, until one connection is `cut`; with `dead` all others end with it."""

    cut: Cut = Cut.NEVER
    dead: bool = False
    was_cut: threading.Event = field(default_factory=threading.Event)

    def refuses(self) -> bool:
        """Say whether the server is dead."""
        return self.dead and self.was_cut.is_set()

    def carry(self, client: socket.socket, server: socket.socket) -> None:
        """Pass on what both say, up to the commit that is cut."""
        committing = threading.Event()
        self.begin(lambda: self._pass_on(client, server, committing))
        self.begin(lambda: self._pass_back(server, client, committing))

    def _pass_on(self, client: socket.socket, server: socket.socket, committing: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while result := client.recv(AT_ONCE):
                if result.endswith(COMMIT) and self.cut is not Cut.NEVER and not self.was_cut.is_set():
                    if self.cut is Cut.BEFORE:
                        break
                    committing.set()
                    server.sendall(result)
                    if self.cut is Cut.WHILE:
                        # The server continues with what it has received: only the way back is cut.
                        self.was_cut.set()
                        end(client)
                        return
                    continue
                server.sendall(result)
        if self.cut is Cut.BEFORE:
            self.was_cut.set()
        end(client, server)

    def _pass_back(self, server: socket.socket, client: socket.socket, committing: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while result := server.recv(AT_ONCE):
                if committing.is_set():
                    self.was_cut.set()
                    if self.dead:
                        # The others first: whoever sees this one end may ask over another at once.
                        end(*(one for one in self.sockets if one not in (client, server)))
                    break
                client.sendall(result)
        end(server, client)


def relayed(upstream: int) -> AbstractContextManager[Relay]:
    """Give a relay to a port and end it."""
    return started(Relay(upstream))
