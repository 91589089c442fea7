"""The result of a run, as every command that writes reports it, and its exit code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import Output
from syncengine.cli.streams import print_document
from syncengine.model.errors import CancelledError
from syncengine.model.hooks import HookState, in_effect
from syncengine.model.interrupts import is_stop
from syncengine.model.outcome import StepState
from syncengine.model.plan import SkipReason
from syncengine.model.run import RunKind

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from syncengine import VerifiedRun
    from syncengine.model.drift import Observation


def execute_and_report(carry_out: Callable[[], VerifiedRun], pair: Path, output: Output) -> int:
    """Execute a run, report its result, and return its exit code."""
    try:
        result = carry_out()
    except (KeyboardInterrupt, Exception) as error:
        if is_stop(error):
            raise CancelledError(
                "Stopped while the run was starting or ending.",
                hint="`syncengine status` shows whether it can be resumed.",
            ) from error
        raise
    try:
        return _report(result, pair, output)
    except (KeyboardInterrupt, Exception) as error:
        if is_stop(error):
            raise CancelledError(
                "Stopped while the result of the run was printed.", hint="`syncengine report` shows it again."
            ) from error
        raise


def _report(result: VerifiedRun, pair: Path, output: Output) -> int:
    from syncengine.cli.terminal import out
    from syncengine.report.backfill import print_backfill_outcome
    from syncengine.report.surroundings import verified_side_effect_lines
    from syncengine.report.text import print_lines

    console = out()
    if output.json:
        print_document(_document(result))
        return exit_code(result)
    if result.kind is RunKind.BACKFILL:
        by_hand = _by_hand_in_short(result) if exit_code(result) is ExitCode.DONE else ""
        print_backfill_outcome(console, result, pair=str(pair), by_hand=by_hand)
    else:
        _print_steps_and_verdict(console, result, pair, every_table=bool(output.verbose))
    print_lines(console, (*verified_side_effect_lines(result), *_closing_lines(result, pair)))
    return exit_code(result)


def _document(result: VerifiedRun) -> dict[str, Any]:
    from syncengine.report.backfill import backfill_outcome_document
    from syncengine.report.outcome import outcome_document
    from syncengine.report.plan_json import plan_summary
    from syncengine.report.verify_json import verify_document

    if result.kind is RunKind.BACKFILL:
        return backfill_outcome_document(result)
    after = verify_document(result.after) if result.after else None
    return {**plan_summary(result.plan), "dry_run": False, "outcome": outcome_document(result), "after": after}


def _print_steps_and_verdict(console: Console, result: VerifiedRun, pair: Path, *, every_table: bool) -> None:
    """Print which steps were done, and the verdict of the verify after them."""
    from syncengine.report.outages import unrepaired_lines
    from syncengine.report.outcome import print_outcome
    from syncengine.report.repair_commands import after_run_lines
    from syncengine.report.text import print_lines
    from syncengine.report.verify_text import print_verdict

    by_hand = _by_hand_in_short(result)
    if result.plan.steps:
        console.print()
        print_outcome(console, result, pair=str(pair), by_hand=by_hand)
    if result.after is not None:
        console.print()
        next_lines = tuple(after_run_lines(result.after, result.plan, result.outcome.run_id, str(pair)))
        tried = bool(result.plan.unscheduled)
        print_verdict(
            console, result.after, every_table=every_table, next_lines=next_lines, by_hand=by_hand, tried=tried
        )
    print_lines(console, unrepaired_lines(result.plan))


def _closing_lines(result: VerifiedRun, pair: Path) -> Sequence[RenderableType]:
    """Return what hooks have done, the work left to do by hand, and how to try failed hooks again."""
    from syncengine.report.checklist import remaining_lines
    from syncengine.report.hooks import hook_lines, retry_lines

    only_hooks = _hooks_failed(result) and result.outcome.done and not result.outcome.stopped
    again = retry_lines(result.outcome.run_id, str(pair)) if only_hooks else ()
    return (*hook_lines(result.hooks), *remaining_lines(result.by_hand), *again)


def exit_code(result: VerifiedRun) -> ExitCode:
    """Return the exit code of a run; where only a hook failed, it is partly done."""
    code = _rows_exit_code(result)
    return ExitCode.PARTLY if _hooks_failed(result) and code in (ExitCode.DONE, ExitCode.DRIFT) else code


def _hooks_failed(result: VerifiedRun) -> bool:
    return any(record.state is not HookState.DONE for record in in_effect(result.hooks).values())


def _rows_exit_code(result: VerifiedRun) -> ExitCode:
    """Return how the writing ended: stopped, partly done, or done, in sync or with drift."""
    outcome = result.outcome
    if outcome.cancelled:
        return ExitCode.CANCELLED
    wrote = _wrote(result)
    if result.needs.named and outcome.stopped:
        return ExitCode.PARTLY if wrote else ExitCode.REFUSED
    if result.kind is RunKind.BACKFILL and outcome.stopped:
        return ExitCode.PARTLY if result.wrote else ExitCode.ERROR
    not_done: list[StepState] = [step.state for step in outcome.steps if step.state is not StepState.DONE]
    not_done += [state for portion in result.earlier_portions for state in portion.unfinished]
    if not_done:
        failed = outcome.stopped or StepState.FAILED in not_done
        return ExitCode.ERROR if failed and not wrote else ExitCode.PARTLY
    if outcome.stopped:
        return ExitCode.ERROR
    if result.kind is RunKind.BACKFILL:
        portions = result.every_portion
        if result.not_counted or any(portion.not_compared or portion.unwritable for portion in portions):
            return ExitCode.PARTLY if result.wrote or result.earlier_portions else ExitCode.ERROR
        in_sync = all(portion.in_sync is not False for portion in portions)
        return ExitCode.DONE if in_sync else ExitCode.DRIFT
    if result.plan.copy is None:
        if result.unlike or result.plan.not_as_before:
            return ExitCode.PARTLY
        return ExitCode.DRIFT if result.plan.unscheduled else ExitCode.DONE
    if result.after is not None and (result.after.not_compared or _never_compared(result, result.after)):
        return ExitCode.PARTLY if any(step.wrote for step in outcome.steps) else ExitCode.ERROR
    if result.plan.unwritable:
        return ExitCode.PARTLY
    in_sync = result.after is not None and result.after.in_sync and not (result.unlike or result.plan.unscheduled)
    return ExitCode.DONE if in_sync and not result.plan.not_included else ExitCode.DRIFT


def _wrote(result: VerifiedRun) -> bool:
    return result.wrote or any(step.wrote for step in result.outcome.steps)


def _by_hand_in_short(result: VerifiedRun) -> str:
    """Return how much work is left to do by hand, for a verdict that is in sync."""
    from syncengine.report.checklist import NOTHING_NEW, NOTHING_TO_DO, remaining_in_short

    return remaining_in_short(result.by_hand, NOTHING_TO_DO if _wrote(result) else NOTHING_NEW)


def _never_compared(result: VerifiedRun, after: Observation) -> bool:
    """Return whether a table that could not be compared while planning was not compared after the run either."""
    plans = (result.plan, result.rollups) if result.rollups else (result.plan,)
    lost = {skipped.table for plan in plans for skipped in plan.skipped if skipped.reason is SkipReason.NOT_COMPARED}
    return not lost <= {table.spec.name for table in after.tables}
