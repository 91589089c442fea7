"""One function per question."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from syncengine.demo.build import build_pair
from syncengine.demo.shape import DemoShape

DAYS = 62
ACDS = 4
INTERVALS = DAYS * (48 + 96) * ACDS // 2
"""Intervals of one split over all ACDs, half of them on 30 and half on 15 minutes."""


def memory(into: Path) -> dict[str, object]:
    """Measure how the peak memory of verify grows from one to ten million rows of hsplit on each server."""
    found = {rows: _verify(_hsplit_pair(into, rows)) for rows in (1_000_000, 10_000_000)}
    small, large = (float(one["peak_mb"]) for one in found.values())
    growth = large / small - 1
    assert growth < 0.2, f"peak memory grew by {growth:.0%}"
    return {"runs": {f"{rows:,}": one for rows, one in found.items()}, "growth": f"{growth:.1%}"}


def strength(into: Path) -> dict[str, object]:
    """Measure what comparing every row costs against fingerprints, at a million rows of hsplit."""
    pair = _hsplit_pair(into, 1_000_000)
    by_fingerprint, by_row = _verify(pair), _verify(pair, "--full")
    ratio = float(by_row["seconds"]) / float(by_fingerprint["seconds"])
    return {"fingerprint": by_fingerprint, "every row": by_row, "ratio": round(ratio, 2)}


def drda(into: Path) -> dict[str, object]:
    """Measure how fast a million rows of hsplit are copied between two DRDA servers, next to the driver alone.

    The servers are Apache Derby behind a proxy (tests/derby), so that it is a measure of this side of the wire.
    """
    from benchmarks.drda import copied

    rows = int(os.environ.get("BENCH_ROWS", "1000000"))
    return copied(_hsplit_pair(into, rows), into / f"drda-{rows}")


CASES: dict[str, Callable[[Path], dict[str, object]]] = {"memory": memory, "strength": strength, "drda": drda}


def _hsplit_pair(into: Path, rows: int) -> Path:
    """Build a pair with about so many rows of hsplit on each server, or use the one that is there."""
    folder = into / f"hsplit-{rows}"
    if not folder.exists():
        shape = DemoShape(days=DAYS, acds=ACDS, splits=max(1, round(rows / INTERVALS)))
        build_pair(folder, shape, tables={"hsplit", "acds", "arch_stat", "dcalloc", "linkex"})
    return folder / "pair.toml"


def _verify(pair: Path, *options: str) -> dict[str, float]:
    """Verify hsplit in a process of its own, and return its rows, seconds and peak memory."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "syncengine", "verify", "--pair", str(pair), "--table", "hsplit", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 3, "the demo pair is damaged, so verify finds drift"
    with duckdb.connect(str(pair.parent / "primary.duckdb"), read_only=True) as connection:
        rows = connection.execute("SELECT COUNT(*) FROM hsplit").fetchone()
    assert rows is not None
    return {
        "rows": rows[0],
        "seconds": round(time.perf_counter() - started, 2),
        "peak_mb": round(usage.ru_maxrss / 1024, 1),
    }
