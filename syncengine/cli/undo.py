"""`syncengine undo`: put back what a run has changed."""

from __future__ import annotations

from dataclasses import dataclass

from syncengine.cli.options import AllowedSideEffects, Consent, Output, PairOption, RunArgument
from syncengine.cli.plan_flow import confirm_and_execute, open_for_writing


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoOptions:
    """What can be typed after `syncengine undo`."""

    pair: PairOption
    run: RunArgument = None
    consent: Consent
    allowed_side_effects: AllowedSideEffects
    output: Output


def undo(options: UndoOptions) -> int:
    """Put back the rows a run has deleted or changed. They are exactly as before; the run is the last one, or RUN.

    Buckets that somebody else has changed, or a later run has written since, are left and named; so are rows that
    the server no longer keeps. What triggers and cascading references did beside the rows of the run is named, and
    not put back. An undo is itself a run, and can be undone.

    Exit codes: 0 all of it is as before, 5 some of it is, 3 something is to be put back (with --dry-run), 4 none of it
    can be, 1 a server failed, or the run is damaged, 2 no such run, or it has written nothing, 130 stopped.
    """
    opened = open_for_writing(options)
    plan = opened.plan_undo(options.run, dry_run=options.consent.dry_run, **options.allowed_side_effects)
    return confirm_and_execute(opened, plan, options)
