"""Rows that are handed over to a library are waited for where Ctrl-C is heard, once and again."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

STRUCK = """
import os, signal, sys, threading, time
import pyarrow as pa
from syncengine.model import interrupts
from syncengine.staging.row_feed import feed_rows

interrupts.listen()
schema = pa.schema([("a", pa.int64())])

def rows():
    for _ in range(4):
        yield pa.record_batch({"a": [1]}, schema)
    while True:
        time.sleep(0.05)

def take(reader):
    for _ in reader:
        time.sleep(0.3)

def strike():
    time.sleep(0.3)
    for gap in map(float, sys.argv[1:]):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(gap)

threading.Thread(target=strike, daemon=True).start()
try:
    feed_rows(pa.RecordBatchReader.from_batches(schema, rows()), take, lambda: None)
except KeyboardInterrupt:
    print("stopped")
"""


@pytest.mark.parametrize(
    "gaps",
    [
        ["0"],
        pytest.param(["0.02", "0"], marks=pytest.mark.soak),
        ["0.05", "0"],
        pytest.param(["0.1", "0.1", "0.1", "0"], marks=pytest.mark.soak),
    ],
)
def test_ctrl_c_again_and_again_ends_it(gaps: list[str]) -> None:
    """However often and quickly Ctrl-C strikes while rows are handed over, that comes to its end."""
    began = time.monotonic()

    done = subprocess.run(
        [sys.executable, "-c", STRUCK, *gaps], capture_output=True, text=True, timeout=20, check=False
    )

    assert done.stdout == "stopped\n", done.stderr
    assert time.monotonic() - began < 15
