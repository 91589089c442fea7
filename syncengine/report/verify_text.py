"""The verdict of a verify for people: the details, then what is, what it means, and what to type next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.text import Text

from syncengine.model.consequences import consequence_sentences, consequences_of
from syncengine.model.drift import KeyGroupDrift, Observation, Scope, Strength, TableObservation, TableState
from syncengine.model.remembered_days import RememberedCounts
from syncengine.model.sentences import listed, plural
from syncengine.model.spans import joined
from syncengine.model.window import MINUTE
from syncengine.report.expected import expected_section
from syncengine.report.repair_commands import overlap_lines, unwritable_lines
from syncengine.report.text import (
    NO_TIME_OF_DAY,
    bucket_text,
    difference_text,
    explained,
    grid,
    indented,
    next_steps,
    number,
    print_lines,
    scope_notes,
    section,
    value_text,
)
from syncengine.report.timetables import unscheduled_lines
from syncengine.report.verify_json import compared_window

CHANGES_SHOWN = 4
SAMPLES_SHOWN = 1
FILES_NAMED = 3
TABLES_SHOWN = 3
NAMED = 6
"""Tables that are named where others are counted."""
TO_REPAIR = "To repair it, first as a dry run"


def print_verdict(
    console: Console,
    observation: Observation,
    *,
    every_table: bool = False,
    next_commands: Sequence[str] = (),
    next_lines: Sequence[RenderableType] = (),
    by_hand: str = "",
    tried: bool = False,
    explain: bool = True,
) -> None:
    """Print the verdict; `every_table` lists the tables in sync too, and every detail.

    `next_commands` repair what differs, `next_lines` are other next steps, `by_hand` the work left to do by hand, in
    short; `tried` says that a plan could make no schedule where one is missing, `explain` explains words of ours.
    """
    print_lines(console, _verdict(observation, every_table=every_table, by_hand=by_hand, tried=tried, explain=explain))
    if observation.differing:
        print_lines(console, _next(observation, next_commands, next_lines))


def _verdict(
    observation: Observation, *, every_table: bool, by_hand: str, tried: bool, explain: bool
) -> Iterator[RenderableType]:
    what = f"window {observation.requested}" if observation.requested else "everything both have"
    sides = f"{observation.source} (source) compared with {observation.target} (target)"
    if not observation.only_files:
        yield Text(f"{sides}, as of {observation.as_of:%Y-%m-%d %H:%M}, {what}")
    differing = [table for table in observation.tables if table.differing]
    if every_table:
        yield Text()
        yield _compared(observation.tables)
    if differing:
        yield Text()
        yield _differing(differing)
    yield from _not_compared(observation.not_compared)
    if any(table.samples for table in differing):
        yield from section("Some of what differs")
        shown = differing if every_table else differing[:TABLES_SHOWN]
        for table in shown:
            for sample in table.samples if every_table else table.samples[:SAMPLES_SHOWN]:
                yield indented(_sample(table, sample, observation))
        if len(shown) < len(differing):
            yield Text(f"  more in {plural(len(differing) - len(shown), 'table')}; -v shows them", style="dim")
    links = list(consequence_sentences(consequences_of(observation)))
    if links:
        yield from section("Where it comes from")
        yield from (Text(f"  {link}.") for link in links)
    yield from expected_section(observation, every_table=every_table)
    notes = list(_notes(observation, every_table=every_table))
    if notes:
        yield Text()
        yield from (Text(note, style="dim") for note in notes)
    yield Text()
    yield from _summary(observation, by_hand, explain=explain)
    yield from unscheduled_lines(observation.timetables, observation.target, observation.unscheduled, tried=tried)
    if observation.remembered.days:
        yield indented(_remembered(observation.remembered))


def _next(
    observation: Observation, next_commands: Sequence[str], next_lines: Sequence[RenderableType]
) -> Iterator[RenderableType]:
    """Yield what to do about what differs."""
    yield from next_steps(TO_REPAIR, next_commands)
    yield from (Text(line, style="yellow") for line in unwritable_lines(observation))
    yield from (Text(line, style="yellow") for line in overlap_lines(observation))
    yield from next_lines


def _differing(tables: list[TableObservation]) -> RenderableType:
    counts = ("buckets", "missing", "extra", "changed")
    table_grid = grid("table", "differs at", *counts, right=counts, wraps=("differs at",))
    for table in tables:
        drift = table.counts
        figures = (len(table.differing), drift.missing, drift.extra, drift.changed)
        table_grid.add_row(table.spec.name, _where(table), *(number(figure) for figure in figures))
    return table_grid


def _not_compared(tables: Sequence[TableObservation]) -> Iterator[RenderableType]:
    """Yield the tables that could not be compared, each with its reason, and below them what to do about it."""
    if not tables:
        return
    yield from section("Not compared")
    for hint in sorted(dict.fromkeys(table.hint for table in tables), key=bool):
        for table in tables:
            if table.hint == hint:
                yield Text(f"  {table.spec.name}: {table.problem.rstrip('.')}.", style="red")
        if hint:
            yield Text(f"    {hint}")


def _where(table: TableObservation) -> str:
    """Return the ACDs and the times that differ, adjoining times joined."""
    acds = sorted({drift.bucket.acd for drift in table.differing if drift.bucket.acd is not None})
    spans_of_buckets = [drift.span for drift in table.differing]
    spans = joined(spans_of_buckets)
    who = f"ACD {', '.join(str(acd) for acd in acds[:4])}{', ...' if len(acds) > 4 else ''}" if acds else ""
    when = str(spans[0]) if spans else ""
    if len(spans) > 1:
        when = f"{len(spans)} times, {spans[0].start:%Y-%m-%d %H:%M} to {spans[-1].stop - MINUTE:%Y-%m-%d %H:%M}"
    if table.spec.time is not None and None in spans_of_buckets:
        when += f"{', and ' if when else ''}{NO_TIME_OF_DAY if _of_days(table) else 'of no day'}"
    return "  ".join(part for part in (who, when) if part)


def _of_days(table: TableObservation) -> bool:
    """Say whether rows without a time of day have a day at least."""
    label = table.spec.time is not None and table.spec.time.label is not None
    return label and any(drift.bucket.row_date is not None and drift.bucket.slot is None for drift in table.differing)


def _compared(tables: tuple[TableObservation, ...]) -> RenderableType:
    table_grid = grid("table", "compared", "buckets", "rows", "by", right=("buckets", "rows"), wraps=("compared", "by"))
    for table in tables:
        window = compared_window(table)
        if table.state is not TableState.COMPARED:
            table_grid.add_row(table.spec.name, table.problem, "", "", table.state.value, style="dim")
            continue
        when = str(window) if window else ("nothing both have" if table.spec.time else "whole")
        how = "every row" if table.strength is Strength.EVERY_ROW else "fingerprint"
        if table.remembered.days:
            how += f", {plural(table.remembered.days, 'day')} remembered"
        table_grid.add_row(table.spec.name, when, number(table.buckets_compared), number(table.rows_compared), how)
    return table_grid


def _sample(table: TableObservation, sample: KeyGroupDrift, observation: Observation) -> str:
    key = " ".join(f"{name} {value_text(value)}" for name, value in sample.key if name != "intrvl")
    if sample.changes:
        what = listed(
            [f"{c.column} {' ≠ '.join(difference_text(c.source, c.target))}" for c in sample.changes], CHANGES_SHOWN
        )
    elif sample.target_rows == 0:
        what = f"{plural(sample.source_rows, 'row')} only in {observation.source}"
    elif sample.source_rows == 0:
        what = f"{plural(sample.target_rows, 'row')} only in {observation.target}"
    else:
        in_source = f"{plural(sample.source_rows, 'row')} in {observation.source}"
        what = f"{in_source}, {sample.target_rows:,} in {observation.target}"
    where = bucket_text(sample.bucket, table.spec, observation.zone)
    return f"{table.spec.name}  {where}  {key}: {what}"


def _notes(observation: Observation, *, every_table: bool) -> Iterator[str]:
    yield from observation.notes
    for facts in observation.facts:
        yield from facts.notes
    for table in observation.tables:
        yield from (f"{table.spec.name}: {note}" for note in table.notes)
        yield from table.cut_sentences(times=every_table)
        if table.other_acds:
            acds = ", ".join("none" if acd is None else str(acd) for acd in table.other_acds)
            yield f"{table.spec.name}: differs for ACD {acds} too"
        uneven = {(drift.bucket.acd, drift.stretch.span) for drift in table.differing if drift.stretch is not None}
        if uneven:
            times = joined(span for _, span in uneven)
            more = f" and {len(times) - 1:,} more times" if len(times) > 1 else ""
            yield f"{table.spec.name}: the interval lengths of the servers differ at {times[0]}{more}"
        yield from table.overlap_sentences
        moving = sum(1 for drift in table.differing if drift.changing)
        if moving:
            yield f"{table.spec.name}: {plural(moving, 'bucket')} changed while compared: verify again"
    by_rows = [table.spec.name for table in observation.tables if table.uncovered]
    if every_table and by_rows and any(table.strength is Strength.FINGERPRINT for table in observation.tables):
        yield f"Compared row by row, since no fingerprint covers their fractions: {', '.join(by_rows)}"
    scopes = ((table.spec.name, scope) for table in observation.tables for scope in table.scopes)
    yield from scope_notes((name, scope.acd, tuple(_not_expected(scope))) for name, scope in scopes)


def _not_expected(scope: Scope) -> Iterator[str]:
    """Yield the notes of a scope without the one that the expected differences show."""
    dropped_note = scope.dropped.note if scope.dropped else ""
    yield from (note for note in scope.notes if note != dropped_note)


def _remembered(remembered: RememberedCounts) -> str:
    """Return how much of the verdict was not read this time."""
    share = f"{remembered.days:,} of {plural(remembered.days_in_all, 'day')} of {plural(remembered.tables, 'table')}"
    size = f"{plural(remembered.buckets, 'bucket')}, {plural(remembered.rows, 'row')}"
    oldest = f", the oldest from {remembered.oldest:%Y-%m-%d %H:%M}" if remembered.oldest else ""
    return f"Not read again: {share} ({size}), remembered as equal{oldest}; --full reads everything."


def _summary(observation: Observation, by_hand: str, *, explain: bool) -> Iterator[RenderableType]:
    """Yield what is, in one line, and below it what that means."""
    compared = [table for table in observation.tables if table.state is TableState.COMPARED]
    buckets = sum(table.buckets_compared for table in compared)
    rows = sum(table.rows_compared for table in compared)
    with_rows = sum(not table.empty for table in compared)
    size = f"{plural(with_rows, 'table')}, {plural(buckets, 'bucket')}, {plural(rows, 'row')}"
    every = bool(compared) and all(table.strength is Strength.EVERY_ROW for table in compared)
    how = f"({'every row compared' if every else 'by fingerprint'})."
    differing, lost = observation.differing, observation.not_compared
    buckets_differing = sum(len(table.differing) for table in differing)
    in_sync = False
    if buckets_differing:
        what = f"{plural(len(differing), 'table')} and {plural(buckets_differing, 'bucket')} differ, of {size}"
        yield Text.assemble(("DRIFT", "bold red"), f"  {what} {how}")
    elif differing:
        what = f"nothing differs, but intervals of {plural(len(differing), 'table')} overlap; {size}"
        yield Text.assemble(("OVERLAP", "bold red"), f"  {what} {how}")
    elif observation.only_files:
        yield Text.assemble(("NOT COMPARED", "bold yellow"), "  files are not compared here; by hand:")
        yield from (Text(f"  {file.shown} ({file.holds}): {file.advice}.") for file in observation.files)
    elif observation.empty:
        yield Text.assemble(("EMPTY", "bold yellow"), "  there was no row to compare.")
    elif not lost and observation.unscheduled:
        what = f"{plural(len(observation.unscheduled), 'timetable')} on {observation.target}; nothing differs in {size}"
        yield Text.assemble(("NO SCHEDULE", "bold red"), f"  {what} {how}")
    elif not lost:
        in_sync = True
        yield Text.assemble(("IN SYNC", "bold green"), f"  {_of_acds(observation)}{size} {how}")
    if lost:
        of_others = f" Nothing differs in the others: {size} {how}" if with_rows and not differing else ""
        it = "whether it differs" if len(lost) == 1 else "whether they differ"
        yield Text.assemble(
            ("NOT COMPARED", "bold red"), f"  {plural(len(lost), 'table')}: {it} is not known.{of_others}"
        )
    if explain and with_rows and not observation.only_files:
        yield explained("bucket", *(() if every else ("fingerprint",)))
    yield indented(*_not_counted(observation), *([by_hand] if in_sync and by_hand else ()))


def _of_acds(observation: Observation) -> str:
    """Return the ACDs of the verdict, where these are not all."""
    return f"ACD {listed(observation.acds, NAMED)} only: " if observation.acds else ""


def _not_counted(observation: Observation) -> Iterator[str]:
    """Yield what the counts leave out: tables of each server's own, empty ones, and those that are not there."""
    never = sum(table.state is TableState.NEVER for table in observation.tables)
    if never:
        yield f"{plural(never, 'table')} of each server's own left out."
    empty = [table.spec.name for table in observation.tables if table.empty]
    if empty:
        yield f"Without a row to compare: {listed(empty, NAMED)}."
    of_none = [table.spec.name for table in observation.without_acd]
    if of_none:
        yield f"Of no ACD, and not compared: {listed(of_none, NAMED)}."
    if observation.excluded_tables:
        yield f"Left out, see above: {listed([table.spec.name for table in observation.excluded_tables], NAMED)}."
    absent = [table.spec.name for table in observation.tables if table.state is TableState.ABSENT]
    if absent:
        yield f"On neither server: {listed(absent, NAMED)}."
    if observation.files and not observation.only_files:
        paths = [file.shown for file in observation.files]
        more = " (`syncengine tables --sets`)" if len(paths) > FILES_NAMED else ""
        yield f"Files beside them, not compared: {listed(paths, FILES_NAMED)}{more}."
