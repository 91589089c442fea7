"""A wire that the server does not see end: whoever dies at its other end leaves a session behind."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class StickyWire:
    """Passes bytes on both ways; a client that is gone is kept from the server until it is let go."""

    upstream: int
    port: int = 0
    _listener: socket.socket | None = None
    _sockets: list[socket.socket] = field(default_factory=list)
    _left: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    sticks: bool = False
    """Whether those who are gone now are kept from the server."""

    def start(self) -> None:
        """Listen on a free port."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._begin(self._accept)

    def let_go(self) -> None:
        """Have the server notice who is gone, now and from now on."""
        self.sticks = False
        _end(*self._left)

    def stop(self) -> None:
        """End every connection."""
        self.sticks = False
        assert self._listener is not None
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        _end(*self._sockets)
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
            server = socket.create_connection(("127.0.0.1", self.upstream))
            self._sockets += [client, server]
            self._begin(self._pass, client, server, True)
            self._begin(self._pass, server, client, False)

    def _pass(self, giver: socket.socket, taker: socket.socket, is_client: bool) -> None:
        with contextlib.suppress(OSError):
            while said := giver.recv(65536):
                taker.sendall(said)
        if self.sticks and is_client:
            self._left += [giver, taker]
        else:
            _end(giver, taker)


def _end(*sockets: socket.socket) -> None:
    for one in sockets:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


@contextlib.contextmanager
def sticking(upstream: int) -> Iterator[StickyWire]:
    """Give a wire to a port and end it."""
    wire = StickyWire(upstream)
    wire.start()
    try:
        yield wire
    finally:
        wire.stop()
