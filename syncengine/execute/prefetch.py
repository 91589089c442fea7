"""Stages the next batch while one is written, so that reading, staging and writing overlap: at most two at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from types import TracebackType
from typing import Self

from syncengine.execute.batches import Batch
from syncengine.execute.preparation import PreparedPart
from syncengine.servers import threads


class StagingAhead:
    """Prepares batches ahead, one at a time and in the order they are taken."""

    def __init__(self, prepare: Callable[[Batch], Future[list[PreparedPart]]], interrupt: Callable[[], None]) -> None:
        self._prepare = prepare
        self._interrupt = interrupt
        self._begun: Future[list[PreparedPart]] | None = None
        """The preparation begun last; earlier ones have ended, or end first."""
        self._next: tuple[Batch, Future[list[PreparedPart]]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        # Its result is not needed any more, but a resume would write the same pieces.
        while not (self._begun is None or self._begun.cancel() or self._begun.done()):
            self._interrupt()
            wait((self._begun,), threads.AGAIN_SECONDS)

    def begin(self, batch: Batch) -> None:
        """Begin to prepare the batch that will be taken next."""
        if self._next is None:
            self._next = (batch, self._prepared(batch))

    def take(self, batch: Batch) -> list[PreparedPart]:
        """Return a prepared batch; raises the error of its preparation."""
        ahead, self._next = self._next, None
        if ahead is not None and ahead[0].place == batch.place:
            return ahead[1].result()
        if ahead is not None:
            # Another batch was expected; both use the same pieces.
            with suppress(Exception):
                ahead[1].result()
        return self._prepared(batch).result()

    def _prepared(self, batch: Batch) -> Future[list[PreparedPart]]:
        self._begun = self._prepare(batch)
        return self._begun
