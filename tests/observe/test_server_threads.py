"""Querying both servers at once: leaving early waits for no query."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import cast

import pytest

from syncengine.model.errors import ServerError
from syncengine.observe.server_threads import server_threads
from syncengine.servers.protocol import Server


class BetweenTwoQuestions:
    """A server on which the first interruption is lost, since it comes between two queries."""

    def __init__(self) -> None:
        self.interruptions = 0
        self.enough = threading.Event()

    def interrupt(self) -> None:
        """Count an interruption."""
        self.interruptions += 1
        if self.interruptions > 1:
            self.enough.set()


def test_a_server_between_two_queries_is_interrupted_again() -> None:
    """A failure of one server ends the queries of the other, also one that begins after the first interruption."""
    server = BetweenTwoQuestions()

    futures: list[Future[bool]] = []

    def failing() -> None:
        with server_threads([cast("Server", server)]) as pool:
            futures.append(pool.submit(server.enough.wait, 10))
            raise ServerError("the connection was lost")

    with pytest.raises(ServerError, match="lost"):
        failing()

    assert futures[0].result(timeout=0)
