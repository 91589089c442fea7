"""What a run did, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from syncengine.model.allowed import NOTHING, Allowed
from syncengine.model.checklist import ChecklistLine
from syncengine.model.hooks import HookRecord
from syncengine.model.names import command
from syncengine.model.outcome import RunOutcome, StepOutcome, StepState
from syncengine.model.plan import Plan
from syncengine.model.plan_kind import Copy, RollupRepair, RunOnEdit, Undo
from syncengine.model.run import RunKind
from syncengine.model.sentences import listed, plural
from syncengine.model.surroundings import Meeting, Unseen
from syncengine.report.checklist import line_document
from syncengine.report.hooks import hook_document
from syncengine.report.json_values import plain
from syncengine.report.plan_text import stale_lines
from syncengine.report.surroundings import allowed_document, meeting_document, unseen_document
from syncengine.report.text import unbroken

TABLES_NAMED = 4
SHOWN = 10
"""Steps that are named before the others are counted."""


def print_outcome(
    console: Console,
    outcome: RunOutcome,
    plan: Plan,
    *,
    unlike: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
    pair: str = "FILE",
    rollups: Plan | None = None,
    needs: Allowed = NOTHING,
    by_hand: str = "",
) -> None:
    """Print which steps were done and why others were not; for an undo or an edit, whether it came out.

    `rollups` is the second portion of a run that mended days, weeks and months, with what is still stale of them;
    `needs` what has to be allowed before it can go on; `by_hand` what is left to people, in short.
    """
    for note in notes:
        console.print(Text(f"Note: {note}.", style="dim"))
    done = [step for step in outcome.steps if step.state is StepState.DONE]
    console.print(
        Text(
            f"Run {outcome.run_id}: {len(done)} of {plural(len(outcome.steps), 'step')} done, "
            f"{plural(outcome.inserted, 'row')} written where {plural(outcome.deleted, 'row')} stood before."
        ),
    )
    print_left(console, outcome, pair, rollups=rollups is not None, needs=needs, undoes=plan.undoes, kind=plan.run_kind)
    if rollups is not None:
        for line in _rollup_lines(rollups):
            console.print(line)
    if unlike or outcome.done:
        for line in _looked_at_again(plan, unlike, by_hand):
            console.print(line)


def _looked_at_again(plan: Plan, unlike: Sequence[str], by_hand: str) -> Iterator[Text]:
    """Yield whether an undo or an edit came out; of what was copied the verdict on both servers follows."""
    match plan.kind:
        case Undo(run=run):
            what = "what was put back" if plan.kept else f"what run {run} had written"
            if unlike:
                yield Text(f"  not as they were, though put back: {', '.join(unlike)}", style="red")
                return
            yield Text(f"  looked at again: {what} is as it was before. {by_hand}".rstrip(), style="green")
            if plan.kept:
                yield Text(f"  not all of run {run}: the plan names what was left, and why", style="yellow")
        case RunOnEdit() if not unlike:
            yield Text(f"  looked at again: every flag is as the plan has it. {by_hand}".rstrip(), style="green")
        case Copy() | RollupRepair() | RunOnEdit():
            if unlike:
                yield Text(f"  not as it was set: {', '.join(unlike)}", style="red")


def _rollup_lines(made: Plan) -> Iterator[Text]:
    """Yield which periods the second portion wrote, and which are still stale."""
    left = {(one.into, one.table, one.acd, one.row_date) for one in made.stale}
    places = {
        (step.into, part.table, write.bucket.acd, write.bucket.row_date)
        for step in made.steps
        for part in step.parts
        for write in part.buckets
    } - left
    if places:
        tables = len({table for _, table, _, _ in places})
        yield Text(f"  {made.title}: {plural(len(places), 'period')} of {plural(tables, 'table')}", style="green")
    elif not made.stale:
        yield Text("  days, weeks and months already are what their intervals make", style="green")
    if made.stale:
        yield Text("Still stale: rerun Data Summarizing for", style="bold")
        yield from stale_lines(made.stale, "yellow", both=len({one.into for one in made.stale}) > 1)


def print_left(
    console: Console,
    outcome: RunOutcome,
    pair: str,
    *,
    rollups: bool = False,
    needs: Allowed = NOTHING,
    undoes: str = "",
    kind: RunKind = RunKind.RESYNC,
) -> None:
    """Print why steps were not done, and how to go on; `undoes` is the run that an undo takes back."""
    if outcome.stopped:
        console.print(Text(f"It ended early: {outcome.stopped}", style="red"))
    for step in outcome.steps:
        if step.state is StepState.UNKNOWN:
            console.print(
                Text(
                    f"  {_name(step)}: nobody can say what the target holds of it: "
                    f"{without_table(step.why, step.tables)} "
                    "Go on with the run, which finds out, or verify its tables before anything else.",
                    style="red",
                )
            )
        if step.state is StepState.MOVED:
            so_far = "was not done to its end" if step.wrote else "was not done"
            console.print(Text(f"  {_name(step)} {so_far}: {without_table(step.why, step.tables)}", style="yellow"))
        if step.state is StepState.FAILED:
            so_far = "was not done to its end" if step.wrote else "was not done"
            console.print(Text(f"  {_name(step)} {so_far}: {without_table(step.why, step.tables)}", style="red"))
        if step.state is StepState.PARTLY:
            console.print(Text(f"  {_name(step)} was begun: whole buckets of it are written, not all", style="yellow"))
    waiting = [step for step in outcome.steps if step.state is StepState.WAITING]
    if waiting:
        console.print(Text(f"  not begun: {_names(waiting)}; the target is untouched there", style="yellow"))
    if not outcome.done and outcome.stopped and outcome.kept:
        resume = command("resume", outcome.run_id, "--pair", pair, *needs.words)
        console.print(unbroken(f"Go on with it: {resume}", style="bold"))
    elif not outcome.done and not (rollups and all(step.portion > 1 for step in _undone(outcome))):
        # Not "the same command": after a resume that would be the resume, which has nothing to go on with.
        begun = f"`syncengine {kind}` again as this run was begun"
        again = f"un {begun}: it plans what was left by what is there now."
        failed = any(step.state is StepState.FAILED for step in outcome.steps)
        if undoes:
            again = f"o on with it: {command('undo', undoes, '--pair', pair)}"
            console.print(unbroken(f"See to what failed, then g{again}" if failed else f"G{again}", style="bold"))
            return
        console.print(Text(f"See to what failed, then r{again}" if failed else f"R{again}", style="bold"))


def without_table(why: str, tables: Sequence[str]) -> str:
    """Return why something was not done, without the table at its beginning where that is named already."""
    return why.removeprefix(f"{tables[0]}: ") if len(tables) == 1 else why


def _undone(outcome: RunOutcome) -> list[StepOutcome]:
    return [step for step in outcome.steps if step.state is not StepState.DONE]


def _names(steps: Sequence[StepOutcome]) -> str:
    """Name a few steps, and count the others."""
    shown, more = steps[:SHOWN], len(steps) - SHOWN
    if all(step.portion == 1 for step in shown):
        names = f"{'step' if len(shown) == 1 else 'steps'} {', '.join(str(step.number) for step in shown)}"
        tables = list(dict.fromkeys(table for step in shown for table in step.tables))
        names += f" ({listed(tables, TABLES_NAMED)})" if tables else ""
    else:
        names = ", ".join(map(_name, shown))
    return f"{names} and {more:,} more" if more > 0 else names


def _name(step: StepOutcome) -> str:
    name = f"step {step.number}" if step.portion == 1 else f"step {step.number} of portion {step.portion}"
    return f"{name} ({listed(step.tables, TABLES_NAMED)})" if step.tables else name


def outcome_document(
    outcome: RunOutcome,
    *,
    unlike: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
    hooks: Sequence[HookRecord] = (),
    by_hand: Sequence[tuple[ChecklistLine, str]] = (),
    rollups: Plan | None = None,
    set_off: Sequence[Meeting] = (),
    unseen: Sequence[Unseen] = (),
    needs: Allowed = NOTHING,
) -> dict[str, Any]:
    """Return what a run did as plain data."""
    return {
        "run": outcome.run_id or None,
        "done": outcome.done,
        "cancelled": outcome.cancelled,
        "stopped": outcome.stopped,
        "rows_deleted": outcome.deleted,
        "rows_inserted": outcome.inserted,
        "unlike": list(unlike),
        "notes": list(notes),
        "set_off": [meeting_document(one) for one in set_off],
        "set_off_unknown": [unseen_document(one) for one in unseen],
        "needs": allowed_document(needs),
        "steps": plain(outcome.steps),
        "stale_rollups": plain(rollups.stale) if rollups else [],
        "hooks": [hook_document(record) for record in hooks],
        "by_hand": [{**line_document(line), "why": why} for line, why in by_hand],
    }
