"""Batches that are prepared ahead: nothing writes a run's pieces any more once its writing has ended."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from syncengine.execute.batches import Batch
from syncengine.execute.prefetch import StagingAhead
from syncengine.execute.preparation import PreparedPart
from syncengine.model.errors import ServerError
from syncengine.model.pair import Role
from syncengine.model.run import BatchPlace

BATCH = Batch(BatchPlace(1, 1, 0, 1), Role.SECONDARY, ())


@pytest.mark.parametrize("begun", [True, False])
def test_unneeded_preparation_ends_with_the_run(begun: bool) -> None:
    """A batch that is being prepared is interrupted until it has ended; one that has not begun never does."""
    interrupted, done = threading.Event(), list[bool]()

    def prepare() -> list[PreparedPart]:
        done.append(interrupted.wait(10))
        return []

    def submit(_: Batch) -> Future[list[PreparedPart]]:
        if not begun:
            pool.submit(interrupted.wait, 10)
        return pool.submit(prepare)

    def failing() -> None:
        with StagingAhead(submit, interrupted.set) as ahead:
            ahead.begin(BATCH)
            raise ServerError("the connection was lost")

    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(ServerError, match="lost"):
            failing()
        assert done == ([True] if begun else [])
        interrupted.set()
    assert done == ([True] if begun else [])
