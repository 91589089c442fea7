"""`syncengine resume`: go on with a run."""

from __future__ import annotations

from syncengine.cli.options import CascadesOption, JsonOption, PairOption, TriggersOption, VerboseOption
from syncengine.cli.run_flow import told
from syncengine.cli.runs import RunArgument


def resume(
    pair: PairOption,
    run: RunArgument = None,
    allow_triggers: TriggersOption = None,
    allow_cascades: CascadesOption = None,
    json: JsonOption = False,
    verbose: VerboseOption = 0,
) -> int:
    """Go on with a run that was cut short or partly done: the last one, or RUN.

    What became of a step that was open is found out first. Nothing staged is read from the source again, nothing done
    is done again; a step whose rows have changed since is left. What was allowed when the run was begun still is; a
    trigger or a reference that has come since at a table that is left to be written has to be allowed.

    Exit codes: 0 done and in sync, 3 drift remains, 4 refused by a rule, 5 partly done, or a session of the run may
    still live in a server, 1 a server failed, or the run is damaged, 2 no such run, or nothing to go on with, 130
    stopped.
    """
    from syncengine.app import open_pair
    from syncengine.cli.terminal import progress

    opened = open_pair(pair, progress=progress())
    at, of = tuple(allow_triggers or ()), tuple(allow_cascades or ())
    return told(lambda: opened.resume(run, allow_triggers=at, allow_cascades=of), pair, json=json, verbose=verbose)
