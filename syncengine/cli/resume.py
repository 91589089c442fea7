"""`syncengine resume`: resume a run."""

from __future__ import annotations

from dataclasses import dataclass

from syncengine.cli.options import AllowedSideEffects, Output, PairOption, RunArgument
from syncengine.cli.run_flow import execute_and_report


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeOptions:
    """The options of `syncengine resume`."""

    pair: PairOption
    run: RunArgument = None
    allowed_side_effects: AllowedSideEffects
    output: Output


def resume(options: ResumeOptions) -> int:
    """Resume a run that was cut short or partly done. Without RUN the last one.

    It first finds out whether an open step was written. Nothing staged is read from the source again, and nothing done
    is done again; a step whose rows have changed since planning is skipped. Side effects allowed when the run was begun
    are still allowed; a trigger or a reference added since then must be allowed now.

    Exit codes: 0 done and in sync, 3 drift remains, 4 refused by a rule, 5 partly done, or a session of the run may
    still be alive in a server, 1 a server failed, or the run is damaged, 2 no such run, or nothing to resume, 130
    stopped.
    """
    from syncengine import open_pair
    from syncengine.cli.terminal import progress

    opened = open_pair(options.pair, progress=progress())
    return execute_and_report(
        lambda: opened.resume(options.run, **options.allowed_side_effects), options.pair, options.output
    )
