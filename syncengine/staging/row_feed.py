"""Feeds rows to a library that, waiting for them itself, would block Ctrl-C."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress

import pyarrow as pa

BATCHES_AHEAD = 2
"""Batches that wait for their consumer."""
POLL_SECONDS = 0.1
"""How often it is checked whether the consumer still runs."""


def feed_rows(
    rows: pa.RecordBatchReader, consume: Callable[[pa.RecordBatchReader], None], stop: Callable[[], None]
) -> None:
    """Let `consume` read the rows in a thread of its own, while the caller's thread waits for them.

    A library that reads a stream waits in threads that do not see Ctrl-C; here the caller waits
    for the server and sees it, and `stop` ends `consume`. Errors of the rows' reader pass unchanged.
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
        except BaseException as error:  # noqa: BLE001  # any error belongs to the caller that waits
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
    """End the consumer of the rows, also where a second Ctrl-C arrives meanwhile."""
    try:
        while not consuming.done():
            stop()
            with suppress(queue.Full):
                batches.put(None, timeout=POLL_SECONDS)
    except KeyboardInterrupt:
        _end(batches, consuming, stop)
        raise


def _put(batch: pa.RecordBatch | None, batches: queue.Queue[pa.RecordBatch | None], consuming: Future[None]) -> bool:
    """Wait until there is room for a batch; say whether the consumer still runs."""
    while not consuming.done():
        with suppress(queue.Full):
            batches.put(batch, timeout=POLL_SECONDS)
            return True
    return False
