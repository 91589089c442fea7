"""What goes wrong at the calls of a server's protocol and at the writes to our own files, one fault at a call."""

from __future__ import annotations

import errno
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, ParamSpec, Protocol, TypeVar

import pyarrow as pa

from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.errors import ServerError, ServerSlowError, ServerUnreachableError, UnknownOutcomeError
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.pair import Role
from syncengine.model.selection import ReadQuery
from syncengine.servers.forwarding import ForwardingServer, ForwardingSession
from syncengine.servers.protocol import Server, WriteSession
from tests.world.values import Fault, FaultKind

AGAIN = "Run the same command again."
AT_COMMIT = frozenset({FaultKind.LOST_BEFORE, FaultKind.LOST_AFTER, FaultKind.UNKNOWN_COMMIT, FaultKind.HANGS})
"""Faults after which nobody knows whether a commit was done."""
OF_WRITES = frozenset({FaultKind.LOCKED, FaultKind.LOG_FULL, FaultKind.DEADLOCK})
HANGING_SECONDS = 300
OTHERS_SECONDS = 1800
UNCOUNTED = frozenset({"describe", "close", "interrupt", "termination_command", "scratch"})
"""Calls at which nothing can go wrong, or whose number depends on threads."""
Params = ParamSpec("Params")
Answer = TypeVar("Answer")


class Died(BaseException):  # it is no error of the product's, and nothing may handle it
    """The simulated process has died: nothing that it does any more has an effect."""


class Surroundings(Protocol):
    """What a fault needs of the process and the world it happens in."""

    def pass_time(self, seconds: int) -> None:
        """Let the world go on."""

    def write_beside(self, chance: Random) -> None:
        """Have another session write where a plan is about to."""

    def jump(self, seconds: int) -> None:
        """Set the clock of our own machine."""

    def stop_machine(self, chance: Random) -> None:
        """Lose what was not flushed."""


class FaultPlan:
    """Counts the calls of a command, and says what goes wrong at which."""

    def __init__(self, faults: tuple[Fault, ...], surroundings: Surroundings) -> None:
        self._faults = {fault.call: fault for fault in faults}
        self._due: list[Fault] = []
        """Those whose call was reached, and that wait for one at which their kind can happen."""
        self._happened: dict[int, Fault] = {}
        self._surroundings = surroundings
        self.calls: list[str] = []
        """What was counted, in order."""
        self.injected: list[FaultKind] = []
        """What went wrong so far."""
        self.dead = False
        self._waits: Fault | None = None
        """Another session that waits for our next transaction."""

    def refuse_dead(self) -> None:
        """Raise `Died` again in a process that has died."""
        if self.dead:
            raise Died

    def reached(self, call: str) -> Fault | None:
        """Count a call, and return what goes wrong at it; dies there if that is what it is."""
        self.refuse_dead()
        self.calls.append(call)
        if self._waits is not None and call.endswith("in session" if self._waits.seed % 4 == 1 else "begin"):
            self._surroundings.write_beside(Random(self._waits.seed))
            self._waits = None
        fault = self._next(call)
        match fault:
            case None:
                return None
            case Fault(kind=FaultKind.OTHER_COMMITS):
                self.injected.append(fault.kind)
                self._surroundings.pass_time(1 + Random(fault.seed).randrange(OTHERS_SECONDS))
                # Most calls only read: half of these faults write a row, and wait with it for a transaction of ours.
                self._waits = fault if fault.seed % 2 else None
                return None
            case Fault(kind=FaultKind.CLOCK_JUMPS):
                self.injected.append(fault.kind)
                self._surroundings.jump(Random(fault.seed).choice((-86400, -3600, -60, 60, 3600, 86400)))
                return None
            case _:
                return fault

    def fault_at(self, number: int) -> Fault | None:
        """Return the fault that happened at a call."""
        return self._happened.get(number)

    def _next(self, call: str) -> Fault | None:
        """Return what goes wrong at a call: what was planned at it, or before it where it could not happen."""
        number = len(self.calls) - 1
        if number in self._faults:
            self._due.append(self._faults[number])
        fault = next((one for one in self._due if _can_happen(one.kind, call)), None)
        if fault is not None:
            self._due.remove(fault)
            self._happened[number] = fault
        return fault

    def die(self, fault: Fault) -> Died:
        """Return the death of this process."""
        self.dead = True
        self.injected.append(fault.kind)
        if fault.kind is FaultKind.STOPS:
            self._surroundings.stop_machine(Random(fault.seed))
        return Died()

    def hang(self) -> None:
        """Let the time pass that a statement may take."""
        self._surroundings.pass_time(HANGING_SECONDS)

    def file_operation(self, name: str) -> None:
        """Count a write to our own files; raises what goes wrong before it."""
        fault = self.reached(f"file {name}")
        if fault is None:
            return
        if fault.kind in (FaultKind.DIES, FaultKind.STOPS):
            raise self.die(fault)
        if fault.kind is FaultKind.DISK_FULL:
            self.injected.append(fault.kind)
            raise OSError(errno.ENOSPC, "No space left on device")

    def file_write(self, name: str, data: bytes, does: Callable[[bytes], int]) -> int:
        """Count a write to our own files; a process that dies in it, or a full disk, may leave a part of it there."""
        fault = self.reached(f"file {name}")
        if fault is None or fault.kind not in (FaultKind.DIES, FaultKind.STOPS, FaultKind.DISK_FULL):
            return does(data)
        part = Random(fault.seed).choice((0, len(data) // 2, len(data) - 1, len(data)))
        if fault.kind is not FaultKind.DISK_FULL:
            if part:
                does(data[:part])
            raise self.die(fault)
        self.injected.append(fault.kind)
        if part in (0, len(data)):
            raise OSError(errno.ENOSPC, "No space left on device")
        return does(data[:part])


def _error(kind: FaultKind, role: Role, *, committing: bool) -> ServerError:
    """Return the error that a server of ours raises for a fault."""
    if committing and kind in AT_COMMIT:
        return UnknownOutcomeError(
            f"{role}: the connection was lost; whether the commit was done is not known.", hint=AGAIN
        )
    match kind:
        case FaultKind.HANGS:
            return ServerSlowError(f"{role}: the query took longer than {HANGING_SECONDS} seconds and was stopped.")
        case FaultKind.LOCKED:
            return ServerError(
                f"{role}: others hold a lock that it needs.", hint=AGAIN, transient=True, retry_smaller=True
            )
        case FaultKind.LOG_FULL:
            return ServerError(f"{role}: its lock table or its log is full.", hint=AGAIN, retry_smaller=True)
        case FaultKind.DEADLOCK:
            return ServerError(f"{role}: the transaction was ended by a deadlock.", hint=AGAIN, transient=True)
        case _:
            return ServerUnreachableError(f"{role}: the connection was lost.", hint=AGAIN, transient=True)


def _can_happen(kind: FaultKind, call: str) -> bool:
    """Say whether something can go wrong in a way at a call: most calls are none of a commit, or of a write."""
    match kind:
        case FaultKind.UNKNOWN_COMMIT:
            return call.endswith(" commit")
        case FaultKind.LOCKED | FaultKind.LOG_FULL | FaultKind.DEADLOCK:
            return call.endswith((" commit", " in session"))
        case FaultKind.READ_ENDS:
            return call.endswith((" read", " read in session"))
        case FaultKind.DISK_FULL:
            return call.startswith("file ")
        case FaultKind.LOST_BEFORE | FaultKind.LOST_AFTER | FaultKind.HANGS:
            return not call.startswith("file ")
        case _:
            return True


class _Faults:
    """Carries out calls of one server or of one transaction with what goes wrong at them."""

    def __init__(self, plan: FaultPlan, role: Role) -> None:
        self.plan = plan
        self.role = role

    def call(self, name: str, does: Callable[[], Answer], *, committing: bool = False, writing: bool = False) -> Answer:
        """Do a call, or what goes wrong at it."""
        fault = self.plan.reached(f"{self.role} {name}")
        kind = fault.kind if fault is not None else None
        if fault is None or kind in (FaultKind.DISK_FULL, FaultKind.READ_ENDS):
            return does()
        assert kind is not None
        if (kind in OF_WRITES and not (writing or committing)) or (kind is FaultKind.UNKNOWN_COMMIT and not committing):
            kind = FaultKind.LOST_BEFORE
        first = kind is FaultKind.LOST_AFTER or (
            kind in (FaultKind.DIES, FaultKind.STOPS, FaultKind.UNKNOWN_COMMIT)
            and bool(Random(fault.seed).randrange(2))
        )
        if first:
            does()
        if kind in (FaultKind.DIES, FaultKind.STOPS):
            raise self.plan.die(fault)
        self.plan.injected.append(kind)
        if kind is FaultKind.HANGS:
            self.plan.hang()
        raise _error(kind, self.role, committing=committing)

    def stream(self, name: str, does: Callable[[], pa.RecordBatchReader]) -> pa.RecordBatchReader:
        """Open a stream, which may end in the middle."""
        number = len(self.plan.calls)
        reader = self.call(name, does)
        fault = self.plan.fault_at(number)
        broken = fault is not None and fault.kind is FaultKind.READ_ENDS
        return pa.RecordBatchReader.from_batches(reader.schema, self._batches(reader, fault if broken else None))

    def _batches(self, reader: pa.RecordBatchReader, fault: Fault | None) -> Generator[Any, None, None]:
        for batch in reader:
            self.plan.refuse_dead()
            if fault is not None:
                yield batch.slice(0, batch.num_rows // 2)
                break
            yield batch
        if fault is not None:
            self.plan.injected.append(fault.kind)
            raise _error(FaultKind.LOST_BEFORE, self.role, committing=False)


class FaultySession(ForwardingSession):
    """A transaction; once its connection is lost nothing more of it is done."""

    def __init__(self, inner: WriteSession, faults: _Faults, after_commit: Callable[[Role], None]) -> None:
        super().__init__(inner)
        self._faults = faults
        self._after_commit = after_commit
        self._lost: ServerError | None = None

    def _call(self, method: Callable[Params, Answer], *args: Params.args, **kwargs: Params.kwargs) -> Answer:
        return self._done(f"{method.__name__} in session", lambda: method(*args, **kwargs))

    def _done(self, name: str, does: Callable[[], Answer], *, committing: bool = False) -> Answer:
        if self._lost is not None:
            raise _error(FaultKind.LOST_BEFORE, self._faults.role, committing=False)
        try:
            return self._faults.call(name, does, committing=committing, writing=True)
        except ServerError as error:
            # Whatever it was: the transaction has ended, and the server has rolled it back.
            self._lost = error
            raise

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Stream rows, perhaps not to their end."""
        if self._lost is not None:
            raise _error(FaultKind.LOST_BEFORE, self._faults.role, committing=False)
        return self._faults.stream("read in session", lambda: self._inner.read(query))

    def commit(self) -> None:
        """Commit, and let the oracle see what another reader sees."""
        role = self._faults.role
        self._done("commit", lambda: self._committed(role), committing=True)

    def _committed(self, role: Role) -> None:
        self._inner.commit()
        self._after_commit(role)


class FaultyServer(ForwardingServer):
    """A server at whose calls something may go wrong."""

    def __init__(
        self,
        inner: Server,
        plan: FaultPlan,
        role: Role,
        is_up: Callable[[], bool],
        readable: Callable[[str], bool],
        after_commit: Callable[[Role], None],
    ) -> None:
        super().__init__(inner)
        self._faults = _Faults(plan, role)
        self._is_up = is_up
        self._readable = readable
        self._after_commit = after_commit

    def _call(self, method: Callable[Params, Answer], *args: Params.args, **kwargs: Params.kwargs) -> Answer:
        if method.__name__ in UNCOUNTED:
            return method(*args, **kwargs)
        return self._counted(method.__name__, lambda: method(*args, **kwargs))

    def _counted(self, name: str, does: Callable[[], Answer]) -> Answer:
        self._refuse_down()
        return self._faults.call(name, does)

    def _refuse_down(self) -> None:
        if not self._is_up():
            raise down(self._faults.role)

    def _refuse_unreadable(self, table: str) -> None:
        if not self._readable(table):
            raise ServerError(f"{self._faults.role}: {table} cannot be read: its extent is damaged.")

    def fingerprint(self, query: FingerprintQuery) -> Iterator[tuple[Bucket, BucketState]]:
        """Yield each bucket; all are read at once, so that the order of calls is always the same."""
        self._refuse_unreadable(query.selection.table)
        return iter(self._counted("fingerprint", lambda: list(self._inner.fingerprint(query))))

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Stream rows, perhaps not to their end."""
        self._refuse_down()
        self._refuse_unreadable(query.selection.table)
        return self._faults.stream("read", lambda: self._inner.read(query))

    @contextmanager
    def begin(self) -> Iterator[WriteSession]:
        """Open a transaction."""
        self._refuse_down()
        self._faults.call("begin", lambda: None)
        with self._inner.begin() as session:
            yield FaultySession(session, self._faults, self._after_commit)


def down(role: Role) -> ServerUnreachableError:
    """Return the error for a server that is shut down."""
    return ServerUnreachableError(f"{role}: it cannot be connected to.", hint="Is it running?")
