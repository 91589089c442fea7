"""`syncengine outages`: when a server missed data, the cost, and the command that repairs it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import AcdsOption, ExcludeOption, Output, PairOption, SpecsOption, since_option
from syncengine.cli.streams import print_document


@dataclass(frozen=True, slots=True, kw_only=True)
class OutagesOptions:
    """The options of `syncengine outages`."""

    pair: PairOption
    since: Annotated[str | None, since_option("as far as intervals are stored")] = None
    acds: AcdsOption = ()
    exclude: ExcludeOption = ()
    specs: SpecsOption = ()
    output: Output


def outages(options: OutagesOptions) -> int:
    """List outages, and the commands that repair them. An outage is a time when a server missed data of an ACD.

    It reads both servers' diaries of their links, intervals without rows and intervals marked incomplete, and
    compares the rows of these times, up to now. It reads only. `syncengine resync --outages` repairs all outages,
    each from the server that recorded it.

    Exit codes: 0 nothing to repair, 3 something can be repaired, is not archived or decided yet, or it is not known
    what a server recorded, 1 a server failed or a table could not be compared, 2 bad input.
    """
    from syncengine import open_pair
    from syncengine.cli.terminal import out, progress
    from syncengine.report.outages import OutageCommand, outages_document, print_outages

    opened = open_pair(options.pair, specs=options.specs, progress=progress())
    report = opened.outages(since=options.since, acds=options.acds, exclude=options.exclude)
    typed = OutageCommand(
        _each("--since", (options.since,) if options.since else ()),
        _each("--acd", options.acds),
        (*_each("--exclude-table", options.exclude), *_each("--specs", options.specs)),
    )
    if options.output.json:
        print_document(outages_document(report, str(options.pair), typed))
    else:
        print_outages(out(), report, str(options.pair), typed, every_one=bool(options.output.verbose))
    if report.not_compared:
        return ExitCode.ERROR
    return ExitCode.DRIFT if report.unsettled else ExitCode.DONE


def _each(option: str, values: Iterable[object]) -> tuple[str, ...]:
    """Return an option as it was typed, once for each value."""
    return tuple(word for value in values for word in (option, str(value)))
