"""What a world is, as plain values: the repr of a `Scenario` is a test of its own, and one seed draws the same one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal, Protocol

from tests.world.clock import WallClock

Server = Literal["primary", "secondary"]
SERVERS: tuple[Server, Server] = ("primary", "secondary")
Span = tuple[int, int]
"""From a second of the world up to another."""
Row = Mapping[str, Any]
Bag = Counter[tuple[Any, ...]]
"""The rows of a table, in the order of its columns, text without blanks at its end."""
BOTH: tuple[Server, ...] = SERVERS
RESTORE_SECONDS = 30 * 60


def other(server: Server) -> Server:
    """Return the other server."""
    return "secondary" if server == "primary" else "primary"


@dataclass(frozen=True, slots=True)
class Acd:
    """An ACD of the switch. Its splits, agents, VDNs and trunk groups are numbered from 1."""

    number: int = 1
    minutes: int = 30
    """The length of its intervals at the beginning, on both servers."""
    splits: int = 2
    agents: int = 4
    vdns: int = 2
    trunk_groups: int = 1
    calls_an_hour: int = 6
    """In its busy hours."""
    quiet: Span = (0, 0)
    """From an hour of the clock up to another nobody calls and nobody is logged on: no rows at all."""


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The link of a server to an ACD, or to all of them, is down from a second on."""

    server: Server
    at: int
    seconds: int
    acd: int | None = None


@dataclass(frozen=True, slots=True)
class ServerDown:
    """A server is shut down for maintenance: it cannot be reached, collects nothing and runs no archive meanwhile."""

    server: Server
    at: int
    seconds: int


@dataclass(frozen=True, slots=True)
class LengthSet:
    """People set the length of an ACD's intervals on some servers; it counts from the next full hour on."""

    at: int
    acd: int
    minutes: int
    servers: tuple[Server, ...] = BOTH


@dataclass(frozen=True, slots=True)
class ClockSet:
    """People set the switch's clock: forward, or back below 0. Both servers write it into their diary (reason 96)."""

    at: int
    by: int


@dataclass(frozen=True, slots=True)
class Restored:
    """A server is restored from a tape: its history is again what it was at a second, its diary too.

    Meanwhile it cannot be reached and collects nothing.
    """

    server: Server
    at: int
    """When it is shut down for it."""
    to: int

    @property
    def seconds(self) -> int:
        """How long that takes."""
        return RESTORE_SECONDS


@dataclass(frozen=True, slots=True)
class Upgraded:
    """A server gets a new load, whose tables have more columns."""

    server: Server
    at: int


class OwnObject(StrEnum):
    """What somebody adds to a table of one server."""

    TRIGGER = "trigger"
    UNIQUE_INDEX = "unique index"
    COLUMN = "column"


@dataclass(frozen=True, slots=True)
class Added:
    """Somebody adds something of his own to a table of one server."""

    server: Server
    at: int
    table: str
    what: OwnObject


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A table of one server cannot be read for a time."""

    server: Server
    at: int
    seconds: int
    table: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Somebody changes administration on a server: `tests/world/administration.py` says what a kind does."""

    server: Server
    at: int
    kind: str
    seed: int = 0


Happening = LinkDown | ServerDown | LengthSet | ClockSet | Restored | Upgraded | Added | Unreadable | Edit
"""What happens to the call centre, by itself or by its people; never by the product."""


@dataclass(frozen=True, slots=True)
class Command:
    """What an operator does at a time: the name of a command, and its options as the command line spells them.

    `verb` is a command; `options` are words as typed, so that it can be printed and typed. Words in braces stand for
    what is known only then, and are resolved by `tests/world/operator.py`: `{last outage of primary}` as a window,
    `{run -1}` as the id of the last run. A command that does not apply then (no run to undo) is left out.
    """

    at: int
    verb: str
    options: tuple[str, ...] = ()
    typed: bool = True
    """As a command line in this process, not through the Python API."""


class FaultKind(StrEnum):
    """What goes wrong at a call of a server's protocol, or of the place that writes our files."""

    LOST_BEFORE = "the connection is lost before the statement"
    LOST_AFTER = "the connection is lost after the statement did its work"
    UNKNOWN_COMMIT = "the commit is done or not, and no answer comes"
    HANGS = "the statement hangs until its time limit"
    LOCKED = "a lock cannot be had"
    LOG_FULL = "the lock table or the log is full"
    DEADLOCK = "the transaction is the victim of a deadlock"
    READ_ENDS = "a read ends in the middle"
    OTHER_COMMITS = "another session commits between two calls"
    DIES = "the process dies"
    STOPS = "the machine stops: what is not flushed may be lost, cut, or in another order"
    DISK_FULL = "the disk is full"
    CLOCK_JUMPS = "the clock of our own machine jumps"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault at the call with a number, counted from the beginning of a command; beyond its last call, none."""

    command: int
    """The place of the command in `Scenario.commands`."""
    call: int
    kind: FaultKind
    seed: int = 0
    """Chooses between outcomes of the kind: done or not, how many rows, which files."""


class ServerKind(StrEnum):
    """What the servers of a world are."""

    EMBEDDED = "embedded"
    POSTGRESQL = "postgresql"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world: what the switch does, what happens to its servers, what an operator does, and what goes wrong."""

    seed: int = 0
    """Of the calls and logins: the switch."""
    start: date = date(2000, 6, 5)
    """Its clock shows midnight as the world begins."""
    zone: str = "UTC"
    days: int = 2
    acds: tuple[Acd, ...] = (Acd(),)
    happenings: tuple[Happening, ...] = ()
    commands: tuple[Command, ...] = ()
    faults: tuple[Fault, ...] = ()
    servers: ServerKind = ServerKind.EMBEDDED
    whole: bool = False
    """The tables have every column of the shipped specs, not the few that the world fills."""
    shape: str = ""
    """The name of its shape (`shapes/`), if it has one: nothing depends on it."""

    @property
    def clock(self) -> WallClock:
        """The clock of the switch."""
        settings = tuple((one.at, one.by) for one in self.happenings if isinstance(one, ClockSet))
        return WallClock(
            datetime(self.start.year, self.start.month, self.start.day), self.zone, tuple(sorted(settings))
        )

    @property
    def last(self) -> int:
        """The second at which the world ends."""
        return self.days * 86400

    def down(self, server: Server) -> tuple[Span, ...]:
        """Return when a server itself is down, for maintenance or to be restored; the spans may overlap."""
        stops = [one for one in self.happenings if isinstance(one, ServerDown | Restored) and one.server == server]
        return tuple(sorted((one.at, one.at + one.seconds) for one in stops))


@dataclass(frozen=True, slots=True)
class View:
    """What a server can see of the switch, and how it cuts time.

    The perfect server of a server is the same view with nothing in `blind`.
    """

    server: Server
    blind: Mapping[int, tuple[Span, ...]]
    """By ACD, when its link was down or the server itself; sorted, none touching the next."""
    lengths: Mapping[int, tuple[tuple[int, int], ...]]
    """By ACD, from which second on its intervals have how many minutes; the first from 0 on."""

    @property
    def perfect(self) -> View:
        """The same server with a link that never failed."""
        return View(self.server, dict.fromkeys(self.blind, ()), self.lengths)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A row that a server has from a second on, as its own CMS writes it; row numbers are given when it is stored."""

    at: int
    table: str
    row: Row
    acd: int
    span: Span
    """What time of the world the row is about: its interval, or what it has of a login, a call, a trace."""
    of: Hashable = None
    """Of what it is a piece: the same on both servers and on the perfect ones (`("login", 1, "4001", 3600)`)."""


class Database(Protocol):
    """The database of one server, as its own CMS and its people use it, and as the oracle reads it.

    It never goes through the product. Sees what is committed only; each call commits.
    """

    server: Server
    url: str
    """As the pair file has it."""

    def columns(self, table: str) -> tuple[str, ...]:
        """Return the columns of a table, in order."""

    def insert(self, table: str, rows: Iterable[Row]) -> None:
        """Insert rows; columns that a row does not name are 0, blank or NULL, as the table's kind of column has it."""

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement in the SQL that all kinds of servers understand, values as `?`, and return its rows."""

    def bag(self, table: str) -> Bag:
        """Return all rows of a table."""

    def close(self) -> None:
        """Release what the world holds of it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All rows of both servers at one instant, by server and table; a table that is not there is not in it."""

    at: int
    bags: Mapping[Server, Mapping[str, Bag]]
