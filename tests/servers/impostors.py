"""Listeners that are not the servers they are taken for."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

ANSWERS: dict[str, bytes | None] = {
    "silent": None,
    "closes": b"",
    "HTTP": b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
    "a TLS alert": bytes.fromhex("15 03 03 00 02 02 46"),
    "SQLI": bytes.fromhex("00 59 03 3d 00 00 00 64 00 65 00 00 00 3d 00 06 49 45 45 45 4d 00 00 6c"),
    "a mail server": b"220 mail.example ESMTP ready\r\n",
    "zeroes": bytes(64),
    "ones": b"\xff" * 64,
    "a length and no more": b"\x00\x0a",
    "noise": bytes(range(256)) * 40,
}
"""What somebody else may answer to the first words of a client: nothing at all, an early end, or bytes."""


@contextmanager
def listening(answer: bytes | None) -> Iterator[int]:
    """Give a port that accepts, and at the first bytes answers and closes, or stays silent."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                held.append(connection)
                if answer is not None:
                    # Whoever came may be gone already.
                    with suppress(OSError):
                        connection.recv(65536)
                        connection.sendall(answer)
                    connection.close()

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        for connection in held:
            connection.close()


def unused_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
