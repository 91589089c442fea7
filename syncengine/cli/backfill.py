"""`syncengine backfill`: history in bulk, in portions."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from syncengine.cli.asking import agreed, progress_before, refuse_nobody_to_ask
from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import (
    AcdsOption,
    CascadesOption,
    ExcludedOption,
    JsonOption,
    PairOption,
    SetsOption,
    SpecsOption,
    TablesOption,
    TriggersOption,
)
from syncengine.cli.run_flow import foretold, told
from syncengine.cli.streams import print_document, say
from syncengine.model.errors import InputError
from syncengine.model.pair import Role
from syncengine.model.policy import Policy


class BackfillPolicy(StrEnum):
    """The policies a backfill knows."""

    FILL = "fill"
    REPLACE = "replace"
    RECONCILE = "reconcile"


class Order(StrEnum):
    """Which portions come first."""

    NEWEST = "newest"
    OLDEST = "oldest"


def backfill(
    pair: PairOption,
    window: Annotated[
        str,
        typer.Option(
            "--window",
            "-w",
            metavar="TIME",
            help="A time on the switch's clock: '1998-01..2000-06', '2000-05-01..2000-06-05'.",
            show_default=False,
        ),
    ],
    table: TablesOption = None,
    set_: SetsOption = None,
    exclude_table: ExcludedOption = None,
    acd: AcdsOption = None,
    from_: Annotated[
        Role | None,
        typer.Option(
            "--from",
            case_sensitive=False,
            help="The server rows are read from; the other is written. [default: primary]",
        ),
    ] = None,
    policy: Annotated[
        BackfillPolicy,
        typer.Option(
            case_sensitive=False,
            help="fill: add buckets the target lacks, delete nothing. replace: buckets that differ end with the "
            "source's rows. reconcile: each interval from the server that saw it whole, in both directions.",
        ),
    ] = BackfillPolicy.FILL,
    order: Annotated[Order, typer.Option(case_sensitive=False, help="Which portions come first.")] = Order.NEWEST,
    rows_per_second: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Read and write no more rows a second than this.", show_default=False),
    ] = None,
    hours: Annotated[
        str | None,
        typer.Option(
            metavar="HH:MM-HH:MM", help="Write in these hours of the switch's clock only.", show_default=False
        ),
    ] = None,
    portion_rows: Annotated[
        int, typer.Option(min=1, help="Rows of one portion at most, but at least a day.")
    ] = 500_000,
    portion_days: Annotated[int, typer.Option(min=1, help="Days of one portion at most.")] = 31,
    allow_triggers: TriggersOption = None,
    allow_cascades: CascadesOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan every portion and write nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before writing.")] = False,
    json: JsonOption = False,
    specs: SpecsOption = None,
) -> int:
    """Copy history in bulk, in portions: each is planned, written and looked at afresh before the next.

    Without --table or --set all historical tables are taken. Weeks and months come after the intervals they are made
    of. It waits while an archive runs on either server, or while others wait for locks on the one that is written. What
    was cut short goes on with `syncengine resume`; `syncengine undo` takes it back.

    Exit codes: 0 done and in sync, 3 drift remains (or, with --dry-run, is there), 4 refused by a rule, 5 partly done,
    1 a server failed, or a table was not compared and nothing is written, 2 bad input, 130 stopped.
    """
    from syncengine.app import open_pair
    from syncengine.cli.terminal import out
    from syncengine.report.backfill import (
        portions_document,
        print_left_by_hand,
        print_planned,
        print_planned_not_compared,
        print_portions,
    )

    if policy is BackfillPolicy.RECONCILE and from_ is not None:
        raise InputError(
            "--policy reconcile takes each interval from the server that saw it whole.", hint="Leave --from out."
        )
    opened = open_pair(pair, specs=tuple(specs or ()), progress=progress_before(consent=yes or dry_run, json=json))
    plan = opened.plan_backfill(
        window=window,
        tables=tuple(table or ()),
        sets=tuple(set_ or ()),
        exclude=tuple(exclude_table or ()),
        acds=tuple(acd or ()),
        source=(from_ or Role.PRIMARY).value,
        policy=Policy(policy.value),
        newest_first=order is Order.NEWEST,
        rows_per_second=rows_per_second,
        hours=hours,
        portion_rows=portion_rows,
        portion_days=portion_days,
        allow_triggers=tuple(allow_triggers or ()),
        allow_cascades=tuple(allow_cascades or ()),
    )
    if not json:
        print_portions(out(), plan)
    if dry_run:
        plans = []
        for portion, made in opened.portion_plans(plan):
            plans.append(made)
            if not json:
                print_planned(out(), portion, made)
        if not json:
            print_planned_not_compared(out(), plans)
            print_left_by_hand(out(), plans)
        else:
            print_document({**portions_document(plan, plans), "dry_run": True})
        return foretold(*(made for made in plans if made), not_compared=bool(plan.not_counted))
    if not plan.portions:
        if json:
            print_document({**portions_document(plan), "dry_run": False})
        return ExitCode.DONE
    into = " and ".join(sorted(plan.writes_to))
    if not yes:
        refuse_nobody_to_ask(json=json)
    if not yes and not agreed(f"Write what {into} lacks of this into {into}?"):
        say("Nothing was written.")
        return ExitCode.CANCELLED
    return told(lambda: opened.execute(plan), pair, json=json, verbose=0)
