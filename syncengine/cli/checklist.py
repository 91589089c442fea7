"""`syncengine checklist`: the guide's procedures, line by line, filled in from what the pair shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import JsonOption, SinceOption, SpecsOption, VerboseOption
from syncengine.cli.streams import print_document
from syncengine.model.errors import InputError

if TYPE_CHECKING:
    from syncengine.model.filled_checklist import FilledChecklist


def checklist(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The checklist; without a name they are listed.")
    ] = None,
    pair: Annotated[
        Path | None,
        typer.Option(
            "--pair",
            metavar="FILE",
            help="The file that describes the pair, from which the lines are filled in; without it the bare list.",
            show_default=False,
        ),
    ] = None,
    tick: Annotated[
        list[int] | None,
        typer.Option("--tick", metavar="N", help="Line N is done; repeat it for more.", show_default=False),
    ] = None,
    untick: Annotated[
        list[int] | None,
        typer.Option("--untick", metavar="N", help="Line N is not done after all.", show_default=False),
    ] = None,
    do: Annotated[
        list[int] | None,
        typer.Option(
            "--do",
            metavar="N",
            help="Have the hook of line N do it, and tick it if that ends with 0.",
            show_default=False,
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="TIME",
            help="When what is ticked was done: '2000-06-05 05:13'. [default: now]",
            show_default=False,
        ),
    ] = None,
    way: Annotated[
        str | None,
        typer.Option(
            "--way", metavar="WAY", help="Go another way than the first, where there are several.", show_default=False
        ),
    ] = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="Begin, or begin again: nothing is ticked, and only what comes now counts.")
    ] = False,
    since: SinceOption = None,
    json: JsonOption = False,
    specs: SpecsOption = None,
    verbose: VerboseOption = 0,
) -> int:
    """Follow one of the guide's procedures line by line: what is done, and how that was seen, and what comes next.

    With --pair the lines are filled in from what both servers show; the rest is done by hand or by hooks, and ticked.
    How far it is stays in the staging folder, from the first --anew, --tick or --do on. Only what happened since then
    counts, or since --since. No server is written to, but by hooks that --do runs.

    Exit codes: 0 all lines are done (or the bare list), 3 lines are left, the pair shows otherwise than is ticked, or
    the list is of another day, 1 a hook failed or the staging folder cannot be used, 2 bad input, 4 a run is writing,
    so that nothing is kept.
    """
    from syncengine.app import open_pair
    from syncengine.catalogue.procedure_file import procedure_names, read_procedure
    from syncengine.cli.terminal import out, progress
    from syncengine.planning.filling import bare
    from syncengine.report.filled_checklist import print_procedures

    asked = bool(tick or untick or do or at or anew or since)
    if name is None:
        if asked or way or pair:
            raise InputError("Which checklist?", hint=f"Name one of {', '.join(procedure_names())}.")
        print_procedures(out(), [read_procedure(one) for one in procedure_names()])
        return ExitCode.DONE
    if pair is None:
        if asked:
            raise InputError("What is ticked, done or looked at belongs to a pair.", hint="Add --pair FILE.")
        _print(bare(read_procedure(name), way or ""), "", json=json, verbose=verbose)
        return ExitCode.DONE
    if at and not (tick or do):
        raise InputError("--at says when a line was done, and none is ticked.", hint="Add --tick N.")
    opened = open_pair(pair, specs=tuple(specs or ()), progress=progress())
    found = opened.checklist(
        name,
        tick=tuple(tick or ()),
        untick=tuple(untick or ()),
        do=tuple(do or ()),
        at=at,
        anew=anew,
        since=since,
        way=way or "",
    )
    _print(found, str(pair), json=json, verbose=verbose)
    return ExitCode.DONE if found.finished else ExitCode.DRIFT


def _print(found: FilledChecklist, pair: str, *, json: bool, verbose: int) -> None:
    from syncengine.cli.terminal import out
    from syncengine.report.filled_checklist import checklist_document, print_checklist

    if json:
        print_document(checklist_document(found, pair))
    else:
        print_checklist(out(), found, pair, reasons=bool(verbose))
