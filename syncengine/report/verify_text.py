"""The verdict of a verify for people: what differs first, then what was looked at."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from syncengine.model.drift import KeyGroupDrift, Observation, Strength, TableObservation, TableState
from syncengine.model.selection import Value
from syncengine.report.text import bucket_text, grid, number, plural
from syncengine.report.verify_json import compared_window

CHANGES_SHOWN = 4
ODDS = "a differing bucket escapes about once in 200 million"


def print_verdict(
    console: Console, observation: Observation, *, every_table: bool = False, next_command: str = ""
) -> None:
    """Print the verdict; `every_table` lists the tables in sync too, `next_command` is what to type next."""
    console.print(Group(*_verdict(observation, every_table=every_table, next_command=next_command)))


def _verdict(observation: Observation, *, every_table: bool, next_command: str) -> Iterator[RenderableType]:
    yield Text(
        f"{observation.source} (source) against {observation.target} (target), as of {observation.as_of:%Y-%m-%d %H:%M}"
        + (f", window {observation.requested}" if observation.requested else ", everything both hold")
    )
    shown = [table for table in observation.tables if every_table or not table.in_sync]
    if shown:
        yield Text()
        yield _tables(shown)
    unlike = [table for table in observation.tables if table.state is TableState.NOT_COMPARABLE]
    for table in unlike:
        yield Text(f"{table.spec.name} cannot be compared: {table.problem}.", style="red")
    samples = [(table, sample) for table in observation.tables for sample in table.samples if table.differing]
    if samples:
        yield Text()
        yield Text("Some of what differs", style="bold")
        for table, sample in samples:
            yield Padding(_sample(table, sample, observation), (0, 0, 0, 2))
    notes = list(_notes(observation))
    if notes:
        yield Text()
        yield from (Text(note, style="dim") for note in notes)
    yield Text()
    yield _summary(observation)
    if next_command and not observation.in_sync:
        yield Text(f"To mend it: {next_command}", no_wrap=True, overflow="ignore")


def _tables(tables: list[TableObservation]) -> RenderableType:
    counts = ("buckets", "differ", "missing", "extra", "changed")
    table_grid = grid("table", "class", "archive", "window", *counts, "compared by", right=counts)
    for table in tables:
        window = compared_window(table)
        drift = table.counts
        style = "" if table.in_sync else "yellow"
        if table.state is not TableState.COMPARED:
            table_grid.add_row(
                table.spec.name, _class(table), _archive(table), "", *[""] * 5, table.state.value, style=style
            )
            continue
        table_grid.add_row(
            table.spec.name,
            _class(table),
            _archive(table),
            str(window) if window else ("nothing both hold" if table.spec.time else ""),
            number(table.buckets_compared),
            number(len(table.differing)),
            number(drift.missing),
            number(drift.extra),
            number(drift.changed),
            "every row" if table.strength is Strength.EVERY_ROW else "fingerprint",
            style=style,
        )
    return table_grid


def _class(table: TableObservation) -> str:
    return table.spec.data_class.value.removesuffix("-administration")


def _archive(table: TableObservation) -> str:
    return table.spec.archive.value if table.spec.archive else ""


def _sample(table: TableObservation, sample: KeyGroupDrift, observation: Observation) -> Text:
    key = " ".join(f"{name} {_value(value)}" for name, value in sample.key if name != "intrvl")
    if sample.changes:
        shown = [f"{c.column} {_value(c.source)} ≠ {_value(c.target)}" for c in sample.changes[:CHANGES_SHOWN]]
        more = len(sample.changes) - CHANGES_SHOWN
        what = ", ".join(shown) + (f" and {more} more" if more > 0 else "")
    elif sample.target_rows == 0:
        what = f"{plural(sample.source_rows, 'row')} only in {observation.source}"
    elif sample.source_rows == 0:
        what = f"{plural(sample.target_rows, 'row')} only in {observation.target}"
    else:
        what = f"{plural(sample.source_rows, 'row')} in {observation.source} against {sample.target_rows:,}"
    where = bucket_text(sample.bucket, table.spec, observation.zone)
    return Text(f"{table.spec.name}  {where}  {key}: {what}", no_wrap=True, overflow="ellipsis")


def _value(value: Value) -> str:
    if value is None:
        return "NULL"
    return f"'{value}'" if isinstance(value, str) else str(value)


def _notes(observation: Observation) -> Iterator[str]:
    for facts in observation.facts:
        yield from facts.notes
    clips: dict[str, list[str]] = {}
    for table in observation.tables:
        yield from (f"{table.spec.name}: {note}" for note in table.notes)
        for scope in table.scopes:
            for note in scope.notes:
                clips.setdefault(note, []).append(table.spec.name)
        if table.uncovered:
            yield f"{table.spec.name}: compared by rows, since no fingerprint covers {', '.join(table.uncovered)}"
        if table.other_acds:
            acds = ", ".join("none" if acd is None else str(acd) for acd in table.other_acds)
            yield f"{table.spec.name}: differs for ACD {acds} too"
        apart = sum(1 for drift in table.differing if not drift.comparable)
        if apart:
            yield f"{table.spec.name}: {plural(apart, 'bucket')} not comparable, the interval lengths differ that day"
        moving = sum(1 for drift in table.differing if drift.moving)
        if moving:
            yield f"{table.spec.name}: {plural(moving, 'bucket')} kept changing while compared: verify again"
    for note, tables in clips.items():
        names = sorted(set(tables))
        yield f"{', '.join(names[:4])}{f' and {len(names) - 4} more' if len(names) > 4 else ''}: {note}"


def _summary(observation: Observation) -> Text:
    compared = [table for table in observation.tables if table.state is TableState.COMPARED]
    buckets = sum(table.buckets_compared for table in compared)
    rows = sum(table.rows_compared for table in compared)
    looked = f"{plural(len(compared), 'table')}, {plural(buckets, 'bucket')}, {plural(rows, 'row')}"
    every = all(table.strength is Strength.EVERY_ROW for table in compared)
    how = "every row compared" if every else f"by fingerprint; {ODDS}"
    never = sum(1 for table in observation.tables if table.state is TableState.NEVER)
    apart = f" {plural(never, 'table')} of each server's own left out." if never else ""
    absent = [table.spec.name for table in observation.tables if table.state is TableState.ABSENT]
    if absent:
        apart += f" On neither server: {', '.join(absent[:6])}{' ...' if len(absent) > 6 else ''}."
    if observation.in_sync:
        return Text.assemble(("IN SYNC", "bold green"), f"  {looked} ({how}).{apart}")
    differing = [table for table in observation.tables if not table.in_sync]
    found = sum(len(table.differing) for table in differing)
    return Text.assemble(
        ("DRIFT", "bold red"),
        f"  {plural(len(differing), 'table')} and {plural(found, 'bucket')} differ, of {looked} ({how}).{apart}",
    )
