"""Runs work on the open servers of a pair on an executor the caller gives, whose threads or processes read only.

What is submitted is a function of a module and plain values; the servers are named in it. In the process that opened
them, the open servers are used. In another one they are opened from the pair file and the environment there.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Concatenate, Generic

from syncengine import machine
from syncengine.model.errors import CancelledError, ExecutorError, InputError, SyncError
from syncengine.model.pair import Limits, PairSettings, Role
from syncengine.pair_file import read_pair_file
from syncengine.servers.kinds import is_embedded, open_server
from syncengine.servers.open_servers import Answer, OpenServers, P
from syncengine.servers.protocol import Server
from syncengine.servers.threads import AGAIN_SECONDS

Process = tuple[str, int]
"""A host and a process on it. A forked process inherits what its parent has open, and must not touch it."""
ANY_PROCESS: Process = ("", 0)


@dataclass(frozen=True, slots=True)
class _ServersKey:
    """What identifies open servers, so that another process can query them. It has no secret."""

    process: Process
    token: str
    """Unique among all that is open in that process."""
    file: Path
    settings: str
    """A checksum of the pair file's settings, which may have changed since."""
    limits: Limits
    servers: tuple[tuple[Role, str, str | None], ...]
    """The open servers, their identities, and the CMS loads they run."""


@dataclass(slots=True)
class _OpenPair:
    """Servers that are open in this process, and how many questions use them."""

    servers: Mapping[Role, Server]
    settings: PairSettings
    busy: int = 0


@dataclass(frozen=True, slots=True)
class _IdlePair:
    """Servers that no question uses at the moment, and what closes them after a while."""

    opened: _OpenPair
    closing: threading.Timer


SAME_ENVIRONMENT = "Give that process the environment that the pair was opened in."
IDLE_SECONDS = 10.0
"""How long live servers stay open for more work; a file is closed at once, so that it can be written to."""
CLOSE_WAIT_SECONDS = 30.0
"""How long to wait for other processes that read a file: one that died may never report its end."""
_IDLE: dict[_ServersKey, _IdlePair] = {}
_OPEN: dict[str, _OpenPair] = {}
_CHANGED = threading.Condition()
"""Guards what is open and what is idle, and signals that a question has ended."""


class _Answer(Future[Answer], Generic[Answer]):
    """The answer to a question; a failure of the executor itself is raised as an error of ours."""

    def __init__(self, submitted: Future[Answer]) -> None:
        super().__init__()
        self._submitted = submitted
        submitted.add_done_callback(self._copy_outcome)

    def cancel(self) -> bool:
        """Cancel the question, unless it may have begun."""
        return self._submitted.cancel()

    def _copy_outcome(self, submitted: Future[Answer]) -> None:
        if submitted.cancelled():
            self.set_exception(_failed("it was cancelled"))
            return
        match submitted.exception():
            case None:
                self.set_result(submitted.result())
            case Exception() as error if not isinstance(error, SyncError):
                self.set_exception(_failed(repr(error), error))
            case error:
                self.set_exception(error)


@dataclass(frozen=True, slots=True)
class _ExecutorQuestions:
    """Submits questions about open servers to an executor."""

    executor: Executor
    name: _ServersKey
    unfinished: set[Future[Any]] = field(default_factory=set)
    """Questions that have not ended yet."""

    def submit(
        self,
        question: Callable[Concatenate[Mapping[Role, Server], PairSettings, P], Answer],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Future[Answer]:
        try:
            submitted = self.executor.submit(answer_question, self.name, question, *args, **kwargs)
        except RuntimeError as error:
            raise _failed(str(error), error) from error
        answer = _Answer(submitted)
        self.unfinished.add(answer)
        answer.add_done_callback(self._forget)
        return answer

    def _forget(self, answer: Future[Any]) -> None:
        with _CHANGED:
            self.unfinished.discard(answer)
            _CHANGED.notify_all()

    def stop(self) -> None:
        for future in tuple(self.unfinished):
            future.cancel()


@contextmanager
def with_executor(
    servers: Mapping[Role, Server], settings: PairSettings, limits: Limits, executor: Executor | None
) -> Iterator[OpenServers]:
    """Yield open servers that send work to the executor; at the end no question uses them or reads a file."""
    opened = OpenServers(servers)
    if executor is None:
        yield opened
        return
    described = tuple((role, server.describe()) for role, server in servers.items())
    identities = tuple((role, one.identity, one.load) for role, one in described)
    name = _ServersKey(_process(), machine.token(8), settings.file, _checksum(settings), limits, identities)
    opened.executor = questions = _ExecutorQuestions(executor, name)
    here = _OPEN[name.token] = _OpenPair(servers, settings)
    try:
        yield opened
    finally:
        questions.stop()
        # A file that another process still reads cannot be written to.
        deadline = machine.monotonic() + CLOSE_WAIT_SECONDS if _of_files(here) else 0
        with _CHANGED:
            del _OPEN[name.token]
            while here.busy or (questions.unfinished and machine.monotonic() < deadline):
                for server in servers.values():
                    server.interrupt()
                _CHANGED.wait(AGAIN_SECONDS)


def answer_question(
    name: _ServersKey,
    question: Callable[Concatenate[Mapping[Role, Server], PairSettings, P], Answer],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> Answer:
    """Answer a question about identified servers, in any process. Raises what the question raises.

    Raises `InputError` where the pair file, or the servers it names in this process, are not the same.
    """
    # In another process the opener and its token do not matter: idle servers can be used again.
    found = (
        _servers_here(name)
        if name.process == _process()
        else _servers_elsewhere(replace(name, process=ANY_PROCESS, token=""))
    )
    with found as (servers, settings):
        return question(servers, settings, *args, **kwargs)


@contextmanager
def _servers_here(name: _ServersKey) -> Iterator[tuple[Mapping[Role, Server], PairSettings]]:
    with _CHANGED:
        found = _OPEN.get(name.token)
        if found is None:
            raise CancelledError("The servers were closed before this began.")
        found.busy += 1
    try:
        yield found.servers, found.settings
    finally:
        with _CHANGED:
            found.busy -= 1
            _CHANGED.notify_all()


@contextmanager
def _servers_elsewhere(name: _ServersKey) -> Iterator[tuple[Mapping[Role, Server], PairSettings]]:
    with _CHANGED:
        idle = _IDLE.pop(name, None)
    if idle is not None:
        idle.closing.cancel()
    opened = idle.opened if idle is not None else _opened_here(name)
    reusable = False
    try:
        yield opened.servers, opened.settings
        reusable = not _of_files(opened)
    finally:
        if not reusable:
            _close(opened)
    if reusable:
        _keep_open(name, opened)


def _of_files(opened: _OpenPair) -> bool:
    return any(is_embedded(opened.settings.server(role)) for role in opened.servers)


def _keep_open(name: _ServersKey, opened: _OpenPair) -> None:
    """Leave servers open for the next question, where no others are idle for it."""
    idle = _IdlePair(opened, threading.Timer(IDLE_SECONDS, _close_idle, (name, opened)))
    idle.closing.daemon = True
    with _CHANGED:
        first = _IDLE.setdefault(name, idle) is idle
    if first:
        idle.closing.start()
    else:
        _close(opened)


def _close_idle(name: _ServersKey, opened: _OpenPair) -> None:
    with _CHANGED:
        idle = _IDLE.get(name)
        if idle is None or idle.opened is not opened:
            return
        del _IDLE[name]
    _close(opened)


def _opened_here(name: _ServersKey) -> _OpenPair:
    """Open servers by their key; an error names this process, since it may be true of this process alone."""
    try:
        return _opened(name)
    except SyncError as error:
        host, number = _process()
        where = f"Reported by process {number} on {host}, which the executor ran the work in."
        error.hint = f"{error.hint} {where}".strip()
        raise


def _opened(name: _ServersKey) -> _OpenPair:
    settings = read_pair_file(name.file, os.environ)
    if _checksum(settings) != name.settings:
        raise InputError(f"{name.file} has changed since the pair was opened.", hint="Open the pair again.")
    opened: dict[Role, Server] = {}
    try:
        for role, identity, load in name.servers:
            server_settings = replace(settings.server(role), load=load)
            opened[role] = open_server(server_settings, settings.file.parent, writable=False, limits=name.limits)
            if opened[role].describe().identity != identity:
                raise InputError(
                    f"{role} is another server in the process that the executor ran the work in.", hint=SAME_ENVIRONMENT
                )
    except BaseException:
        _close(_OpenPair(opened, settings))
        raise
    return _OpenPair(opened, settings)


def _failed(why: str, cause: BaseException | None = None) -> ExecutorError:
    error = ExecutorError(
        f"The executor did not do the work: {why}.",
        hint="Open the pair with another executor, or without one.",
    )
    error.__cause__ = cause
    return error


def _close(opened: _OpenPair) -> None:
    for server in opened.servers.values():
        server.close()


def _process() -> Process:
    return socket.gethostname(), os.getpid()


def _checksum(settings: PairSettings) -> str:
    """Return a checksum of a pair file's settings; urls are in it as in the file, without their secrets."""
    return sha256(repr(settings).encode()).hexdigest()
