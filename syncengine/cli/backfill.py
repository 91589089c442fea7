"""`syncengine backfill`: history in bulk, in portions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from syncengine.cli.options import (
    Chosen,
    Consent,
    FromOption,
    MaySetOff,
    PairOption,
    ShortOutput,
    SpecsOption,
    one_policy,
)
from syncengine.cli.plan_flow import Foretold, opened_to_write, written
from syncengine.model.errors import InputError
from syncengine.model.pair import Role
from syncengine.model.policy import Policy
from syncengine.model.portions import BACKFILLED

if TYPE_CHECKING:
    from syncengine import BackfillPlan, Pair


class Order(StrEnum):
    """Which portions come first."""

    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillOptions:
    """What can be typed after `syncengine backfill`."""

    pair: PairOption
    window: Annotated[
        str,
        typer.Option(
            "--window",
            "-w",
            metavar="TIME",
            help="A time on the switch's clock: '1998-01..2000-06', '2000-05-01..2000-06-05'.",
            show_default=False,
        ),
    ]
    chosen: Chosen
    source: FromOption = None
    policy: Annotated[
        Policy,
        one_policy(
            BACKFILLED,
            help="fill: add buckets the target lacks, delete nothing. replace: buckets that differ end with the "
            "source's rows. reconcile: each interval from the server that saw it whole, in both directions.",
        ),
    ] = Policy.FILL
    order: Annotated[Order, typer.Option(case_sensitive=False, help="Which portions come first.")] = Order.NEWEST
    rows_per_second: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Read and write no more rows a second than this.", show_default=False),
    ] = None
    hours: Annotated[
        str | None,
        typer.Option(
            metavar="HH:MM-HH:MM", help="Write in these hours of the switch's clock only.", show_default=False
        ),
    ] = None
    portion_rows: Annotated[int, typer.Option(min=1, help="Rows of one portion at most, but at least a day.")] = 500_000
    portion_days: Annotated[int, typer.Option(min=1, help="Days of one portion at most.")] = 31
    may_set_off: MaySetOff
    consent: Consent
    specs: SpecsOption = ()
    output: ShortOutput


def backfill(asked: BackfillOptions) -> int:
    """Copy history in bulk, in portions: each is planned, written and looked at afresh before the next.

    Without --table or --set all historical tables are taken. Weeks and months come after the intervals they are made
    of. It waits while an archive runs on either server, or while others wait for locks on the one that is written. What
    was cut short goes on with `syncengine resume`; `syncengine undo` takes it back.

    Exit codes: 0 done and in sync, 3 drift remains (or, with --dry-run, is there), 4 refused by a rule, 5 partly done,
    1 a server failed, or a table was not compared and nothing is written, 2 bad input, 130 stopped.
    """
    if asked.policy is Policy.RECONCILE and asked.source is not None:
        raise InputError(
            "--policy reconcile takes each interval from the server that saw it whole.", hint="Leave --from out."
        )
    opened = opened_to_write(asked, asked.specs)
    plan = opened.plan_backfill(
        window=asked.window,
        **asked.chosen,
        source=asked.source or Role.PRIMARY,
        policy=asked.policy,
        newest_first=asked.order is Order.NEWEST,
        rows_per_second=asked.rows_per_second,
        hours=asked.hours,
        portion_rows=asked.portion_rows,
        portion_days=asked.portion_days,
        **asked.may_set_off,
    )
    return written(BackfillProposal(opened, plan), asked)


@dataclass(frozen=True, slots=True)
class BackfillProposal:
    """A backfill cut into portions, as it is proposed."""

    opened: Pair
    plan: BackfillPlan

    @property
    def is_a_run(self) -> bool:
        """Whether there is anything to copy."""
        return bool(self.plan.portions)

    @property
    def question(self) -> str:
        """What is asked before the first portion is planned."""
        into = " and ".join(sorted(self.plan.writes_to))
        return f"Write what {into} lacks of this into {into}?"

    def show(self, *, every_table: bool) -> None:
        """Print the portions, of which nothing was compared yet."""
        del every_table
        from syncengine.cli.terminal import out
        from syncengine.report.backfill import print_portions

        print_portions(out(), self.plan)

    def foretell(self, *, json: bool) -> Foretold:
        """Plan each portion, and print what would be written of it."""
        from syncengine.cli.terminal import out
        from syncengine.report.backfill import (
            portions_document,
            print_left_by_hand,
            print_planned,
            print_planned_not_compared,
        )

        plans = []
        for portion, made in self.opened.portion_plans(self.plan):
            plans.append(made)
            if not json:
                print_planned(out(), portion, made)
        if not json:
            print_planned_not_compared(out(), plans)
            print_left_by_hand(out(), plans)
        document = portions_document(self.plan, plans)
        return Foretold(document, [made for made in plans if made], bool(self.plan.not_counted))
