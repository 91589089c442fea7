"""`syncengine outages`: when which server was blind, what it cost, and what repairs it."""

from __future__ import annotations

from collections.abc import Iterable

from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import (
    AcdsOption,
    ExcludedOption,
    JsonOption,
    PairOption,
    SinceOption,
    SpecsOption,
    VerboseOption,
)
from syncengine.cli.streams import print_document


def outages(
    pair: PairOption,
    since: SinceOption = None,
    acd: AcdsOption = None,
    exclude_table: ExcludedOption = None,
    json: JsonOption = False,
    specs: SpecsOption = None,
    verbose: VerboseOption = 0,
) -> int:
    """Say when which server was blind, why, what it cost, and the command that repairs it. Reads only.

    It reads both servers' diaries of their links, intervals without rows and intervals marked incomplete, and
    compares what lies in them, up to this moment. `syncengine resync --outages` repairs all of them, each from the
    server that saw it.

    Exit codes: 0 nothing that can be repaired, 3 something can, or is not archived or decided yet, or nobody knows
    what a server saw, 1 a server failed or a table could not be compared, 2 bad input.
    """
    from syncengine.app import open_pair
    from syncengine.cli.terminal import out, progress
    from syncengine.report.outages import Asking, outages_document, print_outages

    opened = open_pair(pair, specs=tuple(specs or ()), progress=progress())
    report = opened.outages(since=since, acds=tuple(acd or ()), exclude=tuple(exclude_table or ()))
    asked = Asking(
        _each("--since", (since,) if since else ()),
        _each("--acd", acd or ()),
        (*_each("--exclude-table", exclude_table or ()), *_each("--specs", specs or ())),
    )
    if json:
        print_document(outages_document(report, str(pair), asked))
    else:
        print_outages(out(), report, str(pair), asked, every_one=bool(verbose))
    if report.not_compared:
        return ExitCode.ERROR
    return ExitCode.DRIFT if report.unsettled else ExitCode.DONE


def _each(option: str, values: Iterable[object]) -> tuple[str, ...]:
    """Return an option as it was typed, once for each value."""
    return tuple(word for value in values for word in (option, str(value)))
