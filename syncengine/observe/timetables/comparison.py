"""Reads the timetables of both servers and compares them (rule 18)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from syncengine.model.errors import ServerError
from syncengine.model.pair import Role
from syncengine.model.selection import KeyGroups
from syncengine.model.sentences import without_server
from syncengine.model.spec import TableSpec
from syncengine.model.timetable_flag import TimetableFlag, TimetableSettings, stored_text
from syncengine.model.timetables import (
    COPIED,
    LINES,
    NAME,
    OWNER,
    SCHEDULES,
    TASKS,
    TIMETABLE_TABLES,
    Schedule,
    Timetable,
    TimetableDifference,
    TimetableListing,
    TimetableSide,
)
from syncengine.observe.columns import ColumnNeed, ColumnsVerdict, misfit
from syncengine.observe.facts import read_rows
from syncengine.observe.timetables.flag_column import flag_faults
from syncengine.servers.protocol import LiveTable, Server

Row = Mapping[str, Any]
Name = tuple[str, str]
"""Owner and name of a timetable, without the blanks they are padded with (rule 16)."""
ORDER = {TASKS: ("task_seq",), LINES: ("task_seq", "line_no")}
TEXT = {TASKS: "task", LINES: "text"}
ONLY = {
    Role.PRIMARY: TimetableDifference.ONLY_PRIMARY,
    Role.SECONDARY: TimetableDifference.ONLY_SECONDARY,
}
NO_SCHEDULE = {
    Role.PRIMARY: TimetableDifference.NO_SCHEDULE_PRIMARY,
    Role.SECONDARY: TimetableDifference.NO_SCHEDULE_SECONDARY,
}


@dataclass(slots=True)
class _ServerTimetables:
    """The timetables of one server: rows by table and timetable, for the tables that could be read."""

    role: Role
    columns: dict[str, frozenset[str]] = field(default_factory=dict)
    rows: dict[str, dict[Name, list[Row]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    faults: tuple[str, ...] = ()

    def of(self, table: str, name: Name) -> list[Row]:
        """Return the rows of one timetable in one table."""
        return self.rows.get(table, {}).get(name, [])

    def names(self) -> Iterator[Name]:
        """Yield every timetable any of its tables names."""
        for table in self.rows.values():
            yield from table


def list_timetables(
    servers: Mapping[Role, Server],
    settings: TimetableSettings,
    as_of: datetime,
    *,
    owners: Iterable[str] = (),
    failed: Iterable[tuple[Role, str]] = (),
) -> TimetableListing:
    """Return the timetables of the servers that answered, of some owners or of all.

    What a server's tables lack is noted, not fatal. Raises `ServerError` where a server is lost.
    """
    by_role = {role: _read_server(server, role, settings.flag) for role, server in servers.items()}
    faults = tuple(fault for one in by_role.values() for fault in one.faults)
    flag = None if faults else settings.flag
    names = sorted({name for one in by_role.values() for name in one.names()})
    wanted = set(owners)
    found = (
        _timetable(name, by_role, replace(settings, flag=flag)) for name in names if not wanted or name[0] in wanted
    )
    return TimetableListing(
        as_of=as_of,
        timetables=tuple(found),
        flag=flag,
        failed=tuple(failed),
        notes=tuple(note for one in by_role.values() for note in one.notes),
        faults=faults,
        scheduled=frozenset(role for role, one in by_role.items() if SCHEDULES in one.rows),
        tasked=frozenset(role for role, one in by_role.items() if TASKS in one.rows),
    )


def excluded_timetables(listing: TimetableListing | None, spec: TableSpec, verdict: ColumnsVerdict) -> KeyGroups | None:
    """Return the rows of a table that are of timetables that are each server's own, however either pads their names."""
    text = {column.name for column in verdict.compared if column.type.is_text}
    if listing is None or spec.name not in COPIED or not {OWNER, NAME} <= text:
        return None
    stored = {name for one in listing.own for role in Role for name in one.side(role).stored}
    return KeyGroups((OWNER, NAME), tuple(sorted(stored))) if stored else None


def _read_server(server: Server, role: Role, flag: TimetableFlag | None) -> _ServerTimetables:
    timetables = _ServerTimetables(role)
    live = server.tables(TIMETABLE_TABLES)
    for table in TIMETABLE_TABLES:
        found = live.get(table)
        if found is None:
            timetables.notes.append(f"{role} has no {table} table")
            continue
        misfits = [problem for name in (OWNER, NAME) if (problem := misfit(found, name, ColumnNeed.TEXT))]
        if misfits:
            timetables.notes.append(f"{role}: {table} has {' and '.join(misfits)}, so its rows are of no timetable")
            continue
        try:
            _read_table(server, found, timetables)
        except ServerError as error:
            if error.of_whole_server:
                raise
            timetables.notes.append(f"{role}: {table} cannot be read ({without_server(role, error.message)})")
    if flag is not None and SCHEDULES in live:
        timetables.faults = tuple(flag_faults(flag, role, live[SCHEDULES]))
    return timetables


def _read_table(server: Server, table: LiveTable, timetables: _ServerTimetables) -> None:
    names = tuple(column.name for column in table.columns if column.readable)
    rows: dict[Name, list[Row]] = defaultdict(list)
    nameless = 0
    for row in read_rows(server, table.name, names):
        owner, name = stored_text(row[OWNER]), stored_text(row[NAME])
        if owner is None or name is None:
            nameless += 1
            continue
        rows[owner, name].append(row)
    if nameless:
        timetables.notes.append(f"{timetables.role}: {nameless:,} rows of {table.name} name no timetable")
    timetables.rows[table.name], timetables.columns[table.name] = dict(rows), frozenset(names)


def _timetable(name: Name, by_role: Mapping[Role, _ServerTimetables], settings: TimetableSettings) -> Timetable:
    sides = {role: _side(name, by_role[role], settings.flag) if role in by_role else TimetableSide() for role in Role}
    return Timetable(
        *name,
        primary=sides[Role.PRIMARY],
        secondary=sides[Role.SECONDARY],
        differences=tuple(_differences(name, sides, by_role)) if len(by_role) == len(Role) else (),
        own=_is_own(name, sides.values(), settings.own),
    )


def _side(name: Name, timetables: _ServerTimetables, flag: TimetableFlag | None) -> TimetableSide:
    every = [row for table in TIMETABLE_TABLES for row in timetables.of(table, name)]
    return TimetableSide(
        schedules=tuple(_schedule(row, timetables.role, flag) for row in timetables.of(SCHEDULES, name)),
        tasks=tuple(_texts(TASKS, timetables.of(TASKS, name))),
        lines=tuple(_texts(LINES, timetables.of(LINES, name))),
        stored=tuple(sorted({(str(row[OWNER]), str(row[NAME])) for row in every})),
    )


def _schedule(row: Row, role: Role, flag: TimetableFlag | None) -> Schedule:
    column = flag.column if flag else ""
    values = tuple((name, stored_text(value)) for name, value in row.items() if name not in (OWNER, NAME, column))
    if flag is None:
        return Schedule(values)
    return Schedule(values, stored_text(row[column]), flag.state(row[column], role.value))


def _texts(table: str, rows: Iterable[Row]) -> Iterator[str]:
    """Yield the text of rows, in their order; without the text column, all their values but the names."""
    for row in sorted(rows, key=lambda row: [_number(row.get(column)) for column in ORDER[table]]):
        if TEXT[table] in row:
            yield stored_text(row[TEXT[table]]) or ""
        else:
            yield " ".join(stored_text(value) or "" for name, value in row.items() if name not in (OWNER, NAME))


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _differences(
    name: Name, sides: Mapping[Role, TimetableSide], by_role: Mapping[Role, _ServerTimetables]
) -> Iterator[TimetableDifference]:
    there = [role for role in Role if sides[role].there]
    if len(there) == 1:
        yield ONLY[there[0]]
        return
    if any(_unlike(table, name, by_role) for table in (TASKS, LINES)):
        yield TimetableDifference.TASKS
    for role in Role:
        if SCHEDULES in by_role[role].rows and not sides[role].schedules and sides[role.other].schedules:
            yield NO_SCHEDULE[role]


def _unlike(table: str, name: Name, by_role: Mapping[Role, _ServerTimetables]) -> bool:
    """Say whether the rows of a timetable differ in the columns both servers have, not of a table that one lacks."""
    if any(table not in one.rows for one in by_role.values()):
        return False
    columns = sorted(frozenset.intersection(*(one.columns[table] for one in by_role.values())) - {OWNER, NAME})
    one, other = (Counter(_values(row, columns) for row in by_role[role].of(table, name)) for role in Role)
    return one != other


def _values(row: Row, columns: Iterable[str]) -> tuple[str | None, ...]:
    return tuple(stored_text(row[column]) for column in columns)


def _is_own(name: Name, sides: Iterable[TimetableSide], patterns: Iterable[str]) -> bool:
    """Say whether a name or a task is one that the pair file calls each server's own."""
    texts = [name[1], *(task for side in sides for task in side.tasks)]
    return any(fnmatchcase(text.lower(), pattern.lower()) for text in texts for pattern in patterns)
