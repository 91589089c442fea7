"""`syncengine sync`: administration from one server to the other: plan, explain, confirm, execute, verify again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from syncengine.cli.options import (
    Chosen,
    Consent,
    DeletionsOption,
    FromOption,
    MaySetOff,
    Output,
    PairOption,
    SpecsOption,
    one_policy,
)
from syncengine.cli.plan_flow import opened_to_write, written
from syncengine.model.pair import Role
from syncengine.model.policy import ADMINISTERING, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOptions:
    """What can be typed after `syncengine sync`."""

    pair: PairOption
    chosen: Chosen
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
        one_policy(
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
    may_set_off: MaySetOff
    consent: Consent
    specs: SpecsOption = ()
    output: Output


def sync(asked: SyncOptions) -> int:
    """Copy administration from one server to the other. Plans, asks, writes, verifies again.

    Names, agent groups, users, timetables and the like. What both servers have alike is remembered, so that the
    next sync knows who changed what: what the target changed is shown, and not written over unless --prefer says so.

    Exit codes: 0 done and in sync, 3 drift remains (or, with --dry-run, is there), 4 refused by a rule,
    5 partly done, 1 a server failed, or a table was not compared and nothing is written, 2 bad input, 130 stopped.
    """
    opened = opened_to_write(asked, asked.specs)
    plan = opened.plan_sync(
        **asked.chosen,
        source=asked.source or Role.PRIMARY,
        policy=asked.policy,
        prefer=asked.prefer,
        include_manual=asked.include_manual,
        remove_users=asked.remove_users,
        allow_deletions=asked.allow_deletions,
        **asked.may_set_off,
    )
    return written(opened, plan, asked)
