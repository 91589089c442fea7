"""Takes DSSs off a connection: whole ones to be read, or their bytes to be passed on."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import BinaryIO

from tests.servers.derby.drda import CONTINUED, SEGMENT, ConnectionEndedError, Dss

HEAD = struct.Struct(">HBBH")
CHUNK = 262_144


def read_dss(source: BinaryIO) -> Dss:
    """Read one DSS and put its segments together."""
    size, _, flags, correlation = HEAD.unpack(_exactly(source, HEAD.size))
    body = [_exactly(source, (size & SEGMENT) - HEAD.size)]
    while size & CONTINUED:
        size = int.from_bytes(_exactly(source, 2), "big")
        body.append(_exactly(source, (size & SEGMENT) - 2))
    return Dss(flags, correlation, b"".join(body))


def _exactly(source: BinaryIO, size: int) -> bytes:
    data = source.read(size)
    if len(data) < size:
        raise ConnectionEndedError
    return data


class Frames:
    """The DSSs a socket delivers, as bytes that need not be looked into."""

    def __init__(self, source: socket.socket) -> None:
        self._source = source
        self._held = bytearray()

    def next(self) -> Iterator[tuple[memoryview, int, int]]:
        """Wait for something, and yield bytes, number and code point of every DSS that is there whole."""
        chunk = self._source.recv(CHUNK)
        if not chunk:
            raise ConnectionEndedError
        self._held += chunk
        data = bytes(self._held)
        view = memoryview(data)
        start = 0
        while (end := _end(data, start)) is not None:
            yield (
                view[start:end],
                int.from_bytes(data[start + 4 : start + 6], "big"),
                int.from_bytes(data[start + 8 : start + 10], "big"),
            )
            start = end
        del self._held[:start]


def _end(data: bytes, start: int) -> int | None:
    """Return where the DSS that starts at a place ends, None where its end has not arrived."""
    position = start
    while position + 2 <= len(data):
        size = int.from_bytes(data[position : position + 2], "big")
        position += size & SEGMENT
        if not size & CONTINUED:
            return position if position <= len(data) else None
    return None


def dss_of(raw: bytes | memoryview) -> Dss:
    """Return the DSS that some bytes are."""
    size, _, flags, correlation = HEAD.unpack_from(raw)
    body = [bytes(raw[HEAD.size : size & SEGMENT])]
    position = size & SEGMENT
    while size & CONTINUED:
        size = int.from_bytes(raw[position : position + 2], "big")
        body.append(bytes(raw[position + 2 : position + (size & SEGMENT)]))
        position += size & SEGMENT
    return Dss(flags, correlation, b"".join(body))
