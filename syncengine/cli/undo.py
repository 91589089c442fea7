"""`syncengine undo`: undo a run."""

from __future__ import annotations

from dataclasses import dataclass

from syncengine.cli.options import AllowedSideEffects, Consent, Output, PairOption, RunArgument
from syncengine.cli.plan_flow import confirm_and_execute, open_for_writing


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoOptions:
    """The options of `syncengine undo`."""

    pair: PairOption
    run: RunArgument = None
    consent: Consent
    allowed_side_effects: AllowedSideEffects
    output: Output


def undo(options: UndoOptions) -> int:
    """Undo a run: its rows become exactly as before. Without RUN the last one.

    Buckets that were changed by somebody else or written by a later run since are skipped and named; so are rows
    older than the server's storage allocation. Side effects of triggers and cascading references are named, and not
    undone. An undo is itself a run, and can be undone.

    Exit codes: 0 all undone, 5 partly undone, 3 something can be undone (with --dry-run), 4 nothing can be undone, 1 a
    server failed, or the run is damaged, 2 no such run, or it has written nothing, 130 stopped.
    """
    opened = open_for_writing(options)
    plan = opened.plan_undo(options.run, dry_run=options.consent.dry_run, **options.allowed_side_effects)
    return confirm_and_execute(opened, plan, options)
