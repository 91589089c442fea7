"""Where a timetable runs, how a pair's servers store that, and edits of it (rule 18)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

NULL = "NULL"
"""How people write a stored NULL."""
OWN = ("*backup*", "*back up*")
"""The default patterns of timetables that belong to each server: those that make backups."""
FlagValue = str | int | None
"""A flag as a server stores it."""


class TimetableState(StrEnum):
    """The three states of a timetable on a server (High Availability guide, chapter 3)."""

    ONLY_HERE = "only here"
    HERE_OR_ANOTHER = "here or another"
    """The default: it runs on every server on which it is in this state."""
    NOT_HERE = "not here"

    @property
    def runs(self) -> bool:
        """Say whether a timetable in this state runs on its server."""
        return self is not TimetableState.NOT_HERE


class RunOn(StrEnum):
    """The two choices of the guide's global edit; either makes the timetables run."""

    THIS = "this"
    ANY = "any"

    @property
    def state(self) -> TimetableState:
        """The state it puts timetables in."""
        return TimetableState.ONLY_HERE if self is RunOn.THIS else TimetableState.HERE_OR_ANOTHER


@dataclass(frozen=True, slots=True)
class StoredState:
    """The value one server stores for one state: as text, None for NULL."""

    state: TimetableState
    server: str
    value: str | None


@dataclass(frozen=True, slots=True)
class TimetableFlag:
    """The column of ttsched with the state, and the value stored for each state on each server."""

    column: str
    stored: tuple[StoredState, ...]

    def value(self, state: TimetableState, server: str) -> str | None:
        """Return the text of the value a server stores for a state."""
        return next(one.value for one in self.stored if (one.state, one.server) == (state, server))

    def state(self, value: object, server: str) -> TimetableState | None:
        """Return the state of a value stored on a server, or None."""
        stored = stored_text(value)
        return next((one.state for one in self.stored if (one.value, one.server) == (stored, server)), None)


@dataclass(frozen=True, slots=True)
class TimetableSettings:
    """The settings of a pair file about timetables."""

    flag: TimetableFlag | None = None
    own: tuple[str, ...] = OWN
    """Patterns of the names or tasks of timetables that belong to each server."""


@dataclass(frozen=True, slots=True)
class FlagRow:
    """The timetable and the flag of a row of ttsched, as they are stored."""

    owner: str
    name: str
    value: FlagValue

    @property
    def timetable(self) -> tuple[str, str]:
        """Its owner and name, without the blanks they are padded with."""
        return self.owner.rstrip(" "), self.name.rstrip(" ")


@dataclass(frozen=True, slots=True)
class FlagChange:
    """All rows of one timetable with one value of the flag, and their new value. Values are as they are stored."""

    owner: str
    name: str
    before: FlagValue
    after: FlagValue
    labels: tuple[str, str]
    """Both values for people: the states, or the stored value if it is none of the three."""

    @property
    def timetable(self) -> tuple[str, str]:
        """Its owner and name, without the blanks they are padded with."""
        return self.owner.rstrip(" "), self.name.rstrip(" ")

    @property
    def shown(self) -> str:
        """Its owner and name, for a sentence."""
        owner, name = self.timetable
        return f"{owner} '{name}'"

    @property
    def reversed(self) -> FlagChange:
        """The change that restores the value from before."""
        return FlagChange(self.owner, self.name, self.after, self.before, (self.labels[1], self.labels[0]))


@dataclass(frozen=True, slots=True)
class FlagEdit:
    """An edit of one column of ttsched, for some timetables of one server; other columns stay as they are."""

    column: str
    changes: tuple[FlagChange, ...]
    about: str
    """What it does, for people."""
    alike: int = 0
    """How many of these timetables have the wanted value already."""


def stored_text(value: object) -> str | None:
    """Return a stored value as text: without the padding of a CHAR, None for NULL (rule 16)."""
    if value is None:
        return None
    return value.isoformat() if isinstance(value, date) else str(value).rstrip(" ")
