"""Changes what the client asks, so that Derby takes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tests.servers.derby.drda import (
    EBCDIC,
    CodePoint,
    Dss,
    Parameter,
    encoded,
    parameters,
    statement_data,
    statement_text,
)
from tests.servers.derby.sql_face import to_derby

if TYPE_CHECKING:
    from tests.servers.derby.relay import Relay

DROPPED: dict[int, int] = {
    CodePoint.ACCRDB: 0x2166,
    CodePoint.RDBCMM: CodePoint.RLSCONV,
    CodePoint.RDBRLLBCK: CodePoint.RLSCONV,
    CodePoint.DSCSQLSTT: CodePoint.QRYINSID,
}
"""Parameters that Derby refuses, or does not read and so loses its place."""
DERBY_CLIENT = "DNC10010"
"""The product id of a client of Derby's own that is old enough to be sent nothing but plain DRDA."""
MESSAGE_LOOKUP = re.compile(r"\s*CALL\s+SYSIBM\.SQLCAMESSAGE(?:CCSID)?\s*\(", re.IGNORECASE)
NAME_WIDTH = 18
ISOLATION = 18 + 5
"""Where in the name of a package, after the database, the digit of its isolation is."""
PACKAGES = (b"SYSSH", b"SYSSN", b"SYSLH", b"SYSLN")
NAMES = {int(one): one.name for one in CodePoint}
PASSWORD = 0x11A1
SQLDTA = 0x2412


@dataclass
class Request:
    """One command of the client with the objects that belong to it."""

    command: Dss
    objects: tuple[Dss, ...]
    about: str = ""
    """The SQL text it is about, also where that was sent with an earlier request."""

    @property
    def code_point(self) -> int:
        """Return which command it is."""
        return self.command.code_point

    @property
    def name(self) -> str:
        """Return the name of the command."""
        return NAMES.get(self.code_point, hex(self.code_point))

    @property
    def last(self) -> Dss:
        """Return its last DSS."""
        return self.objects[-1] if self.objects else self.command

    @property
    def chained(self) -> bool:
        """Say whether more requests follow before an answer is waited for."""
        return self.last.chained

    @cached_property
    def text(self) -> str | None:
        """Return the SQL text that was sent with it."""
        for one in self.objects:
            for each in parameters(one.body) if one.code_point != SQLDTA else ():
                if each.code_point == CodePoint.SQLSTT:
                    return statement_text(each.data)
        return None

    @cached_property
    def section(self) -> bytes:
        """Return what names the prepared statement it is about."""
        for one in parameters(next(parameters(self.command.body)).data) if self.code_point >= 0x2000 else ():
            if one.code_point == CodePoint.PKGNAMCSN:
                return one.data
        return b""


def is_message_lookup(text: str) -> bool:
    """Say whether the driver itself asks for the text of an error."""
    return MESSAGE_LOOKUP.match(text) is not None


def rewritten(request: Request, relay: Relay, text: str | None = None) -> list[Dss]:
    """Return what to send instead of a request, with another SQL text where one is given."""
    command = request.command
    first, *rest = parameters(command.body)
    requested = Parameter(first.code_point, _command(first, relay))
    out = [command if requested == first else command.with_body(encoded([requested, *rest]))]
    for one in request.objects:
        if one.code_point == CodePoint.SQLSTT:
            made = _statement(one, relay) if text is None else statement_data(text)
            out.append(one.with_body(encoded([Parameter(CodePoint.SQLSTT, made)])))
        else:
            out.append(one)
    return out


def _command(given: Parameter, relay: Relay) -> bytes:
    code = given.code_point
    parts = list(parameters(given.data))
    if code in DROPPED:
        parts = [one for one in parts if one.code_point != DROPPED[code]]
    changed = [_parameter(code, one, relay) for one in parts]
    return encoded(changed) if changed != list(parameters(given.data)) else given.data


def _parameter(command: int, given: Parameter, relay: Relay) -> Parameter:
    proxy = relay.proxy
    if given.code_point == CodePoint.PRDID and command == CodePoint.ACCRDB:
        return Parameter(given.code_point, DERBY_CLIENT.encode(EBCDIC if given.data[0] > 0x80 else "ascii"))
    if given.code_point == CodePoint.RDBNAM:
        encoding = EBCDIC if given.data.endswith(b"\x40") else "utf-8"
        name = given.data.decode(encoding).rstrip()
        return Parameter(given.code_point, upstream_name(name, relay).encode(encoding))
    if given.code_point == CodePoint.PKGNAMCSN:
        name = given.data[:NAME_WIDTH].decode("utf-8", "replace").rstrip()
        rest = bytearray(given.data[NAME_WIDTH:])
        if bytes(rest[ISOLATION - 5 : ISOLATION]) in PACKAGES:
            rest[ISOLATION] = relay.isolation_of(given.data)
        return Parameter(given.code_point, upstream_name(name, relay).encode() + bytes(rest))
    if given.code_point == PASSWORD and command == CodePoint.SECCHK and proxy.refuse_login is not None:
        return Parameter(given.code_point, b"no")
    return given


def upstream_name(name: str, relay: Relay) -> str:
    """Return what Derby calls the database, as wide as the client pads it."""
    proxy = relay.proxy
    known = name.upper() == proxy.database.upper()
    return (proxy.upstream_database if known else name).ljust(NAME_WIDTH)


def _statement(given: Dss, relay: Relay) -> bytes:
    data = next(parameters(given.body)).data
    text = statement_text(data)
    made = _derby_text(text, relay)
    return data if made == text else statement_data(made)


def _derby_text(text: str, relay: Relay) -> str:
    if text.startswith("SET CLIENT WRKSTNNAME"):
        # The first thing the driver sends, and nothing Derby needs: names without an owner mean the owner's tables.
        return f"SET SCHEMA {relay.proxy.owner}"
    lookup = MESSAGE_LOOKUP.match(text)
    if lookup is not None:
        known = relay.last_message.replace("'", "''")
        return f"CALL face.message('{known}', {text[lookup.end() :]}"
    return to_derby(text, relay.session)


def package(request: Request, relay: Relay) -> Parameter:
    """Return the section a request names, or one that is never used, for a request that names none."""
    parts = parameters(next(parameters(request.command.body)).data)
    given = next((one for one in parts if one.code_point == CodePoint.PKGNAMCSN), None)
    if given is not None:
        return _parameter(CodePoint.EXCSQLIMM, given, relay)
    name = relay.proxy.upstream_database.ljust(NAME_WIDTH)
    text = f"{name}{'NULLID':18}{'SYSSH100':18}SYSLVL01"
    return Parameter(CodePoint.PKGNAMCSN, text.encode() + b"\x00\x01")
