"""Carries one connection between a client and Derby, and changes its messages on the way."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

from tests.servers.derby.drda import (
    OBJECT,
    REQUEST,
    SAME_CORRELATION,
    CodePoint,
    ConnectionEndedError,
    Dss,
    Parameter,
    SqlCard,
    encoded,
    statement_data,
)
from tests.servers.derby.faults import Action, Cut, Drop, Error, LoseAnswer, Slow, Stall
from tests.servers.derby.framing import Frames, read_dss
from tests.servers.derby.replies import translated
from tests.servers.derby.requests import Request, is_message_lookup, package, rewritten
from tests.servers.derby.sqlcodes import message_of

if TYPE_CHECKING:
    from tests.servers.derby.proxy import Proxy

TOGETHER = 32_768
"""A chain of requests is sent in pieces of about this size."""
NO_TRANSACTION: dict[int, int] = {CodePoint.RDBCMM: -255, CodePoint.RDBRLLBCK: -256}
REFUSED = "this is refused by Derby so that the shim can say what it likes of it"


@dataclass
class Expected:
    """What is known about the answer to a request."""

    request: Request
    error: Error | None = None
    action: Action | None = None


class EndedByFaultError(Exception):
    """A fault closes the connection."""


class Relay:
    """Two threads: one for what the client asks, one for what the server answers."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self.proxy = proxy
        self.client = client
        self.server = server
        self.session = proxy.new_session()
        self.sections: dict[bytes, tuple[str, str]] = {}
        """By the section a statement is prepared in: its text, and how strictly it reads."""
        self.expected: dict[int, Expected] = {}
        self.last_message = ""
        self.bytes_per_second = 0
        self._threads = [
            threading.Thread(target=self._run, args=(side,), daemon=True) for side in (self._requests, self._replies)
        ]

    def start(self) -> None:
        """Carry messages until either side ends."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Close both sides."""
        for one in (self.client, self.server):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def join(self) -> None:
        """Wait for both threads to end."""
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(5)

    def _run(self, side: Callable[[], None]) -> None:
        try:
            side()
        except (OSError, ConnectionEndedError, EndedByFaultError):
            pass
        finally:
            self.close()
            self.proxy.forget(self)

    # What the client asks.

    def _requests(self) -> None:
        source = io.BufferedReader(socket.SocketIO(self.client, "rb"), TOGETHER * 2)
        ready: list[bytes] = []
        size = 0
        while True:
            request = self._read(source)
            for piece in self._passed(request, ready):
                ready.append(piece)
                size += len(piece)
            if size > TOGETHER or not request.chained:
                self.server.sendall(b"".join(ready))
                ready.clear()
                size = 0

    def _read(self, source: BinaryIO) -> Request:
        command = read_dss(source)
        objects: list[Dss] = []
        last = command
        while last.chained and last.flags & SAME_CORRELATION:
            last = read_dss(source)
            objects.append(last)
        return Request(command, tuple(objects))

    def _passed(self, request: Request, ready: Sequence[bytes]) -> list[bytes]:
        text = request.text
        if text is None:
            text, _ = self.sections.get(request.section, ("", ""))
        else:
            self.sections[request.section] = (text, self.session.package_isolation)
        request.about = text
        own = is_message_lookup(text)
        if not own:
            if request.text is not None and not text.startswith("SET CLIENT"):
                self.proxy.statements.append(text)
            self.proxy.requests.append((request.name, text))
        action = None if own else self.proxy.faults.take(request.code_point, text)
        expected = Expected(request, action=action)
        self.expected[request.command.correlation] = expected
        if isinstance(action, Error):
            expected.error = action
            if request.code_point != CodePoint.ACCRDB:
                return [one.encoded() for one in self._refused(request)]
        made = b"".join(one.encoded() for one in rewritten(request, self))
        if self.proxy.unlogged and not request.command.chained and request.command.correlation == 1:
            made = self._not_in_transaction(request, expected, made)
        self._hindered(action, ready, made)
        return [made]

    def _hindered(self, action: Action | None, ready: Sequence[bytes], made: bytes) -> None:
        if isinstance(action, Drop):
            raise EndedByFaultError
        if isinstance(action, Cut) and action.of == "request":
            self.server.sendall(b"".join(ready) + made[: action.size])
            raise EndedByFaultError
        if isinstance(action, Stall) and action.of == "request":
            self.proxy.released.wait(action.seconds)
        if isinstance(action, Slow):
            self.bytes_per_second = action.bytes_per_second

    def _refused(self, request: Request) -> list[Dss]:
        """Return a request under the same number that Derby is sure to refuse, without doing anything."""
        command = request.command
        if request.code_point == CodePoint.PRPSQLSTT:
            # Refused as a preparing, or what was prepared in its section before would be executed next.
            return rewritten(request, self, REFUSED)
        requested = Parameter(CodePoint.EXCSQLIMM, package(request, self).encoded())
        text = Parameter(CodePoint.SQLSTT, statement_data(REFUSED))
        chain = request.last.flags & ~0x0F & ~SAME_CORRELATION
        return [
            Dss(REQUEST | 0x50, command.correlation, encoded([requested])),
            Dss(OBJECT | chain, command.correlation, encoded([text])),
        ]

    def _not_in_transaction(self, request: Request, expected: Expected, made: bytes) -> bytes:
        """Do what an unlogged database does: what was written stays, and there is nothing to commit or roll back."""
        code = NO_TRANSACTION.get(request.code_point)
        if code is None:
            return made
        expected.error = Error(code)
        return request.command.with_body(encoded([Parameter(CodePoint.RDBCMM, b"")])).encoded()

    # What the server answers.

    def _replies(self) -> None:
        frames = Frames(self.server)
        while True:
            pieces: list[bytes | memoryview] = []
            for raw, correlation, code_point in frames.next():
                expected = self.expected.get(correlation)
                action = expected.action if expected is not None else None
                if expected is not None and action is not None:
                    expected.action = None
                    self._hindered_reply(action, pieces, raw)
                made = translated(raw, code_point, expected, self)
                if made:
                    pieces.append(made)
            self._send(b"".join(pieces))

    def _hindered_reply(self, action: Action, pieces: list[bytes | memoryview], raw: memoryview) -> None:
        if isinstance(action, LoseAnswer):
            raise EndedByFaultError
        if isinstance(action, Cut) and action.of == "reply":
            self._send(b"".join(pieces) + bytes(raw[: action.size]))
            raise EndedByFaultError
        if isinstance(action, Stall) and action.of == "reply":
            self.proxy.released.wait(action.seconds)

    def _send(self, data: bytes) -> None:
        rate = self.bytes_per_second
        if not rate:
            self.client.sendall(data)
            return
        step = max(1, rate // 20)
        for start in range(0, len(data), step):
            piece = data[start : start + step]
            self.client.sendall(piece)
            time.sleep(len(piece) / rate)

    def isolation_of(self, section: bytes) -> int:
        """Return the digit that says how strictly the statement of a section reads, as a byte."""
        _, digit = self.sections.get(section, ("", self.session.package_isolation))
        return ord(digit)

    def card_of(self, error: Error) -> SqlCard:
        """Return the SQLCARD of a fault, and keep its text for a client that asks for it."""
        return self.remembered(SqlCard(error.sqlcode, error.sqlstate), error.message or message_of(error.sqlcode))

    def remembered(self, card: SqlCard, text: str) -> SqlCard:
        """Keep the text of an error for a client that asks for it."""
        self.last_message = text
        return replace(card, product=self.proxy.product)
