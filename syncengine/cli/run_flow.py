"""What every command that writes says of its run, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import Output
from syncengine.cli.streams import print_document
from syncengine.model.errors import CancelledError
from syncengine.model.hooks import HookState, standing
from syncengine.model.interrupts import is_stop
from syncengine.model.outcome import StepState
from syncengine.model.plan import KeptWhy
from syncengine.model.run import RunKind

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from syncengine import Ran
    from syncengine.model.drift import Observation


def told(carry_out: Callable[[], Ran], pair: Path, output: Output) -> int:
    """Do a run, say what became of it, and return its exit code."""
    try:
        ran = carry_out()
    except (KeyboardInterrupt, Exception) as error:
        if is_stop(error):
            raise CancelledError(
                "Stopped while the run was being begun or ended.",
                hint="`syncengine status` says what can be gone on with.",
            ) from error
        raise
    try:
        return _told(ran, pair, output)
    except (KeyboardInterrupt, Exception) as error:
        if is_stop(error):
            raise CancelledError(
                "Stopped while it was told what became of the run.", hint="`syncengine report` tells it again."
            ) from error
        raise


def _told(ran: Ran, pair: Path, output: Output) -> int:
    from syncengine.cli.terminal import out
    from syncengine.report.backfill import print_backfill_outcome
    from syncengine.report.surroundings import set_off_lines
    from syncengine.report.text import print_lines

    console = out()
    if output.json:
        print_document(_document(ran))
        return exit_code(ran)
    if ran.kind is RunKind.BACKFILL:
        by_hand = _in_short(ran) if exit_code(ran) is ExitCode.DONE else ""
        print_backfill_outcome(console, ran, pair=str(pair), by_hand=by_hand)
    else:
        _print_done(console, ran, pair, every_table=bool(output.verbose))
    print_lines(console, (*set_off_lines(ran), *_left_by_hooks(ran, pair)))
    return exit_code(ran)


def _document(ran: Ran) -> dict[str, Any]:
    from syncengine.report.backfill import backfill_outcome_document
    from syncengine.report.outcome import outcome_document
    from syncengine.report.plan_json import plan_summary
    from syncengine.report.verify_json import verify_document

    if ran.kind is RunKind.BACKFILL:
        return backfill_outcome_document(ran)
    after = verify_document(ran.after) if ran.after else None
    return {**plan_summary(ran.plan), "dry_run": False, "outcome": outcome_document(ran), "after": after}


def _print_done(console: Console, ran: Ran, pair: Path, *, every_table: bool) -> None:
    """Print which steps were done, and what a fresh look at the pair found."""
    from syncengine.report.outages import unrepaired_lines
    from syncengine.report.outcome import print_outcome
    from syncengine.report.repair_commands import after_run
    from syncengine.report.text import print_lines
    from syncengine.report.verify_text import print_verdict

    by_hand = _in_short(ran)
    if ran.plan.steps:
        console.print()
        print_outcome(console, ran, pair=str(pair), by_hand=by_hand)
    if ran.after is not None:
        console.print()
        then = tuple(after_run(ran.after, ran.plan, ran.outcome.run_id, str(pair)))
        tried = bool(ran.plan.unscheduled)
        print_verdict(console, ran.after, every_table=every_table, then=then, by_hand=by_hand, tried=tried)
    print_lines(console, unrepaired_lines(ran.plan))


def _left_by_hooks(ran: Ran, pair: Path) -> Sequence[RenderableType]:
    """Return what hooks have done, what is left to be done by hand, and how to try again what failed."""
    from syncengine.report.checklist import left_lines
    from syncengine.report.hooks import again_lines, hook_lines

    only_hooks = _hooks_left(ran) and ran.outcome.done and not ran.outcome.stopped
    again = again_lines(ran.outcome.run_id, str(pair)) if only_hooks else ()
    return (*hook_lines(ran.hooks), *left_lines(ran.by_hand), *again)


def exit_code(ran: Ran) -> ExitCode:
    """Return how a run ended; where only a hook failed, something of it is left to be done."""
    code = _of_the_rows(ran)
    return ExitCode.PARTLY if _hooks_left(ran) and code in (ExitCode.DONE, ExitCode.DRIFT) else code


def _hooks_left(ran: Ran) -> bool:
    return any(record.state is not HookState.DONE for record in standing(ran.hooks).values())


def _of_the_rows(ran: Ran) -> ExitCode:
    """Return how the writing ended: stopped, partly done, or done with or without drift left."""
    outcome = ran.outcome
    if outcome.cancelled:
        return ExitCode.CANCELLED
    wrote = _wrote(ran)
    if ran.needs.named and outcome.stopped:
        return ExitCode.PARTLY if wrote else ExitCode.REFUSED
    if ran.kind is RunKind.BACKFILL and outcome.stopped:
        return ExitCode.PARTLY if ran.wrote else ExitCode.ERROR
    undone: list[StepState] = [step.state for step in outcome.steps if step.state is not StepState.DONE]
    undone += [state for portion in ran.before for state in portion.undone]
    if undone:
        failed = outcome.stopped or StepState.FAILED in undone
        return ExitCode.ERROR if failed and not wrote else ExitCode.PARTLY
    if outcome.stopped:
        return ExitCode.ERROR
    if ran.kind is RunKind.BACKFILL:
        portions = ran.every_portion
        if ran.not_counted or any(portion.not_compared or portion.unwritable for portion in portions):
            return ExitCode.PARTLY if ran.wrote or ran.before else ExitCode.ERROR
        in_sync = all(portion.in_sync is not False for portion in portions)
        return ExitCode.DONE if in_sync else ExitCode.DRIFT
    if ran.plan.copy is None:
        if ran.unlike or ran.plan.not_as_before:
            return ExitCode.PARTLY
        return ExitCode.DRIFT if ran.plan.unscheduled else ExitCode.DONE
    if ran.after is not None and (ran.after.not_compared or _never_compared(ran, ran.after)):
        return ExitCode.PARTLY if any(step.wrote for step in outcome.steps) else ExitCode.ERROR
    if ran.plan.unwritable:
        return ExitCode.PARTLY
    in_sync = ran.after is not None and ran.after.in_sync and not (ran.unlike or ran.plan.unscheduled)
    return ExitCode.DONE if in_sync and not ran.plan.left else ExitCode.DRIFT


def _wrote(ran: Ran) -> bool:
    return ran.wrote or any(step.wrote for step in ran.outcome.steps)


def _in_short(ran: Ran) -> str:
    """Return what is said of what is left to be done by hand, beside a verdict that all is well."""
    from syncengine.report.checklist import NOTHING_LEFT, NOTHING_NEW, left_in_short

    return left_in_short(ran.by_hand, NOTHING_LEFT if _wrote(ran) else NOTHING_NEW)


def _never_compared(ran: Ran, after: Observation) -> bool:
    """Say whether a table that could not be compared while planning was not compared after the run either."""
    plans = (ran.plan, ran.rollups) if ran.rollups else (ran.plan,)
    lost = {kept.table for plan in plans for kept in plan.kept if kept.why is KeptWhy.NOT_COMPARED}
    return not lost <= {table.spec.name for table in after.tables}
