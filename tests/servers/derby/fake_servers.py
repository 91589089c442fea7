"""Ports that are no DRDA server: one that hangs up, as Informix's own protocol does, and one that says nothing."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hangs_up() -> Iterator[int]:
    """Give the port of a listener that closes each connection at its first bytes, as a port for SQLI would."""
    with _listening(answers=True) as port:
        yield port


@contextmanager
def is_silent() -> Iterator[int]:
    """Give the port of a listener that accepts connections and never answers."""
    with _listening(answers=False) as port:
        yield port


@contextmanager
def _listening(*, answers: bool) -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    taken: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            taken.append(connection)
            if answers:
                with contextlib.suppress(OSError):
                    connection.recv(64)
                connection.close()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        for connection in taken:
            connection.close()
