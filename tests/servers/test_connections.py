"""Lending connections: none is left open once a server is closed."""

from __future__ import annotations

from syncengine.servers.connections import Connections
from syncengine.servers.driver_calls import Calls


class Line:
    """A connection."""

    calls = Calls("primary", 60)


class Pool(Connections[Line]):
    """A pool that takes a connection back as if it were open yet: it is closed in just that moment."""

    def __init__(self) -> None:
        super().__init__("primary")
        self.idle: list[Line] = []

    def _acquire(self) -> Line:
        return Line()

    def _release(self, lease: Line, *, failed: bool) -> None:
        del failed
        self.close()
        self.idle.append(lease)

    def _dispose(self) -> None:
        self.idle.clear()


def test_a_connection_given_back_while_the_pool_is_closed_is_ended() -> None:
    """What came back after the pool was emptied does not stay open in it."""
    pool = Pool()

    with pool.lease():
        pass

    assert pool.idle == []
