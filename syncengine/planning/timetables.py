"""Plans edits of where timetables run: the guide's global edit, and its undo (rule 18). Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.drift import Counts
from syncengine.model.fingerprint import FingerprintColumn
from syncengine.model.pair import Role
from syncengine.model.plan import BucketWrite, Skipped, SkipReason, Step, TablePart
from syncengine.model.timetable_flag import (
    NULL,
    FlagChange,
    FlagEdit,
    FlagRow,
    FlagValue,
    RunOn,
    TimetableFlag,
    stored_text,
)
from syncengine.model.timetables import SCHEDULES

Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class RunOnRequest:
    """The guide's global edit: all timetables of some owners on one server."""

    run_on: RunOn
    owners: tuple[str, ...]
    server: Role

    @property
    def about(self) -> str:
        """What it does, in words."""
        where = f"only on {self.server}" if self.run_on is RunOn.THIS else f"on {self.server} or another server"
        return f"run the timetables of {', '.join(self.owners)} {where}"


def run_on_edit(
    rows: Iterable[FlagRow], request: RunOnRequest, flag: TimetableFlag, column: FingerprintColumn
) -> FlagEdit:
    """Return the edit that puts all timetables of the owners in the requested state, and counts those already in it."""
    server = request.server.value
    requested = as_stored(flag.value(request.run_on.state, server), column)
    owned = [row for row in rows if row.timetable[0] in request.owners]
    changing = [row for row in owned if stored_text(row.value) != stored_text(requested)]
    changes = (
        FlagChange(
            row.owner,
            row.name,
            row.value,
            requested,
            (shown_value(row.value, flag, server), request.run_on.state.value),
        )
        for row in changing
    )
    alike = len({row.timetable for row in owned} - {row.timetable for row in changing})
    return FlagEdit(flag.column, tuple(dict.fromkeys(changes)), request.about, alike)


def undo_edit(
    edit: FlagEdit, rows: Iterable[FlagRow], later: Mapping[Name, str], about: str
) -> tuple[FlagEdit, tuple[Skipped, ...]]:
    """Return the edit that restores flags, timetable by timetable, and the flags that are skipped.

    Skipped are flags that somebody else, or a run of `later`, has set since, and timetables whose schedules were in
    several states: it is no longer known which was in which. The other columns of a row do not matter, so a timetable
    that has run meanwhile is restored all the same.
    """
    now: dict[Name, list[FlagRow]] = defaultdict(list)
    for row in rows:
        now[row.timetable].append(row)
    states = Counter(change.timetable for change in edit.changes)
    changes: list[FlagChange] = []
    skipped: dict[tuple[SkipReason, str], list[FlagChange]] = defaultdict(list)
    for change in edit.changes:
        present = {stored_text(row.value) for row in now[change.timetable]}
        if states[change.timetable] > 1:
            skipped[SkipReason.MIXED, ""].append(change)
        elif present == {stored_text(change.after)}:
            # The current rows, which may be padded differently than before.
            changes += (replace(change.reversed, owner=r.owner, name=r.name) for r in now[change.timetable])
        elif present != {stored_text(change.before)}:
            run = later.get(change.timetable, "")
            skipped[SkipReason.WRITTEN_SINCE if run else SkipReason.CHANGED_SINCE, run].append(change)
    return FlagEdit(edit.column, tuple(dict.fromkeys(changes)), about), tuple(
        Skipped(SCHEDULES, None, why, (), Counts(changed=len(ones)), _detail(ones, run))
        for (why, run), ones in skipped.items()
    )


def edit_steps(
    edit: FlagEdit, part: TablePart, into: Role, before: BucketState, after: BucketState
) -> tuple[Step, ...]:
    """Return the step that sets the flags, by the state of the table before and after it; none if no flag is set."""
    rows = len({change.timetable for change in edit.changes})
    write = BucketWrite(Bucket(), after, before, Counts(changed=rows))
    return (Step(1, into, (replace(part, buckets=(write,)),)),) if rows else ()


def as_stored(value: str | None, column: FingerprintColumn) -> FlagValue:
    """Return a value of the pair file as the column stores it."""
    if value is None:
        return None
    if not column.type.is_text:
        return int(value)
    return value.ljust(column.type.width) if column.type.name == "char" else value


def shown_value(value: FlagValue, flag: TimetableFlag, server: str) -> str:
    """Return a stored value as text: its state, or the value itself if that is none of the three."""
    state = flag.state(value, server)
    return state.value if state else NULL if value is None else repr(stored_text(value))


def _detail(changes: Iterable[FlagChange], run: str) -> str:
    names = ", ".join(dict.fromkeys(change.shown for change in changes))
    return f"run {run}: {names}" if run else names
