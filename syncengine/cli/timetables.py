"""`syncengine timetables`: what they do, where they run, and the guide's global edit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncengine.cli.asking import agreed, progress_before, refuse_nobody_to_ask
from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import CascadesOption, JsonOption, PairOption, TriggersOption, VerboseOption
from syncengine.cli.run_flow import told
from syncengine.cli.streams import print_document, say
from syncengine.model.errors import InputError
from syncengine.model.pair import Role
from syncengine.model.timetable_flag import RunOn

if TYPE_CHECKING:
    from syncengine.app import Pair
    from syncengine.model.plan import Plan


def timetables(
    pair: PairOption,
    owner: Annotated[
        list[str] | None,
        typer.Option(
            "--owner", metavar="USER", help="Timetables of this user only; repeat it for more.", show_default=False
        ),
    ] = None,
    run_on: Annotated[
        RunOn | None,
        typer.Option(
            "--run-on",
            case_sensitive=False,
            help="Let all timetables of the owners run on one server: this: only there; any: there or on another.",
            show_default=False,
        ),
    ] = None,
    on: Annotated[
        Role | None,
        typer.Option(
            "--on", case_sensitive=False, help="With --run-on: the server that is edited. [default: secondary]"
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --run-on: show the plan and write nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --run-on: do not ask before writing.")] = False,
    allow_triggers: TriggersOption = None,
    allow_cascades: CascadesOption = None,
    json: JsonOption = False,
    verbose: VerboseOption = 0,
) -> int:
    """List the timetables of both servers side by side: what they do, where they run, and what is not alike.

    Where they run is known where the pair file names the column that holds it ([timetables]). With --run-on it is
    set in that column for all timetables of --owner on one server, which the other one being down does not hinder;
    that is the vendor's global edit, and `syncengine undo` takes it back, timetable by timetable.

    A timetable of theirs without a schedule there gets one, if the other server answers and tells it; else it is named.

    Exit codes: 0 alike, or done; 3 not alike, or one has no schedule or a flag that the pair file does not name (or,
    with --run-on --dry-run, there is something to set), 4 nothing of it may be written, 5 partly done, 1 a server
    failed, 2 bad input, 130 stopped.
    """
    from syncengine.app import open_pair
    from syncengine.cli.terminal import out, progress
    from syncengine.report.timetables import print_timetables, timetables_document

    owners = tuple(owner or ())
    if run_on is not None:
        if not owners:
            raise InputError(
                "--run-on sets the timetables of one owner, or of several.",
                hint="Add --owner; `syncengine timetables` shows who has any.",
            )
        opened = open_pair(pair, progress=progress_before(consent=yes or dry_run, json=json))
        plan = opened.plan_run_on(
            run_on,
            owners=owners,
            on=on or Role.SECONDARY,
            allow_triggers=tuple(allow_triggers or ()),
            allow_cascades=tuple(allow_cascades or ()),
        )
        return _edited(opened, plan, pair, dry_run=dry_run, yes=yes, json=json, verbose=verbose)
    if on is not None or dry_run or yes or allow_triggers or allow_cascades:
        raise InputError(
            "--on, --dry-run, --yes, --allow-triggers and --allow-cascades belong to an edit, and nothing is edited.",
            hint="Add --run-on this or --run-on any, or leave them out.",
        )
    listing = open_pair(pair, progress=progress()).timetables(owners=owners)
    if json:
        print_document(timetables_document(listing))
    else:
        print_timetables(out(), listing, every_line=bool(verbose))
    if listing.failed:
        return ExitCode.ERROR
    return ExitCode.DRIFT if listing.differing or listing.untold else ExitCode.DONE


def _edited(opened: Pair, plan: Plan, pair: Path, *, dry_run: bool, yes: bool, json: bool, verbose: int) -> int:
    from syncengine.cli.terminal import out
    from syncengine.report.plan_json import plan_summary
    from syncengine.report.plan_text import print_plan

    if not json:
        print_plan(out(), plan)
    if dry_run:
        if json:
            print_document({**plan_summary(plan), "dry_run": True})
        return ExitCode.DRIFT if plan.steps or plan.unscheduled else ExitCode.DONE
    if plan.steps and not yes:
        refuse_nobody_to_ask(json=json)
    if plan.steps and not yes and not agreed(f"Write this into {plan.target}?"):
        say("Nothing was written.")
        return ExitCode.CANCELLED
    return told(lambda: opened.execute(plan), pair, json=json, verbose=verbose)
