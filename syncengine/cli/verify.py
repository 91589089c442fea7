"""`syncengine verify`: say what differs."""

from __future__ import annotations

from typing import Annotated

import typer

from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import (
    AcdsOption,
    JsonOption,
    PairOption,
    SetsOption,
    Side,
    SpecsOption,
    TablesOption,
    VerboseOption,
    WindowOption,
)


def verify(
    pair: PairOption,
    table: TablesOption = None,
    set_: SetsOption = None,
    acd: AcdsOption = None,
    window: WindowOption = None,
    from_: Annotated[
        Side, typer.Option("--from", help="The server that is taken as the source: rows only it holds are missing.")
    ] = Side.PRIMARY,
    full: Annotated[bool, typer.Option("--full", help="Compare every row; trust no fingerprint.")] = False,
    json: JsonOption = False,
    specs: SpecsOption = None,
    verbose: VerboseOption = 0,
) -> int:
    """Say what differs between the two servers. Reads only.

    Without --table or --set everything but local administration is compared; without --window,
    everything that both servers hold and have archived.

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
        command = next_command(str(pair), window, table or [], set_ or [], acd or [], from_)
        print_verdict(out(), observation, every_table=bool(verbose), next_command=command)
    return ExitCode.DONE if observation.in_sync else ExitCode.DRIFT


def next_command(
    pair: str, window: str | None, tables: list[str], sets: list[str], acds: list[int], from_: Side
) -> str:
    """Return the resync that would mend what was found."""
    words = ["syncengine resync --pair", pair, "--window", f"'{window}'" if window else "'WHEN IT WAS'"]
    words += [f"--table {name}" for name in tables] + [f"--set {name}" for name in sets]
    words += [f"--acd {number}" for number in acds]
    words += ["--from secondary"] if from_ is Side.SECONDARY else []
    return " ".join([*words, "--dry-run"])
