"""Stages the next batch while one is written, so that reading, staging and writing overlap: two in flight, no more."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Self

from syncengine.execute.batches import Batch
from syncengine.execute.preparation import PreparedPart


class StagingAhead:
    """One thread that prepares batches, in the order they are asked for."""

    def __init__(self, prepare: Callable[[Batch], list[PreparedPart]], interrupt: Callable[[], None]) -> None:
        self._prepare = prepare
        self._interrupt = interrupt
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="staging")
        self._next: tuple[Batch, Future[list[PreparedPart]]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._next is not None and not self._next[1].done() and not self._next[1].cancel():
            # Nobody waits for it any more.
            self._interrupt()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def begin(self, batch: Batch) -> None:
        """Begin to prepare a batch that will be asked for next."""
        if self._next is None:
            self._next = (batch, self._pool.submit(self._prepare, batch))

    def take(self, batch: Batch) -> list[PreparedPart]:
        """Return a batch prepared; raises what kept it from being so."""
        ahead, self._next = self._next, None
        if ahead is not None and ahead[0].place == batch.place:
            return ahead[1].result()
        if ahead is not None:
            # It was to be another one; both use the same pieces.
            with suppress(Exception):
                ahead[1].result()
        return self._pool.submit(self._prepare, batch).result()
