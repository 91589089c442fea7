"""`syncengine resync`: plan, explain, confirm, execute, verify again."""

from __future__ import annotations

from typing import Annotated

import typer

from syncengine.cli.asking import agreed, progress_before, refuse_nobody_to_ask
from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import (
    AcdsOption,
    CascadesOption,
    DeletionsOption,
    DryRunOption,
    ExcludedOption,
    FromOption,
    JsonOption,
    PairOption,
    SetsOption,
    SinceOption,
    SpecsOption,
    TablesOption,
    TriggersOption,
    VerboseOption,
    WindowOption,
    YesOption,
)
from syncengine.cli.run_flow import foretold, told
from syncengine.cli.streams import print_document, say
from syncengine.model.errors import InputError
from syncengine.model.pair import Role
from syncengine.model.plan import PLAN_VERSION, Plan
from syncengine.model.policy import Policy, Rollups, UnknownColumns


def resync(
    pair: PairOption,
    window: WindowOption = None,
    table: TablesOption = None,
    set_: SetsOption = None,
    exclude_table: ExcludedOption = None,
    acd: AcdsOption = None,
    from_: FromOption = None,
    policy: Annotated[
        Policy | None,
        typer.Option(
            case_sensitive=False,
            show_default="replace",
            help="replace: buckets that differ end with the source's rows (the vendor's restore). "
            "fill: add buckets the target lacks, delete nothing. rows: rewrite only the key groups that differ. "
            "reconcile: each interval from the server that saw it whole, in both directions.",
        ),
    ] = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until both servers have archived the window.")] = False,
    allow_deletions: DeletionsOption = None,
    allow_triggers: TriggersOption = None,
    allow_cascades: CascadesOption = None,
    take_broken: Annotated[
        bool, typer.Option("--take-broken", help="Replace whole buckets even where the source's own rows are broken.")
    ] = False,
    outages: Annotated[
        bool,
        typer.Option(
            "--outages", help="Repair every outage `syncengine outages` finds, each from the server that saw it whole."
        ),
    ] = False,
    since: SinceOption = None,
    rollups: Annotated[
        Rollups,
        typer.Option(
            case_sensitive=False,
            help="Days, weeks and months that were summarised before their intervals are repaired. list: name them. "
            "recompute: roll them up anew from the target's own intervals. copy: take them from the other server, "
            "where its intervals were all whole.",
        ),
    ] = Rollups.LIST,
    unknown_columns: Annotated[
        UnknownColumns | None,
        typer.Option(
            case_sensitive=False,
            show_default="refuse",
            help="With --rollups recompute, where a row is to be made that has columns no rule covers. "
            "refuse: leave its period to Data Summarizing. null: make it, with NULL in them.",
        ),
    ] = None,
    json: JsonOption = False,
    specs: SpecsOption = None,
    verbose: VerboseOption = 0,
) -> int:
    """Copy what differs in a window from one server to the other: plan, ask, write, verify again.

    Without --table or --set all historical tables are taken. Each step is one transaction, checked by
    fingerprint before it is committed; rows outside the restore range are not touched.

    Exit codes: 0 done and in sync, 3 drift remains (or, with --dry-run, is there), 4 refused by a rule,
    5 partly done, 1 a server failed, or a table was not compared and nothing is written, 2 bad input, 130 stopped.
    """
    from syncengine.app import open_pair
    from syncengine.report.plan_json import plan_summary

    if since is not None and not outages:
        raise InputError("--since says how far back to look for outages.", hint="Add --outages, or use --window.")
    if unknown_columns is not None and rollups is not Rollups.RECOMPUTE:
        raise InputError(
            "--unknown-columns is about days, weeks and months that are recomputed.", hint="Add --rollups recompute."
        )
    unknown = unknown_columns or UnknownColumns.REFUSE
    if outages and (window or table or set_ or from_ or policy or take_broken):
        raise InputError(
            "--outages finds its own times and tables, and takes each from the better server.",
            hint="Leave --window, --table, --set, --from, --policy and --take-broken out.",
        )
    if policy is Policy.RECONCILE and from_ is not None:
        raise InputError(
            "--policy reconcile takes each interval from the server that saw it whole.", hint="Leave --from out."
        )
    opened = open_pair(pair, specs=tuple(specs or ()), progress=progress_before(consent=yes or dry_run, json=json))
    plan = (
        opened.plan_outages(
            since=since,
            acds=tuple(acd or ()),
            exclude=tuple(exclude_table or ()),
            allow_deletions=allow_deletions,
            rollups=rollups,
            unknown_columns=unknown,
            allow_triggers=tuple(allow_triggers or ()),
            allow_cascades=tuple(allow_cascades or ()),
            wait=wait,
        )
        if outages
        else opened.plan_resync(
            window=window,
            tables=tuple(table or ()),
            sets=tuple(set_ or ()),
            exclude=tuple(exclude_table or ()),
            acds=tuple(acd or ()),
            source=(from_ or Role.PRIMARY).value,
            policy=(policy or Policy.REPLACE).value,
            allow_deletions=allow_deletions,
            take_broken=take_broken,
            rollups=rollups,
            unknown_columns=unknown,
            allow_triggers=tuple(allow_triggers or ()),
            allow_cascades=tuple(allow_cascades or ()),
            wait=wait,
        )
    )
    if plan is None:
        if json:
            print_document({"format": "syncengine.plan-summary", "version": PLAN_VERSION, "steps": [], "kept": []})
        else:
            say("No outage is there to be repaired. Rows were not compared: `syncengine verify` does that.")
        return ExitCode.DONE
    if not json:
        _show(plan, every_table=bool(verbose))
    if dry_run:
        if json:
            print_document({**plan_summary(plan), "dry_run": True})
        return foretold(plan)
    if plan.steps and not yes:
        refuse_nobody_to_ask(json=json)
    if plan.steps and not yes and not agreed(f"Write this into {' and '.join(sorted(plan.writes_to))}?"):
        say("Nothing was written.")
        return ExitCode.CANCELLED
    return told(lambda: opened.execute(plan), pair, json=json, verbose=verbose)


def _show(plan: Plan, *, every_table: bool) -> None:
    """Print a plan, and what of the outages it leaves."""
    from syncengine.cli.terminal import out
    from syncengine.report.outages import unrepaired_lines
    from syncengine.report.plan_text import print_plan

    print_plan(out(), plan, every_table=every_table)
    if plan.steps:
        # Else what became of it follows at once, and names them.
        for line in unrepaired_lines(plan):
            out().print(line)
