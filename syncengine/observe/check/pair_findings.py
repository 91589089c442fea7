"""Pure: compares what two servers reported, as the High Availability guide and the rules require."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from syncengine.catalogue import Catalogue
from syncengine.model.check import Finding, ServerCheck, Severity, Subject, TableCheck, TablePresence
from syncengine.model.drift import TableState
from syncengine.model.facts import ArchiveStatus, ServerFacts
from syncengine.model.grain import IN_ARCH_STAT, Archive
from syncengine.model.pair import Role
from syncengine.model.rules import (
    ALIGNED_WINDOWS,
    ARCHIVED_ON_BOTH,
    LOCAL_ADMINISTRATION,
    OWN_TO_EACH_SERVER,
    SAME_LOAD,
)
from syncengine.model.sentences import plural
from syncengine.model.spec import DataClass, SyncedBy, TableSpec
from syncengine.model.surroundings import SideEffectKind
from syncengine.observe.check.server import Inspection
from syncengine.observe.columns import judge_columns
from syncengine.servers.protocol import LiveColumn, LiveTable

Live = Mapping[Role, LiveTable | None]
RUNNING = "is running now"
ALIKE_FIRST = "Bring both servers to the same CMS load; nothing is copied between different loads."
MAKE_ALIKE = "Make them alike on both servers. Until then they are neither compared nor copied; all other tables are."
ARCHIVING = "Maintenance: Archiving Status, on that server. What is not archived on both servers is not copied."
REPORT = "Attach this report to a bug report, so that the specs can be corrected."


def server_findings(check: ServerCheck, as_of: datetime) -> Iterator[Finding]:
    """Yield what is to be known of one server by itself."""
    profile, role = check.profile, check.role
    if profile is not None and not profile.transactions:
        accepted = check.without_transactions or check.read_only
        yield Finding(
            Severity.NOTE if accepted else Severity.MUST,
            Subject.SERVER,
            "It has no transaction log, so an interrupted step cannot be rolled back.",
            f"Nothing is written to it unless the pair file has {role}.without_transactions = true. "
            "Better: turn on the log.",
            server=role,
        )
    if profile is not None and profile.types_fetched:
        yield Finding(
            Severity.NOTE,
            Subject.SERVER,
            f"It computes the fingerprints of {', '.join(profile.types_fetched)} differently: the rows of tables with "
            "these types are read and compared here, which takes longer.",
            server=role,
        )
    yield from _unread(check)
    yield from _side_effects(check)
    if check.facts is not None:
        for note in check.facts.notes:
            message = f"It {note}." if note.startswith("has ") else f"{note}."
            yield Finding(Severity.SHOULD, Subject.TABLES, message, server=role)
        yield from _archives(check.facts, as_of)


def _unread(check: ServerCheck) -> Iterator[Finding]:
    """Yield the tables that cannot be read, those with the same remedy together; a lock ends by itself."""
    groups: dict[tuple[bool, str], list[TableCheck]] = defaultdict(list)
    for table in check.tables:
        if table.presence is TablePresence.UNREADABLE:
            groups[table.temporary, table.hint].append(table)
    for (passes, hint), tables in groups.items():
        message = f"{plural(len(tables), 'table')} cannot be read{' at this moment' if passes else ''}."
        yield Finding(
            Severity.SHOULD if passes else Severity.MUST,
            Subject.TABLES,
            message,
            hint or "Fix that on the server, or leave them out with `exclude=`.",
            server=check.role,
            tables=tuple(table.table for table in tables),
            details=tuple(f"{table.table}: {table.problem}" for table in tables),
        )


def pair_findings(inspections: Mapping[Role, Inspection], catalogue: Catalogue) -> Iterator[Finding]:
    """Yield what is not alike on both servers, but for the rows of their set-up."""
    primary, secondary = (inspections[role].check for role in Role)
    yield from _loads(primary, secondary)
    yield from _kinds(primary, secondary)
    if primary.facts is not None and secondary.facts is not None:
        yield from _acds(primary.facts, secondary.facts)
        yield from _intervals(primary.facts, secondary.facts)
    lives = {spec.name: {role: inspections[role].live.get(spec.name) for role in Role} for spec in catalogue.tables}
    yield from _layouts(catalogue, lives, alike=bool(primary.load) and primary.load == secondary.load)
    yield from _nullability(catalogue, lives)
    yield from _empty(catalogue, primary, secondary)
    yield from _unlike_specs(primary, secondary)


def _side_effects(check: ServerCheck) -> Iterator[Finding]:
    """Yield the side effects of writes to the tables that may be written, and what prevents such writes."""
    tables = [table for table in check.tables if table.data_class is not DataClass.LOCAL]
    lacking = [
        (table.table, effect)
        for table in tables
        for effect in table.side_effects
        if effect.kind is SideEffectKind.PRIVILEGES
    ]
    forbidden = [(table.table, effect) for table in tables for effect in table.side_effects if effect.forbids]
    changing_rows = [(table.table, effect) for table in tables for effect in table.side_effects if effect.changes_rows]
    reported = [*lacking, *forbidden, *changing_rows]
    rest = [
        one
        for one in ((table.table, effect) for table in tables for effect in table.side_effects)
        if one not in reported
    ]
    for severity, found, message, advice in (
        (
            Severity.SHOULD,
            forbidden,
            "These tables cannot be written: a plan skips them.",
            "Change that on the server, or leave them out.",
        ),
        (
            Severity.SHOULD,
            changing_rows,
            "A write to these tables also changes other rows, which no undo restores.",
            "A plan that writes one is refused until `allow_triggers=` or `allow_cascades=` names it.",
        ),
        (
            Severity.NOTE,
            [] if check.read_only else lacking,
            "This login may not write these tables.",
            "Ask their owner to grant these privileges before you copy to this server.",
        ),
        (Severity.NOTE, rest, "These tables have constraints, references or numbers assigned by the server.", ""),
    ):
        names = tuple(dict.fromkeys(name for name, _ in found))
        if names:
            details = tuple(f"{name}: {effect.message}" for name, effect in found)
            yield Finding(severity, Subject.TABLES, message, advice, check.role, names, details)


def _loads(primary: ServerCheck, secondary: ServerCheck) -> Iterator[Finding]:
    loads = {one.role: one.load for one in (primary, secondary)}
    unknown = [role for role, load in loads.items() if not load]
    if unknown:
        yield Finding(
            Severity.SHOULD,
            Subject.LOAD,
            f"The pair file gives no CMS load for {' and '.join(unknown)}, so different loads would go unnoticed.",
            'Add load = "..." under each server: the load that `pkginfo -x cms` shows there.',
            rule=SAME_LOAD,
        )
    elif len(set(loads.values())) > 1:
        named = ", ".join(f"{role} {load}" for role, load in loads.items())
        yield Finding(Severity.MUST, Subject.LOAD, f"The CMS loads differ: {named}.", ALIKE_FIRST, rule=SAME_LOAD)


def _kinds(primary: ServerCheck, secondary: ServerCheck) -> Iterator[Finding]:
    """Note how the databases differ; their values are compared in the same way."""
    one, other = primary.profile, secondary.profile
    if one is None or other is None:
        return
    traits = [("kinds of the servers", one.kind, other.kind)]
    if one.kind == other.kind:
        traits += [("versions of the databases", one.version, other.version), ("locales", one.locale, other.locale)]
    for what, here, there in traits:
        if here != there:
            sides = f"{here or 'not reported'} on {Role.PRIMARY}, {there or 'not reported'} on {Role.SECONDARY}"
            yield Finding(Severity.NOTE, Subject.SERVER, f"The {what} differ: {sides}.")


def _acds(primary: ServerFacts, secondary: ServerFacts) -> Iterator[Finding]:
    for one, other in ((primary, secondary), (secondary, primary)):
        only = sorted(set(one.acds) - set(other.acds))
        if only:
            named = f"ACD{'' if len(only) == 1 else 's'} {_listed(only)} {'is' if len(only) == 1 else 'are'}"
            yield Finding(
                Severity.MUST,
                Subject.ACDS,
                f"{named} only on {one.role}.",
                "Set up the same ACDs on both servers.",
                rule=LOCAL_ADMINISTRATION,
            )
    for facts in (primary, secondary):
        for acd in facts.pseudo_acds:
            yield Finding(
                Severity.NOTE,
                Subject.ACDS,
                f"ACD {acd} is a pseudo-ACD of {facts.role}, as the pair file says: it is not compared.",
                rule=OWN_TO_EACH_SERVER,
            )
    if not primary.acds and not secondary.acds:
        yield Finding(Severity.SHOULD, Subject.ACDS, "Neither server names its ACDs.", "Are these CMS databases?")


def interval_lengths(facts: ServerFacts) -> dict[int, tuple[int, ...]]:
    """Return the interval lengths each ACD used in the days that were read, shortest first."""
    found: dict[int, set[int]] = defaultdict(set)
    for day in facts.lengths:
        found[day.acd] |= {day.shortest, day.longest}
    return {acd: tuple(sorted(lengths)) for acd, lengths in sorted(found.items())}


def _intervals(primary: ServerFacts, secondary: ServerFacts) -> Iterator[Finding]:
    one, other = interval_lengths(primary), interval_lengths(secondary)
    for acd in sorted(one.keys() & other.keys()):
        if one[acd] != other[acd]:
            yield Finding(
                Severity.MUST,
                Subject.INTERVALS,
                f"The intervals of ACD {acd} are {_minutes(one[acd])} on {Role.PRIMARY} and "
                f"{_minutes(other[acd])} on {Role.SECONDARY}: rows of such days cannot be compared.",
                "System Setup: Storage Intervals, on each server.",
                rule=ALIGNED_WINDOWS,
            )
        elif len(one[acd]) > 1:
            message = f"The interval length of ACD {acd} changed recently: {_minutes(one[acd])} on both servers."
            yield Finding(Severity.NOTE, Subject.INTERVALS, message, rule=ALIGNED_WINDOWS)


def _minutes(lengths: Iterable[int]) -> str:
    return f"{' and '.join(map(str, lengths))} minutes"


def _archives(facts: ServerFacts, as_of: datetime) -> Iterator[Finding]:
    """Yield the archives that have stopped or are not known, those with the same problem together (rule 6)."""
    if facts.archives_unread:
        message = (
            f"It is not known how far it has archived: {facts.archives_unread}. Archived history cannot be copied."
        )
        yield Finding(Severity.MUST, Subject.ARCHIVES, message, server=facts.role, rule=ARCHIVED_ON_BOTH)
        return
    acds: dict[tuple[Archive, str, Severity], list[int]] = defaultdict(list)
    for acd in facts.acds:
        for grain in IN_ARCH_STAT:
            trouble = _trouble(facts.archived(acd, grain.archive), as_of)
            if trouble:
                acds[grain.archive, *trouble].append(acd)
    archives: dict[tuple[str, Severity, tuple[int, ...]], list[Archive]] = defaultdict(list)
    for (archive, message, severity), those in acds.items():
        archives[message, severity, tuple(those)].append(archive)
    for (message, severity, found), kinds in archives.items():
        yield Finding(
            severity,
            Subject.ARCHIVES,
            f"ACD {_listed(found)}, {' and '.join(kinds)} archive: {message}.",
            "" if severity is Severity.NOTE else ARCHIVING,
            server=facts.role,
            rule=ARCHIVED_ON_BOTH,
        )


def _trouble(status: ArchiveStatus, as_of: datetime) -> tuple[str, Severity] | None:
    if status.until is None:
        if status.problem == RUNNING:
            return status.problem, Severity.NOTE
        problem = "has no row in arch_stat" if "has no row" in status.problem else status.problem
        return problem, Severity.MUST if status.archive.grain.sliced else Severity.SHOULD
    if status.until < as_of - status.archive.grain.stuck:
        return f"has archived only up to {status.until:%Y-%m-%d %H:%M}", Severity.SHOULD
    return None


def _layouts(catalogue: Catalogue, lives: Mapping[str, Live], *, alike: bool) -> Iterator[Finding]:
    """Yield the tables that cannot be compared or copied, those with one problem together; `alike`: the loads are."""
    unlike = MAKE_ALIKE if alike else f"{ALIKE_FIRST} Until then leave them out."
    troubles: dict[tuple[str, Severity], list[str]] = defaultdict(list)
    absent: list[str] = []
    optional: list[str] = []
    for spec in catalogue.tables:
        if not any(lives[spec.name].values()):
            (optional if spec.optional else absent).append(spec.name)
            continue
        verdict = judge_columns(spec, dict(lives[spec.name]))
        if verdict.state is TableState.NOT_COMPARABLE:
            severity = Severity.MUST if spec.synced_by is SyncedBy.COPYING else Severity.SHOULD
            troubles[verdict.problem.replace(f"no table {spec.name}", "no such table"), severity].append(spec.name)
    for (problem, severity), tables in troubles.items():
        details = tuple(problem.split("; "))
        message = details[0] if len(details) == 1 else f"Its columns differ in {len(details)} ways"
        advice = unlike if severity is Severity.MUST else "They are not compared."
        yield Finding(
            severity,
            Subject.COLUMNS,
            f"{message[0].upper()}{message[1:]}.",
            advice,
            tables=tuple(tables),
            details=details if len(details) > 1 else (),
            rule=SAME_LOAD,
        )
    if absent:
        absent += optional
        message = (
            f"{plural(len(absent), 'table')} of the catalogue {'is' if len(absent) == 1 else 'are'} on neither server."
        )
        yield Finding(Severity.NOTE, Subject.TABLES, message, tables=tuple(absent))


def _nullability(catalogue: Catalogue, lives: Mapping[str, Live]) -> Iterator[Finding]:
    for spec in catalogue.tables:
        one, other = (lives[spec.name][role] for role in Role)
        if one is None or other is None or spec.synced_by is not SyncedBy.COPYING:
            continue
        found = [
            f"{column.name}: {_null(column)} on {Role.PRIMARY}, {_null(there)} on {Role.SECONDARY}"
            for column in one.columns
            if (there := other.column(column.name)) is not None
            and None not in (column.nullable, there.nullable)
            and column.nullable != there.nullable
        ]
        if found:
            yield Finding(
                Severity.SHOULD,
                Subject.COLUMNS,
                f"{plural(len(found), 'column')} may be NULL on one server only; the other refuses such rows.",
                "Make the columns alike on both servers.",
                tables=(spec.name,),
                details=tuple(found),
                rule=SAME_LOAD,
            )


def _null(column: LiveColumn) -> str:
    return "NULL" if column.nullable else "NOT NULL"


def _empty(catalogue: Catalogue, primary: ServerCheck, secondary: ServerCheck) -> Iterator[Finding]:
    """Yield the tables that one server has filled and the other has not."""
    for one, other in ((primary, secondary), (secondary, primary)):
        empty = {*one.tables_with(TablePresence.ROWS)} & {*other.tables_with(TablePresence.EMPTY)}
        names = tuple(spec.name for spec in catalogue.tables if spec.name in empty and _is_compared(spec))
        if names:
            yield Finding(
                Severity.SHOULD,
                Subject.TABLES,
                f"Rows on {one.role}, none on {other.role}.",
                "`syncengine verify` shows what is missing.",
                tables=names,
            )


def _is_compared(spec: TableSpec) -> bool:
    return spec.data_class is not DataClass.LOCAL and spec.synced_by is not SyncedBy.NEVER


def _unlike_specs(primary: ServerCheck, secondary: ServerCheck) -> Iterator[Finding]:
    here, there = ({table.table for table in one.tables if table.faults} for one in (primary, secondary))
    unlike = tuple(table.table for table in primary.tables if table.table in here | there)
    if unlike:
        message = (
            f"{plural(len(unlike), 'table')} {'has' if len(unlike) == 1 else 'have'} columns that differ from the spec."
        )
        yield Finding(Severity.NOTE, Subject.COLUMNS, message, REPORT, tables=unlike)


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))
