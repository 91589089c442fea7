"""`syncengine runs` and `report`: what was done, run by run, also while one goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from syncengine.cli.asking import agreed, refuse_nobody_to_ask_of_removal
from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import Output, PairOption, RunArgument
from syncengine.cli.streams import print_document, say
from syncengine.model.errors import InputError

if TYPE_CHECKING:
    from syncengine import Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsOptions:
    """What can be typed after `syncengine runs`."""

    pair: PairOption
    run: RunArgument = None
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove RUN with its journal; it cannot be undone any more.")
    ] = False
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before removing.")] = False
    output: Output


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """What can be typed after `syncengine report`."""

    pair: PairOption
    run: RunArgument = None
    output: Output


def runs(asked: RunsOptions) -> int:
    """List the runs that are kept, or show one. Tells its steps, what they deleted and inserted, and how it ended.

    What is damaged of a run is said, and what can still be read of it; one that is shown has its journals looked at
    too. With --remove it is taken away, as damaged runs are only when somebody says so.

    Exit codes: 0 done, 1 the staging folder cannot be read, 2 no such run, or it cannot be removed, 130 answered no.
    """
    from syncengine import open_pair
    from syncengine.cli.terminal import out
    from syncengine.report.run_json import run_document, runs_document
    from syncengine.report.run_text import print_run, print_runs

    opened = open_pair(asked.pair)
    if asked.remove and not _removed(opened, asked):
        return ExitCode.CANCELLED
    known = opened.runs()
    if asked.remove and not asked.output.json:
        return ExitCode.DONE
    if asked.run is not None and not asked.remove:
        found = opened.report(asked.run)
        if asked.output.json:
            print_document(run_document(found.run, known, found.said))
        else:
            every_batch = bool(asked.output.verbose)
            print_run(out(), found.run, known, str(asked.pair), said=found.said, every_batch=every_batch)
    elif asked.output.json:
        print_document(runs_document(opened.status(ask_servers=False, read_journals=False)))
    else:
        print_runs(out(), known)
    return ExitCode.DONE


def _removed(opened: Pair, asked: RunsOptions) -> bool:
    """Remove a run, once that is agreed to; say whether it was."""
    if asked.run is None:
        raise InputError("Which run is to be removed?", hint="Name it: `syncengine runs RUN --remove`.")
    found = opened.run(asked.run)
    if not asked.yes:
        refuse_nobody_to_ask_of_removal(json=asked.output.json)
        if not agreed(f"Remove run {found.id} with its journal? It cannot be undone any more."):
            say("Nothing was removed.")
            return False
    opened.remove_run(found.id)
    if not asked.output.json:
        say(f"Run {found.id} was removed; it cannot be undone any more.")
    return True


def report(asked: ReportOptions) -> int:
    """Tell of a run in full. Tells its plan, what was left and why, what became of each step, and what its hooks said.

    Without RUN the last one. It can be asked for while the run goes on. What is damaged of it is said.

    Exit codes: 0 done, 1 the staging folder cannot be read, 2 no such run.
    """
    from syncengine import open_pair
    from syncengine.cli.terminal import out
    from syncengine.report.plan_json import plan_summary
    from syncengine.report.plan_text import print_plan
    from syncengine.report.run_json import run_document
    from syncengine.report.run_text import print_run

    opened = open_pair(asked.pair)
    told = opened.report(asked.run)
    found, said = told.run, told.said
    plans = opened.plans(found)
    if asked.output.json:
        print_document({**run_document(found, opened.runs(), said), "plans": [plan_summary(plan) for plan in plans]})
        return ExitCode.DONE
    console = out()
    for plan in plans:
        print_plan(console, plan, every_table=bool(asked.output.verbose))
        console.print()
    print_run(console, found, opened.runs(), str(asked.pair), said=said, every_batch=bool(asked.output.verbose))
    return ExitCode.DONE
