"""From drift to its rows, to its repair, and back: run it with a pair file and a window."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import syncengine
from syncengine import BucketRows, Observation, Pair


class Lines:
    """A progress display with the methods of `syncengine.Progress`."""

    def begin(self, what: str, total: int, *, done: int = 0) -> None:
        print(f"{what}: {done} of {total}", file=sys.stderr)

    def advance(self, units: int, detail: str = "", *, rows: int = 0, size: int = 0) -> None:
        print(f"  {units} more, {rows} rows {detail}", file=sys.stderr)

    def end(self) -> None:
        print("  done", file=sys.stderr)


def differing(pair: Pair, observation: Observation) -> Iterator[BucketRows]:
    for table in observation.differing:
        for drift in table.differing:
            yield pair.rows(observation, table, drift, limit=100)


def main(pair_file: str, window: str) -> int:
    pair = syncengine.open_pair(pair_file, progress=Lines())
    for rows in differing(pair, pair.verify(sets="history", window=window)):
        print(rows.table, rows.bucket, len(rows.missing), "missing", len(rows.extra), "extra")
        for change in rows.changed:
            print("  ", dict(zip(rows.names, change.source, strict=True)), "differs in", change.columns)
    try:
        plan = pair.plan_resync(window=window, sets="history", allow_deletions=1_000)
    except syncengine.RefusedError as refusal:
        print(refusal)
        return 4
    result = pair.execute(plan, about="from drift to undo")
    run = pair.run(result.outcome.run_id)
    print(run.id, run.state, run.steps_done, "of", run.steps, "steps, in sync:", run.in_sync)
    undone = pair.execute(pair.plan_undo(run.id))
    return 0 if undone.outcome.done and not undone.unlike else 5


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
