"""`syncengine resync`: plan, explain, confirm, execute, verify again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import (
    AllowedSideEffects,
    Consent,
    DeletionsOption,
    FromOption,
    Output,
    PairOption,
    SpecsOption,
    TableOptions,
    WindowOption,
    policy_help,
    since_option,
    source_of,
)
from syncengine.cli.plan_flow import confirm_and_execute, open_for_writing
from syncengine.cli.streams import print_document, print_line
from syncengine.model.errors import InputError
from syncengine.model.plan import PLAN_VERSION
from syncengine.model.policy import Policy, Rollups, UnknownColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class ResyncOptions:
    """The options of `syncengine resync`."""

    pair: PairOption
    window: WindowOption = None
    table_options: TableOptions
    source: FromOption = None
    policy: Annotated[
        Policy | None,
        typer.Option(
            case_sensitive=False,
            show_default=False,
            help=f"{policy_help(tuple(Policy))} [default: replace]",
        ),
    ] = None
    consent: Consent
    wait: Annotated[bool, typer.Option("--wait", help="Wait until both servers have archived the window.")] = False
    allow_deletions: DeletionsOption = None
    allowed_side_effects: AllowedSideEffects
    take_broken: Annotated[
        bool, typer.Option("--take-broken", help="Replace whole buckets even where the source's own rows are broken.")
    ] = False
    outages: Annotated[
        bool,
        typer.Option(
            "--outages",
            help="Repair every outage `syncengine outages` lists, each from the server that recorded it whole.",
        ),
    ] = False
    since: Annotated[
        str | None, since_option("as far as intervals are stored", "With --outages: go no further back")
    ] = None
    rollups: Annotated[
        Rollups,
        typer.Option(
            case_sensitive=False,
            help="Days, weeks and months that were summarised before their intervals are repaired. list: name them. "
            "recompute: compute them from the target's own intervals. copy: copy them from the other server, "
            "where its intervals were all whole.",
        ),
    ] = Rollups.LIST
    unknown_columns: Annotated[
        UnknownColumns | None,
        typer.Option(
            case_sensitive=False,
            show_default=False,
            help="With --rollups recompute, for a new row with columns that no rule covers. "
            "refuse: leave its period to Data Summarizing. null: write it, with NULL in them. [default: refuse]",
        ),
    ] = None
    specs: SpecsOption = ()
    output: Output


def resync(options: ResyncOptions) -> int:
    """Copy what differs in a window from one server to the other. Plans, asks, writes, verifies again.

    It needs --window; or --outages, which finds the times itself. Without --table or --set it copies all historical
    tables. Each step is one transaction, checked by fingerprint (a row count and a checksum) before it is committed;
    rows outside the restore range are not touched.

    Exit codes: 0 done and in sync, 3 drift remains (or, with --dry-run, is there), 4 refused by a rule,
    5 partly done, 1 a server failed, or a table was not compared and nothing is written, 2 bad input, 130 stopped.
    """
    if options.since is not None and not options.outages:
        raise InputError("--since requires --outages.", hint="Add --outages, or use --window.")
    if options.unknown_columns is not None and options.rollups is not Rollups.RECOMPUTE:
        raise InputError(
            "--unknown-columns requires --rollups recompute.", hint="Add it, or leave --unknown-columns out."
        )
    table_options = options.table_options
    for_one_time = (
        options.window,
        table_options["tables"],
        table_options["sets"],
        options.source,
        options.policy,
        options.take_broken,
    )
    if options.outages and any(for_one_time):
        raise InputError(
            "--outages finds the times, the tables and the source itself.",
            hint="Leave --window, --table, --set, --from, --policy and --take-broken out.",
        )
    policy = options.policy or Policy.REPLACE
    source = source_of(options.source, policy)
    opened = open_for_writing(options, options.specs)
    unknown = options.unknown_columns or UnknownColumns.REFUSE
    plan = (
        opened.plan_outages(
            since=options.since,
            acds=table_options["acds"],
            exclude=table_options["exclude"],
            allow_deletions=options.allow_deletions,
            rollups=options.rollups,
            unknown_columns=unknown,
            **options.allowed_side_effects,
            wait=options.wait,
        )
        if options.outages
        else opened.plan_resync(
            window=options.window,
            **table_options,
            source=source,
            policy=policy,
            allow_deletions=options.allow_deletions,
            take_broken=options.take_broken,
            rollups=options.rollups,
            unknown_columns=unknown,
            **options.allowed_side_effects,
            wait=options.wait,
        )
    )
    if plan is not None:
        return confirm_and_execute(opened, plan, options)
    if options.output.json:
        print_document({"format": "syncengine.plan-summary", "version": PLAN_VERSION, "steps": [], "skipped": []})
    else:
        print_line("There is no outage to repair. Rows were not compared; `syncengine verify` compares them.")
    return ExitCode.DONE
