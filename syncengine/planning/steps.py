"""Cuts what is to be written into steps: one transaction each, never half a bucket."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from syncengine.model.bucket import BucketColumns
from syncengine.model.drift import TableObservation
from syncengine.model.fingerprint import group_key
from syncengine.model.pair import Role
from syncengine.model.plan import Action, BucketWrite, SkipReason, Step, TablePart
from syncengine.model.spec import DataClass
from syncengine.planning.administration import GROUP_REASONS
from syncengine.planning.bucket_decisions import Decision, TableDecisions

MOST_BUCKETS = 1000
"""Buckets one step names in its statements."""
STRETCHED_ROWS = 5_000
"""Rows one step writes of times that are cut differently: such a step cannot be made smaller later."""
Together = Sequence[tuple[str, ...]]
"""Tables that are only written together, in one step and in this order (High Availability guide, chapter 3)."""


@dataclass(frozen=True, slots=True)
class TableWork:
    """What is to be written of one table into one server."""

    table: TableObservation
    into: Role
    decisions: tuple[Decision, ...]


def skip_companions(
    decided: tuple[TableDecisions, ...], together: Together, uncompared: Collection[str] = ()
) -> Iterator[TableDecisions]:
    """Skip what may only be written together with a table of which something is skipped for the same ACD.

    `uncompared` are tables that could not be compared: what is written with one of them is skipped.
    """
    for into, table, decisions in decided:
        names = next((names for names in together if table.spec.name in names), ())
        missing = next((name for name in names if name in uncompared), "")
        if missing:
            why = f"it is written with {missing}, which could not be compared"
            yield into, table, [_not_compared(decision, why) for decision in decisions]
            continue
        skipped = {
            decision.drift.bucket.acd: decision
            for other_into, other, others in decided
            if other_into is into and other.spec.name in names and other is not table
            for decision in others
            if decision.skip_reason is not None and decision.skip_reason not in GROUP_REASONS
        }
        yield into, table, [_with_companion(decision, skipped.get(decision.drift.bucket.acd)) for decision in decisions]


def _not_compared(decision: Decision, why: str) -> Decision:
    return (
        decision
        if decision.action is None
        else Decision(decision.drift, skip_reason=SkipReason.NOT_COMPARED, detail=why)
    )


def _with_companion(decision: Decision, companion: Decision | None) -> Decision:
    if companion is None or decision.action is None:
        return decision
    return Decision(decision.drift, skip_reason=companion.skip_reason, detail="a table it is written with is skipped")


def steps_of(work: tuple[TableWork, ...], together: Together = (), *, most_rows: int) -> tuple[Step, ...]:
    """Return the steps in the order they are applied: administration, intervals and events, then roll-ups."""
    steps: list[Step] = []
    ordered = sorted(_by_table(work), key=lambda one: _order(one, together))
    for (into, _), ones in groupby(ordered, key=lambda one: (one.into, _companions(one, together))):
        for parts in _transactions(tuple(ones), most_rows):
            tables = {part.table for part in parts}
            needed = {one.table.spec.rolled_from for one in work if one.table.spec.name in tables}
            after = tuple(s.number for s in steps if s.into is into and any(p.table in needed for p in s.parts))
            steps.append(Step(len(steps) + 1, into, parts, after))
    return tuple(steps)


def _by_table(work: tuple[TableWork, ...]) -> Iterator[TableWork]:
    """Yield the work with that on one table of one server as one: a step has one piece of each table."""
    tables: dict[tuple[Role, str], TableWork] = {}
    for one in work:
        place = (one.into, one.table.spec.name)
        known = tables.get(place)
        tables[place] = one if known is None else replace(known, decisions=known.decisions + one.decisions)
    yield from tables.values()


def _transactions(together: tuple[TableWork, ...], most_rows: int) -> Iterator[tuple[TablePart, ...]]:
    """Yield the parts of each step: tables that are only written together share one, however large."""
    if len(together) > 1:
        # One part a table: a step has one piece of each.
        parts = tuple(part for one in together for part in _parts(one, None))
        if parts:
            yield parts
        return
    for one in together:
        for part in _parts(one, most_rows):
            yield (part,)


def _companions(work: TableWork, together: Together) -> str:
    """Return what tables of one step have in common: the first name of those written together."""
    name = work.table.spec.name
    return next((min(names) for names in together if name in names), name)


def _order(work: TableWork, together: Together) -> tuple[int, str, str, int]:
    spec = work.table.spec
    if spec.data_class is DataClass.SYSTEM:
        rank = 0
    elif spec.time is None:
        rank = 1
    else:
        rank = 3 if spec.grain.summarised else 2
    place = next((names.index(spec.name) for names in together if spec.name in names), 0)
    return rank, _companions(work, together), work.into, place


def _parts(work: TableWork, most_rows: int | None) -> Iterator[TablePart]:
    """Yield the parts a table is cut into, of so many rows at most; None leaves it whole."""
    decided = [(decision.action, decision) for decision in work.decisions if decision.action is not None]
    decided.sort(key=lambda item: (item[0], item[1].drift.stretch is not None, *_place(item[1])))
    for (action, stretched), run in groupby(decided, key=lambda item: (item[0], item[1].drift.stretch is not None)):
        if action is Action.REPAIR_CUTS:
            yield replace(_part(work.table, action, [_write(decision) for _, decision in run]), whole=True)
            continue
        # What is written together or not at all: a stretch, elsewhere a bucket.
        units = [[_write(one) for _, one in unit] for _, unit in groupby(run, key=lambda item: _place(item[1]))]
        bound = min(most_rows, STRETCHED_ROWS) if stretched and most_rows is not None else most_rows
        for batch in _batches(units, bound):
            yield replace(_part(work.table, action, batch), whole=stretched)


def _place(decision: Decision) -> tuple[object, ...]:
    """Return what sorts the buckets of a table: those of one stretch have the same."""
    drift = decision.drift
    if drift.stretch is None:
        return drift.bucket.order
    return (drift.bucket.acd if drift.bucket.acd is not None else -1, drift.stretch.span.start)


def _batches(units: list[list[BucketWrite]], most_rows: int | None) -> Iterator[list[BucketWrite]]:
    batch: list[BucketWrite] = []
    rows = 0
    for unit in units:
        size = sum(write.source.rows + write.target.rows for write in unit)
        if batch and most_rows is not None and (rows + size > most_rows or len(batch) >= MOST_BUCKETS):
            yield batch
            batch, rows = [], 0
        batch += unit
        rows += size
    if batch:
        yield batch


def _write(decision: Decision) -> BucketWrite:
    drift = decision.drift
    return BucketWrite(
        bucket=drift.bucket,
        source=drift.source_guard,
        target=drift.target_guard,
        counts=drift.counts,
        skipped_groups=decision.skipped_groups,
        repaired_groups=decision.repaired_groups,
        other_groups=decision.other_groups,
        span=drift.span,
    )


def _part(table: TableObservation, action: Action, batch: list[BucketWrite]) -> TablePart:
    spec = table.spec
    return TablePart(
        table=spec.name,
        action=action,
        buckets=tuple(batch),
        bucket_columns=BucketColumns.of(spec),
        columns=table.all_columns,
        compared=table.compared,
        key=group_key(spec, table.compared),
        beyond_fingerprint=any(write.source.digest or write.target.digest for write in batch),
        excluded=table.excluded,
        row_number=spec.row_number if spec.row_number in {c.name for c in table.all_columns} else None,
    )
