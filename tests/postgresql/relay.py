"""A wire between the driver and the server that is cut at a chosen moment of a commit."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

COMMIT = b"COMMIT\0"


class Cut(Enum):
    """When the wire is cut."""

    NEVER = "never"
    BEFORE = "before the server hears of the commit"
    AFTER = "after the server has answered, which nobody hears"
    WHILE = "once the server has heard of it"


@dataclass
class Relay:
    """Passes on what both sides say, until one connection is `cut`; with `dead` all others end with it."""

    upstream: int
    cut: Cut = Cut.NEVER
    dead: bool = False
    port: int = 0
    was_cut: threading.Event = field(default_factory=threading.Event)
    _listener: socket.socket | None = None
    _threads: list[threading.Thread] = field(default_factory=list)
    _sockets: list[socket.socket] = field(default_factory=list)

    def start(self) -> None:
        """Listen on a free port."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._begin(self._accept)

    def stop(self) -> None:
        """End every connection."""
        assert self._listener is not None
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._sockets:
            _end(one)
        for thread in self._threads:
            thread.join()

    def _begin(self, run: object, *given: object) -> None:
        thread = threading.Thread(target=run, args=given, daemon=True)  # type: ignore[arg-type]
        thread.start()
        self._threads.append(thread)

    def _accept(self) -> None:
        assert self._listener is not None
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.dead and self.was_cut.is_set():
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self.upstream))
            self._sockets += [client, server]
            committing = threading.Event()
            self._begin(self._pass_on, client, server, committing)
            self._begin(self._pass_back, server, client, committing)

    def _pass_on(self, client: socket.socket, server: socket.socket, committing: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while said := client.recv(65536):
                if said.endswith(COMMIT) and self.cut is not Cut.NEVER and not self.was_cut.is_set():
                    if self.cut is Cut.BEFORE:
                        break
                    committing.set()
                    server.sendall(said)
                    if self.cut is Cut.WHILE:
                        # The server goes on with what it has heard: only the way back is cut.
                        self.was_cut.set()
                        _end(client)
                        return
                    continue
                server.sendall(said)
        if self.cut is Cut.BEFORE:
            self.was_cut.set()
        _end(client, server)

    def _pass_back(self, server: socket.socket, client: socket.socket, committing: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while said := server.recv(65536):
                if committing.is_set():
                    self.was_cut.set()
                    if self.dead:
                        _end(*self._sockets)
                    break
                client.sendall(said)
        _end(server, client)


def _end(*sockets: socket.socket) -> None:
    for one in sockets:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


@contextlib.contextmanager
def relayed(upstream: int) -> Iterator[Relay]:
    """Give a relay to a port and end it."""
    relay = Relay(upstream)
    relay.start()
    try:
        yield relay
    finally:
        relay.stop()
