"""`syncengine backfill`: history in bulk, in portions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

from syncengine.cli.options import (
    AllowedSideEffects,
    Consent,
    FromOption,
    PairOption,
    ShortOutput,
    SpecsOption,
    TableOptions,
    policy_help,
    policy_option,
    source_of,
    value_option,
)
from syncengine.cli.plan_flow import confirm_and_execute, open_for_writing
from syncengine.model.policy import IN_BULK, Policy


class Order(StrEnum):
    """Which portions come first."""

    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillOptions:
    """The options of `syncengine backfill`."""

    pair: PairOption
    window: Annotated[
        str,
        value_option(
            "--window -w",
            "TIME",
            "A time on the switch's clock: '1998-01..2000-06', '2000-05-01..2000-06-05'. "
            "It is widened to whole archive intervals.",
        ),
    ]
    table_options: TableOptions
    source: FromOption = None
    policy: Annotated[Policy, policy_option(IN_BULK, policy_help(IN_BULK))] = Policy.FILL
    order: Annotated[Order, typer.Option(case_sensitive=False, help="Which portions come first.")] = Order.NEWEST
    rows_per_second: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Read and write no more rows a second than this.", show_default=False),
    ] = None
    hours: Annotated[
        str | None,
        typer.Option(
            metavar="HH:MM-HH:MM", help="Write only in these hours of the switch's clock.", show_default=False
        ),
    ] = None
    portion_rows: Annotated[int, typer.Option(min=1, help="The most rows of a portion; it is at least a day.")] = (
        500_000
    )
    portion_days: Annotated[int, typer.Option(min=1, help="The most days of one portion.")] = 31
    allowed_side_effects: AllowedSideEffects
    consent: Consent
    specs: SpecsOption = ()
    output: ShortOutput


def backfill(options: BackfillOptions) -> int:
    """Copy history in bulk, in portions. A portion is a few days, planned, written and compared before the next.

    Without --table or --set it copies all historical tables. Weeks and months come after the intervals they are
    computed from. It waits while an archive runs on either server, or while others wait for locks on the target.
    `syncengine resume` resumes a backfill that was cut short; `syncengine undo` undoes it.

    Exit codes: 0 done and in sync, 3 drift remains (or, with --dry-run, is there), 4 refused by a rule, 5 partly done,
    1 a server failed, or a table was not compared and nothing is written, 2 bad input, 130 stopped.
    """
    source = source_of(options.source, options.policy)
    opened = open_for_writing(options, options.specs)
    plan = opened.plan_backfill(
        window=options.window,
        **options.table_options,
        source=source,
        policy=options.policy,
        newest_first=options.order is Order.NEWEST,
        rows_per_second=options.rows_per_second,
        hours=options.hours,
        portion_rows=options.portion_rows,
        portion_days=options.portion_days,
        **options.allowed_side_effects,
    )
    return confirm_and_execute(opened, plan, options)
