"""`syncengine resync`: plan, explain, confirm, execute, verify again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import (
    Chosen,
    Consent,
    DeletionsOption,
    FromOption,
    MaySetOff,
    Output,
    PairOption,
    SpecsOption,
    WindowOption,
    since,
    source_of,
    told,
)
from syncengine.cli.plan_flow import opened_to_write, written
from syncengine.cli.streams import print_document, say
from syncengine.model.errors import InputError
from syncengine.model.plan import PLAN_VERSION
from syncengine.model.policy import Policy, Rollups, UnknownColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class ResyncOptions:
    """What can be typed after `syncengine resync`."""

    pair: PairOption
    window: WindowOption = None
    chosen: Chosen
    source: FromOption = None
    policy: Annotated[
        Policy | None,
        typer.Option(
            case_sensitive=False,
            show_default=False,
            help=f"{told(tuple(Policy))} [default: replace]",
        ),
    ] = None
    consent: Consent
    wait: Annotated[bool, typer.Option("--wait", help="Wait until both servers have archived the window.")] = False
    allow_deletions: DeletionsOption = None
    may_set_off: MaySetOff
    take_broken: Annotated[
        bool, typer.Option("--take-broken", help="Replace whole buckets even where the source's own rows are broken.")
    ] = False
    outages: Annotated[
        bool,
        typer.Option(
            "--outages", help="Repair every outage `syncengine outages` finds, each from the server that saw it whole."
        ),
    ] = False
    since: Annotated[str | None, since("as far as intervals are kept", "With --outages: look no further back")] = None
    rollups: Annotated[
        Rollups,
        typer.Option(
            case_sensitive=False,
            help="Days, weeks and months that were summarised before their intervals are repaired. list: name them. "
            "recompute: roll them up anew from the target's own intervals. copy: take them from the other server, "
            "where its intervals were all whole.",
        ),
    ] = Rollups.LIST
    unknown_columns: Annotated[
        UnknownColumns | None,
        typer.Option(
            case_sensitive=False,
            show_default=False,
            help="With --rollups recompute, where a row is to be made that has columns no rule covers. "
            "refuse: leave its period to Data Summarizing. null: make it, with NULL in them. [default: refuse]",
        ),
    ] = None
    specs: SpecsOption = ()
    output: Output


def resync(asked: ResyncOptions) -> int:
    """Copy what differs in a window from one server to the other. Plans, asks, writes, verifies again.

    It needs --window; or --outages, which finds the times itself. Without --table or --set all historical tables are
    taken. Each step is one transaction, checked by fingerprint before it is committed; rows outside the restore range
    are not touched.

    Exit codes: 0 done and in sync, 3 drift remains (or, with --dry-run, is there), 4 refused by a rule,
    5 partly done, 1 a server failed, or a table was not compared and nothing is written, 2 bad input, 130 stopped.
    """
    if asked.since is not None and not asked.outages:
        raise InputError("--since says how far back to look for outages.", hint="Add --outages, or use --window.")
    if asked.unknown_columns is not None and asked.rollups is not Rollups.RECOMPUTE:
        raise InputError(
            "--unknown-columns is about days, weeks and months that are recomputed.", hint="Add --rollups recompute."
        )
    chosen = asked.chosen
    for_one_time = (asked.window, chosen["tables"], chosen["sets"], asked.source, asked.policy, asked.take_broken)
    if asked.outages and any(for_one_time):
        raise InputError(
            "--outages finds its own times and tables, and takes each from the better server.",
            hint="Leave --window, --table, --set, --from, --policy and --take-broken out.",
        )
    policy = asked.policy or Policy.REPLACE
    source = source_of(asked.source, policy)
    opened = opened_to_write(asked, asked.specs)
    unknown = asked.unknown_columns or UnknownColumns.REFUSE
    plan = (
        opened.plan_outages(
            since=asked.since,
            acds=chosen["acds"],
            exclude=chosen["exclude"],
            allow_deletions=asked.allow_deletions,
            rollups=asked.rollups,
            unknown_columns=unknown,
            **asked.may_set_off,
            wait=asked.wait,
        )
        if asked.outages
        else opened.plan_resync(
            window=asked.window,
            **chosen,
            source=source,
            policy=policy,
            allow_deletions=asked.allow_deletions,
            take_broken=asked.take_broken,
            rollups=asked.rollups,
            unknown_columns=unknown,
            **asked.may_set_off,
            wait=asked.wait,
        )
    )
    if plan is not None:
        return written(opened, plan, asked)
    if asked.output.json:
        print_document({"format": "syncengine.plan-summary", "version": PLAN_VERSION, "steps": [], "kept": []})
    else:
        say("No outage is there to be repaired. Rows were not compared: `syncengine verify` does that.")
    return ExitCode.DONE
