"""Compares the flag of timetables in the pair file with the column that a server has."""

from __future__ import annotations

from collections.abc import Iterator

from syncengine.model.pair import Role
from syncengine.model.timetable_flag import NULL, StoredState, TimetableFlag
from syncengine.model.timetables import SCHEDULES
from syncengine.observe.columns import ColumnNeed
from syncengine.servers.protocol import LiveColumn, LiveTable


def flag_faults(flag: TimetableFlag, role: Role, table: LiveTable) -> Iterator[str]:
    """Yield what does not fit, a sentence each without its full stop."""
    column = table.column(flag.column)
    if column is None:
        yield f"{role}: {SCHEDULES} has no column {flag.column}, only {', '.join(table.names)}"
        return
    if not column.readable or not any(need.satisfied_by(column) for need in (ColumnNeed.TEXT, ColumnNeed.WHOLE)):
        yield f"{role}: {SCHEDULES}.{flag.column} is {column.native}, and a flag is text or a whole number"
        return
    for one in flag.stored:
        problem = _misfit(one, column)
        if one.server == role.value and problem:
            shown = NULL if one.value is None else repr(one.value)
            yield f"{role}: {SCHEDULES}.{flag.column} is {column.native}, {problem} {shown} ({one.state})"


def _misfit(one: StoredState, column: LiveColumn) -> str:
    if one.value is None:
        return "which takes no" if column.nullable is False else ""
    if column.type.is_text:
        return "which is too short for" if column.type.width and len(one.value) > column.type.width else ""
    try:
        return "" if str(int(one.value)) == one.value else "which does not store numbers as"
    except ValueError:
        return "which cannot store"
