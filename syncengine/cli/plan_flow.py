"""The one flow of every command that writes: the plan is shown, somebody is asked, it is carried out and told of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from syncengine.cli.asking import agreed, progress_before, refuse_nobody_to_ask
from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import Consent, Output
from syncengine.cli.run_flow import told
from syncengine.cli.streams import print_document, say
from syncengine.model.plan import KeptWhy, Plan

if TYPE_CHECKING:
    from syncengine import BackfillPlan, Pair


class Asked(Protocol):
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


@dataclass(frozen=True, slots=True)
class Foretold:
    """What a dry run has found."""

    document: dict[str, Any]
    plans: Sequence[Plan]
    not_compared: bool = False
    """Whether a table was left out of all plans since it could not be compared."""


class Proposal(Protocol):
    """What a command would carry out."""

    @property
    def opened(self) -> Pair:
        """The pair it was planned for."""

    @property
    def plan(self) -> Plan | BackfillPlan:
        """The plan of it."""

    @property
    def is_a_run(self) -> bool:
        """Whether a run is begun for it, once it is agreed to."""

    @property
    def question(self) -> str:
        """What is asked before it is carried out; empty where nothing would be written."""

    def show(self, *, every_table: bool) -> None:
        """Print what is proposed."""

    def foretell(self, *, json: bool) -> Foretold:
        """Find out, and print unless there is to be a document, what else a dry run tells."""


def opened_to_write(asked: Asked, specs: Sequence[Path] = ()) -> Pair:
    """Return the pair of a command that writes; where nobody can be asked, nothing long begins."""
    from syncengine import open_pair

    consent = asked.consent.yes or asked.consent.dry_run
    return open_pair(asked.pair, specs=tuple(specs), progress=progress_before(consent=consent, json=asked.output.json))


def written(proposal: Proposal, asked: Asked) -> int:
    """Show what is proposed, ask, do it, say what became of it, and return the exit code; a dry run only looks."""
    json = asked.output.json
    if not json:
        proposal.show(every_table=bool(asked.output.verbose))
    if asked.consent.dry_run or not proposal.is_a_run:
        found = proposal.foretell(json=json)
        if json:
            print_document({**found.document, "dry_run": asked.consent.dry_run})
        for plan in found.plans:
            proposal.opened.refuse_conflicts(plan)
        return _end_of_dry_run(found)
    if proposal.question and not asked.consent.yes:
        refuse_nobody_to_ask(json=json)
        if not agreed(proposal.question):
            say("Nothing was written.")
            return ExitCode.CANCELLED
    return told(lambda: proposal.opened.execute(proposal.plan), asked.pair, asked.output)


def _end_of_dry_run(found: Foretold) -> ExitCode:
    """Return how a dry run ends: as `verify` does, that a table was not compared outdoes what differs."""
    if found.not_compared or any(kept.why is KeptWhy.NOT_COMPARED for plan in found.plans for kept in plan.kept):
        return ExitCode.ERROR
    differing = any(plan.steps or plan.kept or plan.left or plan.not_put_back for plan in found.plans)
    return ExitCode.DRIFT if differing else ExitCode.DONE


@dataclass(frozen=True, slots=True)
class PlanProposal:
    """A plan, as it is proposed."""

    opened: Pair
    plan: Plan

    @property
    def is_a_run(self) -> bool:
        """Whether a run is begun for it: nobody is asked about what is refused."""
        return not self.plan.conflicts

    @property
    def question(self) -> str:
        """What is asked before it is carried out."""
        into = " and ".join(sorted(self.plan.writes_to))
        return f"Write this into {into}?" if into else ""

    def show(self, *, every_table: bool) -> None:
        """Print it, and what of the outages it leaves."""
        from syncengine.cli.terminal import out
        from syncengine.report.outages import unrepaired_lines
        from syncengine.report.plan_text import print_plan

        print_plan(out(), self.plan, every_table=every_table)
        if self.plan.steps:
            # Else what became of it follows at once, and names them.
            for line in unrepaired_lines(self.plan):
                out().print(line)

    def foretell(self, *, json: bool) -> Foretold:
        """Return what a dry run tells: the plan."""
        from syncengine.report.plan_json import plan_summary

        return Foretold(plan_summary(self.plan) if json else {}, (self.plan,))
