"""`syncengine runs` and `report`: the saved runs, also while one is running."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from syncengine.cli.confirmation import confirmed, refuse_removal_without_terminal
from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import Output, PairOption, RunArgument
from syncengine.cli.streams import print_document, print_line
from syncengine.model.errors import InputError

if TYPE_CHECKING:
    from syncengine import Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsOptions:
    """The options of `syncengine runs`."""

    pair: PairOption
    run: RunArgument = None
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove RUN with its journal; it can no longer be undone.")
    ] = False
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before removing.")] = False
    output: Output


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """The options of `syncengine report`."""

    pair: PairOption
    run: RunArgument = None
    output: Output


def runs(options: RunsOptions) -> int:
    """List the saved runs, or show one. It shows the steps, the rows they deleted and inserted, and the result.

    Damage to a run is reported, with everything that can still be read; for a run that is shown the journals are
    checked too. With --remove the run is removed; damaged runs are removed in no other way.

    Exit codes: 0 done, 1 the staging folder cannot be read, 2 no such run, or it cannot be removed, 130 answered no.
    """
    from syncengine import open_pair
    from syncengine.cli.terminal import out
    from syncengine.report.run_json import run_document, runs_document
    from syncengine.report.run_text import print_run, print_runs

    opened = open_pair(options.pair)
    if options.remove and not _removed(opened, options):
        return ExitCode.CANCELLED
    all_runs = opened.runs()
    if options.remove and not options.output.json:
        return ExitCode.DONE
    if options.run is not None and not options.remove:
        run_report = opened.report(options.run)
        if options.output.json:
            print_document(run_document(run_report.run, all_runs, run_report.outputs))
        else:
            every_batch = bool(options.output.verbose)
            print_run(
                out(),
                run_report.run,
                all_runs,
                str(options.pair),
                hook_output=run_report.outputs,
                every_batch=every_batch,
            )
    elif options.output.json:
        print_document(runs_document(opened.status(ask_servers=False, read_journals=False)))
    else:
        print_runs(out(), all_runs, str(options.pair))
    return ExitCode.DONE


def _removed(opened: Pair, options: RunsOptions) -> bool:
    """Remove a run after confirmation; return whether it was removed."""
    if options.run is None:
        raise InputError("--remove needs the id of a run.", hint="Type `syncengine runs RUN --remove`.")
    run = opened.run(options.run)
    if not options.yes:
        refuse_removal_without_terminal(json=options.output.json)
        if not confirmed(f"Remove run {run.id} with its journal? It cannot be undone any more."):
            print_line("Nothing was removed.")
            return False
    opened.remove_run(run.id)
    if not options.output.json:
        print_line(f"Run {run.id} was removed; it can no longer be undone.")
    return True


def report(options: ReportOptions) -> int:
    """Show a run in full. It prints the plan, skipped rows and why, the result of each step, and the output of hooks.

    Without RUN the last one, also while it is running. Damage to the run is reported.

    Exit codes: 0 done, 1 the staging folder cannot be read, 2 no such run.
    """
    from syncengine import open_pair
    from syncengine.cli.terminal import out
    from syncengine.report.plan_json import plan_summary
    from syncengine.report.plan_text import print_plan
    from syncengine.report.run_json import run_document
    from syncengine.report.run_text import print_run

    opened = open_pair(options.pair)
    run_report = opened.report(options.run)
    run, hook_output = run_report.run, run_report.outputs
    plans = opened.plans(run)
    if options.output.json:
        print_document(
            {**run_document(run, opened.runs(), hook_output), "plans": [plan_summary(plan) for plan in plans]}
        )
        return ExitCode.DONE
    console = out()
    for plan in plans:
        print_plan(console, plan, every_table=bool(options.output.verbose))
        console.print()
    print_run(
        console,
        run,
        opened.runs(),
        str(options.pair),
        hook_output=hook_output,
        every_batch=bool(options.output.verbose),
    )
    return ExitCode.DONE
