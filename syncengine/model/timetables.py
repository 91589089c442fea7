"""The timetables in the tables of both servers, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from syncengine.model.pair import Role
from syncengine.model.sentences import listed
from syncengine.model.timetable_flag import TimetableFlag, TimetableState

SCHEDULES = "ttsched"
TASKS = "ttsctasks"
LINES = "ttsc"
TIMETABLE_TABLES = (SCHEDULES, TASKS, LINES)
COPIED = (TASKS, LINES)
"""The tables of timetables that are synchronised by copying; schedules belong to each server."""
OWNER, NAME = "owner", "tt_name"
"""The columns that identify a timetable in each of its tables."""
MOST_NAMED = 20


class TimetableDifference(StrEnum):
    """How a timetable differs between the servers. When it runs is not compared (rule 8)."""

    ONLY_PRIMARY = "only on primary"
    ONLY_SECONDARY = "only on secondary"
    TASKS = "tasks differ"
    NO_SCHEDULE_PRIMARY = "no schedule on primary"
    NO_SCHEDULE_SECONDARY = "no schedule on secondary"


@dataclass(frozen=True, slots=True)
class Schedule:
    """One row of ttsched, values as text and None for NULL."""

    values: tuple[tuple[str, str | None], ...]
    """Its columns, except those of the name and the flag."""
    flag: str | None = None
    state: TimetableState | None = None
    """None if the flag is not known, or has a value that is not in the pair file."""


@dataclass(frozen=True, slots=True)
class TimetableSide:
    """One timetable on one server; empty if the server has none of that name."""

    schedules: tuple[Schedule, ...] = ()
    tasks: tuple[str, ...] = ()
    """Its tasks, in order."""
    lines: tuple[str, ...] = ()
    """The text of its tasks, in order."""
    stored: tuple[tuple[str, str], ...] = ()
    """Its owner and name as they are stored, with blanks: several if rows are padded differently."""

    @property
    def there(self) -> bool:
        """Say whether the server has it."""
        return bool(self.stored)

    @property
    def state(self) -> TimetableState | None:
        """The state of all its schedules; None without any, or if it is not known or not the same."""
        states = {schedule.state for schedule in self.schedules}
        return states.pop() if len(states) == 1 else None

    @property
    def does(self) -> bool:
        """Say whether it has any task there."""
        return bool(self.tasks or self.lines)

    @property
    def runs(self) -> bool:
        """Say whether it is known to run there."""
        return any(schedule.state is not None and schedule.state.runs for schedule in self.schedules)


@dataclass(frozen=True, slots=True)
class Timetable:
    """One timetable on both servers."""

    owner: str
    name: str
    primary: TimetableSide
    secondary: TimetableSide
    differences: tuple[TimetableDifference, ...] = ()
    own: bool = False
    """It belongs to each server, like a backup: it is neither compared nor copied."""

    def side(self, role: Role) -> TimetableSide:
        """Return it as it is on one server."""
        return self.primary if role is Role.PRIMARY else self.secondary

    @property
    def shown(self) -> str:
        """Its owner and name, for a sentence."""
        return f"{self.owner} '{self.name}'"

    @property
    def states_known(self) -> bool:
        """Say whether the state of every schedule is known."""
        every = (*self.primary.schedules, *self.secondary.schedules)
        return all(schedule.state is not None for schedule in every)

    @property
    def runs_on_both(self) -> bool:
        """Say whether it is known to run on both servers."""
        return self.primary.runs and self.secondary.runs


@dataclass(frozen=True, slots=True)
class TimetableListing:
    """All timetables of a pair, or those of some owners."""

    as_of: datetime
    timetables: tuple[Timetable, ...]
    flag: TimetableFlag | None = None
    """None if the column with the state is not known."""
    failed: tuple[tuple[Role, str], ...] = ()
    """Servers that did not answer, and why; then differences are not known."""
    notes: tuple[str, ...] = ()
    """What cannot be read from the servers' tables, and why."""
    faults: tuple[str, ...] = ()
    """Why the flag in the pair file does not fit the servers' columns; then the states are not known."""
    scheduled: frozenset[Role] = frozenset()
    """The servers whose schedules could be read."""
    tasked: frozenset[Role] = frozenset()
    """The servers whose tasks could be read."""

    @property
    def differing(self) -> tuple[Timetable, ...]:
        """Those that differ, without those that belong to each server."""
        return tuple(one for one in self.timetables if one.differences and not one.own)

    @property
    def doubled(self) -> tuple[Timetable, ...]:
        """Those known to run on both servers, without those that belong to each server."""
        return tuple(one for one in self.timetables if one.runs_on_both and not one.own)

    @property
    def state_unknown(self) -> tuple[Timetable, ...]:
        """Those whose flag is none of the three that the pair file names, but for each server's own."""
        return tuple(one for one in self.timetables if self.flag is not None and not (one.states_known or one.own))

    def without_schedule(self, role: Role) -> tuple[Timetable, ...]:
        """Return those that only the other server has a schedule of, but for each server's own: they do not run.

        A schedule without any other row is not included: see `leftover`.
        """
        if not self.scheduled >= frozenset(Role):
            return ()
        leftover = self.leftover(role.other)
        ones = (one for one in self.timetables if not one.own and one not in leftover)
        return tuple(one for one in ones if one.side(role.other).schedules and not one.side(role).schedules)

    def unscheduled(self, role: Role) -> tuple[Timetable, ...]:
        """Return those without a schedule on a server, though the other has one: they do not run there."""
        ones = self.without_schedule(role)
        return tuple(one for one in ones if one.side(role).does or not one.side(role.other).does)

    def leftover(self, role: Role) -> tuple[Timetable, ...]:
        """Return those with a schedule and no task on a server, and nothing on the other: probably deleted there.

        A copy deletes their tasks and leaves the schedule, which belongs to each server; it is not copied.
        """
        if not (self.scheduled >= frozenset(Role) and self.tasked >= frozenset(Role)):
            return ()
        ones = (one for one in self.timetables if not one.own and not one.side(role.other).there)
        return tuple(one for one in ones if one.side(role).schedules and not one.side(role).does)

    @property
    def own(self) -> tuple[Timetable, ...]:
        """Those that belong to each server."""
        return tuple(one for one in self.timetables if one.own)

    @property
    def sentences(self) -> Iterator[str]:
        """Which timetables are excluded, and why the flag does not fit; missing tables are reported separately."""
        if self.own:
            yield f"timetables that belong to each server are neither compared nor copied: {named(self.own)}"
        for fault in self.faults:
            yield f"it is not known where timetables run: {fault}"


def named(timetables: Iterable[Timetable], most: int = 6) -> str:
    """Return some timetables by name, and the number of others, for a sentence."""
    names = list(dict.fromkeys(one.shown for one in timetables))
    return listed(names, most)


def leftover_text(timetables: Iterable[Timetable], role: Role) -> str:
    """Return what to do about schedules of a server without tasks, which the other server no longer has."""
    names, other = named(timetables, MOST_NAMED), role.other
    return (
        f"Schedules without tasks on {role}, and not on {other}: {names}. If they were deleted on {other}, delete "
        f"them in the window on {role} too."
    )
