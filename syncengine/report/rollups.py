"""Whether a server's days, weeks and months agree with its own intervals, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

from syncengine.model.rollups import InternalState, InternalTable, InternalVerdict, Period, RolledGroup
from syncengine.model.sentences import listed, plural
from syncengine.report.json_values import plain
from syncengine.report.text import grid, number, print_lines, section, value_text

COLUMNS_SHOWN = 4
SAMPLES_SHOWN = 1
SAMPLED_SHOWN = 8
"""Tables of which a sample is shown."""
PERIODS_SHOWN = 3


def print_internal(console: Console, verdict: InternalVerdict, *, every_table: bool = False) -> None:
    """Print the verdict; `every_table` lists the tables that agree too, and every sample."""
    print_lines(console, _lines(verdict, every_table=every_table))


def _lines(verdict: InternalVerdict, *, every_table: bool) -> Iterator[RenderableType]:
    who = " and ".join(verdict.roles)
    each = ", each" if len(verdict.roles) > 1 else ""
    what = f"window {verdict.requested}" if verdict.requested else "as far back as intervals are stored"
    yield Text(f"{who}{each} compared with its own intervals, as of {verdict.as_of:%Y-%m-%d %H:%M}, {what}")
    wrong = [table for table in verdict.tables if not table.agrees]
    if every_table:
        yield Text()
        yield _compared(verdict.tables)
    if wrong:
        yield Text()
        yield _disagreeing(wrong)
        yield from section("Examples of what disagrees")
        for table in wrong if every_table else wrong[:SAMPLED_SHOWN]:
            for sample in table.samples if every_table else table.samples[:SAMPLES_SHOWN]:
                yield Text(f"  {_sample(table, sample)}")
        if len(wrong) > SAMPLED_SHOWN and not every_table:
            yield Text(f"  more in {plural(len(wrong) - SAMPLED_SHOWN, 'table')}; -v shows them", style="dim")
    for table in verdict.not_compared:
        yield Text(f"{table.table} on {table.role} is not compared: {table.problem.rstrip('.')}.", style="red")
    notes = list(_notes(verdict, every_table=every_table))
    if notes:
        yield Text()
        yield from (Text(note, style="dim") for note in notes)
    yield Text()
    yield _summary(verdict)
    if wrong:
        yield Text(
            "To repair roll-ups: rerun Data Summarizing for these periods on that server. If its intervals are wrong, "
            "repair them first (`syncengine verify`)."
        )


def _disagreeing(tables: list[InternalTable]) -> RenderableType:
    figures = ("periods", "groups", "no row", "no intervals")
    rows = grid("server", "table", "disagrees at", "in", *figures, right=figures, wraps=("disagrees at", "in"))
    for table in tables:
        ones = table.disagreements
        rows.add_row(
            table.role.value,
            table.table,
            _where([one.period for one in ones]),
            _columns(table.wrong_columns) or "whole rows",
            number(len(ones)),
            number(sum(one.groups for one in ones)),
            number(sum(one.missing for one in ones)),
            number(sum(one.extra for one in ones)),
        )
    return rows


def _where(periods: list[Period]) -> str:
    """Return ACDs and first days of periods, a few of them."""
    acds = sorted({period.acd for period in periods})
    who = f"ACD {', '.join(map(str, acds))}"
    days = sorted({period.row_date for period in periods})
    when = ", ".join(map(str, days[:PERIODS_SHOWN])) if len(days) <= PERIODS_SHOWN else f"{days[0]} to {days[-1]}"
    return f"{who}  {when}"


def _columns(names: tuple[str, ...]) -> str:
    return listed(names, COLUMNS_SHOWN)


def _compared(tables: tuple[InternalTable, ...]) -> RenderableType:
    figures = ("periods", "groups", "columns")
    rows = grid("server", "table", "compared", *figures, "left out", right=figures, wraps=("compared", "left out"))
    for table in tables:
        if table.state is not InternalState.COMPARED:
            rows.add_row(table.role.value, table.table, table.problem, "", "", "", "", style="dim")
            continue
        omitted = plural(len(table.not_recomputed), "column") if table.not_recomputed else ""
        counts = (table.periods, table.groups, len(table.columns))
        rows.add_row(table.role.value, table.table, str(table.window or ""), *map(number, counts), omitted)
    return rows


def _sample(table: InternalTable, sample: RolledGroup) -> str:
    key = " ".join(f"{name} {value_text(value)}" for name, value in sample.key)
    if not sample.stored:
        what = f"has intervals and no row in {table.table}"
    elif not sample.computed:
        what = f"has a row in {table.table} and no intervals"
    else:
        what = listed(
            [f"{v.column} {value_text(v.stored)} ≠ {value_text(v.computed)}" for v in sample.values], COLUMNS_SHOWN
        )
    period = f"{table.archive.grain.word} of {sample.period.row_date}"
    return f"{table.role}  {table.table}  ACD {sample.period.acd} {period}  {key}: {what}"


def _notes(verdict: InternalVerdict, *, every_table: bool) -> Iterator[str]:
    yield from verdict.notes
    reasons: dict[str, dict[str, None]] = {}
    for table in verdict.tables:
        for why, columns in groupby(sorted(table.not_recomputed, key=lambda one: one[1]), key=lambda one: one[1]):
            names = [name for name, _ in columns]
            shown = _columns(tuple(names)) if not every_table else ", ".join(names)
            reasons.setdefault(f"{shown} ({why})", {})[table.table] = None
    for what, tables in reasons.items():
        yield f"Not recomputed in {', '.join(tables)}: {what}"
    idle: dict[str, dict[str, None]] = {}
    for table in verdict.tables:
        if table.state is InternalState.NOTHING and not every_table:
            idle.setdefault(f"{table.role}: {table.problem}", {})[table.table] = None
    for what, tables in idle.items():
        yield f"Not compared: {', '.join(tables)} on {what}"
    repeated = [table for table in verdict.tables if table.repeated]
    for table in repeated:
        yield f"{table.table} on {table.role} has key groups of more than one row, which are added up"


def _summary(verdict: InternalVerdict) -> Text:
    tables = [table for table in verdict.tables if table.state is InternalState.COMPARED]
    periods, groups = sum(table.periods for table in tables), sum(table.groups for table in tables)
    scope = f"{plural(len(tables), 'table')}, {plural(periods, 'period')}, {plural(groups, 'key group')}"
    if verdict.agrees:
        return Text.assemble(("AGREES", "bold green"), f"  {scope}: all agree with their intervals.")
    wrong = [table for table in tables if not table.agrees]
    unread = plural(len(verdict.not_compared), "table")
    if not wrong:
        what = f"{unread}. All others agree with their intervals: {scope}."
        return Text.assemble(("NOT COMPARED", "bold red"), f"  {what}")
    beside = f" Not compared: {unread}." if verdict.not_compared else ""
    count = sum(len(table.disagreements) for table in wrong)
    return Text.assemble(
        ("DISAGREES", "bold red"),
        f"  with their intervals: {plural(len(wrong), 'table')} and {plural(count, 'period')} of {scope}.{beside}",
    )


def internal_document(verdict: InternalVerdict) -> dict[str, Any]:
    """Return the verdict as a JSON document."""
    return {
        "format": "syncengine.verify-internal",
        "version": 2,
        "agrees": verdict.agrees,
        "as_of": plain(verdict.as_of),
        "requested": plain(verdict.requested),
        "acds": list(verdict.acds),
        "servers": list(verdict.roles),
        "tables": [_table(table) for table in verdict.tables],
        "notes": list(verdict.notes),
    }


def _table(table: InternalTable) -> dict[str, Any]:
    compared = table.state is InternalState.COMPARED
    return {
        "server": table.role.value,
        "table": table.table,
        "archive": table.archive.value,
        "rolled_from": table.rolled_from,
        "state": table.state.value,
        "agrees": table.agrees if compared else None,
        "problem": table.problem,
        "window": plain(table.window),
        "periods": table.periods,
        "key_groups": table.groups,
        "columns_compared": list(table.columns),
        "not_recomputed": [{"column": name, "why": why} for name, why in table.not_recomputed],
        "disagreements": [
            {
                "acd": one.period.acd,
                "row_date": plain(one.period.row_date),
                "key_groups": one.groups,
                "without_row": one.missing,
                "without_intervals": one.extra,
                "columns": [{"column": name, "key_groups": count} for name, count in one.columns],
            }
            for one in table.disagreements
        ],
        "added_up": [{"acd": period.acd, "row_date": plain(period.row_date)} for period in table.repeated],
        "samples": [
            {
                "acd": sample.period.acd,
                "row_date": plain(sample.period.row_date),
                "key": {name: plain(value) for name, value in sample.key},
                "has_row": sample.stored,
                "has_intervals": sample.computed,
                "values": plain(sample.values),
            }
            for sample in table.samples
        ],
    }
