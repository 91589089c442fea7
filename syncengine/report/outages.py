"""Outages for people and as JSON: when a server missed calls, why, what it cost, and what repairs it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

from syncengine.model.facts import Outage
from syncengine.model.names import command
from syncengine.model.outages import (
    REASON_UNKNOWN,
    REASONS,
    BlindSide,
    OutageFinding,
    OutageReport,
    Outlook,
    UnknownCoverageReason,
)
from syncengine.model.pair import Role
from syncengine.model.permission import permission_for
from syncengine.model.plan import Plan, SkipReason
from syncengine.model.sentences import listed, plural
from syncengine.model.window_syntax import typed_window
from syncengine.report.json_values import plain, renamed
from syncengine.report.plan_json import plan_summary, skipped_document
from syncengine.report.surroundings import proposed_side_effect_lines
from syncengine.report.text import indented, next_commands, print_lines, unbroken

FORMAT = "syncengine.outages"
VERSION = 2
STYLES = {
    Outlook.REPAIR: "yellow",
    Outlook.WAITING: "yellow",
    Outlook.UNARCHIVED: "red",
    Outlook.REFUSED: "red",
    Outlook.UNDECIDED: "yellow",
    Outlook.NOT_OVER: "yellow",
    Outlook.LOST: "red",
    Outlook.UNKNOWN: "red",
    Outlook.ALIKE: "green",
}
TABLES_SHOWN = 6
MOMENT = "%Y-%m-%d %H:%M"


@dataclass(frozen=True, slots=True)
class OutageCommand:
    """The options of `syncengine outages`, repeated in the commands that its report names."""

    times: tuple[str, ...] = ()
    """The options for times."""
    acds: tuple[str, ...] = ()
    """The options for ACDs."""
    tables: tuple[str, ...] = ()
    """The options for tables and their specs."""

    @property
    def words(self) -> tuple[str, ...]:
        """All of them, each a word of a command."""
        return (*self.times, *self.acds, *self.tables)


def print_outages(
    console: Console,
    report: OutageReport,
    pair: str,
    requested: OutageCommand = OutageCommand(),
    *,
    every_one: bool = False,
) -> None:
    """Print what was found; `every_one` adds outages after which nothing differs, and where a server's rows begin."""
    console.print(Text(f"Outages from {report.window.start:%Y-%m-%d %H:%M} to {report.as_of:%Y-%m-%d %H:%M}", "bold"))
    for note in report.notes:
        console.print(Text(f"Note: {note}.", style="dim"))
    for sentence in report.ongoing:
        console.print(Text(f"Not over: {sentence}.", style="red"))
    shown = [one for one in report.findings if every_one or one.outlook is not Outlook.ALIKE]
    for finding in shown:
        console.print()
        print_lines(console, _finding(finding, pair, report.plan, requested))
    if report.not_compared:
        console.print()
        for table, why in report.not_compared:
            console.print(Text(f"{table} is not compared: {why.rstrip('.')}.", style="red"))
    print_lines(console, _not_covered(report, every_one=every_one))
    console.print()
    console.print(Text(_summary(report), style="bold"))
    print_lines(console, _checked_period(report))
    if len(shown) < len(report.findings):
        console.print(Text("-v also shows the outages after which nothing differs.", style="dim"))
    print_lines(console, proposed_side_effect_lines(report.plan) if report.plan else ())
    print_lines(console, next_commands(_next(report, pair, requested)))


def _not_covered(report: OutageReport, *, every_one: bool) -> Iterator[Text]:
    """Yield the times for which outages cannot be ruled out, and why."""
    # Rows begin somewhere: the time before is named only where it was requested.
    not_covered = [
        one
        for one in report.unknown_coverage
        if every_one or one.open or one.reason is not UnknownCoverageReason.BEGINS_LATER
    ]
    if not_covered:
        yield Text()
    for one in not_covered:
        yield Text(f"{one.message[0].upper()}{one.message[1:]}.", style="red" if one.open else "dim")
    if _lacks_rows(report) and report.covered is None:
        yield Text(f"syncengine takes the time to be {report.as_of:{MOMENT}}: is that right?", style="red")


def _lacks_rows(report: OutageReport) -> bool:
    """Say whether a server has no row of an ACD: where it has rows of others its clock is right, else perhaps not."""
    return any(one.reason is UnknownCoverageReason.NO_ROWS and one.open for one in report.unknown_coverage)


def _checked_period(report: OutageReport) -> Iterator[Text]:
    """Yield the period checked on both servers, and that rows outside of outages were not compared."""
    if report.covered and report.findings:
        span = f"{report.covered.start:{MOMENT}} to {report.covered.stop:{MOMENT}}"
        yield Text(f"Checked on both servers: {span}.", style="dim")
    if report.covered:
        rows = "Rows outside of these outages" if any(one.time.archived for one in report.findings) else "Rows"
        yield Text(f"{rows} were not compared.", style="dim")


def _next(report: OutageReport, pair: str, requested: OutageCommand) -> Iterator[tuple[str, str]]:
    """Yield the commands to type next, each with what it does."""
    if any(finding.costs for finding in report.findings):
        options = ("--outages", *requested.words, "--dry-run", *_allow_options(report.plan))
        yield "To see what a repair of all outages would write", command("resync", "--pair", pair, *options)
    if _lacks_rows(report) and report.covered is not None:
        yield "To check whether both servers are set up alike", command("check", "--pair", pair)
    if report.covered:
        yield "To compare every row of the period checked", compare_command(report, pair, requested)


def compare_command(report: OutageReport, pair: str, requested: OutageCommand = OutageCommand()) -> str:
    """Return the command that compares every row of the period checked on both servers; empty where there is none.

    No diary shows what a server lost without noting it, nor does an interval that has some of its rows.
    """
    if report.covered is None:
        return ""
    return command(
        "verify", "--pair", pair, "--window", typed_window(report.covered), *requested.acds, *requested.tables
    )


def _finding(
    finding: OutageFinding, pair: str, plan: Plan | None, requested: OutageCommand
) -> Iterator[RenderableType]:
    time = finding.time
    yield Text.assemble(
        (f"ACD {time.acd}  {time.span}  ", "bold"),
        (finding.outlook.value, STYLES[finding.outlook]),
        _cost(finding),
    )
    for side in time.sides:
        yield indented(f"{side.role}: {', '.join(_causes(side))}")
    if finding.costs:
        names = list(dict.fromkeys(cost.table for cost in finding.costs))
        yield indented(f"tables: {listed(names, TABLES_SHOWN)}", style="dim")
    # Why they were not compared stands once, below.
    not_compared = [skipped.table for skipped in finding.skipped if skipped.reason is SkipReason.NOT_COMPARED]
    if not_compared:
        yield indented(f"not compared: {listed(not_compared, TABLES_SHOWN)}", style="red")
    for skipped in (one for one in finding.skipped if one.reason is not SkipReason.NOT_COMPARED):
        detail = f" ({skipped.detail})" if skipped.detail else ""
        yield indented(f"{skipped.table}: {skipped.reason.value}{detail}", style="yellow")
    line = repair_command(finding, pair, plan, requested)
    if line:
        yield unbroken(f"  {line}")
    elif finding.outlook is Outlook.WAITING:
        yield unbroken(
            f"  {command('resync', '--pair', pair, '--outages', '--acd', time.acd, *requested.tables, '--wait')}"
        )


def unrepaired_lines(plan: Plan) -> Iterator[Text]:
    """Yield what a repair of outages does not include, so that it has to be repeated later."""
    yield from (Text(f"Not included: {one}.", style="yellow") for one in plan.not_included)


def _cost(finding: OutageFinding) -> str:
    if not finding.costs:
        return ""
    tables = len({cost.table for cost in finding.costs})
    rows = sum(cost.missing + cost.changed + cost.extra for cost in finding.costs)
    sides = " and ".join(f"from {role.other} to {role}" for role in finding.into)
    some = "; some rows can be copied" if finding.outlook is Outlook.LOST else ","
    return f"{some} {sides}: {plural(tables, 'table')}, {plural(rows, 'row')}"


def _causes(side: BlindSide) -> Iterator[str]:
    yield from map(link_text, side.links)
    if side.missing:
        yield f"{plural(side.missing, 'interval')} without rows"
    if side.incomplete:
        yield f"{plural(side.incomplete, 'interval')} marked incomplete"
    if side.down_now:
        yield side.down_now
    if side.unexplained:
        yield side.why_unexplained


def link_text(link: Outage) -> str:
    """Return one row of a server's diary in words."""
    reason = REASONS.get(link.reason, REASON_UNKNOWN)
    return f"link down {link.shown_short}, {reason} ({link.reason})"


def repair_command(
    finding: OutageFinding, pair: str, plan: Plan | None, requested: OutageCommand = OutageCommand()
) -> str:
    """Return the command that repairs one finding alone, or nothing; `plan` is that which repairs them all.

    It decides as the report has, and allows the side effects of the finding's tables, which the report names.
    """
    if not finding.costs:
        return ""
    time = finding.time
    # Rows of no ACD are copied only with all ACDs (rule 3).
    acd = () if any(cost.without_acd for cost in finding.costs) else ("--acd", time.acd)
    window = ("--window", typed_window(time.span), *acd, "--policy", "reconcile")
    places = {(cost.into, cost.table) for cost in finding.costs}
    return command("resync", "--pair", pair, *window, *requested.tables, *_allow_options(plan, places))


def _allow_options(plan: Plan | None, places: Collection[tuple[Role, str]] | None = None) -> tuple[str, ...]:
    """Return the options that allow the side effects of a plan, at some of its tables or at all."""
    side_effects = plan.effects_on_rows if plan else ()
    return permission_for(one for one in side_effects if places is None or (one.into, one.table) in places).words


def _summary(report: OutageReport) -> str:
    unsure = any(one.open for one in report.unknown_coverage)
    covered = f"from {report.covered.start:{MOMENT}} to {report.covered.stop:{MOMENT}}" if report.covered else ""
    acds = f", and only ACD {', '.join(map(str, report.covered_acds))}" if _more_acds(report) else ""
    if not report.findings and not covered:
        return "No outage was found, but none can be ruled out: at no time do both servers show what they recorded."
    if not report.findings and unsure:
        return f"No outage was found, but only {covered}{acds} could be checked on both servers."
    if not report.findings:
        unread = [role.value for role in Role if role not in report.diaries]
        diaries = f"the diary of links of {' and '.join(unread)} cannot be read" if unread else "no diary has one"
        return f"No outage is known {covered}: {diaries}, no interval is without rows, none is marked incomplete."
    counts = [(sum(one.outlook is outlook for one in report.findings), outlook.value) for outlook in Outlook]
    words = ", ".join(f"{count:,} {what}" for count, what in counts if count)
    more = " Not all of this time could be checked." if unsure else ""
    return f"{plural(len(report.findings), 'outage')}: {words}.{more}"


def _more_acds(report: OutageReport) -> bool:
    """Say whether outages of some ACDs cannot be ruled out, beside those that were checked on both servers."""
    return any(
        one.open and one.acd is not None and one.acd not in report.covered_acds for one in report.unknown_coverage
    )


def outages_document(report: OutageReport, pair: str, requested: OutageCommand = OutageCommand()) -> dict[str, Any]:
    """Return what was found as plain data."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "as_of": plain(report.as_of),
        "window": plain(report.window),
        "open": report.unsettled,
        "covered": plain(report.covered) if report.covered else None,
        "covered_acds": list(report.covered_acds),
        "diaries": [role.value for role in report.diaries],
        "compare": compare_command(report, pair, requested) or None,
        "unknown_coverage": [renamed(one, role="server") for one in report.unknown_coverage],
        "not_compared": [{"table": table, "problem": why} for table, why in report.not_compared],
        "ongoing": list(report.ongoing),
        "notes": list(report.notes),
        "outages": [
            {
                "acd": finding.time.acd,
                "window": plain(finding.time.span),
                "outlook": plain(finding.outlook),
                "archived": finding.time.archived,
                "blind": [
                    {
                        "server": plain(side.role),
                        "missing_intervals": side.missing,
                        "incomplete_intervals": side.incomplete,
                        "explained": not side.unexplained,
                        "down_now": side.down_now or None,
                        "links": [link_document(link) for link in side.links],
                    }
                    for side in finding.time.sides
                ],
                "tables": plain(finding.costs),
                "skipped": [skipped_document(skipped) for skipped in finding.skipped],
                "repair": repair_command(finding, pair, report.plan, requested) or None,
            }
            for finding in report.findings
        ],
        "plan": plan_summary(report.plan) if report.plan else None,
    }


def link_document(link: Outage) -> dict[str, Any]:
    """Return one row of a server's diary as plain data."""
    span = {**plain(link.span), "shown": link.shown}
    return {"acd": link.acd, "span": span, "reason": link.reason, "reason_text": REASONS.get(link.reason)}
