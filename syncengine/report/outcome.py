"""What a run did, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from syncengine.model.names import command
from syncengine.model.outcome import RunOutcome, StepOutcome, StepState
from syncengine.model.plan import Plan, places_of
from syncengine.model.plan_kind import Copy, RollupRepair, RunOnEdit, Undo
from syncengine.model.sentences import listed, plural
from syncengine.model.verified_run import VerifiedRun
from syncengine.report.checklist import line_document
from syncengine.report.hooks import hook_document
from syncengine.report.json_values import plain
from syncengine.report.plan_text import stale_lines
from syncengine.report.surroundings import allowed_document, side_effects_unknown_document, table_side_effects_document
from syncengine.report.text import next_steps, print_lines

TABLES_NAMED = 4
SHOWN = 10
"""Steps that are named before the others are counted."""


def print_outcome(console: Console, result: VerifiedRun, *, pair: str = "FILE", by_hand: str = "") -> None:
    """Print which steps were done and why others were not; for an undo or an edit, whether it succeeded.

    `by_hand` is the work left to do by hand, in short.
    """
    outcome = result.outcome
    for note in result.notes:
        console.print(Text(f"Note: {note}.", style="dim"))
    done = [step for step in outcome.steps if step.state is StepState.DONE]
    console.print(
        Text(
            f"Run {outcome.run_id}: {len(done)} of {plural(len(outcome.steps), 'step')} done, "
            f"{plural(outcome.inserted, 'row')} written in place of {plural(outcome.deleted, 'row')}."
        ),
    )
    print_not_done(console, result, pair)
    if result.rollups is not None:
        print_lines(console, _rollup_lines(result.rollups))
    if result.unlike or outcome.done:
        print_lines(console, _recheck_lines(result, by_hand))
    if result.plan.undoes and outcome.done:
        print_lines(console, next_steps("To compare the servers now", [command("verify", "--pair", pair)]))


def _recheck_lines(result: VerifiedRun, by_hand: str) -> Iterator[Text]:
    """Yield whether an undo or an edit succeeded; after a copy the verdict on both servers follows instead."""
    unlike = ", ".join(result.unlike)
    match result.plan.kind:
        case Undo() if unlike:
            yield Text(f"  not as they were before, though restored: {unlike}", style="red")
        case Undo(run=run):
            rows = "the restored rows" if result.plan.skipped else f"the rows of run {run}"
            yield Text(f"  checked: {rows} are as they were before. {by_hand}".rstrip(), style="green")
            if result.plan.skipped:
                yield Text(f"  not all of run {run}: the plan says what was skipped, and why", style="yellow")
        case RunOnEdit() if not unlike:
            yield Text(f"  checked: every flag is as planned. {by_hand}".rstrip(), style="green")
        case Copy() | RollupRepair() | RunOnEdit():
            if unlike:
                yield Text(f"  not as planned: {unlike}", style="red")


def _rollup_lines(made: Plan) -> Iterator[Text]:
    """Yield which periods the second portion wrote, and which are still stale."""
    places = places_of(made.steps) - {one.place for one in made.stale}
    if places:
        tables = len({table for _, table, _, _ in places})
        yield Text(f"  {made.title}: {plural(len(places), 'period')} of {plural(tables, 'table')}", style="green")
    elif not made.stale:
        yield Text("  days, weeks and months already agree with their intervals", style="green")
    if made.stale:
        yield Text("Still stale: rerun Data Summarizing for", style="bold")
        yield from stale_lines(made.stale, "yellow", both=len({one.into for one in made.stale}) > 1)


def print_not_done(console: Console, result: VerifiedRun, pair: str) -> None:
    """Print why steps were not done, and what to do next."""
    outcome = result.outcome
    if outcome.stopped:
        console.print(Text(f"It stopped early: {outcome.stopped}", style="red"))
    for step in outcome.steps:
        why = without_table(step.why, step.tables)
        so_far = "was only partly done" if step.wrote else "was not done"
        match step.state:
            case StepState.UNKNOWN:
                unknown = f"  {_name(step)}: not known whether its rows are on the target: {why} "
                again = "Resume the run, which finds out, or verify its tables before anything else."
                console.print(Text(f"{unknown}{again}", style="red"))
            case StepState.CHANGED:
                console.print(Text(f"  {_name(step)} {so_far}: {why}", style="yellow"))
            case StepState.FAILED:
                console.print(Text(f"  {_name(step)} {so_far}: {why}", style="red"))
            case StepState.PARTLY:
                begun = "was begun: some of its buckets are written, others are not"
                console.print(Text(f"  {_name(step)} {begun}", style="yellow"))
            case StepState.DONE | StepState.WAITING:
                pass
    waiting = [step for step in outcome.steps if step.state is StepState.WAITING]
    if waiting:
        console.print(Text(f"  not begun: {_names(waiting)}; nothing is changed there", style="yellow"))
    if outcome.done:
        return
    if outcome.stopped and outcome.saved:
        resume = command("resume", outcome.run_id, "--pair", pair, *result.needs.words)
        print_lines(console, next_steps("To resume it", [resume]))
    elif result.rollups is None or any(step.portion == 1 for step in _not_done(outcome)):
        failed = any(step.state is StepState.FAILED for step in outcome.steps)
        print_lines(console, _how_to_continue(result, pair, "Repair what failed. " if failed else ""))


def _how_to_continue(result: VerifiedRun, pair: str, first: str) -> Iterator[Text]:
    """Yield how to continue where steps were skipped for another reason than that the run was stopped."""
    if result.plan.undoes:
        yield from next_steps(f"{first}To undo the rest", [command("undo", result.plan.undoes, "--pair", pair)])
    else:
        # Not "the same command": after a resume that would be the resume, which has nothing to resume.
        again = f"Run `syncengine {result.kind}` again as this run was begun: it plans the rest anew."
        yield Text(f"{first}{again}", style="bold")


def without_table(why: str, tables: Sequence[str]) -> str:
    """Return why something was not done, without the table at its beginning, where that is named already."""
    return why.removeprefix(f"{tables[0]}: ") if len(tables) == 1 else why


def _not_done(outcome: RunOutcome) -> list[StepOutcome]:
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


def outcome_document(result: VerifiedRun) -> dict[str, Any]:
    """Return what a run did as plain data."""
    outcome = result.outcome
    return {
        "run": outcome.run_id or None,
        "done": outcome.done,
        "cancelled": outcome.cancelled,
        "stopped": outcome.stopped,
        "rows_deleted": outcome.deleted,
        "rows_inserted": outcome.inserted,
        "unlike": list(result.unlike),
        "notes": list(result.notes),
        "side_effects": [table_side_effects_document(one) for one in result.side_effects],
        "side_effects_unknown": [side_effects_unknown_document(one) for one in result.side_effects_unknown],
        "needs": allowed_document(result.needs),
        "steps": plain(outcome.steps),
        "stale_rollups": plain(result.rollups.stale) if result.rollups else [],
        "hooks": [hook_document(record) for record in result.hooks],
        "by_hand": [{**line_document(line), "why": why} for line, why in result.by_hand],
    }
