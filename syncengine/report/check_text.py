"""A check for people: both servers side by side, what was found, and what to do about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from rich.console import Console, RenderableType
from rich.text import Text

from syncengine.model.check import (
    CaseResult,
    CaseState,
    ColumnFaultKind,
    Finding,
    PairCheck,
    ServerCheck,
    Severity,
    TableCheck,
    TablePresence,
)
from syncengine.model.facts import Outage, ServerFacts
from syncengine.model.grain import IN_ARCH_STAT, Archive
from syncengine.model.names import command
from syncengine.model.sentences import listed, plural, without_server
from syncengine.report.text import grid, next_commands, print_lines, section

NAMES_SHOWN = 4
DETAILS_SHOWN = 3
LINES_SHOWN = 12
STYLES = {Severity.MUST: "bold red", Severity.SHOULD: "yellow", Severity.NOTE: "dim"}
FAULT_WORDS = {
    ColumnFaultKind.MISSING: "missing",
    ColumnFaultKind.UNKNOWN: "unknown",
    ColumnFaultKind.TYPE: "of another type",
    ColumnFaultKind.UNREADABLE: "cannot be read exactly",
}
SPANS = {grain.archive: grain.retention_words for grain in IN_ARCH_STAT}


def print_check(console: Console, check: PairCheck, pair: str, *, everything: bool = False) -> None:
    """Print a check; `everything` lists every table, item, column and differing row."""
    print_lines(console, _check(check, everything=everything))
    print_lines(console, next_commands([_next(check, pair)]))


def _check(check: PairCheck, *, everything: bool) -> Iterator[RenderableType]:
    yield Text(f"The pair as of {check.as_of:%Y-%m-%d %H:%M}")
    yield Text()
    yield _servers(check)
    if everything:
        yield from _section("Data storage allocation (dcalloc)", _retention_items(check))
        yield from _section("Tables", _tables(check))
    yield from _section("Columns unlike the specs", _faults(check, everything=everything))
    yield from _section("In a scratch table", _cases(check))
    if check.findings:
        yield from section("Findings")
        yield _findings(check.findings, everything=everything)
    yield Text()
    yield _summary(check)


def _next(check: PairCheck, pair: str) -> tuple[str, str]:
    """Return the command to type next, with what it is for."""
    if check.alike and not check.problems:
        return "To compare the rows of both servers", command("verify", "--pair", pair)
    first = "Once both servers can be checked" if check.problems else "Once these findings are repaired"
    return f"{first}, check again", command("check", "--pair", pair)


def _section(title: str, lines: Iterable[RenderableType]) -> Iterator[RenderableType]:
    shown = list(lines)
    if shown:
        yield from section(title)
        yield from shown


def _roles(check: PairCheck) -> tuple[str, ...]:
    return tuple(server.role.value for server in check.servers)


def _servers(check: PairCheck) -> RenderableType:
    table = grid("", *_roles(check), wraps=_roles(check))
    if any(server.problem for server in check.servers):
        table.add_row(
            "failed", *(Text(without_server(server.role, server.problem), style="red") for server in check.servers)
        )
    rows: tuple[tuple[str, Callable[[ServerCheck], str]], ...] = (
        ("server", lambda one: f"{one.profile.kind} {one.profile.version}".strip() if one.profile else ""),
        ("url", lambda one: one.url),
        ("place", lambda one: one.profile.place if one.profile else ""),
        ("login", lambda one: one.profile.login if one.profile else ""),
        ("CMS load", lambda one: one.load or "not in the pair file"),
        ("locale", lambda one: one.profile.locale if one.profile else ""),
        ("transactions", _transactions),
        ("write method", _written),
        ("fingerprints", _fingerprints),
        ("notes", lambda one: "\n".join(one.profile.notes) if one.profile else ""),
        ("ACDs", lambda one: _acds(one.facts) if one.facts else ""),
        ("archived up to", lambda one: _archived(one.facts) if one.facts else ""),
        ("stored for", lambda one: _retention(one.facts) if one.facts else ""),
        ("outages of links", lambda one: _outages(one.facts) if one.facts else ""),
        ("tables", _tables_present),
    )
    for label, cell in rows:
        cells = [cell(server) for server in check.servers]
        if any(cells):
            table.add_row(label, *cells)
    return table


def _transactions(server: ServerCheck) -> str:
    if server.profile is None:
        return ""
    return "yes" if server.profile.transactions else "no: the database keeps no log"


def _written(server: ServerCheck) -> str:
    if server.read_only:
        return "never: read_only in the pair file"
    if server.profile is None:
        return ""
    return f"by {server.profile.write_path}" if server.profile.write_path else "not known yet (--scratch)"


def _fingerprints(server: ServerCheck) -> str:
    if server.profile is None:
        return ""
    fetched = ", ".join(server.profile.types_fetched)
    return f"computed here: {fetched}" if fetched else "computed by the server"


def _acds(facts: ServerFacts) -> str:
    lengths: dict[int, set[int]] = defaultdict(set)
    for day in facts.lengths:
        lengths[day.acd] |= {day.shortest, day.longest}
    entries = (
        f"{acd} ({' and '.join(map(str, sorted(lengths[acd])))} minutes)"
        if acd in lengths
        else f"{acd} (no rows lately)"
        for acd in facts.acds
    )
    return ", ".join(entries) or "none reported"


def _grouped(entries: Iterable[tuple[str, int]]) -> str:
    """Return texts with the ACDs each holds for, a line each."""
    found: dict[str, list[int]] = defaultdict(list)
    for text, acd in entries:
        found[text].append(acd)
    return "\n".join(f"{text} ({_acd_list(acds)})" for text, acds in found.items())


def _archived(facts: ServerFacts) -> str:
    """Return how far each archive is, a line each; why one is not known is among the findings."""
    lines = []
    for archive in SPANS:
        found: dict[str, list[int]] = defaultdict(list)
        for acd in facts.acds:
            until = facts.archived(acd, archive).until
            found[f"{until:%Y-%m-%d %H:%M}" if until else "not known"].append(acd)
        if found:
            lines.append(f"{archive} {', '.join(f'{text} ({_acd_list(acds)})' for text, acds in found.items())}")
    return "\n".join(lines)


def _acd_list(acds: Iterable[int]) -> str:
    return f"ACD {', '.join(map(str, acds))}"


def _retention(facts: ServerFacts) -> str:
    """Return how long rows are stored, items alike together."""
    spans: dict[tuple[int, str], dict[Archive, int]] = defaultdict(dict)
    for allocation in facts.storage_allocations:
        if allocation.archive in SPANS:
            spans[allocation.acd, allocation.item][allocation.archive] = allocation.periods
    items: dict[tuple[int, str], list[str]] = defaultdict(list)
    for (acd, item), periods in spans.items():
        spans_text = ", ".join(f"{periods[archive]} {unit}" for archive, unit in SPANS.items() if archive in periods)
        items[acd, spans_text].append(item)
    return _grouped((f"{spans_text}: {plural(len(names), 'item')}", acd) for (acd, spans_text), names in items.items())


def _outages(facts: ServerFacts) -> str:
    if not facts.links_known:
        return "not known"
    by_acd: dict[int, list[Outage]] = defaultdict(list)
    for outage in facts.outages:
        by_acd[outage.acd].append(outage)
    lines = []
    for acd, outages in sorted(by_acd.items()):
        last = max(outages, key=lambda outage: outage.span)
        lines.append(f"ACD {acd}: {len(outages)}, the last {last.shown}")
    return "\n".join(lines) or "none reported"


def _tables_present(server: ServerCheck) -> str:
    if not server.tables:
        return ""
    there = server.tables_with(TablePresence.ROWS, TablePresence.EMPTY, TablePresence.UNREADABLE)
    lines = [f"{len(there)} of {len(server.tables)} of the catalogue"]
    for presence, what in (
        (TablePresence.MISSING, "missing"),
        (TablePresence.EMPTY, "without rows"),
        (TablePresence.UNREADABLE, "unreadable"),
    ):
        names = server.tables_with(presence)
        if names:
            lines.append(f"{len(names)} {what}: {listed(names, NAMES_SHOWN)}")
    return "\n".join(lines)


def _retention_items(check: PairCheck) -> Iterator[RenderableType]:
    """Yield how long each item is stored and how many there may be, a line each, unlike ones marked."""
    rows: dict[tuple[str, int], dict[str, str]] = defaultdict(dict)
    for server in check.servers:
        allocations = server.facts.storage_allocations if server.facts else ()
        for item, acd in dict.fromkeys((one.item, one.acd) for one in allocations):
            those = [one for one in allocations if (one.item, one.acd) == (item, acd)]
            spans = [f"{one.periods} {SPANS[one.archive]}" for one in those if one.archive in SPANS]
            rows[item, acd][server.role] = f"{', '.join(spans)}; {those[0].capacity:,}"
    table = grid("item", "ACD", *_roles(check), wraps=_roles(check))
    for (item, acd), texts in rows.items():
        cells = [texts.get(server.role, "") for server in check.servers]
        table.add_row(item, str(acd), *cells, style="" if len(set(cells)) == 1 else "yellow")
    if rows:
        yield table


def _tables(check: PairCheck) -> Iterator[RenderableType]:
    table = grid("table", *_roles(check), wraps=_roles(check))
    for both in zip(*(server.tables for server in check.servers if server.tables), strict=True):
        cells = iter(both)
        table.add_row(both[0].table, *(_table(next(cells)) if server.tables else "" for server in check.servers))
    if any(server.tables for server in check.servers):
        yield table


def _table(found: TableCheck) -> str:
    if found.presence is TablePresence.MISSING:
        return found.presence.value
    parts = [found.presence.value, plural(len(found.columns), "column")]
    parts += [f"of {found.owner}"] if found.owner else []
    parts += [f"indexes {', '.join(found.indexes)}"] if found.indexes else []
    return ", ".join(parts) + (f": {found.problem}" if found.problem else "")


def _faults(check: PairCheck, *, everything: bool) -> Iterator[RenderableType]:
    """Yield the columns that differ from the specs, tables with the same faults on the same servers together."""
    roles_by_fault: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for server in check.servers:
        for found in server.tables:
            for kind in FAULT_WORDS:
                text = _fault(found, kind, everything=everything)
                if text:
                    roles_by_fault[found.table][text].append(server.role)
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, texts in roles_by_fault.items():
        for text, roles in texts.items():
            groups[roles[0] if len(roles) == 1 else "both", text].append(name)
    table = grid("tables", "on", "columns", wraps=("tables", "columns"))
    shown = list(groups.items())[: None if everything else LINES_SHOWN]
    for (where, text), names in shown:
        table.add_row(listed(names, len(names) if everything else NAMES_SHOWN), where, text)
    if shown:
        yield table
    if len(shown) < len(groups):
        yield Text(f"and {plural(len(groups) - len(shown), 'line')} more; -v shows them", style="dim")


def _fault(found: TableCheck, kind: ColumnFaultKind, *, everything: bool) -> str:
    faults = [fault for fault in found.faults if fault.kind is kind]
    if not faults:
        return ""
    names = [fault.column for fault in faults]
    if kind is ColumnFaultKind.TYPE:
        names = [f"{fault.column} {fault.native} ({fault.wanted} in the spec)" for fault in faults]
    elif kind is not ColumnFaultKind.MISSING:
        names = [f"{fault.column} {fault.native}" for fault in faults]
    return f"{len(faults)} {FAULT_WORDS[kind]}: {listed(names, len(names) if everything else NAMES_SHOWN)}"


def _cases(check: PairCheck) -> Iterator[RenderableType]:
    tried = {server.role: server.scratch for server in check.servers if server.scratch}
    if not tried:
        return
    table = grid(" ", *tried, wraps=(" ", *tried))
    promises = {case.case: case.promise for scratch in tried.values() for case in scratch.cases}
    for name, promise in promises.items():
        results = [next((case for case in one.cases if case.case == name), None) for one in tried.values()]
        table.add_row(promise, *(_result(result) for result in results))
    yield table
    for role, scratch in tried.items():
        for case in scratch.failed:
            yield Text(f"{role}, {case.promise}: {case.message}", style="red")


def _result(result: CaseResult | None) -> Text:
    if result is None:
        return Text("not tried", style="dim")
    if result.state is CaseState.FAILED:
        return Text("FAILED", style="bold red")
    if result.state is CaseState.NOT_APPLICABLE:
        return Text(result.message, style="yellow")
    return Text.assemble(("works", "green"), (f"  {result.message}" if result.message else "", "dim"))


def _findings(findings: Sequence[Finding], *, everything: bool) -> RenderableType:
    """Return the findings, those with the same advice together, with their rules and the advice below them."""
    groups: dict[tuple[Severity, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.severity, finding.advice].append(finding)
    table = grid("", " ", wraps=(" ",))
    for (severity, advice), group in groups.items():
        lines = [line for finding in group for line in _finding(finding, everything=everything)]
        rules = dict.fromkeys(finding.rule for finding in group if finding.rule)
        lines += [Text(str(rule), style="dim") for rule in rules]
        lines += [Text(advice, style="cyan")] if advice else []
        table.add_row(Text(severity.value, style=STYLES[severity]), Text("\n").join(lines))
    return table


def _finding(finding: Finding, *, everything: bool) -> Iterator[Text]:
    about = [finding.server.value] if finding.server is not None else []
    about += [listed(finding.tables, len(finding.tables) if everything else NAMES_SHOWN)] if finding.tables else []
    rule = f" (rule {finding.rule.number})" if finding.rule else ""
    yield Text.assemble(("".join(f"{part}: " for part in about), "bold"), finding.message, (rule, "dim"))
    if everything or finding.severity is not Severity.NOTE:
        shown = finding.details[: None if everything else DETAILS_SHOWN]
        yield from (Text(f"  {detail}") for detail in shown)
        if len(shown) < len(finding.details):
            yield Text(f"  and {len(finding.details) - len(shown)} more; -v shows them", style="dim")


def _summary(check: PairCheck) -> Text:
    must, should, notes = (len(check.of(severity)) for severity in Severity)
    parts = [f"{plural(must, 'finding')} must be repaired" if must else "nothing must be repaired"]
    parts += [f"{should:,} should be repaired"] if should else []
    parts += [plural(notes, "note")] if notes else []
    if any(server.scratch for server in check.servers):
        parts.append(f"{plural(check.failed_cases, 'case')} failed in a scratch table")
    if check.problems:
        unread = any(one.problem for one in check.servers)
        consequence = " The two servers were not compared with each other." if unread else ""
        return Text.assemble(("FAILED", "bold red"), f"  {' '.join(check.problems)}{consequence}")
    verdict = ("ALIKE", "bold green") if check.alike else ("TO REPAIR", "bold red")
    not_compared = " Rows were not compared." if check.alike else ""
    return Text.assemble(verdict, f"  {', '.join(parts)}.{not_compared}")
