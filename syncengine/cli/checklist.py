"""`syncengine checklist`: the guide's procedures, line by line, filled in from the pair."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import Output, SpecsOption, since_option, value_option
from syncengine.cli.streams import print_document
from syncengine.model.errors import InputError

if TYPE_CHECKING:
    from syncengine.model.filled_checklist import FilledChecklist


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistOptions:
    """The options of `syncengine checklist`."""

    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The checklist; without a name they are listed.")
    ] = None
    pair: Annotated[
        Path | None,
        value_option(
            "--pair",
            "FILE",
            "The file that describes the pair; the lines are filled in from it. Without it: the bare list.",
        ),
    ] = None
    tick: Annotated[tuple[int, ...], value_option("--tick", "N", "Mark line N as done; repeat it for more.")] = ()
    untick: Annotated[tuple[int, ...], value_option("--untick", "N", "Mark line N as not done.")] = ()
    do: Annotated[
        tuple[int, ...], value_option("--do", "N", "Run the hook of line N, and tick the line if it ends with 0.")
    ] = ()
    at: Annotated[
        str | None, value_option("--at", "TIME", "When the ticked line was done: '2000-06-05 05:13'. [default: now]")
    ] = None
    way: Annotated[
        str | None, value_option("--way", "WAY", "Choose another way than the first, where there are several.")
    ] = None
    anew: Annotated[
        bool,
        typer.Option("--anew", help="Begin, or begin again: nothing is ticked, and nothing from before now counts."),
    ] = False
    since: Annotated[str | None, since_option("its beginning")] = None
    specs: SpecsOption = ()
    output: Output

    @property
    def needs_pair(self) -> bool:
        """Return whether an option needs a pair."""
        return bool(self.tick or self.untick or self.do or self.at or self.anew or self.since)


def checklist(options: ChecklistOptions) -> int:
    """Follow one of the guide's procedures line by line. It shows what is done, how that is known, and what is next.

    With --pair the lines are filled in from both servers; the rest is done by hand or by hooks, and ticked. Progress is
    saved in the staging folder, from the first --anew, --tick or --do on. Only what happened since then counts, or
    since --since. Nothing is written to a server, except by hooks that --do runs.

    Exit codes: 0 all lines are done (or the bare list), 3 lines are open, the pair contradicts a tick, or the list is
    of another day, 1 a hook failed or the staging folder cannot be used, 2 bad input, 4 a run is writing, so nothing is
    saved.
    """
    from syncengine import bare_checklist, open_pair, open_procedures
    from syncengine.cli.terminal import out, progress
    from syncengine.report.filled_checklist import print_procedures

    if options.name is None:
        if options.needs_pair or options.way or options.pair:
            names = ", ".join(procedure.name for procedure in open_procedures())
            raise InputError("checklist needs a name.", hint=f"Name one of {names}.")
        print_procedures(out(), open_procedures())
        return ExitCode.DONE
    if options.pair is None:
        if options.needs_pair:
            raise InputError(
                "--tick, --untick, --do, --at, --anew and --since require --pair.", hint="Add --pair FILE."
            )
        _print(bare_checklist(options.name, way=options.way or ""), "", options.output)
        return ExitCode.DONE
    if options.at and not (options.tick or options.do):
        raise InputError("--at requires --tick or --do.", hint="Add --tick N.")
    filled = open_pair(options.pair, specs=options.specs, progress=progress()).checklist(
        options.name,
        tick=options.tick,
        untick=options.untick,
        do=options.do,
        at=options.at,
        anew=options.anew,
        since=options.since,
        way=options.way or "",
    )
    _print(filled, str(options.pair), options.output)
    return ExitCode.DONE if filled.finished else ExitCode.DRIFT


def _print(filled: FilledChecklist, pair: str, output: Output) -> None:
    from syncengine.cli.terminal import out
    from syncengine.report.filled_checklist import checklist_document, print_checklist

    if output.json:
        print_document(checklist_document(filled, pair))
    else:
        print_checklist(out(), filled, pair, reasons=bool(output.verbose))
