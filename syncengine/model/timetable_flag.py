"""Where a timetable runs, and how a pair's servers store that (rule 18)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

NULL = "NULL"
"""What people write for a stored NULL."""
OWN = ("*backup*", "*back up*")
"""The timetables that are each server's own where the pair file does not say: those that make backups."""


class TimetableState(StrEnum):
    """The three states of a timetable on a server (High Availability guide, chapter 3)."""

    ONLY_HERE = "only here"
    HERE_OR_ANOTHER = "here or another"
    """The default: it runs on every server that has it so."""
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
    """How one server stores one state: the text of the value, None for NULL."""

    state: TimetableState
    server: str
    value: str | None


@dataclass(frozen=True, slots=True)
class TimetableFlag:
    """The column of ttsched that holds the state, and what is stored for each state on each server."""

    column: str
    stored: tuple[StoredState, ...]

    def value(self, state: TimetableState, server: str) -> str | None:
        """Return the text of what a server stores for a state."""
        return next(one.value for one in self.stored if (one.state, one.server) == (state, server))

    def state(self, value: object, server: str) -> TimetableState | None:
        """Return the state that a stored value stands for on a server, or None."""
        told = stored_text(value)
        return next((one.state for one in self.stored if (one.value, one.server) == (told, server)), None)


@dataclass(frozen=True, slots=True)
class TimetableSettings:
    """What a pair file says of timetables."""

    flag: TimetableFlag | None = None
    own: tuple[str, ...] = OWN
    """Patterns of the names or tasks of timetables that are each server's own."""


def stored_text(value: object) -> str | None:
    """Return a stored value as text: without the blanks a CHAR is padded with, None for NULL (rule 16)."""
    if value is None:
        return None
    return value.isoformat() if isinstance(value, date) else str(value).rstrip(" ")
