"""`syncengine runs`, `status` and `report`: the runs, also while one goes on, and the daily check."""

from __future__ import annotations

from typing import Annotated

import typer

from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import JsonOption, PairOption, SinceOption, SpecsOption, VerboseOption
from syncengine.model.run import left_to_do

RunArgument = Annotated[
    str | None,
    typer.Argument(metavar="[RUN]", help="A run, or the beginning of its id.", show_default=False),
]


def runs(pair: PairOption, run: RunArgument = None, json: JsonOption = False, verbose: VerboseOption = 0) -> int:
    """List the runs that are kept, or show one: its steps, what they deleted and inserted, and how it ended.

    Exit codes: 0 done, 1 the staging folder cannot be read, 2 no such run.
    """
    from syncengine.app import open_pair
    from syncengine.cli.terminal import out
    from syncengine.report.plain import as_text
    from syncengine.report.run_json import run_document, runs_document
    from syncengine.report.run_text import print_run, print_runs

    opened = open_pair(pair)
    known = opened.runs()
    if run is not None:
        found = opened.run(run)
        if json:
            typer.echo(as_text(run_document(found)))
        else:
            print_run(out(), found, known, str(pair), every_batch=bool(verbose))
    elif json:
        typer.echo(as_text(runs_document(known, opened.ledger.holder())))
    else:
        print_runs(out(), known)
    return ExitCode.DONE


def status(
    pair: PairOption,
    since: SinceOption = None,
    ledger: Annotated[
        bool, typer.Option("--ledger", help="Look at the runs only; ask no server, as while one of them goes on.")
    ] = False,
    json: JsonOption = False,
    specs: SpecsOption = None,
) -> int:
    """Check a pair day by day: what goes on, what was left half done, and how both servers are since yesterday.

    Links, archives, holes that no diary explains, full tables, drift, and on which server to work. While a run
    writes, the servers are not asked. Reads only.

    Exit codes: 0 all is in order, 1 a server failed, 5 a run was cut short or partly done and can be resumed,
    3 something has to be looked at, 2 bad input.
    """
    from syncengine.app import open_pair
    from syncengine.cli.terminal import out, progress
    from syncengine.report.daily import daily_document, print_daily
    from syncengine.report.plain import as_text
    from syncengine.report.run_json import runs_document
    from syncengine.report.run_text import print_status

    opened = open_pair(pair, specs=tuple(specs or ()), progress=progress())
    known, holder = opened.runs(), opened.ledger.holder()
    daily = None if ledger or holder else opened.daily(since=since)
    if json:
        document = {**runs_document(known, holder), "daily": daily_document(daily) if daily else None}
        typer.echo(as_text(document))
    else:
        print_status(out(), known, holder, str(pair))
        if daily is not None:
            out().print()
            print_daily(out(), daily, str(pair))
    if daily is not None and daily.failed:
        return ExitCode.ERROR
    if left_to_do(known):
        return ExitCode.PARTLY
    return ExitCode.DONE if daily is None or daily.in_order else ExitCode.DRIFT


def report(pair: PairOption, run: RunArgument = None, json: JsonOption = False, verbose: VerboseOption = 0) -> int:
    """Tell of a run in full: what it was asked for, its plan, what was left and why, and what became of each step.

    Without RUN the last one. It can be asked for while the run goes on.

    Exit codes: 0 done, 1 the staging folder cannot be read, 2 no such run.
    """
    from syncengine.app import open_pair
    from syncengine.cli.terminal import out
    from syncengine.report.plain import as_text
    from syncengine.report.plan_json import plan_summary
    from syncengine.report.plan_text import print_plan
    from syncengine.report.run_json import run_document
    from syncengine.report.run_text import print_run

    opened = open_pair(pair)
    found = opened.run(run)
    plans = opened.plans(found)
    if json:
        typer.echo(as_text({**run_document(found), "plans": [plan_summary(plan) for plan in plans]}))
        return ExitCode.DONE
    console = out()
    for plan in plans:
        print_plan(console, plan, every_table=bool(verbose))
        console.print()
    print_run(console, found, opened.runs(), str(pair), every_batch=bool(verbose))
    return ExitCode.DONE
