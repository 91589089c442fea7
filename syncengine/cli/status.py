"""`syncengine status`: the daily check of a pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import PairOption, ShortOutput, SpecsOption, since_option
from syncengine.cli.streams import print_document
from syncengine.model.run import RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusOptions:
    """The options of `syncengine status`."""

    pair: PairOption
    since: Annotated[str | None, since_option("the beginning of yesterday")] = None
    ledger: Annotated[
        bool, typer.Option("--ledger", help="Show the runs only, and query no server, as while a run is writing.")
    ] = False
    specs: SpecsOption = ()
    output: ShortOutput


def status(options: StatusOptions) -> int:
    """Check a pair day by day. It shows what runs now, which runs are not finished, and both servers since yesterday.

    It checks links, archives, gaps that no diary explains, full tables and drift, and says on which server to work.
    While a run writes, the servers are not queried. Reads only.

    Exit codes: 0 all is in order, 1 a server failed, 5 a run was cut short or partly done and can be resumed,
    3 something needs attention, for example a damaged run, 2 bad input.
    """
    from syncengine import open_pair
    from syncengine.cli.terminal import out, progress
    from syncengine.report.daily_check import daily_document, print_daily
    from syncengine.report.run_json import runs_document
    from syncengine.report.run_text import print_status

    opened = open_pair(options.pair, specs=options.specs, progress=progress())
    pair_status = opened.status(since=options.since, ask_servers=not options.ledger)
    daily = pair_status.daily
    if options.output.json:
        daily_part = daily_document(daily, str(options.pair)) if daily else None
        print_document({**runs_document(pair_status), "daily": daily_part})
    else:
        print_status(out(), pair_status, str(options.pair))
        if daily is not None:
            out().print()
            print_daily(out(), daily, str(options.pair))
    if daily is not None and daily.failed:
        return ExitCode.ERROR
    if pair_status.resumable_runs or pair_status.in_single_user_mode:
        return ExitCode.PARTLY
    if any(run.state is RunState.DAMAGED or run.lost_journals for run in pair_status.runs):
        return ExitCode.DRIFT
    return ExitCode.DONE if daily is None or daily.healthy else ExitCode.DRIFT
