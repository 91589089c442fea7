"""Changes what Derby answers, so that the client takes it for Informix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.servers.derby.drda import (
    CHAINED,
    EBCDIC,
    NULL,
    OBJECT,
    REPLY,
    SAME_CORRELATION,
    CodePoint,
    Dss,
    Parameter,
    SqlCard,
    encoded,
    parameters,
)
from tests.servers.derby.framing import dss_of
from tests.servers.derby.sqlcodes import as_informix

if TYPE_CHECKING:
    from tests.servers.derby.relay import Expected, Relay

BULK = frozenset({CodePoint.QRYDTA, CodePoint.SQLDARD, 0x241A})
"""Passed on as they are: rows, and the descriptions of columns."""
SERVER_CLASS = "IDS/UNIX64"
DERBY_SERVER = "CSS10140"
MARK = DERBY_SERVER.encode("ascii")
CARD_HEAD = 10
"""From the start of an SQLCARD to the product id in it."""
WARNING = 10_000
NOT_FOUND = "02000"
CHANGES = frozenset({CodePoint.EXCSQLSTT, CodePoint.EXCSQLIMM})
ENDUOWRM = 0x220C
SQLERRRM = 0x2213
NAME_WIDTH = 18


def translated(raw: memoryview, code_point: int, expected: Expected | None, relay: Relay) -> bytes | memoryview:
    """Return what to send instead of a reply; nothing where the client is not to see it."""
    if code_point in BULK:
        return _rows(raw, expected, relay) if code_point == CodePoint.QRYDTA else raw
    faulty = expected is not None and expected.error is not None
    if faulty and code_point in (ENDUOWRM, SQLERRRM):
        return b""
    dss = dss_of(raw)
    if faulty and expected is not None and code_point == CodePoint.ACCRDBRM:
        card = Parameter(CodePoint.SQLCARD, SqlCard(0, "00000").data())
        dss = Dss(OBJECT | (dss.flags & CHAINED), dss.correlation, encoded([card]))
        return _before(expected, dss, relay) + _with_objects(dss, expected, relay)
    if faulty and expected is not None and code_point == CodePoint.SQLCARD:
        return _before(expected, dss, relay) + _with_objects(dss, expected, relay)
    return _with_objects(dss, expected, relay)


def _with_objects(dss: Dss, expected: Expected | None, relay: Relay) -> bytes:
    made = [_translated(one, expected, relay) for one in parameters(dss.body)]
    return dss.with_body(encoded(made)).encoded()


def _before(expected: Expected, card: Dss, relay: Relay) -> bytes:
    """Return what a client needs to hear before the error where it asked for rows."""
    severity = Parameter(CodePoint.SVRCOD, b"\x00\x08")
    name = Parameter(CodePoint.RDBNAM, relay.proxy.upstream_database.ljust(NAME_WIDTH).encode())
    answers: dict[int, Parameter] = {
        CodePoint.ACCRDB: Parameter(CodePoint.RDBAFLRM, encoded([severity, name])),
        CodePoint.OPNQRY: Parameter(CodePoint.OPNQFLRM, encoded([severity, name])),
        CodePoint.CNTQRY: Parameter(CodePoint.ENDQRYRM, encoded([severity, name])),
    }
    result = answers.get(expected.request.code_point)
    if result is None:
        return b""
    return Dss(REPLY | CHAINED | SAME_CORRELATION, card.correlation, encoded([result])).encoded()


def _rows(raw: memoryview, expected: Expected | None, relay: Relay) -> bytes | memoryview:
    """Pass rows on, but for what Derby says among them: Informix has no such warnings, and its errors are others."""
    data = bytes(raw)
    at = data.find(MARK)
    if at < 0 or data[at - CARD_HEAD : at - CARD_HEAD + 1] != b"\x00":
        return raw
    dss = dss_of(raw)
    first, *rest = parameters(dss.body)
    data, start, made = first.data, 0, []
    while (at := data.find(MARK, start)) >= 0:
        begin = at - CARD_HEAD
        found = SqlCard.found(data, begin) if begin >= 0 and data[begin] == 0 else None
        if found is None:
            made.append(data[start : at + 1])
            start = at + 1
            continue
        card, end = found
        instead = NULL if card.sqlcode == WARNING else _card(data[begin:end], expected, relay)
        made += [data[start:begin], instead]
        start = end
    body = b"".join((*made, data[start:]))
    return dss.with_body(encoded([Parameter(first.code_point, body), *rest])).encoded()


def _translated(given: Parameter, expected: Expected | None, relay: Relay) -> Parameter:
    code, data = given.code_point, given.data
    if code == CodePoint.SQLCARD:
        return Parameter(code, _card(data, expected, relay))
    if code == CodePoint.ACCRDBRM:
        return Parameter(code, _accepted(data, relay))
    if code == CodePoint.EXCSATRD:
        names = {CodePoint.SRVCLSNM: SERVER_CLASS, CodePoint.SRVRLSLV: relay.proxy.product}
        parts = [
            Parameter(one.code_point, names[CodePoint(one.code_point)].encode(EBCDIC))
            if one.code_point in names
            else one
            for one in parameters(data)
        ]
        return Parameter(code, encoded(parts))
    if code == CodePoint.SECCHKRM and relay.proxy.refuse_login is not None:
        return Parameter(code, _login_refused(data, relay.proxy.refuse_login))
    return given


def _accepted(data: bytes, relay: Relay) -> bytes:
    """Correct the answer of Derby when a database is opened.

    Its TYPDEFOVR claims a length that takes in two parameters which follow it; the client trips over that.
    """
    at = data.find(CodePoint.TYPDEFOVR.to_bytes(2, "big"))
    corrected = data[: at - 2] + b"\x00\x10" + data[at:] if at >= 2 else data
    return corrected.replace(MARK, relay.proxy.product.encode("ascii"))


def _login_refused(data: bytes, code: int) -> bytes:
    parts = {one.code_point: one.data for one in parameters(data)}
    parts[CodePoint.SECCHKCD] = bytes([code])
    return encoded([Parameter(key, value) for key, value in parts.items()])


def _card(data: bytes, expected: Expected | None, relay: Relay) -> bytes:
    card = SqlCard.parsed(data)
    if card is None:
        return data
    if expected is not None and expected.error is not None:
        return relay.card_of(expected.error).data()
    if card.sqlstate == NOT_FOUND and expected is not None and expected.request.code_point in CHANGES:
        # A change of no rows is no event to Informix, unless the database is an ANSI one.
        return NULL
    if card.sqlcode >= 0:
        return data.replace(MARK, relay.proxy.product.encode("ascii"), 1)
    about = expected.request.about if expected is not None else ""
    return relay.remembered(*as_informix(card, about)).data()
