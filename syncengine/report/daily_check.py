"""The daily check for people and as JSON: both servers on one screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from syncengine.model.archives import ArchiveFaultKind, fault_sentences
from syncengine.model.daily_check import DailyCheck, ServerDay
from syncengine.model.drift import TableObservation
from syncengine.model.facts import ArchiveState
from syncengine.model.grain import IN_ARCH_STAT, Archive
from syncengine.model.hooks import CheckKind
from syncengine.model.names import command
from syncengine.model.outages import BlindTime
from syncengine.model.pair import Role
from syncengine.model.sentences import listed, plural
from syncengine.model.spec import DataClass
from syncengine.model.where_to_work import Trouble, TroubleKind
from syncengine.model.window import Window
from syncengine.model.window_syntax import typed_window
from syncengine.report.checklist import line_document, numbered_lines
from syncengine.report.json_values import plain, renamed
from syncengine.report.text import grid, next_commands, print_lines
from syncengine.report.timetables import unscheduled_lines

FULL_PERCENT = 90
"""From there on a circular table drops its oldest rows."""
BY_HAND = {
    CheckKind.BACKUPS: "Backups: check when the last one ended, in Maintenance, Backup Data on {}; no table has it.",
    CheckKind.ERROR_LOG: "Error log: check the customer error log on {} for anything unusual.",
    CheckKind.LINKS: "Links: check System Setup, connection status on {}; the diary lists an outage once it is over.",
    CheckKind.USERS: "Users: check that no user is logged in to {} while the primary works.",
    CheckKind.INTERNET_CALL_CENTER: "Internet Call Center: check that it is not on {}; only the primary may have it.",
    CheckKind.RECOVERY_KIT: "Recovery kit of {}: check that it has the latest CMSADM and full maintenance backups, "
    "the patches and the software.",
}
"""What the guide has people check each day and no table shows."""
NAMES = {
    CheckKind.BACKUPS: "backups",
    CheckKind.ERROR_LOG: "error log",
    CheckKind.LINKS: "links",
    CheckKind.USERS: "users",
    CheckKind.INTERNET_CALL_CENTER: "Internet Call Center",
    CheckKind.RECOVERY_KIT: "recovery kit",
}
ARCHIVED = {grain.archive: f"{grain.word}s archived" for grain in IN_ARCH_STAT}
TABLES_SHOWN = 6
HOLES_SHOWN = 4


def print_daily(console: Console, found: DailyCheck, pair: str) -> None:
    """Print both servers side by side, how they differ, what to check by hand, and what to type next."""
    console.print(Text(f"Daily check, since {found.since:%Y-%m-%d %H:%M}, as of {found.as_of:%Y-%m-%d %H:%M}", "bold"))
    console.print()
    table = grid("", *(roles := tuple(server.role.value for server in found.servers)), wraps=roles)
    for label, cells in _rows(found):
        table.add_row(label, *cells)
    console.print(table)
    console.print()
    print_lines(console, (*_warnings(found), *_lost(found), *_drift(found)))
    console.print(Text(found.where.because, style="" if found.where.nothing_to_do else "bold"))
    _print_lines(console, "To do now", [(line.text, line.hook, line.details) for line in found.to_do])
    _print_lines(console, "To check by hand", [(text, False, ()) for text in _by_hand(found)])
    print_lines(console, next_commands(_next(found, pair)))


def _print_lines(console: Console, title: str, lines: Sequence[tuple[str, bool, Sequence[str]]]) -> None:
    if lines:
        console.print()
        console.print(Text(title, style="bold"))
        console.print(numbered_lines(lines))
    if any(hook for _, hook, _ in lines):
        console.print(Text("[hook]: the pair file names a command for it; this check does not run it.", "dim"))


def _next(found: DailyCheck, pair: str) -> Iterator[tuple[str, str]]:
    """Yield the commands to type next, each with when it is for: first those for where users work."""
    if found.where.history_missing:
        # What was administered on the primary alone would be overwritten.
        preview = command("sync", "--pair", pair, "--set", "administration", "--from", "secondary", "--dry-run")
        yield "Only if administration was changed on the secondary meanwhile, to see what would be copied back", preview
        yield "Then, to repair the outages", command("resync", "--pair", pair, "--outages", "--wait")
        yield "To go through the return step by step", command("checklist", "return", "--pair", pair)
    elif found.where.server is Role.SECONDARY:
        yield "To go through the takeover step by step", command("checklist", "takeover", "--pair", pair)
    elif found.where.server is Role.PRIMARY and found.state.affected_acds(Role.SECONDARY):
        secondary_return = command("checklist", "secondary-return", "--pair", pair)
        yield "Once the secondary is back, to go through its return step by step", secondary_return
    waits = bool(found.waiting) and not found.state.troubles
    if waits and not found.where.history_missing:
        yield (
            "To wait for the archive, and then repair the outages",
            command("resync", "--pair", pair, "--outages", "--wait"),
        )
    cut = found.drift is not None and any(_cut_by_outages(table) for table in found.drift.tables)
    if len(list(_holes(found))) > HOLES_SHOWN or (found.blind and cut):
        yield "To list the outages and what repairs them", command("outages", "--pair", pair)
    elif found.lost:
        yield "To list what was lost", command("outages", "--pair", pair)
    if found.drift is not None and not found.drift.in_sync:
        window = typed_window(Window(found.since, found.as_of))
        yield "To list all that differs", command("verify", "--pair", pair, "--window", window)


def _by_hand(found: DailyCheck) -> Iterator[str]:
    """Yield what people have to check, both servers in one line."""
    for kind, text in BY_HAND.items():
        roles = found.checked_by_hand(kind)
        if roles:
            yield text.format("both servers" if len(roles) == len(Role) else roles[0])


def _rows(found: DailyCheck) -> list[tuple[str, list[str]]]:
    servers = found.servers
    return [
        ("answers", ["no" if server.problem else "yes" for server in servers]),
        ("collecting", [_collecting(server, found) for server in servers]),
        ("outages of links", [_outages(server, found) for server in servers]),
        *((label, [_archived(server, archive) for server in servers]) for archive, label in ARCHIVED.items()),
        ("fullest table", [_fullest(server) for server in servers]),
        *((NAMES[kind], [_checked(found, kind, server) for server in servers]) for kind in _kinds_checked(found)),
    ]


def _collecting(server: ServerDay, found: DailyCheck) -> str:
    """Return whether a server records the calls of its ACDs now, and for which ACDs it does not."""
    if server.facts is None:
        return "?"
    if found.state.no_rows:
        return "no rows"
    lacking = [one for one in found.state.of(server.role) if one.stops_recording]
    if not lacking:
        return "yes" if server.facts.coverage_known else "not known"
    return "\n".join(_lacking(one) for one in lacking)


def _lacking(trouble: Trouble) -> str:
    acds = f"ACD {', '.join(map(str, trouble.acds))}" if trouble.acds else "all ACDs"
    match trouble.kind:
        case TroubleKind.COLLECTION_OFF:
            return f"{acds} off"
        case TroubleKind.LINKS if not trouble.since:
            return "links down"
    return f"{acds} not since {trouble.since:%m-%d %H:%M}" if trouble.since else f"{acds} not"


def _kinds_checked(found: DailyCheck) -> list[CheckKind]:
    checked = {check.kind for check in found.checks}
    return [kind for kind in CheckKind if kind in checked]


def _checked(found: DailyCheck, kind: CheckKind, server: ServerDay) -> str:
    for check in found.checks:
        if (check.kind, check.role) == (kind, server.role):
            return "?" if check.problem else "fine" if check.ok else "not fine"
    return "by hand" if server.role in kind.servers else ""


def _outages(server: ServerDay, found: DailyCheck) -> str:
    if server.facts is None:
        return "?"
    if not server.facts.links_known:
        return "not known"
    count = server.outages(found.since)
    return str(count) if count else "none"


def _archived(server: ServerDay, archive: Archive) -> str:
    """Return up to when an archive has run for every ACD, or for which ACDs it has not run as it should."""
    if server.facts is None:
        return "?"
    faults: dict[ArchiveFaultKind, list[int]] = {}
    for fault in server.archive_faults:
        if fault.archive is archive and fault.acd is not None:
            faults.setdefault(fault.kind, []).append(fault.acd)
    if faults:
        return "\n".join(f"ACD {', '.join(map(str, acds))} {one}" for one, acds in faults.items())
    statuses = [server.facts.archived(acd, archive) for acd in server.facts.acds]
    if any(status.state is ArchiveState.RUNNING for status in statuses):
        return "running"
    known = [status.until for status in statuses if status.until is not None]
    return f"{min(known):%Y-%m-%d %H:%M}" if known and len(known) == len(statuses) else "not known"


def _fullest(server: ServerDay) -> str:
    fullest = max(server.fill_levels, key=lambda one: one.percent, default=None)
    if fullest is None:
        return "?"
    return f"{fullest.table} full" if fullest.percent >= 100 else f"{fullest.table} {fullest.percent} %"


def _warnings(found: DailyCheck) -> list[Text]:
    lines = [Text(server.problem, style="red") for server in found.servers if server.problem]
    for server in found.servers:
        if server.facts is not None and server.facts.links_unread:
            why = server.facts.links_unread
            lines.append(Text(f"{server.role}: the outages of its links are not known: {why}.", style="yellow"))
        lines += [Text(f"{server.role}: {text}.", style="yellow") for text in fault_sentences(server.archive_faults)]
        full = [one for one in server.fill_levels if one.percent >= FULL_PERCENT]
        if full:
            names = ", ".join(one.table for one in full)
            verb = "drops its" if len(full) == 1 else "drop their"
            lines.append(Text(f"{server.role}: {names} {verb} oldest rows.", style="dim"))
    if found.unlike_loads:
        lines.append(_unlike_loads(found))
    lines += _hook_lines(found)
    holes = list(_holes(found))
    lines += [Text(f"{hole}.", style="yellow") for hole in holes[:HOLES_SHOWN]]
    if len(holes) > HOLES_SHOWN:
        lines.append(Text(f"and {plural(len(holes) - HOLES_SHOWN, 'hole')} more.", "yellow"))
    return lines


def _lost(found: DailyCheck) -> Iterator[Text]:
    """Yield what neither server has, and who has to be informed (Appendix E)."""
    if found.lost:
        times = listed([f"ACD {time.acd} {time.span}" for time in found.lost], HOLES_SHOWN)
        yield Text(f"Lost on both servers: {times}.", style="red")
        yield Text("Neither server recorded all calls of it. Call support, and inform those who read reports.", "red")


def _unlike_loads(found: DailyCheck) -> Text:
    loads = ", ".join(f"{role} {load}" for role, load in found.loads.items())
    return Text(
        f"The servers run different CMS loads: {loads}. Nothing can be copied until both run the same load "
        "(`syncengine checklist base-load-upgrade`).",
        style="red",
    )


def _hook_lines(found: DailyCheck) -> Iterator[Text]:
    """Yield the output and faults of hooks that are worth a line."""
    for check in found.checks:
        output = ": " + " / ".join(check.lines) if check.lines else ""
        if check.problem:
            yield Text(f"{check.role}: the hook {check.kind} {check.problem}{output}", style="yellow")
        elif check.lines or not check.ok:
            state = "" if check.ok else " not fine"
            yield Text(f"{check.role}: {NAMES[check.kind]}{state}{output}", "dim" if check.ok else "yellow")


def _holes(found: DailyCheck) -> Iterator[str]:
    """Yield holes that no diary explains, as sentences without their ends; ACDs with the same hole stand together."""
    acds: dict[tuple[str, Window, str], list[int]] = {}
    for time in found.holes:
        roles = " and ".join(side.role.value for side in time.sides if side.missing)
        acds.setdefault((roles, time.span, _unexplained(time)), []).append(time.acd)
    for (roles, span, why), named in acds.items():
        yield f"{roles}: ACD {', '.join(map(str, named))} has no rows of {span}, and {why}"


def _unexplained(time: BlindTime) -> str:
    readable = all(side.links_known for side in time.sides if side.unexplained)
    return "no outage in the diary of links explains it" if readable else "the diary of links cannot be read"


def _drift(found: DailyCheck) -> Iterator[Text]:
    if found.drift is None:
        yield Text(f"Not compared: {found.problem or 'a server does not answer.'}", style="red")
        return
    # While a server does not do its work, that comes first: waiting for its archive would have no end.
    if found.waiting and not found.state.troubles:
        yield _waiting(found)
    if found.drift.in_sync:
        what = "What both have archived is in" if found.waiting else "Otherwise in" if found.lost else "In"
        yield Text(f"{what} sync since {found.since:%Y-%m-%d %H:%M}, administration included.", style="green")
        return
    for table in found.drift.not_compared:
        yield Text(f"{table.spec.name} is not compared: {table.problem.rstrip('.')}.", style="red")
    yield from (
        Text(f"{sentence}.", style="yellow") for table in found.drift.tables for sentence in table.overlap_sentences
    )
    yield from unscheduled_lines(found.drift.timetables, found.drift.target, found.drift.unscheduled)
    differing = [table.spec.name for table in found.drift.tables if table.differing]
    if differing:
        yield from _differing(found.drift.tables, differing)


def _waiting(found: DailyCheck) -> Text:
    """Return which outages cannot be repaired yet."""
    times = [f"{side.role}, ACD {time.acd} {time.span}" for time in found.waiting for side in time.sides]
    return Text(
        f"Too early to repair, since not archived on both servers yet: {listed(times, HOLES_SHOWN)}.", style="yellow"
    )


def _cut_by_outages(table: TableObservation) -> bool:
    """Say whether a table differs, of those that an outage cuts: not forecasts, nor roll-ups, nor administration."""
    of_calls = table.spec.data_class is DataClass.HISTORICAL and not table.spec.future_dates
    return bool(table.differing) and of_calls and table.spec.grain.sliced


def _differing(tables: Sequence[TableObservation], differing: Sequence[str]) -> Iterator[Text]:
    verb = "differs" if len(differing) == 1 else "differ"
    rows = sum(table.counts.total for table in tables)
    yield Text(
        f"Not in sync: {plural(len(differing), 'table')} {verb}, in {plural(rows, 'row')}: "
        f"{listed(differing, TABLES_SHOWN)}.",
        style="yellow",
    )


def daily_document(found: DailyCheck, pair: str) -> dict[str, Any]:
    """Return the check as plain data."""
    where = found.where
    return {
        "as_of": plain(found.as_of),
        "since": plain(found.since),
        "healthy": found.healthy,
        "work_on": where.server.value if where.server else None,
        "work_on_because": where.because,
        "next": [{"when": when, "command": typed} for when, typed in _next(found, pair)],
        "troubles": [renamed(one, role="server") for one in found.state.troubles],
        "problem": found.problem,
        "servers": [
            {
                "server": server.role.value,
                "problem": server.problem,
                "outages": server.outages(found.since),
                "archives": plain(server.facts.archives) if server.facts else [],
                "archive_faults": [
                    {"acd": one.acd, "archive": plain(one.archive), "kind": one.kind.value, "message": one.message}
                    for one in server.archive_faults
                ],
                "fill_levels": [{**plain(one), "percent": one.percent} for one in server.fill_levels],
            }
            for server in found.servers
        ],
        "holes": [
            {
                "acd": time.acd,
                "window": plain(time.span),
                "servers": [side.role.value for side in time.sides if side.missing],
            }
            for time in found.holes
        ],
        "waiting": [
            {"acd": time.acd, "window": plain(time.span), "servers": [side.role.value for side in time.sides]}
            for time in found.waiting
        ],
        "lost": [{"acd": time.acd, "window": plain(time.span)} for time in found.lost],
        "loads": {role.value: load for role, load in found.loads.items()},
        "differing": None if found.drift is None else [table.spec.name for table in found.drift.differing],
        "not_compared": None if found.drift is None else [table.spec.name for table in found.drift.not_compared],
        "checks": [renamed(check, role="server") for check in found.checks],
        "by_hand": [
            *(line_document(line) for line in found.to_do),
            *(
                {
                    "kind": kind.value,
                    "server": role.value,
                    "text": text.format(role),
                    "file": None,
                    "source": None,
                    "hook": False,
                    "details": [],
                }
                for kind, text in BY_HAND.items()
                for role in found.checked_by_hand(kind)
            ),
        ],
    }
