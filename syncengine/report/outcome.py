"""What a run did, for people and as JSON."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from syncengine.model.outcome import RunOutcome, StepOutcome, StepState
from syncengine.report.plain import plain
from syncengine.report.text import plural


def print_outcome(
    console: Console,
    outcome: RunOutcome,
    *,
    undoes: str = "",
    unlike: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> None:
    """Print which steps were done and why others were not; for an undo, whether it came out."""
    for note in notes:
        console.print(Text(f"Note: {note}.", style="dim"))
    done = [step for step in outcome.steps if step.state is StepState.DONE]
    console.print(
        Text(
            f"Run {outcome.run_id}: {len(done)} of {plural(len(outcome.steps), 'step')} done, "
            f"{plural(outcome.inserted, 'row')} written where {plural(outcome.deleted, 'row')} stood before."
        ),
    )
    print_left(console, outcome)
    if unlike:
        console.print(Text(f"  not as they were, though put back: {', '.join(unlike)}", style="red"))
    elif undoes and outcome.done:
        console.print(Text(f"  looked at again: what run {undoes} had written is as it was before", style="green"))


def print_left(console: Console, outcome: RunOutcome) -> None:
    """Print why steps were not done, and how to go on."""
    if outcome.stopped:
        console.print(Text(f"It ended early: {outcome.stopped}", style="red"))
    for step in outcome.steps:
        if step.state is StepState.UNKNOWN:
            console.print(
                Text(
                    f"  {_name(step)} was sent to be committed and nobody can say whether it was: {step.why} "
                    "Verify its tables before anything else.",
                    style="red",
                )
            )
        if step.state is StepState.MOVED:
            console.print(Text(f"  {_name(step)} was not done: {step.why}", style="yellow"))
    waiting = [_name(step) for step in outcome.steps if step.state is StepState.WAITING]
    if waiting:
        names = ", ".join(waiting[:10]) + (f" and {len(waiting) - 10} more" if len(waiting) > 10 else "")
        console.print(Text(f"  not begun: {names}; the target is untouched there", style="yellow"))

    if not outcome.done:
        console.print(Text(f"Go on with it: syncengine resume {outcome.run_id} --pair FILE", style="bold"))


def _name(step: StepOutcome) -> str:
    return f"step {step.number}" if step.portion == 1 else f"step {step.number} of portion {step.portion}"


def outcome_document(
    outcome: RunOutcome, *, unlike: tuple[str, ...] = (), notes: tuple[str, ...] = ()
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
        "steps": plain(outcome.steps),
    }
