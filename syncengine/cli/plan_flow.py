"""The one flow of every command that writes: the plan is shown, somebody is asked, it is carried out and told of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from syncengine.cli.confirmation import confirmed, progress_for_writing, refuse_without_terminal
from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import Consent, Output
from syncengine.cli.run_flow import execute_and_report
from syncengine.cli.streams import print_document, print_line
from syncengine.model.plan import Plan, SkipReason
from syncengine.model.portions import BackfillPlan

if TYPE_CHECKING:
    from syncengine import Pair


class PlanOptions(Protocol):
    """What the options of every command that writes hold."""

    @property
    def pair(self) -> Path:
        """The file that describes the pair."""

    @property
    def consent(self) -> Consent:
        """Whether to write, and to ask before."""

    @property
    def output(self) -> Output:
        """How to say what comes of it."""


def open_for_writing(options: PlanOptions, specs: Sequence[Path] = ()) -> Pair:
    """Return the pair of a command that writes; where nobody can be asked, nothing long begins."""
    from syncengine import open_pair

    consent = options.consent.yes or options.consent.dry_run
    return open_pair(
        options.pair, specs=specs, progress=progress_for_writing(consent=consent, json=options.output.json)
    )


def confirm_and_execute(opened: Pair, plan: Plan | BackfillPlan, options: PlanOptions) -> int:
    """Show a plan, ask, carry it out, say what became of it, and return the exit code; a dry run only looks."""
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
    """Return what is asked before a run of a plan: nothing where that would write nothing, None where none is begun."""
    into = " and ".join(sorted(plan.writes_to))
    match plan:
        case Plan():
            return None if plan.conflicts else f"Write this into {into}?" if into else ""
        case BackfillPlan():
            return f"Write what {into} lacks of this into {into}?" if plan.portions else None


def _show(plan: Plan | BackfillPlan, *, every_table: bool) -> None:
    """Print a plan and what of the outages it leaves, or the portions of a backfill, which are not compared yet."""
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
            # Where there are no steps, what became of it follows at once, and names them.
            print_lines(out(), unrepaired_lines(plan) if plan.steps else ())


def _end_without_run(opened: Pair, plan: Plan | BackfillPlan, options: PlanOptions) -> ExitCode:
    """Say what else a dry run tells, and return how it ends; as in `verify`, a table not compared outdoes drift."""
    document, made = _dry_run_document(opened, plan, json=options.output.json)
    if options.output.json:
        print_document({**document, "dry_run": options.consent.dry_run})
    for one in made:
        opened.refuse_conflicts(one)
    not_counted = isinstance(plan, BackfillPlan) and plan.not_counted
    if not_counted or any(kept.reason is SkipReason.NOT_COMPARED for one in made for kept in one.skipped):
        return ExitCode.ERROR
    differing = any(one.steps or one.skipped or one.not_included or one.not_undone for one in made)
    return ExitCode.DRIFT if differing else ExitCode.DONE


def _dry_run_document(opened: Pair, plan: Plan | BackfillPlan, *, json: bool) -> tuple[dict[str, Any], Sequence[Plan]]:
    """Return the document of a plan, and it, or the plans of all portions, which are printed as they are made."""
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
