"""Reads and writes the messages of DRDA: DSSs on the wire, and the DDM objects in them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

SEGMENT = 0x7FFF
"""No DSS and no segment of one is longer, its own header counted."""
CONTINUED = 0x8000
CHAINED, SAME_CORRELATION = 0x40, 0x10
REQUEST, REPLY, OBJECT = 1, 2, 3
EBCDIC = "cp500"
NULL = b"\xff"
MOST = 8192
"""No SQLCARD is longer."""
MOST_TOKENS = 70


class CodePoint(IntEnum):
    """The DDM objects the shim reads."""

    TYPDEFOVR = 0x0035
    EXCSAT = 0x1041
    ACCSEC = 0x106D
    SECCHK = 0x106E
    PRDID = 0x112E
    SRVCLSNM = 0x1147
    SRVRLSLV = 0x115A
    SVRCOD = 0x1149
    SECCHKCD = 0x11A4
    RLSCONV = 0x119F
    SECCHKRM = 0x1219
    EXCSATRD = 0x1443
    ACCRDB = 0x2001
    CLSQRY = 0x2005
    CNTQRY = 0x2006
    DSCSQLSTT = 0x2008
    EXCSQLIMM = 0x200A
    EXCSQLSTT = 0x200B
    OPNQRY = 0x200C
    PRPSQLSTT = 0x200D
    RDBCMM = 0x200E
    RDBRLLBCK = 0x200F
    EXCSQLSET = 0x2014
    RDBNAM = 0x2110
    PKGNAMCSN = 0x2113
    QRYINSID = 0x215B
    ACCRDBRM = 0x2201
    RDBNFNRM = 0x2211
    ENDQRYRM = 0x220B
    OPNQFLRM = 0x2212
    RDBAFLRM = 0x221A
    SQLCARD = 0x2408
    SQLDARD = 0x2411
    SQLSTT = 0x2414
    QRYDTA = 0x241B


@dataclass(frozen=True, slots=True)
class Dss:
    """One data stream structure, its segments put together."""

    flags: int
    correlation: int
    body: bytes

    @property
    def kind(self) -> int:
        """Return whether it is a request, a reply or an object."""
        return self.flags & 0x0F

    @property
    def chained(self) -> bool:
        """Say whether another DSS follows that belongs to the same turn."""
        return bool(self.flags & CHAINED)

    @property
    def code_point(self) -> int:
        """Return the code point of the first object."""
        return int.from_bytes(self.body[2:4], "big")

    def encoded(self) -> bytes:
        """Return the bytes to send, in as many segments as its length needs."""
        size = len(self.body) + 6
        head = struct.pack(">BBH", 0xD0, self.flags, self.correlation)
        if size <= SEGMENT:
            return struct.pack(">H", size) + head + self.body
        parts = [struct.pack(">H", CONTINUED | SEGMENT), head, self.body[: SEGMENT - 6]]
        for start in range(SEGMENT - 6, len(self.body), SEGMENT - 2):
            piece = self.body[start : start + SEGMENT - 2]
            more = CONTINUED if start + SEGMENT - 2 < len(self.body) else 0
            parts += [struct.pack(">H", more | (len(piece) + 2)), piece]
        return b"".join(parts)

    def with_body(self, body: bytes) -> Dss:
        """Return it with other objects in it."""
        return replace(self, body=body)


class ConnectionEndedError(Exception):
    """The other side closed in the middle of a message, or between two."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One DDM object."""

    code_point: int
    data: bytes

    def encoded(self) -> bytes:
        """Return the bytes of it, with the long form of a length where it is needed."""
        size = len(self.data) + 4
        if size <= SEGMENT:
            return struct.pack(">HH", size, self.code_point) + self.data
        return struct.pack(">HHI", CONTINUED | 8, self.code_point, len(self.data)) + self.data


def parameters(body: bytes) -> Iterator[Parameter]:
    """Yield the objects that follow one another in a body."""
    position = 0
    while position + 4 <= len(body):
        size, code_point = struct.unpack_from(">HH", body, position)
        start = position + 4
        if size & CONTINUED:
            start = position + (size & SEGMENT)
            size = int.from_bytes(body[position + 4 : start], "big") + (size & SEGMENT)
        if size < start - position:
            raise ValueError(f"an object of length {size} at {position}")
        yield Parameter(code_point, body[start : position + size])
        position += size


def encoded(objects: list[Parameter]) -> bytes:
    """Return the body that holds some objects."""
    return b"".join(one.encoded() for one in objects)


def statement_text(data: bytes) -> str:
    """Return the SQL text of an SQLSTT object."""
    for field in _nullable_texts(data):
        if field is not None:
            return field.decode("utf-8")
    return ""


def statement_data(text: str) -> bytes:
    """Return the data of an SQLSTT object that holds an SQL text."""
    raw = text.encode("utf-8")
    return b"\x00" + struct.pack(">I", len(raw)) + raw + NULL


def _nullable_texts(data: bytes) -> Iterator[bytes | None]:
    position = 0
    while position < len(data):
        if data[position] == 0xFF:
            position += 1
            yield None
            continue
        size = int.from_bytes(data[position + 1 : position + 5], "big")
        yield data[position + 5 : position + 5 + size]
        position += 5 + size


@dataclass(frozen=True, slots=True)
class SqlCard:
    """What a server says about how a statement went."""

    sqlcode: int
    sqlstate: str
    tokens: str = ""
    """What an error is about; the client breaks off at more than 70 bytes."""
    product: str = "IFX12100"
    counts: tuple[int, int, int, int, int, int] = (0, 0, 0, 0, 0, 0)

    @classmethod
    def parsed(cls, data: bytes) -> SqlCard | None:
        """Read the data of an SQLCARD object; None where it says that all went well."""
        found = cls.found(data, 0)
        return found[0] if found is not None else None

    @classmethod
    def found(cls, data: bytes, at: int) -> tuple[SqlCard, int] | None:
        """Read what is at a place, and say where it ends; None where it says that all went well."""
        if at >= len(data) or data[at] == 0xFF:
            return None
        card, size = cls._read(data[at : at + MOST])
        return card, at + size

    @classmethod
    def _read(cls, data: bytes) -> tuple[SqlCard, int]:
        sqlcode = int.from_bytes(data[1:5], "big", signed=True)
        sqlstate, product = data[5:10].decode("ascii", "replace"), data[10:18].decode("ascii", "replace")
        if len(data) < 19 or data[18] == 0xFF:
            return cls(sqlcode, sqlstate, "", product), 20
        counts = struct.unpack_from(">6i", data, 19)
        position = 19 + 24 + 11
        texts = []
        for _ in range(3):
            size = int.from_bytes(data[position : position + 2], "big")
            texts.append(data[position + 2 : position + 2 + size])
            position += 2 + size
        text = (texts[1] or texts[2]).decode("utf-8", "replace")
        return cls(sqlcode, sqlstate, text, product, counts), position + 1

    def data(self, database: str = "") -> bytes:
        """Return the data of an SQLCARD object."""
        name, text = database.encode("utf-8"), self.tokens.encode("utf-8")[:MOST_TOKENS]
        return b"".join(
            (
                b"\x00",
                struct.pack(">i", self.sqlcode),
                self.sqlstate.encode("ascii").ljust(5)[:5],
                self.product.encode("ascii").ljust(8)[:8],
                b"\x00",
                struct.pack(">6i", *self.counts),
                b" " * 11,
                struct.pack(">H", len(name)) + name,
                struct.pack(">H", len(text)) + text,
                struct.pack(">H", 0),
                NULL,
            )
        )
