"""Expected differences for people: printed beside the drift, and never counted as drift."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from rich.console import RenderableType

from syncengine.model.drift import Observation
from syncengine.model.expected import ExpectedDifference, ExpectedKind, merged_by_reason
from syncengine.model.sentences import listed, plural
from syncengine.report.text import grid, indented, number, section

TABLES_NAMED = 3
TITLE = "Expected, and not counted as drift"


def expected_section(observation: Observation, *, every_table: bool) -> Iterator[RenderableType]:
    """Yield the section, or nothing: a line for each kind of difference, with `every_table` each of each table."""
    if every_table:
        yield from _in_detail(observation)
        return
    lines = tuple(_in_short(observation))
    if lines:
        yield from section(f"{TITLE} (-v shows each, and why)")
        yield indented(*lines)


def _in_detail(observation: Observation) -> Iterator[RenderableType]:
    lines = tuple(_each(observation))
    if not lines:
        return
    by_rows = any(one.source_rows is not None for _, one in lines)
    sides = (f"in {observation.source}", f"in {observation.target}") if by_rows else ()
    shown = grid("table", "what", "buckets", *sides, "why", right=("buckets", *sides), wraps=("table", "what", "why"))
    for table, one in lines:
        rows = [_number(count) for count in (one.source_rows, one.target_rows)] if by_rows else []
        shown.add_row(table, one.what, _number(one.buckets), *rows, one.why)
    yield from section(TITLE)
    yield shown


def _in_short(observation: Observation) -> Iterator[str]:
    """Yield a line for what is the same in several tables, in the order of the kinds; columns that differ somewhere."""
    differences = [
        (name, one) for name, one in _each(observation) if one.kind is not ExpectedKind.COLUMN or one.buckets
    ]
    tables: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for name, one in differences:
        tables[one.kind, one.what, one.why].append(name)
    kinds = tuple(ExpectedKind)
    for one in sorted(merged_by_reason(one for _, one in differences), key=lambda one: kinds.index(one.kind)):
        if one.kind is not ExpectedKind.DROPPED:
            names = listed(tables[one.kind, one.what, one.why], TABLES_NAMED)
            yield f"{one.what} of {names}: {_counts(one, observation)}"
    older = list(dict.fromkeys(name for name, one in differences if one.kind is ExpectedKind.DROPPED))
    if older:
        yield f"older rows of {listed(older, TABLES_NAMED)}: not on both servers any more"


def _counts(one: ExpectedDifference, observation: Observation) -> str:
    counts = [plural(one.buckets or 0, "bucket")]
    sides = ((one.source_rows, observation.source), (one.target_rows, observation.target))
    counts += [f"{plural(rows, 'row')} in {server}" for rows, server in sides if rows is not None]
    return ", ".join(counts)


def _each(observation: Observation) -> Iterator[tuple[str, ExpectedDifference]]:
    for table in observation.tables:
        yield from ((table.spec.name, one) for one in table.expected)


def _number(count: int | None) -> str:
    return "" if count is None else number(count)
