"""Hands rows over to a library that would wait for them where no Ctrl-C is heard."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress

import pyarrow as pa

BATCHES_AHEAD = 2
"""Batches that are held for whoever takes them."""
POLL_SECONDS = 0.1
"""How often it is looked whether they are still being taken."""


def feed_rows(
    rows: pa.RecordBatchReader, consume: Callable[[pa.RecordBatchReader], None], stop: Callable[[], None]
) -> None:
    """Have `take`, in a thread of its own, read the rows, which are waited for in the caller's.

    A library that reads a stream waits for it in one thread and for that in others, deaf to Ctrl-C; here whoever waits
    for a server hears it, and `stop` ends what `take` does. What the rows' reader raises passes unchanged.
    """
    batches: queue.Queue[pa.RecordBatch | None] = queue.Queue(BATCHES_AHEAD)
    stopped = threading.Event()
    consuming: Future[None] = Future()

    def arriving() -> Iterator[pa.RecordBatch]:
        while (batch := batches.get()) is not None:
            yield batch
        if stopped.is_set():
            raise InterruptedError("no more rows come")

    def run() -> None:
        try:
            consume(pa.RecordBatchReader.from_batches(rows.schema, arriving()))
        except BaseException as error:  # noqa: BLE001  # whatever it is, it belongs to whoever waits
            consuming.set_exception(error)
        else:
            consuming.set_result(None)

    thread = threading.Thread(target=run, name="taking", daemon=True)
    thread.start()
    try:
        for batch in rows:
            if not _put(batch, batches, consuming):
                break
        _put(None, batches, consuming)
        consuming.result()
    except BaseException:
        stopped.set()
        _end(batches, consuming, stop)
        raise
    thread.join()


def _end(batches: queue.Queue[pa.RecordBatch | None], consuming: Future[None], stop: Callable[[], None]) -> None:
    """Have what takes the rows come to its end, also where a second Ctrl-C strikes meanwhile."""
    try:
        while not consuming.done():
            stop()
            with suppress(queue.Full):
                batches.put(None, timeout=POLL_SECONDS)
    except KeyboardInterrupt:
        _end(batches, consuming, stop)
        raise


def _put(batch: pa.RecordBatch | None, batches: queue.Queue[pa.RecordBatch | None], consuming: Future[None]) -> bool:
    """Hold a batch until there is room for it; say whether anybody still takes it."""
    while not consuming.done():
        with suppress(queue.Full):
            batches.put(batch, timeout=POLL_SECONDS)
            return True
    return False
