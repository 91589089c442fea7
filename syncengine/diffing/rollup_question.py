"""Which columns of a longer archive follow from its intervals, and which do not and why."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from syncengine.diffing.rollup_sums import KNOWN, RolledColumn, RollupQuestion
from syncengine.model.fingerprint import FingerprintColumn
from syncengine.model.spec import Rollup, TableSpec

UnknownColumn = tuple[str, str]
"""A column, and why it cannot be compared with the intervals."""


def rollup_question(
    longer: TableSpec, shorter: TableSpec, columns: tuple[FingerprintColumn, ...], below: Collection[str]
) -> tuple[RollupQuestion | None, tuple[UnknownColumn, ...]]:
    """Return how a longer archive follows from its intervals, and the columns that do not.

    `columns` are those the longer table really has, `below` the names of those of the intervals. None is returned
    where rows cannot be assigned to an ACD, a time or a key group.
    """
    time, names = shorter.time, {column.name for column in columns}
    needed = {*longer.key, longer.acd, longer.time.date if longer.time else None}
    if time is None or time.label is None or longer.acd is None or longer.acd != shorter.acd:
        return None, ()
    if not needed <= names or not needed | {time.label} <= set(below):
        return None, ()
    key = tuple(column for name in longer.key for column in columns if column.name == name)
    rolled: list[RolledColumn] = []
    unknown: list[UnknownColumn] = []
    for column in columns:
        if column.name in needed:
            continue
        why = _why_not(longer, column, below)
        if why:
            unknown.append((column.name, why))
        else:
            rolled.append(RolledColumn(column, _function(longer, column.name)))
    return RollupQuestion(time.date, time.label, longer.acd, key, tuple(rolled)), tuple(unknown)


def _function(longer: TableSpec, name: str) -> Rollup:
    described = longer.column(name)
    return described.rollup if described is not None and described.rollup is not None else Rollup.LATEST


def _why_not(longer: TableSpec, column: FingerprintColumn, below: Collection[str]) -> str:
    described = longer.column(column.name)
    if described is None:
        return "no spec describes it"
    if described.rollup is None:
        return "its spec names no roll-up"
    if described.rollup not in KNOWN:
        return "no source defines the busy hour"
    if column.name not in below:
        return f"{longer.rolled_from} has no such column"
    if column.type.is_text and described.rollup is not Rollup.LATEST:
        return f"it is text, of which there is no {described.rollup}"
    return ""


def reasons(unknown: Collection[UnknownColumn]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each reason with the columns it is of."""
    by_why: dict[str, list[str]] = {}
    for name, why in unknown:
        by_why.setdefault(why, []).append(name)
    yield from ((why, tuple(names)) for why, names in by_why.items())
