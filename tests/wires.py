"""A wire between a client and a server on this machine, which tests cut, stall or block."""

from __future__ import annotations

import contextlib
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

AT_ONCE = 65536


@dataclass
class Wire(ABC):
    """Listens on a free port and connects each client with the server; its kind decides what passes."""

    upstream: int
    port: int = field(default=0, init=False)
    sockets: list[socket.socket] = field(default_factory=list, init=False)
    _listener: socket.socket = field(init=False)
    _threads: list[threading.Thread] = field(default_factory=list, init=False)

    def start(self) -> None:
        """Listen."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.begin(self._accept)

    def stop(self) -> None:
        """End every connection."""
        end(self._listener, *self.sockets)
        for thread in self._threads:
            thread.join()

    def begin(self, run: Callable[[], None]) -> None:
        """Run something in a thread, until the wire is stopped at the latest."""
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self._threads.append(thread)

    def refuses(self) -> bool:
        """Say whether new connections are refused."""
        return False

    @abstractmethod
    def carry(self, client: socket.socket, server: socket.socket) -> None:
        """Begin to forward the data of a new connection."""

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.refuses():
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self.upstream))
            self.sockets += [client, server]
            self.carry(client, server)


def end(*sockets: socket.socket) -> None:
    """End connections, whatever state they are in."""
    for one in sockets:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


SomeWire = TypeVar("SomeWire", bound=Wire)


@contextlib.contextmanager
def started(wire: SomeWire) -> Iterator[SomeWire]:
    """Start a wire and stop it at the end."""
    wire.start()
    try:
        yield wire
    finally:
        wire.stop()
