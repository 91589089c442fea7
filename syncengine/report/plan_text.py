"""A plan for people: what it would read, delete and write, and what it skips and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.text import Text

from syncengine.model.drift import Counts
from syncengine.model.grain import Archive
from syncengine.model.plan import Action, Plan, RestoreRange, StaleRollup, written_by
from syncengine.model.policy import Rollups
from syncengine.model.sentences import listed, plural
from syncengine.model.window import MINUTE, Window
from syncengine.report.changes import change_lines
from syncengine.report.checklist import checklist_lines
from syncengine.report.surroundings import plan_side_effect_lines, table_effect_notes
from syncengine.report.text import explained, grid, indented, number, print_lines, scope_notes, section
from syncengine.report.timetables import edit_summary, edit_table, schedules_table

ARCHIVES = tuple(Archive)
TABLES_SHOWN = 6
SPANS_SHOWN = 4
PIECES_SHOWN = 2
LINES_SHOWN = 24
ACDS_IN_A_LINE = 4


def print_plan(console: Console, plan: Plan, *, every_table: bool = False) -> None:
    """Print the plan; `every_table` also shows the ranges of tables it does not write."""
    print_lines(console, _plan(plan, every_table=every_table))


def _plan(plan: Plan, *, every_table: bool) -> Iterator[RenderableType]:
    yield Text(f"Plan: {plan.title}, as of {plan.as_of:%Y-%m-%d %H:%M}", style="bold")
    yield from _ranges(plan, every_table=every_table)
    if plan.steps:
        yield Text()
        if plan.edit is None:
            yield _steps(plan)
        elif plan.edit.changes:
            yield edit_table(plan.edit)
    if plan.schedules is not None:
        yield from section(f"Schedules to be made on {plan.target}")
        yield schedules_table(plan.schedules, plan.target)
    yield from plan_side_effect_lines(plan)
    yield from change_lines(plan)
    if plan.skipped:
        yield from section("Skipped")
        yield from _skipped(plan)
    yield from (Text(note, style="dim") for note in scope_notes((one.table, one.acd, one.notes) for one in plan.ranges))
    yield from _rollups(plan)
    for note in (*plan.notes, *table_effect_notes(plan)):
        yield Text(f"Note: {note}.", style="dim")
    yield from checklist_lines("before", plan.checklist.before)
    yield from checklist_lines("after", plan.checklist.after)
    yield Text()
    yield Text(_summary(plan), style="bold")
    if plan.steps and plan.edit is None:
        by_group = any(part.action.by_group for step in plan.steps for part in step.parts)
        yield explained("bucket", *(("key group",) if by_group else ()))


def _ranges(plan: Plan, *, every_table: bool) -> Iterator[RenderableType]:
    """Yield requested and actual range, tables with the same ones together; an undo has no requested range."""
    written = {(part.table, write.bucket.acd) for _, part, write in written_by(plan.steps)}
    written |= {(skipped.table, skipped.acd) for skipped in plan.skipped}
    tables: dict[tuple[int | None, str, str], list[str]] = defaultdict(list)
    for one in plan.ranges:
        if every_table or (one.table, one.acd) in written:
            requested = _pieces(one.requested_parts) if one.requested_parts else str(one.requested or "")
            tables[one.acd, requested, _actual(one, plan)].append(one.table)
    acds: dict[tuple[str, str, str], list[int | None]] = defaultdict(list)
    for (acd, requested, actual), names in tables.items():
        acds[requested, actual, listed(names, TABLES_SHOWN)].append(acd)
    if not acds:
        return
    yield Text()
    columns = ("range restored", "tables") if plan.undoes else ("requested range", "actual range", "tables")
    table = grid("ACD", *columns, wraps=columns)
    shown = list(acds.items())[: None if every_table else LINES_SHOWN]
    for (requested, actual, range_tables), numbers in shown:
        table.add_row(_acds(numbers), *(() if plan.undoes else (requested,)), actual, range_tables)
    yield table
    if len(acds) > len(shown):
        yield Text(f"and {len(acds) - len(shown)} more; --json lists them all", style="dim")


def _acds(numbers: Sequence[int | None]) -> str:
    """Return ACDs as they are listed in a column, a few in a line."""
    words = ["none" if acd is None else str(acd) for acd in numbers]
    lines = [words[begin : begin + ACDS_IN_A_LINE] for begin in range(0, len(words), ACDS_IN_A_LINE)]
    return ",\n".join(", ".join(line) for line in lines)


def _actual(one: RestoreRange, plan: Plan) -> str:
    """Return the actual range; where only what is written belongs to it, the pieces of it."""
    if plan.copy is not None and not plan.copy.policy.both_directions:
        return str(one.actual) if one.actual else "no rows"
    return _pieces(one.pieces) or "nothing written"


def _pieces(pieces: Sequence[Window]) -> str:
    """Return a few pieces of time, or how many there are between which times."""
    if len(pieces) > PIECES_SHOWN:
        first, last = pieces[0], pieces[-1]
        return f"{len(pieces)} pieces between {first.start:%Y-%m-%d %H:%M} and {last.stop - MINUTE:%Y-%m-%d %H:%M}"
    return ", ".join(map(str, pieces))


def _steps(plan: Plan) -> RenderableType:
    counts = ("buckets", "add", "change", "delete", "steps")
    table = grid("table", "into", "how", *counts, right=counts, wraps=("how",))
    rows: dict[tuple[str, str, str], tuple[int, Counts, set[int]]] = {}
    for step in plan.steps:
        for part in step.parts:
            place = (part.table, step.into.value, part.action.value)
            buckets, total, steps = rows.get(place, (0, Counts(), set()))
            rows[place] = (buckets + len(part.buckets), total + part.effect(part.counts), steps | {step.number})
    for place, (buckets, total, steps) in rows.items():
        table.add_row(
            *place,
            number(buckets),
            number(total.missing),
            number(total.changed),
            number(total.extra),
            str(len(steps)),
        )
    return table


def _skipped(plan: Plan) -> Iterator[RenderableType]:
    """Yield what is skipped, tables with the same reason and time together."""
    tables: dict[tuple[str, str, int | None, tuple[Window, ...]], list[str]] = defaultdict(list)
    for skipped in plan.skipped:
        tables[skipped.reason.value, skipped.detail, skipped.acd, skipped.spans].append(skipped.table)
    acds: dict[tuple[str, str, str, str], list[int]] = defaultdict(list)
    for (why, detail, acd, spans), names in tables.items():
        acds[listed(names, TABLES_SHOWN), listed(spans, SPANS_SHOWN), why, detail] += [] if acd is None else [acd]
    lines = [_skipped_line(*line, numbers) for line, numbers in acds.items()]
    yield indented(*lines[:LINES_SHOWN], style="yellow")
    if len(lines) > LINES_SHOWN:
        yield Text(f"  and {len(lines) - LINES_SHOWN} more; --json lists them all", style="yellow")


def _skipped_line(tables: str, spans: str, why: str, detail: str, acds: Sequence[int]) -> str:
    place = " ".join(part for part in (f"ACD {', '.join(map(str, acds))}" if acds else "", spans) if part)
    return f"{tables}{f'  {place}' if place else ''}: {why}{f' ({detail})' if detail else ''}"


ROLLUP_TITLES = {
    Rollups.RECOMPUTE: "Recomputed from its intervals afterwards",
    Rollups.COPY: "Copied from the other server afterwards",
}


def _rollups(plan: Plan) -> Iterator[RenderableType]:
    """Yield what is done about periods that were summarised before their intervals are repaired."""
    for then, words in ROLLUP_TITLES.items():
        ones = [one for one in plan.stale if one.then is then]
        if ones:
            yield from section(words)
            yield from stale_lines(ones, "", both=len(plan.writes_to) > 1)
    rest = [one for one in plan.stale if one.then is Rollups.LIST]
    if rest:
        yield Text()
        when = "Summarised from the rows undone" if plan.undoes else "Summarised before its intervals are repaired"
        yield Text(f"{when}: rerun Data Summarizing for", style="bold")
        yield from stale_lines(rest, "yellow", both=len(plan.writes_to) > 1)


def stale_lines(stale: Sequence[StaleRollup], style: str, *, both: bool) -> Iterator[Text]:
    """Yield periods in order, tables with the same one and the same reason together; `both` names the server."""
    groups: dict[tuple[str, int | None, str, str, str], list[str]] = defaultdict(list)
    for one in sorted(stale, key=lambda one: (one.into, ARCHIVES.index(one.archive), one.row_date, *one.order)):
        groups[one.archive.value, one.acd, str(one.row_date), one.into.value, one.why].append(one.table)
    for (archive, acd, day, into, why), tables in groups.items():
        where = f" on {into}" if both else ""
        reason = f" ({why})" if why else ""
        yield Text(f"  {archive} of {day}, ACD {acd}{where}: {', '.join(tables)}{reason}", style=style)


def _summary(plan: Plan) -> str:
    if plan.edit is not None:
        return edit_summary(plan.edit, plan.target, plan.schedules, skipped=bool(plan.skipped))
    if not plan.steps:
        return "Nothing to write." if plan.skipped else "Nothing to do: nothing differs."
    parts = [part for step in plan.steps for part in step.parts]
    into = " and ".join(sorted(plan.writes_to))
    tables = len({part.table for part in parts})
    buckets = sum(len(part.buckets) for part in parts)
    if plan.undoes:
        restored, replaced = (
            sum(getattr(part.counts, name) + part.counts.changed for part in parts) for name in ("missing", "extra")
        )
        rows = f"{plural(restored, 'row')} restored in place of {plural(replaced, 'row')}"
        return f"{plural(len(plan.steps), 'step')} into {into}: {tables_text(tables, buckets)}; {rows}."
    only = f"only {into} has" if len(plan.writes_to) == 1 else "only one of them has"
    deletions = f"rows that {only} stay"
    if plan.deletions:
        deletions = f"{plural(plan.deletions, 'row')} that {only} will be deleted"
    elif any(part.action is Action.REPAIR_CUTS for part in parts):
        deletions = f"cut rows become whole; other rows that {only} stay"
    elif any(part.whole for part in parts):
        deletions = f"rows of other interval lengths are replaced; other rows that {only} stay"
    what = tables_text(tables, buckets)
    return f"{plural(len(plan.steps), 'step')} into {into}: {what}; {deletions}."


def tables_text(tables: int, buckets: int) -> str:
    """Return how much is written."""
    return f"{plural(tables, 'table')}, {plural(buckets, 'bucket')}"
