"""One process of the product in a world: the same each time, and mortal."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, Self, TypeVar
from zoneinfo import ZoneInfo

from syncengine import machine
from syncengine.app import table_settings
from syncengine.catalogue import Catalogue
from syncengine.execute import executor as execute_executor
from syncengine.jobs import outside_executor
from syncengine.model import interrupts
from syncengine.model.pair import Limits, Role, ServerSettings
from syncengine.observe import server_threads
from syncengine.servers import kinds
from syncengine.servers.duckdb import errors as duckdb_errors
from syncengine.servers.duckdb import server as duckdb_server
from syncengine.servers.protocol import Server as ProductServer
from syncengine.staging import cache, durable, remembered_days
from tests.shared_duckdb import SharedDuckDB
from tests.world.databases import DISABLED, WorldDuckDB
from tests.world.disk import SimulatedDisk
from tests.world.faults import Died, FaultPlan, FaultyServer, down
from tests.world.numbering import NumberedServer
from tests.world.tables import world_catalogue
from tests.world.values import Scenario, Server

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

kinds_opened = vars(kinds)["_opened"]
"""What opens a server, below what retries its calls."""
Params = ParamSpec("Params")
Result = TypeVar("Result")


class CallerExecutor(Executor):
    """Runs everything at once in the thread of its caller, in the place of pools and of a caller's executor."""

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()

    def submit(self, fn: Callable[Params, Result], /, *args: Params.args, **kwargs: Params.kwargs) -> Future[Result]:
        """Run it, and return its result; a death is the caller's at once."""
        future: Future[Result] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  # it belongs to the caller that waits
            future.set_exception(error)
        return future


class _NoTimer:
    """A time limit that never ends: a statement of a world hangs only where a fault says so."""

    daemon = True

    def __init__(self, *_: Any) -> None:
        self.daemon = True

    def start(self) -> None:
        """Do nothing."""

    def cancel(self) -> None:
        """Do nothing."""


class _Threading:
    """The module `threading` without timers."""

    Timer = _NoTimer

    def __getattr__(self, name: str) -> Any:
        return getattr(threading, name)


class Life(Protocol):
    """What a process needs of the servers' lives (`life.Site`)."""

    now: int
    databases: dict[Server, Any]

    def advance(self, to: int) -> None:
        """Let everything happen up to a second."""

    def is_up(self, server: Server) -> bool:
        """Say whether a server can be reached."""

    def unreadable(self, server: Server) -> frozenset[str]:
        """Return the tables that cannot be read."""

    def number_used(self, server: Server, table: str, number: int) -> None:
        """Notice that the product has inserted a row with a number."""


class WorldMachine:
    """A machine whose clock is the switch's, whose pauses let the world go on, and whose chance is a seed's."""

    def __init__(self, scenario: Scenario, life: Life, number: int) -> None:
        self._scenario = scenario
        self._life = life
        self._random = Random(f"{scenario.seed} {number}")
        self._rest = 0.0
        self.jumped = 0

    def now(self, zone: tzinfo | None = None) -> datetime:
        """Return what the clock shows."""
        epoch = self._scenario.clock.epoch(self._life.now) + self.jumped
        shown = datetime.fromtimestamp(epoch, UTC).astimezone(zone or ZoneInfo(self._scenario.zone))
        return shown if zone is not None else shown.replace(tzinfo=None)

    def monotonic(self) -> float:
        """Return the second of the world."""
        return self._life.now + self._rest

    def sleep(self, seconds: float) -> None:
        """Let the world go on."""
        self._rest += seconds
        whole = int(self._rest)
        self._rest -= whole
        if whole:
            self._life.advance(self._life.now + whole)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Let the world go on; nothing sets an event meanwhile."""
        self.sleep(seconds)
        return event.is_set()

    def seed(self) -> int:
        """Return a number that follows from the seed."""
        return self._random.getrandbits(63)

    def token(self, size: int) -> str:
        """Return text that follows from the seed."""
        return self._random.randbytes(size).hex()

    def fraction(self) -> float:
        """Return a number from 0 up to 1 that follows from the seed."""
        return self._random.random()


COUNTED_FILES = frozenset({"make_folder", "flush_folder", "truncate", "flush", "flush_content", "rename", "unlink"})
"""Operations at which something may go wrong, beside writes."""


class WorldDisk(SimulatedDisk):
    """The disk of a world, at whose operations something may go wrong; it stays when processes die."""

    def __init__(self) -> None:
        super().__init__(self._reached)
        self.plan: FaultPlan | None = None

    def write(self, descriptor: int, data: ReadableBuffer) -> int:
        """Write all, or what a death or a full disk leaves of it."""
        if self.plan is None:
            return super().write(descriptor, data)
        return self.plan.file_write(
            "write", bytes(memoryview(data)), lambda some: SimulatedDisk.write(self, descriptor, some)
        )

    def write_at(self, descriptor: int, data: bytes, at: int) -> int:
        """Write all, or what a death or a full disk leaves of it."""
        if self.plan is None:
            return super().write_at(descriptor, data, at)
        return self.plan.file_write("write", data, lambda some: SimulatedDisk.write_at(self, descriptor, some, at))

    def stop(self, choose: Random) -> None:
        """Stop the machine: what its process does at its end, such as closing files, is done by a dead one."""
        self.die(Died())
        super().stop(choose)

    def _reached(self, operation: str, path: Path) -> None:
        del path
        if self.plan is None:
            return
        if operation in COUNTED_FILES:
            self.plan.file_operation(operation)
        else:
            self.plan.refuse_dead()


class Process:
    """One command in a process of its own: enter it, run the command, leave it."""

    def __init__(
        self,
        scenario: Scenario,
        life: Life,
        number: int,
        after_commit: Callable[[Role], None] = lambda _: None,
        *,
        disk: WorldDisk | None = None,
        beside: Callable[[Random], None] = lambda _: None,
    ) -> None:
        self.scenario = scenario
        self.life = life
        self._number = number
        self.machine = WorldMachine(scenario, life, number)
        self.plan = FaultPlan(tuple(one for one in scenario.faults if one.command == number), self)
        self.executor = CallerExecutor()
        self.disk = disk or WorldDisk()
        self._after_commit = after_commit
        self._beside = beside
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.disk.restart()
        self.disk.plan = self.plan
        # All are made before the first takes effect, since some call what they replace.
        for where, name, by in list(self._replacements()):
            self._stack.enter_context(_replaced(where, name, by))
        self._stack.callback(random.setstate, random.getstate())
        random.seed(f"{self.scenario.seed} {self._number}")
        self._stack.callback(_forget_process)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._stack.close()

    @property
    def dead(self) -> bool:
        """Whether it has died."""
        return self.plan.dead

    def pass_time(self, seconds: int) -> None:
        """Let the world go on."""
        self.life.advance(self.life.now + seconds)

    def write_beside(self, chance: Random) -> None:
        """Have another session write where a plan is about to."""
        self._beside(chance)

    def jump(self, seconds: int) -> None:
        """Set the clock of this machine."""
        self.machine.jumped += seconds

    def stop_machine(self, chance: Random) -> None:
        """Lose what was not flushed."""
        self.disk.stop(chance)

    def _replacements(self) -> Iterator[tuple[Any, str, Any]]:
        databases = WorldDuckDB(self.life.databases)
        for name in ("now", "monotonic", "sleep", "wait", "seed", "token", "fraction"):
            yield machine, name, getattr(self.machine, name)
        yield durable, "disk", self.disk
        yield remembered_days, "sqlite3", _Sqlite(self.plan)
        # Below what retries.
        yield kinds, "_opened", self._opened
        yield table_settings, "load_catalogue", self._catalogue
        yield server_threads, "ThreadPoolExecutor", CallerExecutor
        yield execute_executor, "ThreadPoolExecutor", CallerExecutor
        yield duckdb_server, "duckdb", databases
        yield cache, "duckdb", SharedDuckDB()
        yield duckdb_server, "DISABLED_OPTIMIZERS", DISABLED
        yield cache, "DISABLED_OPTIMIZERS", DISABLED
        yield duckdb_errors, "threading", _Threading()
        yield outside_executor, "IDLE_SECONDS", 0.0

    def _catalogue(self, *folders: Path) -> Catalogue:
        del folders
        return world_catalogue(self.scenario.whole)

    def _opened(self, settings: ServerSettings, folder: Path, *, writable: bool, limits: Limits) -> ProductServer:
        server: Server = "primary" if settings.role is Role.PRIMARY else "secondary"
        self.plan.refuse_dead()
        if not self.life.is_up(server):
            raise down(settings.role)
        opened = kinds_opened(settings, folder, writable=writable, limits=limits)
        faulty = FaultyServer(
            opened,
            self.plan,
            settings.role,
            is_up=lambda: self.life.is_up(server),
            readable=lambda table: table not in self.life.unreadable(server),
            after_commit=self._after_commit,
        )
        return NumberedServer(faulty, lambda table, number: self.life.number_used(server, table, number))


class _Sqlite:
    """The module `sqlite3` of a process that may have died."""

    def __init__(self, plan: FaultPlan) -> None:
        self._plan = plan

    def connect(self, *args: Any, **kwargs: Any) -> sqlite3.Connection:
        """Open a database, unless the process has died."""
        self._plan.refuse_dead()
        connection: sqlite3.Connection = sqlite3.connect(*args, **kwargs)
        return connection

    def __getattr__(self, name: str) -> Any:
        return getattr(sqlite3, name)


@contextmanager
def _replaced(where: Any, name: str, by: Any) -> Iterator[None]:
    before = getattr(where, name)
    setattr(where, name, by)
    try:
        yield
    finally:
        setattr(where, name, before)


def _forget_process() -> None:
    """Empty what the modules of the product remember, as in a new process."""
    elsewhere, sessions, stops = vars(outside_executor), vars(duckdb_server), vars(interrupts)
    for idle in list(elsewhere["_IDLE"].values()):
        idle.closing.cancel()
        for server in idle.opened.servers.values():
            with suppress(Exception, Died):
                server.close()
    for remembered in (elsewhere["_IDLE"], elsewhere["_OPEN"], sessions["_OPEN_SESSIONS"]):
        remembered.clear()
    stops["_stop_requested"].clear()
