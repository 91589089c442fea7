"""Hands work on the open servers of a pair to an executor from outside, whose threads or processes read only.

What is handed over is a function of a module and plain values; the servers are named in it. In the process that opened
them they are those that are open. In another one they are opened from the pair file and the environment there.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any, Concatenate, Generic

from syncengine.model.errors import CancelledError, ExecutorError, InputError, SyncError
from syncengine.model.pair import Limits, PairSettings, Role
from syncengine.pair_file import read_pair_file
from syncengine.servers.kinds import is_embedded, open_server
from syncengine.servers.open_servers import Answer, OpenServers, P
from syncengine.servers.protocol import Server
from syncengine.servers.threads import AGAIN_SECONDS

Process = tuple[str, int]
"""A host and a process on it. One that was forked knows what is open in the other, and must not touch it."""
NOBODY: Process = ("", 0)


@dataclass(frozen=True, slots=True)
class _ServersName:
    """What is told of open servers, so that they can be asked from elsewhere. It holds no secret."""

    process: Process
    token: str
    """Among all that is open in that process."""
    file: Path
    settings: str
    """A sum of what the pair file says, which it may not any more."""
    limits: Limits
    servers: tuple[tuple[Role, str, str | None], ...]
    """Those that are open, who they are, and the CMS load they run."""


@dataclass(slots=True)
class _Open:
    """Servers that are open in this process, and how much of what was handed over is busy with them."""

    servers: Mapping[Role, Server]
    settings: PairSettings
    busy: int = 0


@dataclass(frozen=True, slots=True)
class _Idle:
    """Servers of another process that nothing here is busy with, and what closes them after a while."""

    opened: _Open
    closing: threading.Timer


ALIKE = "Give it the environment that the pair was opened in."
IDLE_SECONDS = 10.0
"""How long live servers stay open for more work; a file is closed at once, since its owner may want to write to it."""
LET_GO_SECONDS = 30.0
"""How long other processes are waited for that read a file: what became of one of them may never be told."""
_IDLE: dict[_ServersName, _Idle] = {}
_OPEN: dict[str, _Open] = {}
_CHANGED = threading.Condition()
"""Guards what is open and what is idle, and tells that less is busy with it."""


class _Told(Future[Answer], Generic[Answer]):
    """What comes of a question; what goes wrong with the executor itself is told as an error of ours."""

    def __init__(self, handed: Future[Answer]) -> None:
        super().__init__()
        self._handed = handed
        handed.add_done_callback(self._tell)

    def cancel(self) -> bool:
        """Take the question back, unless it may have begun."""
        return self._handed.cancel()

    def _tell(self, handed: Future[Answer]) -> None:
        if handed.cancelled():
            self.set_exception(_failed("it was cancelled"))
            return
        match handed.exception():
            case None:
                self.set_result(handed.result())
            case Exception() as error if not isinstance(error, SyncError):
                self.set_exception(_failed(repr(error), error))
            case error:
                self.set_exception(error)


@dataclass(frozen=True, slots=True)
class _Hands:
    """Hands questions about open servers to an executor."""

    executor: Executor
    name: _ServersName
    begun: set[Future[Any]] = field(default_factory=set)
    """What has not come to its end yet."""

    def submit(
        self,
        question: Callable[Concatenate[Mapping[Role, Server], PairSettings, P], Answer],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Future[Answer]:
        try:
            handed = self.executor.submit(answered, self.name, question, *args, **kwargs)
        except RuntimeError as error:
            raise _failed(str(error), error) from error
        told = _Told(handed)
        self.begun.add(told)
        told.add_done_callback(self._ended)
        return told

    def _ended(self, told: Future[Any]) -> None:
        with _CHANGED:
            self.begun.discard(told)
            _CHANGED.notify_all()

    def stop(self) -> None:
        for future in tuple(self.begun):
            future.cancel()


@contextmanager
def shared_with(
    servers: Mapping[Role, Server], settings: PairSettings, limits: Limits, executor: Executor | None
) -> Iterator[OpenServers]:
    """Give open servers with where work on them goes; at the end nothing here is busy with them, nor reads a file."""
    opened = OpenServers(servers)
    if executor is None:
        yield opened
        return
    described = tuple((role, server.describe()) for role, server in servers.items())
    told = tuple((role, one.identity, one.load) for role, one in described)
    name = _ServersName(_process(), secrets.token_hex(8), settings.file, _sum(settings), limits, told)
    opened.handing = hands = _Hands(executor, name)
    here = _OPEN[name.token] = _Open(servers, settings)
    try:
        yield opened
    finally:
        hands.stop()
        # A file that is still read elsewhere could not be written to by whoever comes next.
        until = monotonic() + LET_GO_SECONDS if _of_files(here) else 0
        with _CHANGED:
            del _OPEN[name.token]
            while here.busy or (hands.begun and monotonic() < until):
                for server in servers.values():
                    server.interrupt()
                _CHANGED.wait(AGAIN_SECONDS)


def answered(
    name: _ServersName,
    question: Callable[Concatenate[Mapping[Role, Server], PairSettings, P], Answer],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> Answer:
    """Answer a question about servers that are named, wherever this is called. Raises what the question raises.

    Raises `InputError` where the pair file or the servers it names here are others than those that are meant.
    """
    # Elsewhere it is the same who opened the servers, and how often.
    found = _here(name) if name.process == _process() else _elsewhere(replace(name, process=NOBODY, token=""))
    with found as (servers, settings):
        return question(servers, settings, *args, **kwargs)


@contextmanager
def _here(name: _ServersName) -> Iterator[tuple[Mapping[Role, Server], PairSettings]]:
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
def _elsewhere(name: _ServersName) -> Iterator[tuple[Mapping[Role, Server], PairSettings]]:
    with _CHANGED:
        idle = _IDLE.pop(name, None)
    if idle is not None:
        idle.closing.cancel()
    opened = idle.opened if idle is not None else _opened_here(name)
    kept = False
    try:
        yield opened.servers, opened.settings
        kept = not _of_files(opened)
    finally:
        if not kept:
            _close(opened)
    if kept:
        _keep(name, opened)


def _of_files(opened: _Open) -> bool:
    return any(is_embedded(opened.settings.server(role)) for role in opened.servers)


def _keep(name: _ServersName, opened: _Open) -> None:
    """Leave servers open for the next that is asked of them here, where none are left so already."""
    idle = _Idle(opened, threading.Timer(IDLE_SECONDS, _close_idle, (name, opened)))
    idle.closing.daemon = True
    with _CHANGED:
        first = _IDLE.setdefault(name, idle) is idle
    if first:
        idle.closing.start()
    else:
        _close(opened)


def _close_idle(name: _ServersName, opened: _Open) -> None:
    with _CHANGED:
        idle = _IDLE.get(name)
        if idle is None or idle.opened is not opened:
            return
        del _IDLE[name]
    _close(opened)


def _opened_here(name: _ServersName) -> _Open:
    """Open servers by their name; what is wrong tells of which process that is true, as it may be of this one alone."""
    try:
        return _opened(name)
    except SyncError as error:
        host, number = _process()
        where = f"So says process {number} on {host}, to which the executor gave the work."
        error.hint = f"{error.hint} {where}".strip()
        raise


def _opened(name: _ServersName) -> _Open:
    settings = read_pair_file(name.file, os.environ)
    if _sum(settings) != name.settings:
        raise InputError(f"{name.file} has changed since the pair was opened.", hint="Open the pair again.")
    opened: dict[Role, Server] = {}
    try:
        for role, identity, load in name.servers:
            told = replace(settings.server(role), load=load)
            opened[role] = open_server(told, settings.file.parent, writable=False, limits=name.limits)
            if opened[role].describe().identity != identity:
                raise InputError(f"{role} is another server in the process that was handed work on it.", hint=ALIKE)
    except BaseException:
        _close(_Open(opened, settings))
        raise
    return _Open(opened, settings)


def _failed(why: str, cause: BaseException | None = None) -> ExecutorError:
    error = ExecutorError(
        f"The executor that the work was handed to did not do it: {why}.",
        hint="Open the pair with another executor, or without one.",
    )
    error.__cause__ = cause
    return error


def _close(opened: _Open) -> None:
    for server in opened.servers.values():
        server.close()


def _process() -> Process:
    return socket.gethostname(), os.getpid()


def _sum(settings: PairSettings) -> str:
    """Return a sum of what a pair file says; a url stands in it as in the file."""
    return sha256(repr(settings).encode()).hexdigest()
