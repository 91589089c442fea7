"""`syncengine runs` and `report`: what was done, run by run, also while one goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from syncengine.cli.asking import agreed, refuse_nobody_to_ask_of_removal
from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import JsonOption, PairOption, VerboseOption
from syncengine.cli.streams import print_document, say
from syncengine.model.errors import InputError

if TYPE_CHECKING:
    from syncengine.app import Pair

RunArgument = Annotated[
    str | None,
    typer.Argument(metavar="[RUN]", help="A run, or the beginning of its id.", show_default=False),
]


def runs(
    pair: PairOption,
    run: RunArgument = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove RUN with its journal; it cannot be undone any more.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before removing.")] = False,
    json: JsonOption = False,
    verbose: VerboseOption = 0,
) -> int:
    """List the runs that are kept, or show one: its steps, what they deleted and inserted, and how it ended.

    What is damaged of a run is said, and what can still be read of it; one that is shown has its journals looked at
    too. With --remove it is taken away, as damaged runs are only when somebody says so.

    Exit codes: 0 done, 1 the staging folder cannot be read, 2 no such run, or it cannot be removed, 130 answered no.
    """
    from syncengine.app import open_pair
    from syncengine.cli.terminal import out
    from syncengine.report.run_json import run_document, runs_document
    from syncengine.report.run_text import print_run, print_runs

    opened = open_pair(pair)
    if remove and not _removed(opened, run, yes=yes, json=json):
        return ExitCode.CANCELLED
    known = opened.runs()
    if remove and not json:
        return ExitCode.DONE
    if run is not None and not remove:
        found = opened.report(run)
        if json:
            print_document(run_document(found.run, known, found.said))
        else:
            print_run(out(), found.run, known, str(pair), said=found.said, every_batch=bool(verbose))
    elif json:
        status = opened.status(ask_servers=False, read_journals=False)
        print_document(runs_document(status.runs, status.writing_now, status.checklist_hooks))
    else:
        print_runs(out(), known)
    return ExitCode.DONE


def _removed(opened: Pair, run: str | None, *, yes: bool, json: bool) -> bool:
    """Remove a run, once that is agreed to; say whether it was."""
    if run is None:
        raise InputError("Which run is to be removed?", hint="Name it: `syncengine runs RUN --remove`.")
    found = opened.run(run)
    if not yes:
        refuse_nobody_to_ask_of_removal(json=json)
        if not agreed(f"Remove run {found.id} with its journal? It cannot be undone any more."):
            say("Nothing was removed.")
            return False
    opened.remove_run(found.id)
    if not json:
        say(f"Run {found.id} was removed; it cannot be undone any more.")
    return True


def report(pair: PairOption, run: RunArgument = None, json: JsonOption = False, verbose: VerboseOption = 0) -> int:
    """Tell of a run in full: its plan, what was left and why, what became of each step, and what its hooks said.

    Without RUN the last one. It can be asked for while the run goes on. What is damaged of it is said.

    Exit codes: 0 done, 1 the staging folder cannot be read, 2 no such run.
    """
    from syncengine.app import open_pair
    from syncengine.cli.terminal import out
    from syncengine.report.plan_json import plan_summary
    from syncengine.report.plan_text import print_plan
    from syncengine.report.run_json import run_document
    from syncengine.report.run_text import print_run

    opened = open_pair(pair)
    told = opened.report(run)
    found, said = told.run, told.said
    plans = opened.plans(found)
    if json:
        print_document({**run_document(found, opened.runs(), said), "plans": [plan_summary(plan) for plan in plans]})
        return ExitCode.DONE
    console = out()
    for plan in plans:
        print_plan(console, plan, every_table=bool(verbose))
        console.print()
    print_run(console, found, opened.runs(), str(pair), said=said, every_batch=bool(verbose))
    return ExitCode.DONE
