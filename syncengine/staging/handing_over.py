"""Hands rows over to a library that would wait for them where no Ctrl-C is heard."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress

import pyarrow as pa

AHEAD = 2
"""Batches that are held for whoever takes them."""
LOOK_SECONDS = 0.1
"""How often it is looked whether they are still being taken."""


def hand_over(
    rows: pa.RecordBatchReader, take: Callable[[pa.RecordBatchReader], None], stop: Callable[[], None]
) -> None:
    """Have `take`, in a thread of its own, read the rows, which are waited for in the caller's.

    A library that reads a stream waits for it in one thread and for that in others, deaf to Ctrl-C; here whoever waits
    for a server hears it, and `stop` ends what `take` does. What the rows' reader raises passes unchanged.
    """
    batches: queue.Queue[pa.RecordBatch | None] = queue.Queue(AHEAD)
    cut = threading.Event()
    taking: Future[None] = Future()

    def arriving() -> Iterator[pa.RecordBatch]:
        while (batch := batches.get()) is not None:
            yield batch
        if cut.is_set():
            raise InterruptedError("no more rows come")

    def run() -> None:
        try:
            take(pa.RecordBatchReader.from_batches(rows.schema, arriving()))
        except BaseException as error:  # noqa: BLE001  # whatever it is, it belongs to whoever waits
            taking.set_exception(error)
        else:
            taking.set_result(None)

    thread = threading.Thread(target=run, name="taking", daemon=True)
    thread.start()
    try:
        for batch in rows:
            if not _put(batch, batches, taking):
                break
        _put(None, batches, taking)
        taking.result()
    except BaseException:
        cut.set()
        _end(batches, taking, stop)
        raise
    thread.join()


def _end(batches: queue.Queue[pa.RecordBatch | None], taking: Future[None], stop: Callable[[], None]) -> None:
    """Have what takes the rows come to its end, also where a second Ctrl-C strikes meanwhile."""
    try:
        while not taking.done():
            stop()
            with suppress(queue.Full):
                batches.put(None, timeout=LOOK_SECONDS)
    except KeyboardInterrupt:
        _end(batches, taking, stop)
        raise


def _put(batch: pa.RecordBatch | None, batches: queue.Queue[pa.RecordBatch | None], taking: Future[None]) -> bool:
    """Hold a batch until there is room for it; say whether anybody still takes it."""
    while not taking.done():
        with suppress(queue.Full):
            batches.put(batch, timeout=LOOK_SECONDS)
            return True
    return False
