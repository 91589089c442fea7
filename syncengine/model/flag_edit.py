"""Flags of timetables that a run sets: the guide's global edit, and taking it back (rule 18)."""

from __future__ import annotations

from dataclasses import dataclass

FlagValue = str | int | None


@dataclass(frozen=True, slots=True)
class FlagRow:
    """Which timetable a row of ttsched is of, and its flag, as they are stored."""

    owner: str
    name: str
    value: FlagValue

    @property
    def timetable(self) -> tuple[str, str]:
        """Its owner and name, without the blanks they are padded with."""
        return self.owner.rstrip(" "), self.name.rstrip(" ")


@dataclass(frozen=True, slots=True)
class FlagChange:
    """All rows of one timetable that hold one value, and what they hold afterwards. Values are as they are stored."""

    owner: str
    name: str
    before: FlagValue
    after: FlagValue
    says: tuple[str, str]
    """Both values as people are told them: the states, or what is stored where that is none of the three."""

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
    def taken_back(self) -> FlagChange:
        """The change that puts back what was there before."""
        return FlagChange(self.owner, self.name, self.after, self.before, (self.says[1], self.says[0]))


@dataclass(frozen=True, slots=True)
class FlagEdit:
    """One column of ttsched, set for some timetables of one server; its other columns stay as they are."""

    column: str
    changes: tuple[FlagChange, ...]
    about: str
    """What it does, for people."""
    alike: int = 0
    """How many of the timetables it is about are as wanted already."""
