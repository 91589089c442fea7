"""`syncengine verify`: say what differs."""

from __future__ import annotations

from typing import Annotated

import typer

from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import (
    AcdsOption,
    ExcludedOption,
    JsonOption,
    PairOption,
    SetsOption,
    SpecsOption,
    TablesOption,
    VerboseOption,
    WindowOption,
)
from syncengine.cli.streams import print_document
from syncengine.model.errors import InputError
from syncengine.model.pair import Role


def verify(
    pair: PairOption,
    table: TablesOption = None,
    set_: SetsOption = None,
    acd: AcdsOption = None,
    window: WindowOption = None,
    exclude_table: ExcludedOption = None,
    from_: Annotated[
        Role | None,
        typer.Option(
            "--from",
            help="The server that is taken as the source: rows only it holds are missing. [default: primary]",
        ),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Compare every row; trust neither fingerprints nor what is remembered.")
    ] = False,
    internal: Annotated[
        bool,
        typer.Option(
            "--internal",
            help="Hold each server's days, weeks and months against its own intervals instead of the other server's.",
        ),
    ] = False,
    on: Annotated[
        Role | None, typer.Option("--on", help="With --internal: look at this server only.", show_default=False)
    ] = None,
    json: JsonOption = False,
    specs: SpecsOption = None,
    verbose: VerboseOption = 0,
) -> int:
    """Say what differs between the two servers. Reads only.

    Without --table or --set everything but local administration is compared; without --window,
    everything that both servers hold and have archived. Days that an earlier verify found equal and nothing
    has touched since are not all read again; the verdict says how many.

    With --internal each server is looked at by itself: a daily, weekly or monthly row must be what its own
    intervals add up to, as far back as those are held. That finds what was repaired and never summarised anew.

    A table that cannot be compared does not end the others: it is named with the reason, and the exit code is 1.

    Exit codes: 0 in sync, 3 drift found, 1 a server failed or a table could not be compared, 2 bad input.
    """
    from syncengine.app import open_pair
    from syncengine.cli.terminal import out, progress
    from syncengine.report.checklist import NOTHING_SEEN, left_in_short, left_lines
    from syncengine.report.repair_commands import BY_HAND_TOO, copying_by_hand, repairing
    from syncengine.report.verify_json import verify_document
    from syncengine.report.verify_text import print_verdict

    if internal and (full or from_):
        raise InputError(
            "--internal looks at each server by itself, and at every row.", hint="Leave --full and --from out."
        )
    if on is not None and not internal:
        raise InputError("--on names one server, and two are compared.", hint="Add --internal, or leave --on out.")
    opened = open_pair(pair, specs=tuple(specs or ()), progress=progress())
    if internal:
        from syncengine.report.rollups import internal_document, print_internal

        found = opened.verify_internal(
            tables=tuple(table or ()),
            sets=tuple(set_ or ()),
            exclude=tuple(exclude_table or ()),
            acds=tuple(acd or ()),
            window=window,
            on=on,
        )
        if json:
            print_document(internal_document(found))
        else:
            print_internal(out(), found, every_table=bool(verbose))
        if found.not_compared:
            return ExitCode.ERROR
        return ExitCode.DONE if found.agrees else ExitCode.DRIFT
    observation = opened.verify(
        tables=tuple(table or ()),
        sets=tuple(set_ or ()),
        exclude=tuple(exclude_table or ()),
        acds=tuple(acd or ()),
        window=window,
        source=(from_ or Role.PRIMARY).value,
        every_row=full,
    )
    if json:
        print_document(verify_document(observation))
    else:
        commands = repairing(observation, opened.catalogue, tuple(table or ()), tuple(set_ or ()), str(pair))
        console, told = out(), left_in_short(observation.by_hand, NOTHING_SEEN)
        manual = tuple(f"{BY_HAND_TOO}: {one}" for one in copying_by_hand(observation, str(pair)))
        print_verdict(
            console, observation, every_table=bool(verbose), next_commands=commands, then=manual, by_hand=told
        )
        for line in left_lines([(line, "") for line in observation.by_hand]):
            console.print(line)
    if observation.not_compared:
        return ExitCode.ERROR
    return ExitCode.DONE if observation.in_sync else ExitCode.DRIFT
