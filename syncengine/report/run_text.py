"""Runs for people: the list, one run, and what runs now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, RenderableType
from rich.text import Text

from syncengine.model.hooks import HookRecord
from syncengine.model.names import command
from syncengine.model.pair import Role
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
from syncengine.report.text import grid, next_steps, number, print_lines

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
"""States in which it is not known whether the rows of a batch are written."""


def print_runs(console: Console, runs: Sequence[RunRecord], pair: str) -> None:
    """Print every run, the last one first."""
    if not runs:
        console.print(Text("No run is saved."))
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
    console.print()
    print_lines(console, next_steps("To show a run in full", [command("report", runs[-1].id, "--pair", pair)]))


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
    """Print one run: what it was for, the result of its steps and hooks, and what to do next."""
    print_lines(console, _run(run, runs, every_batch=every_batch))
    print_lines(console, output_lines(hook_output, every_line=every_batch))
    console.print()
    print_lines(console, _next(run, runs, pair))


def _run(run: RunRecord, runs: Sequence[RunRecord], *, every_batch: bool) -> Iterator[RenderableType]:
    yield Text(f"Run {run.id}: {run.header.kind}, {run.header.about}" if run.header_known else f"Run {run.id}")
    begun = f"begun {run.header.begun:%Y-%m-%d %H:%M:%S}, " if run.header_known else ""
    yield Text(f"  {begun}{_state(run, runs)}", style=STYLES[run.state])
    for wrong in (run.problem, *run.lost_journals):
        if wrong:
            yield Text(f"  {wrong}", style="red")
    if run.unsure:
        yield Text("  It is not known whether a step of it is still open. These parts can still be read:", style="red")
    if run.portions_planned > 1 and run.portions == run.portions_planned:
        yield Text(f"  portion {run.portions} of {run.portions_planned}")
    yield Text(f"  {_steps(run, 'step')} done, {_rows(run.done)}")
    if run.waiting:
        yield Text(f"  waits: {run.waiting}", style="yellow")
    if run.stopped:
        yield Text(f"  it stopped early: {run.stopped}", style="red")
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
    more = f" {plural(len(run.lost_journals) - 1, 'more file')} damaged too." if len(run.lost_journals) > 1 else ""
    for wrong in (run.problem, f"{run.lost_journals[0]}{more}" if run.lost_journals else ""):
        if wrong:
            yield Text(f"Run {run.id}: {wrong}", style="red")


def _steps(run: RunRecord, one: str = "") -> str:
    """Return how many steps are done, of how many planned; steps of later portions are not counted yet."""
    steps = plural(run.steps, one) if one else f"{run.steps}"
    portions = f" in {run.portions} of {run.portions_planned} portions" if run.portions < run.portions_planned else ""
    return f"{run.steps_done} of {steps}{portions}"


COUNTS = ("batches", "deleted", "inserted", "seconds")


def _rows(batches: Sequence[BatchRecord]) -> str:
    deleted, inserted = sum(b.deleted for b in batches), sum(b.inserted for b in batches)
    return f"{plural(inserted, 'row')} written in place of {plural(deleted, 'row')}"


def _checked(run: RunRecord) -> str:
    match run.header.kind:
        case RunKind.UNDO:
            return "checked afterwards: as it was before" if run.in_sync else "checked afterwards: not all as before"
        case RunKind.TIMETABLES:
            return "checked afterwards: as planned" if run.in_sync else "checked afterwards: not as planned"
        case RunKind.RESYNC | RunKind.BACKFILL | RunKind.SYNC:
            return f"checked afterwards: {_compared(run)}"


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


def _next(run: RunRecord, runs: Sequence[RunRecord], pair: str) -> Iterator[Text]:
    """Yield what can be done with a run now, each command on a line of its own."""
    if run.state is RunState.RUNNING:
        yield Text("It is running.")
        return
    if run.state is RunState.DAMAGED:
        yield Text("It can be neither resumed nor undone. A new resync repairs what differs.", style="bold")
        yield from next_steps("To remove it", [command("runs", run.id, "--remove", "--pair", pair)])
        return
    resume = command("resume", run.id, "--pair", pair, *run.needs.words)
    if run in resumable_runs(runs):
        yield from next_steps("To resume it", [resume])
        if run.done or run.unresolved:
            yield from _undo(run, pair)
    elif run.done and run.state is RunState.PARTLY and not run.resumable:
        if run.header.undoes:
            yield from next_steps(
                "It is partly done. To undo the rest", [command("undo", run.header.undoes, "--pair", pair)]
            )
        else:
            yield Text("It is partly done. Run its command again: it plans the rest anew.", style="bold")
        yield from _undo(run, pair)
    elif run.state is RunState.DONE and run.hooks_open:
        yield from next_steps("To try the hooks that failed again", [resume])
        yield from _undo(run, pair)
    elif run.done:
        yield from _undo(run, pair)
    else:
        yield Text("It has written nothing.")


def _undo(run: RunRecord, pair: str) -> Iterator[Text]:
    if run.lost_journals:
        yield Text("It cannot be undone: its journal is damaged.", style="bold")
    else:
        yield from next_steps("To undo it", [command("undo", run.id, "--pair", pair)])


def print_status(console: Console, status: PairStatus, pair: str) -> None:
    """Print what writes to a pair now, and which runs are not finished."""
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
        print_lines(console, _next(run, runs, pair))
    for run in runs:
        print_lines(console, _damage(run))
        if run.state is RunState.DAMAGED:
            print_lines(console, _next(run, runs, pair))
    by_runs = left_in_single_user_mode(runs)
    for role in status.in_single_user_mode:
        console.print(Text(_single_user_mode(role, by_a_run=role in by_runs), style="red"))
    if runs and not running:
        last = runs[-1]
        console.print(Text(f"Last run: {last.id}, {last.header.kind}, {_state(last, runs)}, {last.header.about}"))
        if last.state is RunState.DONE and last.hooks_open:
            print_lines(console, _next(last, runs, pair))
    if runs:
        size = sum(run.bytes_saved for run in runs) / MB
        console.print(Text(f"{plural(len(runs), 'run')} saved, {size:,.1f} MB.", style="dim"))


def _single_user_mode(role: Role, *, by_a_run: bool) -> str:
    """Return that a server is still in single-user mode, and how to end that."""
    if by_a_run:
        return (
            f"A hook put {role} in single-user mode, and no hook has ended it. Set it back to multi-user mode. The "
            "next run that writes runs the hook for it too, and so does `syncengine resume`."
        )
    return (
        f"A hook of a checklist put {role} in single-user mode. Continue that checklist, or set {role} back to "
        "multi-user mode and tick that line."
    )
