"""Timetables as the tables of both servers tell them, side by side."""

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
"""What of timetables is kept in step by copying; schedules are each server's own."""
OWNER, NAME = "owner", "tt_name"
"""The columns that tell a timetable in each of its tables."""
MOST_NAMED = 20


class TimetableDifference(StrEnum):
    """What is not alike of a timetable. When it runs is each server's own, and no difference (rule 8)."""

    ONLY_PRIMARY = "only on primary"
    ONLY_SECONDARY = "only on secondary"
    TASKS = "tasks differ"
    NO_SCHEDULE_PRIMARY = "no schedule on primary"
    NO_SCHEDULE_SECONDARY = "no schedule on secondary"


@dataclass(frozen=True, slots=True)
class Schedule:
    """One row of ttsched, values as text and None for NULL."""

    values: tuple[tuple[str, str | None], ...]
    """Its columns, but for the names of the timetable and the flag."""
    flag: str | None = None
    state: TimetableState | None = None
    """None where the flag is not known, or holds what the pair file does not name."""


@dataclass(frozen=True, slots=True)
class TimetableSide:
    """What one server holds of a timetable; nothing, where it has none of that name."""

    schedules: tuple[Schedule, ...] = ()
    tasks: tuple[str, ...] = ()
    """What it does, in order."""
    lines: tuple[str, ...] = ()
    """The text of its tasks, in order."""
    stored: tuple[tuple[str, str], ...] = ()
    """Its owner and name as they are stored, blanks and all: more than one where they are padded unlike."""

    @property
    def there(self) -> bool:
        """Say whether the server has it."""
        return bool(self.stored)

    @property
    def state(self) -> TimetableState | None:
        """The state all its schedules are in; None without any, or where it is not known."""
        states = {schedule.state for schedule in self.schedules}
        return states.pop() if len(states) == 1 else None

    @property
    def does(self) -> bool:
        """Say whether it has anything to do there."""
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
    """It is each server's own, like a backup: what is unlike of it is no difference, and it is not copied."""

    def side(self, role: Role) -> TimetableSide:
        """Return what one server holds of it."""
        return self.primary if role is Role.PRIMARY else self.secondary

    @property
    def shown(self) -> str:
        """Its owner and name, for a sentence."""
        return f"{self.owner} '{self.name}'"

    @property
    def states_known(self) -> bool:
        """Say whether every schedule of it tells where it runs."""
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
    """None where no column is known to hold the state."""
    failed: tuple[tuple[Role, str], ...] = ()
    """Servers that did not answer, and why; nothing is said of differences then."""
    notes: tuple[str, ...] = ()
    """What the servers' tables do not tell, and why."""
    faults: tuple[str, ...] = ()
    """What of the flag in the pair file does not fit the servers' columns; the states are not known then."""
    scheduled: frozenset[Role] = frozenset()
    """The servers whose schedules could be read."""
    tasked: frozenset[Role] = frozenset()
    """The servers whose tasks could be read."""

    @property
    def differing(self) -> tuple[Timetable, ...]:
        """Those that are not alike, but for each server's own."""
        return tuple(one for one in self.timetables if one.differences and not one.own)

    @property
    def doubled(self) -> tuple[Timetable, ...]:
        """Those known to run on both servers, but for each server's own, which are meant to."""
        return tuple(one for one in self.timetables if one.runs_on_both and not one.own)

    @property
    def state_unknown(self) -> tuple[Timetable, ...]:
        """Those whose flag is none of the three that the pair file names, but for each server's own."""
        return tuple(one for one in self.timetables if self.flag is not None and not (one.states_known or one.own))

    def without_schedule(self, role: Role) -> tuple[Timetable, ...]:
        """Return those that only the other server has a schedule of, but for each server's own: they do not run.

        A schedule of what is nowhere else is left out: see `leftover`.
        """
        if not self.scheduled >= frozenset(Role):
            return ()
        left = self.leftover(role.other)
        ones = (one for one in self.timetables if not one.own and one not in left)
        return tuple(one for one in ones if one.side(role.other).schedules and not one.side(role).schedules)

    def unscheduled(self, role: Role) -> tuple[Timetable, ...]:
        """Return those that are there on a server without a schedule, which the other has: they do not run there."""
        ones = self.without_schedule(role)
        return tuple(one for one in ones if one.side(role).does or not one.side(role.other).does)

    def leftover(self, role: Role) -> tuple[Timetable, ...]:
        """Return those of which a server has a schedule and no task, and the other nothing: deleted there, as a rule.

        A copy takes their tasks and leaves the schedule, which is each server's own; it is made nowhere else.
        """
        if not (self.scheduled >= frozenset(Role) and self.tasked >= frozenset(Role)):
            return ()
        ones = (one for one in self.timetables if not one.own and not one.side(role.other).there)
        return tuple(one for one in ones if one.side(role).schedules and not one.side(role).does)

    @property
    def own(self) -> tuple[Timetable, ...]:
        """Those that are each server's own."""
        return tuple(one for one in self.timetables if one.own)

    @property
    def sentences(self) -> Iterator[str]:
        """What is left out, and what of the pair file's flag does not fit; missing tables are told by themselves."""
        if self.own:
            yield f"timetables that are each server's own are neither compared nor copied: {named(self.own)}"
        for fault in self.faults:
            yield f"where timetables run is not known: {fault}"


def named(timetables: Iterable[Timetable], most: int = 6) -> str:
    """Name some timetables in a sentence, and count the others."""
    names = list(dict.fromkeys(one.shown for one in timetables))
    return listed(names, most)


def leftover_text(timetables: Iterable[Timetable], role: Role) -> str:
    """Say what to do about schedules of a server that have nothing to run, and that the other server has no more."""
    names, other = named(timetables, MOST_NAMED), role.other
    return (
        f"On {role} there is a schedule without a task of {names}, and nothing of it on {other}: if it was deleted on "
        f"{other}, delete it in the window on {role}, too."
    )
