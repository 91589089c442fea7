"""Wrappers of a server or a transaction pass on what they do not change."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import ClassVar, Concatenate, Generic, ParamSpec, TypeVar

from syncengine.servers.protocol import Server, WriteSession

Inner = TypeVar("Inner")
Params = ParamSpec("Params")
Answer = TypeVar("Answer")


class Forwarding(Generic[Inner]):
    """A wrapper; a method that its protocol lacks, such as a misspelt one, raises `TypeError`."""

    _protocol: ClassVar[type]

    def __init__(self, inner: Inner) -> None:
        self._inner = inner

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, does in vars(cls).items():
            if inspect.isfunction(does) and not name.startswith("_") and not hasattr(cls._protocol, name):
                raise TypeError(f"{cls.__name__}.{name}: {cls._protocol.__name__} has no such method.")

    def _call(self, method: Callable[Params, Answer], *args: Params.args, **kwargs: Params.kwargs) -> Answer:
        """Call a method of the inner one. A wrapper that changes every call overrides this."""
        return method(*args, **kwargs)


def forwarded(
    method: Callable[Concatenate[Inner, Params], Answer],
) -> Callable[Concatenate[Forwarding[Inner], Params], Answer]:
    """Return the wrappers' version of a method of a protocol."""
    name = method.__name__

    def forward(self: Forwarding[Inner], /, *args: Params.args, **kwargs: Params.kwargs) -> Answer:
        method: Callable[Params, Answer] = getattr(self._inner, name)
        return self._call(method, *args, **kwargs)

    return forward


class ForwardingSession(Forwarding[WriteSession]):
    """A transaction around another."""

    _protocol = WriteSession

    def __init__(self, inner: WriteSession) -> None:
        super().__init__(inner)
        self.id = inner.id

    lock = forwarded(WriteSession.lock)
    fingerprint = forwarded(WriteSession.fingerprint)
    read = forwarded(WriteSession.read)
    delete = forwarded(WriteSession.delete)
    insert = forwarded(WriteSession.insert)
    run_deferred = forwarded(WriteSession.run_deferred)
    commit = forwarded(WriteSession.commit)


class ForwardingServer(Forwarding[Server]):
    """A server around another."""

    _protocol = Server

    describe = forwarded(Server.describe)
    tables = forwarded(Server.tables)
    surroundings = forwarded(Server.surroundings)
    fingerprint = forwarded(Server.fingerprint)
    bounds = forwarded(Server.bounds)
    highest = forwarded(Server.highest)
    read = forwarded(Server.read)
    begin = forwarded(Server.begin)
    scratch = forwarded(Server.scratch)
    session_state = forwarded(Server.session_state)
    termination_command = forwarded(Server.termination_command)
    day_versions = forwarded(Server.day_versions)
    waiting_sessions = forwarded(Server.waiting_sessions)
    interrupt = forwarded(Server.interrupt)
    close = forwarded(Server.close)
