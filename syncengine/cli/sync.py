"""`syncengine sync`: administration from one server to the other: plan, explain, confirm, execute, verify again."""

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
    SpecsOption,
    TablesOption,
    TriggersOption,
    VerboseOption,
    YesOption,
)
from syncengine.cli.run_flow import foretold, told
from syncengine.cli.streams import print_document, say
from syncengine.model.pair import Role
from syncengine.model.policy import Policy


def sync(
    pair: PairOption,
    set_: SetsOption = None,
    table: TablesOption = None,
    acd: AcdsOption = None,
    exclude_table: ExcludedOption = None,
    from_: FromOption = None,
    prefer: Annotated[
        Role | None,
        typer.Option(
            case_sensitive=False,
            help="Whose version wins of what the other server changed, too: the source's is written, "
            "the target's is left.",
            show_default=False,
        ),
    ] = None,
    policy: Annotated[
        Policy | None,
        typer.Option(
            case_sensitive=False,
            show_default="replace",
            metavar="[replace|fill]",
            help="replace: the target ends with the source's rows. fill: add what the target lacks, change and "
            "delete nothing.",
        ),
    ] = None,
    include_manual: Annotated[
        bool,
        typer.Option("--include-manual", help="Also write tables that are administered by hand or by the switch."),
    ] = False,
    remove_users: Annotated[
        bool, typer.Option("--remove-users", help="Also remove users that only the target has, and what is theirs.")
    ] = False,
    allow_deletions: DeletionsOption = None,
    allow_triggers: TriggersOption = None,
    allow_cascades: CascadesOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    json: JsonOption = False,
    specs: SpecsOption = None,
    verbose: VerboseOption = 0,
) -> int:
    """Copy administration from one server to the other: plan, ask, write, verify again.

    Names, agent groups, users, timetables and the like. What both servers have alike is remembered, so that the
    next sync knows who changed what: what the target changed is shown, and not written over unless --prefer says so.

    Exit codes: 0 done and in sync, 3 drift remains (or, with --dry-run, is there), 4 refused by a rule,
    5 partly done, 1 a server failed, or a table was not compared and nothing is written, 2 bad input, 130 stopped.
    """
    from syncengine.app import open_pair
    from syncengine.cli.terminal import out
    from syncengine.jobs.sync import refuse_conflicts
    from syncengine.report.plan_json import plan_summary
    from syncengine.report.plan_text import print_plan

    opened = open_pair(pair, specs=tuple(specs or ()), progress=progress_before(consent=yes or dry_run, json=json))
    plan = opened.plan_sync(
        tables=tuple(table or ()),
        sets=tuple(set_ or ()),
        exclude=tuple(exclude_table or ()),
        acds=tuple(acd or ()),
        source=(from_ or Role.PRIMARY).value,
        policy=(policy or Policy.REPLACE).value,
        prefer=None if prefer is None else prefer.value,
        include_manual=include_manual,
        remove_users=remove_users,
        allow_deletions=allow_deletions,
        allow_triggers=tuple(allow_triggers or ()),
        allow_cascades=tuple(allow_cascades or ()),
    )
    if not json:
        print_plan(out(), plan, every_table=bool(verbose))
    if json and (dry_run or plan.conflicts):
        print_document({**plan_summary(plan), "dry_run": dry_run})
    refuse_conflicts(plan)
    if dry_run:
        return foretold(plan)
    if plan.steps and not yes:
        refuse_nobody_to_ask(json=json)
    if plan.steps and not yes and not agreed(f"Write this into {plan.target}?"):
        say("Nothing was written.")
        return ExitCode.CANCELLED
    return told(lambda: opened.execute(plan), pair, json=json, verbose=verbose)
