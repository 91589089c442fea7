"""`syncengine verify`: say what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import (
    AcdsOption,
    JsonOption,
    PairOption,
    SetsOption,
    SpecsOption,
    TablesOption,
    VerboseOption,
    WindowOption,
)
from syncengine.model.pair import Role
from syncengine.model.spec import Kept
from syncengine.model.window import Window
from syncengine.model.window_text import typed_window

if TYPE_CHECKING:
    from syncengine.model.drift import Observation


def verify(
    pair: PairOption,
    table: TablesOption = None,
    set_: SetsOption = None,
    acd: AcdsOption = None,
    window: WindowOption = None,
    from_: Annotated[
        Role, typer.Option("--from", help="The server that is taken as the source: rows only it holds are missing.")
    ] = Role.PRIMARY,
    full: Annotated[
        bool, typer.Option("--full", help="Compare every row; trust neither fingerprints nor what is remembered.")
    ] = False,
    json: JsonOption = False,
    specs: SpecsOption = None,
    verbose: VerboseOption = 0,
) -> int:
    """Say what differs between the two servers. Reads only.

    Without --table or --set everything but local administration is compared; without --window,
    everything that both servers hold and have archived. Days that an earlier verify found equal and nothing
    has touched since are not all read again; the verdict says how many.

    Exit codes: 0 in sync, 3 drift found, 1 a server failed, 2 bad input.
    """
    from syncengine.app import open_pair
    from syncengine.cli.terminal import out, progress
    from syncengine.report.plain import as_text
    from syncengine.report.verify_json import verify_document
    from syncengine.report.verify_text import print_verdict

    opened = open_pair(pair, specs=tuple(specs or ()), progress=progress())
    observation = opened.verify(
        tables=tuple(table or ()),
        sets=tuple(set_ or ()),
        acds=tuple(acd or ()),
        window=window,
        source=from_.value,
        every_row=full,
    )
    if json:
        typer.echo(as_text(verify_document(observation)))
    else:
        named = [f"--table {name}" for name in table or []] + [f"--set {name}" for name in set_ or []]
        options = mending(observation, named)
        command = " ".join(["syncengine resync --pair", str(pair), *options, "--dry-run"]) if options else ""
        print_verdict(out(), observation, every_table=bool(verbose), next_command=command)
    return ExitCode.DONE if observation.in_sync else ExitCode.DRIFT


def mending(observation: Observation, named: list[str]) -> list[str]:
    """Return the options of the resync that would mend what was found; `named` are the tables asked for."""
    from syncengine.model.spans import joined, span_of

    differing = [table for table in observation.tables if table.differing and table.spec.kept is Kept.COPYING]
    if not differing:
        return []
    timed = [table for table in differing if table.spec.time is not None]
    words = list(named)
    if not named:
        words += ["--set history"] if timed else []
        words += [f"--table {table.spec.name}" for table in differing if table.spec.time is None]
    spans = joined(
        span
        for table in timed
        for drift in table.differing
        if (span := span_of(drift.bucket, table.spec, observation)) is not None
    )
    if spans:
        words.insert(0, f"--window '{typed_window(Window(spans[0].start, spans[-1].stop))}'")
    words += [f"--acd {number}" for number in observation.acds]
    return [*words, "--from secondary"] if observation.source is Role.SECONDARY else words
