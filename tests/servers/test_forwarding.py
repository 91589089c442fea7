"""Wrappers of servers and of transactions: what they do not change reaches the one they are around."""

from __future__ import annotations

from typing import Any

import pytest

from syncengine.servers.forwarding import ForwardingServer, ForwardingSession
from syncengine.servers.protocol import Server, WriteSession


class Echo:
    """Answers each method by its name and by what it was given."""

    id = "7"

    def __getattr__(self, name: str) -> Any:
        return lambda *given, **named: (name, given, named)


@pytest.mark.parametrize(("wrapper", "protocol"), [(ForwardingServer, Server), (ForwardingSession, WriteSession)])
def test_every_method_of_the_protocol_is_forwarded(wrapper: Any, protocol: type) -> None:
    """Each goes to the method of the same name, with what it was given."""
    wrapped = wrapper(Echo())
    methods = [name for name, does in vars(protocol).items() if callable(does) and not name.startswith("_")]

    assert len(methods) >= 7
    for name in methods:
        assert getattr(wrapped, name)(1, a=2) == (name, (1,), {"a": 2})


@pytest.mark.parametrize("wrapper", [ForwardingServer, ForwardingSession])
def test_a_method_that_the_protocol_does_not_know_is_refused(wrapper: Any) -> None:
    """A misspelt name would go unnoticed: the inner method would be called in its place."""

    def highets(self: object) -> int:
        raise NotImplementedError

    with pytest.raises(TypeError, match=r"Misspelt\.highets: (Server|WriteSession) has no such method"):
        type("Misspelt", (wrapper,), {"highets": highets})
