"""What differs as it should, for people: told beside the drift, and never counted as drift."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from rich.console import RenderableType

from syncengine.model.drift import Observation
from syncengine.model.expected import ExpectedDifference, ExpectedKind, merged_by_reason
from syncengine.model.sentences import listed
from syncengine.report.text import grid, number, section

TABLES_NAMED = 3
TITLE = "Expected, and not counted as drift"


def expected_section(observation: Observation, *, every_table: bool) -> Iterator[RenderableType]:
    """Yield the section, or nothing; tables of which the same is said stand together unless all are wanted."""
    lines = tuple(_each(observation) if every_table else _together(observation))
    if not lines:
        return
    by_rows = any(one.source_rows is not None for _, one in lines)
    sides = (f"in {observation.source}", f"in {observation.target}") if by_rows else ()
    shown = grid("table", "what", "buckets", *sides, "why", right=("buckets", *sides), wraps=("table", "what", "why"))
    for tables, one in lines:
        rows = [_number(count) for count in (one.source_rows, one.target_rows)] if by_rows else []
        shown.add_row(tables, one.what, _number(one.buckets), *rows, one.why)
    yield from section(TITLE)
    yield shown


def _each(observation: Observation) -> Iterator[tuple[str, ExpectedDifference]]:
    for table in observation.tables:
        yield from ((table.spec.name, one) for one in table.expected)


def _together(observation: Observation) -> Iterator[tuple[str, ExpectedDifference]]:
    """Yield what was found, in the order of the kinds; of columns only those that do differ somewhere."""
    differences = [
        (name, one) for name, one in _each(observation) if one.kind is not ExpectedKind.COLUMN or one.buckets
    ]
    tables: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for name, one in differences:
        tables[one.kind, one.what, one.why].append(name)
    kinds = tuple(ExpectedKind)
    for one in sorted(merged_by_reason(one for _, one in differences), key=lambda one: kinds.index(one.kind)):
        names = tables[one.kind, one.what, one.why]
        yield listed(names, TABLES_NAMED), one


def _number(count: int | None) -> str:
    return "" if count is None else number(count)
