"""`syncengine resume`: go on with a run."""

from __future__ import annotations

from dataclasses import dataclass

from syncengine.cli.options import AllowedSideEffects, Output, PairOption, RunArgument
from syncengine.cli.run_flow import execute_and_report


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeOptions:
    """What can be typed after `syncengine resume`."""

    pair: PairOption
    run: RunArgument = None
    allowed_side_effects: AllowedSideEffects
    output: Output


def resume(options: ResumeOptions) -> int:
    """Go on with a run that was cut short or partly done. It is the last one, or RUN.

    What became of a step that was open is found out first. Nothing staged is read from the source again, nothing done
    is done again; a step whose rows have changed since is left. What was allowed when the run was begun still is; a
    trigger or a reference that has come since at a table that is left to be written has to be allowed.

    Exit codes: 0 done and in sync, 3 drift remains, 4 refused by a rule, 5 partly done, or a session of the run may
    still live in a server, 1 a server failed, or the run is damaged, 2 no such run, or nothing to go on with, 130
    stopped.
    """
    from syncengine import open_pair
    from syncengine.cli.terminal import progress

    opened = open_pair(options.pair, progress=progress())
    return execute_and_report(
        lambda: opened.resume(options.run, **options.allowed_side_effects), options.pair, options.output
    )
