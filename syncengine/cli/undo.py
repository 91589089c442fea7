"""`syncengine undo`: put back what a run has changed."""

from __future__ import annotations

from typing import Annotated

import typer

from syncengine.cli.asking import agreed, progress_before, refuse_nobody_to_ask
from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import CascadesOption, JsonOption, PairOption, TriggersOption, VerboseOption
from syncengine.cli.run_flow import told
from syncengine.cli.runs import RunArgument
from syncengine.cli.streams import print_document, say


def undo(
    pair: PairOption,
    run: RunArgument = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be put back and write nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before writing.")] = False,
    allow_triggers: TriggersOption = None,
    allow_cascades: CascadesOption = None,
    json: JsonOption = False,
    verbose: VerboseOption = 0,
) -> int:
    """Put back the rows a run has deleted or changed, exactly as they were: the last run's, or RUN's.

    Buckets that somebody else has changed, or a later run has written since, are left and named; so are rows that
    the server no longer keeps. What triggers and cascading references did beside the rows of the run is named, and
    not put back. An undo is itself a run, and can be undone.

    Exit codes: 0 all of it is as before, 5 some of it is (or, with --dry-run, could be), 4 none of it can be put back,
    1 a server failed, or the run is damaged, 2 no such run, or it has written nothing, 130 stopped.
    """
    from syncengine.app import open_pair
    from syncengine.cli.terminal import out
    from syncengine.report.plan_json import plan_summary
    from syncengine.report.plan_text import print_plan

    opened = open_pair(pair, progress=progress_before(consent=yes or dry_run, json=json))
    plan = opened.plan_undo(
        run,
        dry_run=dry_run,
        allow_triggers=tuple(allow_triggers or ()),
        allow_cascades=tuple(allow_cascades or ()),
    )
    if not json:
        print_plan(out(), plan, every_table=bool(verbose))
    if dry_run:
        if json:
            print_document({**plan_summary(plan), "dry_run": True})
        return ExitCode.PARTLY if plan.not_as_before else ExitCode.DONE
    if plan.steps and not yes:
        refuse_nobody_to_ask(json=json)
    if plan.steps and not yes and not agreed(f"Write this into {' and '.join(sorted(plan.writes_to))}?"):
        say("Nothing was written.")
        return ExitCode.CANCELLED
    return told(lambda: opened.execute(plan), pair, json=json, verbose=verbose)
