"""`syncengine timetables`: their tasks, where they run, and the guide's global edit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import AllowedSideEffects, Consent, Output, PairOption, value_option
from syncengine.cli.plan_flow import confirm_and_execute, open_for_writing
from syncengine.cli.streams import print_document
from syncengine.model.errors import InputError
from syncengine.model.pair import Role
from syncengine.model.timetable_flag import RunOn


@dataclass(frozen=True, slots=True)
class ConsentToEdit(Consent):
    """Whether an edit writes, and whether it asks first."""

    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --run-on: show the plan and write nothing.")] = False
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --run-on: do not ask before writing.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TimetablesOptions:
    """The options of `syncengine timetables`."""

    pair: PairOption
    owners: Annotated[
        tuple[str, ...], value_option("--owner", "USER", "Timetables of this user only; repeat it for more.")
    ] = ()
    run_on: Annotated[
        RunOn | None,
        typer.Option(
            "--run-on",
            case_sensitive=False,
            help="Set where all timetables of the owners run. this: only on that server; any: there or on another.",
            show_default=False,
        ),
    ] = None
    on: Annotated[
        Role | None,
        typer.Option("--on", case_sensitive=False, help="With --run-on: the server to edit. [default: secondary]"),
    ] = None
    consent: ConsentToEdit
    allowed_side_effects: AllowedSideEffects
    output: Output


def timetables(options: TimetablesOptions) -> int:
    """List the timetables of both servers, or set where they run. It shows their tasks and what differs.

    Where they run is known if the pair file names the column for it ([timetables]). --run-on sets that column for all
    timetables of --owner on one server, also while the other server is down; this is the vendor's global edit, and
    `syncengine undo` undoes it, timetable by timetable.

    If one of these timetables has no schedule there, it gets the schedule of the other server; if that server does not
    answer, the timetable is named.

    Exit codes: 0 alike, or done; 3 not alike, or a timetable has no schedule or a flag that the pair file does not name
    (or, with --run-on --dry-run, there is something to set), 4 nothing may be written, 5 partly done, 1 a server
    failed, 2 bad input, 130 stopped.
    """
    from syncengine import open_pair
    from syncengine.cli.terminal import out, progress
    from syncengine.report.timetables import print_timetables, timetables_document

    if options.run_on is not None:
        if not options.owners:
            raise InputError(
                "--run-on requires --owner.",
                hint="Add --owner USER; `syncengine timetables` lists the owners.",
            )
        opened = open_for_writing(options)
        plan = opened.plan_run_on(
            options.run_on, owners=options.owners, on=options.on or Role.SECONDARY, **options.allowed_side_effects
        )
        return confirm_and_execute(opened, plan, options)
    if options.on is not None or options.consent != ConsentToEdit() or any(options.allowed_side_effects.values()):
        raise InputError(
            "--on, --dry-run, --yes, --allow-triggers and --allow-cascades require --run-on.",
            hint="Add --run-on this or --run-on any, or leave them out.",
        )
    listing = open_pair(options.pair, progress=progress()).timetables(owners=options.owners)
    if options.output.json:
        print_document(timetables_document(listing))
    else:
        print_timetables(out(), listing, str(options.pair), every_line=bool(options.output.verbose))
    if listing.failed:
        return ExitCode.ERROR
    return ExitCode.DRIFT if listing.differing or listing.state_unknown else ExitCode.DONE
