"""The one flow of every command that writes: show the plan, ask, execute it, report the result."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from syncengine.cli.confirmation import confirmed, progress_for_writing, refuse_without_terminal
from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.hints import repeated
from syncengine.cli.options import Consent, Output
from syncengine.cli.run_flow import execute_and_report
from syncengine.cli.streams import print_document, print_line
from syncengine.model.plan import Plan, SkipReason
from syncengine.model.portions import BackfillPlan

if TYPE_CHECKING:
    from syncengine import Pair


class PlanOptions(Protocol):
    """The options that every command that writes has."""

    @property
    def pair(self) -> Path:
        """The file that describes the pair."""

    @property
    def consent(self) -> Consent:
        """Whether to write, and whether to ask first."""

    @property
    def output(self) -> Output:
        """How to print the result."""


def open_for_writing(options: PlanOptions, specs: Sequence[Path] = ()) -> Pair:
    """Return the pair of a command that writes; where it cannot ask for confirmation, nothing long begins."""
    from syncengine import open_pair

    consent = options.consent.yes or options.consent.dry_run
    return open_pair(
        options.pair, specs=specs, progress=progress_for_writing(consent=consent, json=options.output.json)
    )


def confirm_and_execute(opened: Pair, plan: Plan | BackfillPlan, options: PlanOptions) -> int:
    """Show a plan, ask, execute it, report the result, and return the exit code; a dry run writes nothing."""
    json, question = options.output.json, _question(plan)
    if not json:
        _show(plan, every_table=bool(options.output.verbose))
    if options.consent.dry_run or question is None:
        return _end_without_run(opened, plan, options)
    if question and not options.consent.yes:
        refuse_without_terminal(json=json)
        if not confirmed(question):
            print_line("Nothing was written.")
            return ExitCode.CANCELLED
    return execute_and_report(lambda: opened.execute(plan), options.pair, options.output)


def _question(plan: Plan | BackfillPlan) -> str | None:
    """Return the question before a run: empty where the run would write nothing, None where there is no run."""
    into = " and ".join(sorted(plan.writes_to))
    match plan:
        case Plan():
            return None if plan.conflicts else f"Write this into {into}?" if into else ""
        case BackfillPlan():
            return f"Write the rows that {into} lacks into {into}?" if plan.portions else None


def _show(plan: Plan | BackfillPlan, *, every_table: bool) -> None:
    """Print a plan and the outages it does not repair, or the portions of a backfill, which are not compared yet."""
    from syncengine.cli.terminal import out
    from syncengine.report.backfill import print_portions
    from syncengine.report.outages import unrepaired_lines
    from syncengine.report.plan_text import print_plan
    from syncengine.report.text import print_lines

    match plan:
        case BackfillPlan():
            print_portions(out(), plan)
        case Plan():
            print_plan(out(), plan, every_table=every_table)
            # Without steps the result follows at once, and names them.
            print_lines(out(), unrepaired_lines(plan) if plan.steps else ())


def _end_without_run(opened: Pair, plan: Plan | BackfillPlan, options: PlanOptions) -> ExitCode:
    """Print the rest of a dry run and return its exit code; as in `verify`, a table not compared outranks drift."""
    document, made = _dry_run_document(opened, plan, json=options.output.json)
    if options.output.json:
        print_document({**document, "dry_run": options.consent.dry_run})
    for one in made:
        opened.refuse_conflicts(one)
    not_counted = isinstance(plan, BackfillPlan) and plan.not_counted
    if not_counted or any(skipped.reason is SkipReason.NOT_COMPARED for one in made for skipped in one.skipped):
        return ExitCode.ERROR
    if options.consent.dry_run and not options.output.json and any(one.steps for one in made):
        _print_how_to_write()
    differing = any(one.steps or one.skipped or one.not_included or one.not_undone for one in made)
    return ExitCode.DRIFT if differing else ExitCode.DONE


def _print_how_to_write() -> None:
    from syncengine.cli.terminal import out
    from syncengine.report.text import next_steps, print_lines

    print_lines(out(), next_steps("Nothing is written yet. To write this", [repeated(without="--dry-run")]))


def _dry_run_document(opened: Pair, plan: Plan | BackfillPlan, *, json: bool) -> tuple[dict[str, Any], Sequence[Plan]]:
    """Return the document of a plan, and the plan, or the plans of all portions, which are printed as they are made."""
    from syncengine.cli.terminal import out
    from syncengine.report import backfill
    from syncengine.report.plan_json import plan_summary

    match plan:
        case Plan():
            return plan_summary(plan) if json else {}, (plan,)
        case BackfillPlan():
            planned = []
            for portion, made in opened.portion_plans(plan):
                planned.append(made)
                if not json:
                    backfill.print_planned(out(), portion, made)
            if not json:
                backfill.print_planned_not_compared(out(), planned)
                backfill.print_remaining_by_hand(out(), planned)
            document = backfill.portions_document(plan, planned) if json else {}
            return document, [made for made in planned if made]
