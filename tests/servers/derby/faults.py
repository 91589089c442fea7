"""What can go wrong between a client and a server, and when."""

from __future__ import annotations

import itertools
import re
import threading
from dataclasses import dataclass, field
from typing import Literal

from tests.servers.derby.drda import CodePoint

Moment = Literal["connect", "prepare", "execute", "fetch", "commit", "rollback", "any"]
Side = Literal["request", "reply"]
MOMENTS: dict[str, frozenset[int]] = {
    "connect": frozenset({CodePoint.ACCRDB}),
    "prepare": frozenset({CodePoint.PRPSQLSTT}),
    "execute": frozenset({CodePoint.EXCSQLIMM, CodePoint.EXCSQLSTT, CodePoint.OPNQRY}),
    "fetch": frozenset({CodePoint.CNTQRY}),
    "commit": frozenset({CodePoint.RDBCMM}),
    "rollback": frozenset({CodePoint.RDBRLLBCK}),
}


@dataclass(frozen=True)
class Error:
    """The server refuses the request with this code, and does not do it."""

    sqlcode: int
    sqlstate: str = "IX000"
    message: str = ""


@dataclass(frozen=True)
class Drop:
    """Both connections are closed before the request gets to the server."""


@dataclass(frozen=True)
class LoseAnswer:
    """The server does what is asked for, its answer is lost, and both connections are closed."""


@dataclass(frozen=True)
class Cut:
    """Only the first bytes of the request or the reply arrive, then both connections are closed."""

    size: int = 8
    of: Side = "reply"


@dataclass(frozen=True)
class Stall:
    """The request or the reply is delayed for some seconds, or until the shim releases it."""

    seconds: float | None = None
    of: Side = "request"


@dataclass(frozen=True)
class Slow:
    """From here on the replies of this connection trickle."""

    bytes_per_second: int


Action = Error | Drop | LoseAnswer | Cut | Stall | Slow


@dataclass(eq=False)
class Fault:
    """What happens to which request.

    A request is chosen by the moment it belongs to (or by its code point), and by a regex found in its SQL text, which
    for an execution is the text that was prepared. The fault fires at the nth such request, and at the next ones until
    it has fired as often as it should.
    """

    does: Action
    at: Moment = "execute"
    statement: str | None = None
    code_point: int | None = None
    nth: int = 1
    times: int = 1
    seen: int = field(default=0, init=False)
    fired: int = field(default=0, init=False)
    number: int = field(default_factory=itertools.count(1).__next__, init=False)
    """Tells it apart, also in another process."""

    def takes(self, code_point: int, text: str) -> bool:
        """Count a request that is chosen, and say whether it is hit."""
        if self.code_point is not None:
            if code_point != self.code_point:
                return False
        elif self.at != "any" and code_point not in MOMENTS[self.at]:
            return False
        if self.statement is not None and not re.search(self.statement, text, re.IGNORECASE | re.DOTALL):
            return False
        self.seen += 1
        if self.seen < self.nth or self.fired >= self.times:
            return False
        self.fired += 1
        return True


class Faults:
    """The faults that wait for their request; safe to change from any thread."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        """Arm a fault and return it."""
        with self._lock:
            self._waiting.append(fault)
        return fault

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._waiting.clear()

    def fired(self, number: int) -> int:
        """Return how often the fault of a number has fired."""
        with self._lock:
            return sum(fault.fired for fault in self._waiting if fault.number == number)

    def take(self, code_point: int, text: str) -> Action | None:
        """Return what happens to a request."""
        if not self._waiting:
            return None
        with self._lock:
            return next((fault.does for fault in self._waiting if fault.takes(code_point, text)), None)
