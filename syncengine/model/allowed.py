"""What may be set off beside the rows that are written: by table as a user names it, by its own name once told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from syncengine.model.names import argument
from syncengine.model.surroundings import Meeting, Met, MetKind

TRIGGERS, CASCADES = "--allow-triggers", "--allow-cascades"


@dataclass(frozen=True, slots=True)
class Allowed:
    """What of what is set off may be.

    A user names tables when a command is given, which then names all that is there: that, each by its own name, is
    what is allowed. What comes later was neither told nor allowed.
    """

    triggers: tuple[str, ...] = ()
    """Tables whose writes may run triggers, be it of other tables that a cascade reaches."""
    cascades: tuple[str, ...] = ()
    """Tables from which other tables may lose rows."""
    told: tuple[Meeting, ...] = ()
    """What was named when it was allowed."""

    def allows(self, meeting: Meeting) -> bool:
        """Say whether something that is set off may be."""
        tables = self.triggers if meeting.met.kind is MetKind.TRIGGER else self.cascades
        return meeting.table in tables or any(_is_same(meeting, known) for known in self.told)

    def __or__(self, other: Allowed) -> Allowed:
        return Allowed(
            tuple(dict.fromkeys((*self.triggers, *other.triggers))),
            tuple(dict.fromkeys((*self.cascades, *other.cascades))),
            tuple(dict.fromkeys((*self.told, *other.told))),
        )

    def and_told(self, meetings: Iterable[Meeting]) -> Allowed:
        """Return this with what was named and allowed before."""
        return self | Allowed(told=tuple(meetings))

    @property
    def named(self) -> bool:
        """Say whether a user names any table."""
        return bool(self.triggers or self.cascades)

    @property
    def words(self) -> tuple[str, ...]:
        """The options and tables, each a word of a command."""
        return (
            *(word for table in self.triggers for word in (TRIGGERS, table)),
            *(word for table in self.cascades for word in (CASCADES, table)),
        )

    @property
    def arguments(self) -> str:
        """The arguments of the Python API that allow it."""
        told = (("allow_triggers", self.triggers), ("allow_cascades", self.cascades))
        return " ".join(argument(name, *tables) for name, tables in told if tables)


NOTHING = Allowed()


def needed(meetings: Iterable[Meeting]) -> Allowed:
    """Return what a user has to name so that all of it may be."""
    found = tuple(meeting for meeting in meetings if meeting.met.sets_off)
    return Allowed(tuple(_tables(found, MetKind.TRIGGER)), tuple(_tables(found, MetKind.CASCADE)))


def _tables(meetings: tuple[Meeting, ...], kind: MetKind) -> Iterator[str]:
    yield from dict.fromkeys(one.table for one in meetings if one.met.kind is kind)


def _is_same(one: Meeting, known: Meeting) -> bool:
    """Say whether what is met is what was known: it may do less by now, but not more."""
    return (
        (one.into, one.table) == (known.into, known.table)
        and _does(one.met) == _does(known.met)
        and (set(one.met.on) <= set(known.met.on))
    )


def _does(met: Met) -> tuple[str, ...]:
    return met.kind, met.name, met.other, met.how
