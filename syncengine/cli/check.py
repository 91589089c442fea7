"""`syncengine check`: what the two servers are, and whether they are set up alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import Output, PairOption, SpecsOption
from syncengine.cli.streams import print_document


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """The options of `syncengine check`."""

    pair: PairOption
    scratch: Annotated[
        bool,
        typer.Option(
            "--scratch",
            help="Try what each server does with every kind of value, in a table that is made and dropped.",
        ),
    ] = False
    specs: SpecsOption = ()
    output: Output


def check(options: CheckOptions) -> int:
    """Show whether both servers are set up alike. Reads only, except with --scratch.

    Run it first on a new pair, and add its output to a bug report. It shows no secret. If one server cannot be opened,
    that is reported, and the other one is checked all the same.

    Exit codes: 0 nothing must be repaired, 3 something must be, or a case failed in a scratch table, 1 a server failed,
    2 bad input.
    """
    from syncengine import open_pair
    from syncengine.cli.terminal import out, progress
    from syncengine.report.check_json import check_document
    from syncengine.report.check_text import print_check

    pair_check = open_pair(options.pair, specs=options.specs, progress=progress()).check(scratch=options.scratch)
    if options.output.json:
        print_document(check_document(pair_check))
    else:
        print_check(out(), pair_check, str(options.pair), everything=bool(options.output.verbose))
    if pair_check.problems:
        return ExitCode.ERROR
    return ExitCode.DONE if pair_check.alike else ExitCode.DRIFT
