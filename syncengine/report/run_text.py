"""Runs for people: the list, one run, and what is going on now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, RenderableType
from rich.text import Text

from syncengine.model.hooks import HookRecord
from syncengine.model.names import command
from syncengine.model.pair_status import PairStatus
from syncengine.model.run import (
    BatchRecord,
    BatchState,
    RunKind,
    RunRecord,
    RunState,
    left_in_single_user_mode,
    resumable_runs,
)
from syncengine.model.sentences import listed, plural
from syncengine.report.hooks import output_lines
from syncengine.report.outcome import without_table
from syncengine.report.surroundings import run_side_effect_lines
from syncengine.report.text import grid, number, print_lines, unbroken

STYLES = {
    RunState.RUNNING: "cyan",
    RunState.DONE: "green",
    RunState.PARTLY: "yellow",
    RunState.CUT_SHORT: "red",
    RunState.DAMAGED: "red",
}
MB = 2**20
TABLES_NAMED = 4
UNKNOWN_STATES = frozenset({BatchState.OPEN, BatchState.UNKNOWN})
"""States in which nobody can say whether the rows of a batch are written."""


def print_runs(console: Console, runs: Sequence[RunRecord]) -> None:
    """Print every run, the last one first."""
    if not runs:
        console.print(Text("No run is kept."))
        return
    table = grid("run", "state", "steps", "deleted", "inserted", "MB", right=RIGHT, wraps=("run", "state", "steps"))
    for run in reversed(runs):
        about = f"\n  {run.header.kind}, {run.header.about}" if run.header_known else ""
        table.add_row(
            Text.assemble(run.id, (about, "dim")),
            Text(_state(run, runs), style=STYLES[run.state]),
            _steps(run),
            number(sum(batch.deleted for batch in run.done)),
            number(sum(batch.inserted for batch in run.done)),
            f"{run.bytes_saved / MB:,.1f}",
        )
    console.print(table)
    for run in reversed(runs):
        print_lines(console, _damage(run))


RIGHT = ("steps", "deleted", "inserted", "MB")


def print_run(
    console: Console,
    run: RunRecord,
    runs: Sequence[RunRecord],
    pair: str,
    *,
    hook_output: Sequence[tuple[HookRecord, str]] = (),
    every_batch: bool = False,
) -> None:
    """Print one run: what it was for, what became of its steps and hooks, and what can be done with it now."""
    print_lines(console, _run(run, runs, every_batch=every_batch))
    print_lines(console, output_lines(hook_output, every_line=every_batch))
    console.print()
    console.print(unbroken(_next(run, runs, pair), style="bold"))


def _run(run: RunRecord, runs: Sequence[RunRecord], *, every_batch: bool) -> Iterator[RenderableType]:
    yield Text(f"Run {run.id}: {run.header.kind}, {run.header.about}" if run.header_known else f"Run {run.id}")
    begun = f"begun {run.header.begun:%Y-%m-%d %H:%M:%S}, " if run.header_known else ""
    yield Text(f"  {begun}{_state(run, runs)}", style=STYLES[run.state])
    for wrong in (run.problem, *run.lost_journals):
        if wrong:
            yield Text(f"  {wrong}", style="red")
    if run.unsure:
        yield Text("  Nobody can say whether a step of it is still open. What can still be read of it:", style="red")
    if run.portions_planned > 1 and run.portions == run.portions_planned:
        yield Text(f"  portion {run.portions} of {run.portions_planned}")
    yield Text(f"  {_steps(run, 'step')} done, {_rows(run.done)}")
    if run.waiting:
        yield Text(f"  waits: {run.waiting}", style="yellow")
    if run.stopped:
        yield Text(f"  it ended early: {run.stopped}", style="red")
    if run.in_sync is not None:
        yield Text(f"  {_checked(run)}", style="green" if run.in_sync else "yellow")
    yield from run_side_effect_lines(run.side_effects, run.side_effects_unknown)
    rows = list(_tables(run.batches, every_batch=every_batch))
    if rows:
        table = grid("table", "into", "state", "batches", "deleted", "inserted", "seconds", right=COUNTS)
        for row in rows:
            table.add_row(*row)
        yield Text()
        yield table
    for batch in run.batches:
        if batch.why and batch.state is not BatchState.DONE:
            tables = list(dict.fromkeys(part.table for part in batch.parts))
            what = f"step {batch.place.step}" + (f" ({listed(tables, TABLES_NAMED)})" if tables else "")
            yield Text(f"  {what}: {batch.state}: {without_table(batch.why, tables)}", style="yellow")


def _damage(run: RunRecord) -> Iterator[Text]:
    """Yield what is damaged of a run, of its journals the first."""
    more = f" So it is with {len(run.lost_journals) - 1} more." if len(run.lost_journals) > 1 else ""
    for wrong in (run.problem, f"{run.lost_journals[0]}{more}" if run.lost_journals else ""):
        if wrong:
            yield Text(f"Run {run.id}: {wrong}", style="red")


def _steps(run: RunRecord, one: str = "") -> str:
    """Return how many steps are done of how many: those of portions that are not planned yet nobody has counted."""
    steps = plural(run.steps, one) if one else f"{run.steps}"
    portions = f" in {run.portions} of {run.portions_planned} portions" if run.portions < run.portions_planned else ""
    return f"{run.steps_done} of {steps}{portions}"


COUNTS = ("batches", "deleted", "inserted", "seconds")


def _rows(batches: Sequence[BatchRecord]) -> str:
    deleted, inserted = sum(b.deleted for b in batches), sum(b.inserted for b in batches)
    return f"{plural(inserted, 'row')} written where {plural(deleted, 'row')} stood before"


def _checked(run: RunRecord) -> str:
    match run.header.kind:
        case RunKind.UNDO:
            return (
                "looked at afterwards: as it was before" if run.in_sync else "looked at afterwards: not all as before"
            )
        case RunKind.TIMETABLES:
            return "looked at afterwards: as it was set" if run.in_sync else "looked at afterwards: not as it was set"
        case RunKind.RESYNC | RunKind.BACKFILL | RunKind.SYNC:
            return f"looked at afterwards: {_compared(run)}"


def _compared(run: RunRecord) -> str:
    lost = f"not compared: {listed(run.not_compared, TABLES_NAMED)}" if run.not_compared else ""
    if run.in_sync:
        return "in sync"
    if lost and not run.differs:
        return f"{lost}; nothing differs in the others"
    return f"drift remained{f'; {lost}' if lost else ''}"


@dataclass(slots=True)
class _Sum:
    batches: int = 0
    deleted: int = 0
    inserted: int = 0
    seconds: float = 0.0


def _tables(batches: Sequence[BatchRecord], *, every_batch: bool) -> Iterator[tuple[str, ...]]:
    """Yield a row for each table and state, or for each batch."""
    sums: dict[tuple[str, str, str], _Sum] = {}
    for batch in batches:
        for part in batch.parts:
            name = f"{part.table} (step {batch.place.step})" if every_batch else part.table
            total = sums.setdefault((name, batch.into.value, batch.state.value), _Sum())
            total.batches += 1
            if batch.state is BatchState.DONE:
                total.deleted += part.deleted
                total.inserted += part.inserted
            total.seconds += batch.seconds / len(batch.parts)
    for key, total in sums.items():
        rows = [number(total.deleted), number(total.inserted)]
        if key[-1] in UNKNOWN_STATES:
            rows = ["?", "?"]
        figures = (number(total.batches), *rows, f"{total.seconds:,.1f}")
        yield (*key, *figures)


def _state(run: RunRecord, runs: Sequence[RunRecord]) -> str:
    undone = [other for other in runs if other.header.undoes == run.id and other.state is RunState.DONE]
    words = run.state.value
    if run.unresolved and run.state is not RunState.RUNNING:
        words += f", {plural(len(run.unresolved), 'step')} open"
    return f"{words}, undone by {undone[-1].id}" if undone else words


def _next(run: RunRecord, runs: Sequence[RunRecord], pair: str) -> str:
    if run.state is RunState.RUNNING:
        return "It is running."
    if run.state is RunState.DAMAGED:
        return (
            "It can be neither gone on with nor taken back: a new resync repairs what differs; "
            f"take it away: {command('runs', run.id, '--remove', '--pair', pair)}"
        )
    resume = command("resume", run.id, "--pair", pair, *run.needs.words)
    undo = (
        "it cannot be taken back" if run.lost_journals else f"take it back: {command('undo', run.id, '--pair', pair)}"
    )
    if run in resumable_runs(runs):
        return f"Go on with it: {resume}" + (f"; {undo}" if run.done or run.unresolved else "")
    if run.done and run.state is RunState.PARTLY and not run.resumable:
        if run.header.undoes:
            return f"Some of it was left. Go on with it: {command('undo', run.header.undoes, '--pair', pair)}; {undo}"
        return f"Some of it was left: run its command again, which plans by what is there now; {undo}"
    if run.state is RunState.DONE and run.hooks_open:
        return f"Try the hooks that failed again: {resume}; {undo}"
    if run.done:
        return f"{undo[0].upper()}{undo[1:]}{'.' if run.lost_journals else ''}"
    return "It has written nothing."


def print_status(console: Console, status: PairStatus, pair: str) -> None:
    """Print what is going on at a pair, and what was left half done."""
    runs = status.runs
    if status.writing_now:
        console.print(Text(f"Now: {status.writing_now}", style="cyan"))
    else:
        console.print(Text("Nothing is writing to this pair."))
    running = [run for run in runs if run.state is RunState.RUNNING]
    for run in running:
        print_run(console, run, runs, pair)
    for run in status.resumable_runs:
        console.print(Text(f"Run {run.id} is {_state(run, runs)}: {run.header.about}", style=STYLES[run.state]))
        console.print(unbroken(f"  {_next(run, runs, pair)}"))
    for run in runs:
        print_lines(console, _damage(run))
        if run.state is RunState.DAMAGED:
            console.print(unbroken(f"  {_next(run, runs, pair)}"))
    by_runs = left_in_single_user_mode(runs)
    for role in status.in_single_user_mode:
        how = f"{role} was put in single-user mode by a hook"
        sentence = (
            f"{how}, and no hook has put it back. Put it back; the next run that writes runs the hook for it too, and "
            "so does `syncengine resume`."
            if role in by_runs
            else f"{how} of a checklist, and is not put back. Go on with that checklist, or put it back and tick that."
        )
        console.print(Text(sentence, style="red"))
    if runs and not running:
        last = runs[-1]
        console.print(Text(f"Last run: {last.id}, {last.header.kind}, {_state(last, runs)}, {last.header.about}"))
        if last.state is RunState.DONE and last.hooks_open:
            console.print(unbroken(f"  {_next(last, runs, pair)}", style="yellow"))
    if runs:
        size = sum(run.bytes_saved for run in runs) / MB
        console.print(Text(f"{plural(len(runs), 'run')} kept, {size:,.1f} MB.", style="dim"))
