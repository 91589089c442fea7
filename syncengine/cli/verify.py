"""`syncengine verify`: compare both servers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import Output, PairOption, SpecsOption, TableOptions, WindowOption
from syncengine.cli.streams import print_document
from syncengine.model.errors import InputError
from syncengine.model.pair import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOptions:
    """The options of `syncengine verify`."""

    pair: PairOption
    window: WindowOption = None
    table_options: TableOptions
    source: Annotated[
        Role | None,
        typer.Option(
            "--from",
            help="The source: rows that only it has are missing on the other server. [default: primary]",
        ),
    ] = None
    full: Annotated[
        bool, typer.Option("--full", help="Compare every row; use neither fingerprints nor remembered days.")
    ] = False
    internal: Annotated[
        bool,
        typer.Option(
            "--internal",
            help="Compare each server's days, weeks and months with its own intervals, not with the other server.",
        ),
    ] = False
    on: Annotated[
        Role | None, typer.Option("--on", help="With --internal: check this server only.", show_default=False)
    ] = None
    specs: SpecsOption = ()
    output: Output


def verify(options: VerifyOptions) -> int:
    """Compare the two servers and show what differs. Reads only.

    Without --table or --set it compares everything except local administration; without --window,
    everything that both servers have and have archived. Days that an earlier verify found equal and that have not
    changed since are not all read again; the verdict says how many.

    With --internal each server is checked by itself: a daily, weekly or monthly row must be the sum of its own
    intervals, as far back as these are stored. That finds days that were repaired and not summarised again.

    A table that cannot be compared does not stop the others: it is named with the reason, and the exit code is 1.

    Exit codes: 0 in sync, 3 drift found, 1 a server failed or a table could not be compared, 2 bad input.
    """
    from syncengine import open_pair
    from syncengine.cli.terminal import out, progress
    from syncengine.report.checklist import NOTHING_IN_TABLES, remaining_in_short, remaining_lines
    from syncengine.report.repair_commands import COPY_BY_HAND_TABLES, copying_by_hand, repair_commands
    from syncengine.report.text import next_steps, print_lines
    from syncengine.report.verify_json import verify_document
    from syncengine.report.verify_text import print_verdict

    if options.internal and (options.full or options.source):
        raise InputError("--internal checks each server by itself, and every row.", hint="Leave --full and --from out.")
    if options.on is not None and not options.internal:
        raise InputError("--on requires --internal.", hint="Add --internal, or leave --on out.")
    opened = open_pair(options.pair, specs=options.specs, progress=progress())
    if options.internal:
        from syncengine.report.rollups import internal_document, print_internal

        verdict = opened.verify_internal(**options.table_options, window=options.window, on=options.on)
        if options.output.json:
            print_document(internal_document(verdict))
        else:
            print_internal(out(), verdict, every_table=bool(options.output.verbose))
        if verdict.not_compared:
            return ExitCode.ERROR
        return ExitCode.DONE if verdict.agrees else ExitCode.DRIFT
    observation = opened.verify(
        **options.table_options, window=options.window, source=options.source or Role.PRIMARY, every_row=options.full
    )
    if options.output.json:
        print_document(verify_document(observation))
    else:
        pair, table_options = str(options.pair), options.table_options
        commands = repair_commands(observation, opened.catalogue, table_options["tables"], table_options["sets"], pair)
        console, by_hand = out(), remaining_in_short(observation.by_hand, NOTHING_IN_TABLES)
        manual = tuple(next_steps(COPY_BY_HAND_TABLES, list(copying_by_hand(observation, pair))))
        print_verdict(
            console,
            observation,
            every_table=bool(options.output.verbose),
            next_commands=commands,
            next_lines=manual,
            by_hand=by_hand,
        )
        print_lines(console, remaining_lines([(line, "") for line in observation.by_hand]))
    if observation.not_compared:
        return ExitCode.ERROR
    return ExitCode.DONE if observation.in_sync else ExitCode.DRIFT
