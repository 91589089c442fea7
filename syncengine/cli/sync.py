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
    """What can be typed after `syncengine sync`."""

    pair: PairOption
    table_options: TableOptions
    source: FromOption = None
    prefer: Annotated[
        Role | None,
        typer.Option(
            case_sensitive=False,
            help="Whose version wins of what the other server changed, too: the source's is written, "
            "the target's is left.",
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
        typer.Option("--include-manual", help="Also write tables that are administered by hand or by the switch."),
    ] = False
    remove_users: Annotated[
        bool, typer.Option("--remove-users", help="Also remove users that only the target has, and what is theirs.")
    ] = False
    allow_deletions: DeletionsOption = None
    allowed_side_effects: AllowedSideEffects
    consent: Consent
    specs: SpecsOption = ()
    output: Output


def sync(options: SyncOptions) -> int:
    """Copy administration from one server to the other. Plans, asks, writes, verifies again.

    Names, agent groups, users, timetables and the like. What both servers have alike is remembered, so that the
    next sync knows who changed what: what the target changed is shown, and not written over unless --prefer says so.

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
