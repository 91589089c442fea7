"""`syncengine sync`: administration from one server to the other: plan, explain, confirm, execute, verify again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from syncengine.cli.options import (
    AllowedSideEffects,
    Consent,
    DeletionsOption,
    FromOption,
    Output,
    PairOption,
    SpecsOption,
    TableOptions,
    policy_option,
)
from syncengine.cli.plan_flow import confirm_and_execute, open_for_writing
from syncengine.model.pair import Role
from syncengine.model.policy import ADMINISTERING, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOptions:
    """The options of `syncengine sync`."""

    pair: PairOption
    table_options: TableOptions
    source: FromOption = None
    prefer: Annotated[
        Role | None,
        typer.Option(
            case_sensitive=False,
            help="The server whose version wins where both have changed the same. The source's version is written, "
            "the target's stays.",
            show_default=False,
        ),
    ] = None
    policy: Annotated[
        Policy,
        policy_option(
            ADMINISTERING,
            "replace: the target ends with the source's rows. fill: add what the target lacks, change and "
            "delete nothing.",
        ),
    ] = Policy.REPLACE
    include_manual: Annotated[
        bool,
        typer.Option("--include-manual", help="Also write tables that are synchronised by hand or by the switch."),
    ] = False
    remove_users: Annotated[
        bool, typer.Option("--remove-users", help="Also remove users that only the target has, with their rows.")
    ] = False
    allow_deletions: DeletionsOption = None
    allowed_side_effects: AllowedSideEffects
    consent: Consent
    specs: SpecsOption = ()
    output: Output


def sync(options: SyncOptions) -> int:
    """Copy administration from one server to the other. Plans, asks, writes, verifies again.

    It copies names, agent groups, users, timetables and similar tables; it needs --set or --table. Rows that are the
    same on both servers are remembered, so the next sync knows which server has changed a row: the target's changes
    are shown, and only overwritten with --prefer.

    Exit codes: 0 done and in sync, 3 drift remains (or, with --dry-run, is there), 4 refused by a rule,
    5 partly done, 1 a server failed, or a table was not compared and nothing is written, 2 bad input, 130 stopped.
    """
    opened = open_for_writing(options, options.specs)
    plan = opened.plan_sync(
        **options.table_options,
        source=options.source or Role.PRIMARY,
        policy=options.policy,
        prefer=options.prefer,
        include_manual=options.include_manual,
        remove_users=options.remove_users,
        allow_deletions=options.allow_deletions,
        **options.allowed_side_effects,
    )
    return confirm_and_execute(opened, plan, options)
