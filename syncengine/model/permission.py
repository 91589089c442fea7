"""Which side effects a run may cause: by table as the user names it, then each by its own name in the plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from syncengine.model.names import argument
from syncengine.model.surroundings import SideEffect, SideEffectKind, TableSideEffect

TRIGGERS, CASCADES = "--allow-triggers", "--allow-cascades"


@dataclass(frozen=True, slots=True)
class Permission:
    """Which side effects a user allows.

    The user names tables. The plan then lists each side effect found at these tables by its own name, and exactly
    these are allowed: one that is added to a table later is not.
    """

    triggers: tuple[str, ...] = ()
    """Tables whose writes may run triggers, also triggers of other tables that a cascade reaches."""
    cascades: tuple[str, ...] = ()
    """Tables from which other tables may lose rows."""
    approved: tuple[TableSideEffect, ...] = ()
    """The side effects that the plan listed when the user allowed them."""

    def allows(self, effect: TableSideEffect) -> bool:
        """Say whether a side effect is allowed."""
        tables = self.triggers if effect.effect.kind is SideEffectKind.TRIGGER else self.cascades
        return effect.table in tables or any(_is_same(effect, known) for known in self.approved)

    def __or__(self, other: Permission) -> Permission:
        return Permission(
            tuple(dict.fromkeys((*self.triggers, *other.triggers))),
            tuple(dict.fromkeys((*self.cascades, *other.cascades))),
            tuple(dict.fromkeys((*self.approved, *other.approved))),
        )

    def with_approved(self, effects: Iterable[TableSideEffect]) -> Permission:
        """Return this with side effects that were listed and allowed before."""
        return self | Permission(approved=tuple(effects))

    @property
    def named(self) -> bool:
        """Say whether the user named any table."""
        return bool(self.triggers or self.cascades)

    @property
    def words(self) -> tuple[str, ...]:
        """The options and tables as words of a command."""
        return (
            *(word for table in self.triggers for word in (TRIGGERS, table)),
            *(word for table in self.cascades for word in (CASCADES, table)),
        )

    @property
    def arguments(self) -> str:
        """The arguments of the Python API that allow the same."""
        options = (("allow_triggers", self.triggers), ("allow_cascades", self.cascades))
        return " ".join(argument(name, *tables) for name, tables in options if tables)


NO_PERMISSION = Permission()


def permission_for(effects: Iterable[TableSideEffect]) -> Permission:
    """Return the tables a user has to name so that all these side effects are allowed."""
    found = tuple(one for one in effects if one.effect.changes_rows)
    return Permission(tuple(_tables(found, SideEffectKind.TRIGGER)), tuple(_tables(found, SideEffectKind.CASCADE)))


def _tables(effects: tuple[TableSideEffect, ...], kind: SideEffectKind) -> Iterator[str]:
    yield from dict.fromkeys(one.table for one in effects if one.effect.kind is kind)


def _is_same(one: TableSideEffect, approved: TableSideEffect) -> bool:
    """Say whether a side effect is one that was approved: it may do less by now, but not more."""
    return (
        (one.into, one.table) == (approved.into, approved.table)
        and _identity(one.effect) == _identity(approved.effect)
        and (set(one.effect.on) <= set(approved.effect.on))
    )


def _identity(effect: SideEffect) -> tuple[str, ...]:
    return effect.kind, effect.name, effect.other_table, effect.how
