"""What a sync may know of earlier: the rows of each key group when a sync last found both servers alike.

Taken from the snapshots of the endings alone. Where it is not certain whether the product remembered, both may be so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from syncengine.catalogue import Catalogue, load_catalogue
from syncengine.model.spec import DataClass, SyncedBy, TableSpec
from tests.world.values import Bag, Snapshot

Group = tuple[int | None, tuple[str | None, ...]]
"""An ACD, or None of tables without one, and the values of a key as text."""
Columns = Mapping[str, tuple[str, ...]]
"""The columns of the tables, in the order of their rows."""
Known = frozenset[tuple[tuple[Any, ...], ...] | None]
"""The rows a group may be remembered with: sorted; None where nothing is remembered of it."""
NOTHING_KNOWN: Known = frozenset({None})
KNOWN_ABSENT: Known = frozenset({()})
EVERY = -1
"""Stands for all ACDs that are not named."""
CLASSES = (DataClass.SYSTEM, DataClass.ACD, DataClass.LOCAL)


@lru_cache(maxsize=1)
def shipped() -> Catalogue:
    """Return the shipped catalogue, of which the world's tables are a part."""
    return load_catalogue()


@lru_cache(maxsize=1)
def administration_tables() -> Mapping[str, TableSpec]:
    """Return the specs of all tables of administration, by name."""
    return {spec.name: spec for spec in shipped().tables if spec.data_class in CLASSES}


def is_copied(spec: TableSpec, *, manual: bool = False) -> bool:
    """Say whether a sync copies a table."""
    return spec.synced_by is SyncedBy.COPYING or (manual and spec.synced_by in (SyncedBy.BY_HAND, SyncedBy.BY_SWITCH))


@dataclass(frozen=True, slots=True)
class Layout:
    """How the rows of a table are put into key groups and compared."""

    spec: TableSpec
    columns: tuple[str, ...]
    """In order; a row from before a column was added is shorter."""

    def group_of(self, row: tuple[Any, ...]) -> Group:
        """Return the key group of a row."""
        values = dict(zip(self.columns, self.compared(row), strict=False))
        acd = values.get(self.spec.acd) if self.spec.acd else None
        return acd, tuple(None if values.get(name) is None else str(values[name]) for name in self.spec.key)

    def compared(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return a row as it counts: without blanks at the end of text, and only what is significant of it."""
        return tuple(self._counts(name, value) for name, value in zip(self.columns, row, strict=False))

    def groups(self, bag: Bag) -> dict[Group, Bag]:
        """Return the rows as they count, by key group."""
        found: dict[Group, Bag] = {}
        for row, many in bag.items():
            found.setdefault(self.group_of(row), Counter())[self.compared(row)] += many
        return found

    def raw_groups(self, bag: Bag) -> dict[Group, Bag]:
        """Return the rows as they are, by key group."""
        found: dict[Group, Bag] = {}
        for row, many in bag.items():
            found.setdefault(self.group_of(row), Counter())[row] += many
        return found

    def _counts(self, name: str, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        column = self.spec.column(name)
        width = column.significant if column is not None else None
        return value[:width].rstrip(" ")


def layout_of(table: str, columns: Iterable[str]) -> Layout:
    """Return the layout of a table with some columns."""
    return Layout(administration_tables()[table], tuple(columns))


def rows_of(bag: Bag | None) -> tuple[tuple[Any, ...], ...]:
    """Return the rows of a key group, sorted, to be remembered."""
    return tuple(sorted((bag or Counter()).elements(), key=repr))


@dataclass(slots=True)
class LastAlike:
    """What may be remembered of each key group of each table."""

    groups: dict[tuple[str, Group], Known] = field(default_factory=dict)
    otherwise: dict[tuple[str, int | None], Known] = field(default_factory=dict)
    """Of groups that are on neither server, by table and ACD."""

    def known(self, table: str, group: Group) -> Known:
        """Return what may be remembered of a key group."""
        rest = self.otherwise.get((table, EVERY), NOTHING_KNOWN)
        return self.groups.get((table, group), self.otherwise.get((table, group[0]), rest))

    def compared(
        self, snapshot: Snapshot, table: str, columns: tuple[str, ...], acds: tuple[int, ...], *, certain: bool
    ) -> None:
        """Note that a sync compared a table, of some ACDs or of all: groups that are alike are remembered."""
        layout = layout_of(table, columns)
        one, other = (layout.groups(snapshot.bags[server].get(table, Counter())) for server in ("primary", "secondary"))
        earlier = [group for name, group in self.groups if name == table]
        found: dict[Group, Known] = {}
        for group in {*one, *other, *earlier}:
            before = self.known(table, group)
            sure = certain and (not acds or group[0] in acds)
            if one.get(group) == other.get(group):
                found[group] = frozenset({rows_of(one.get(group))}) | (frozenset() if sure else before)
            else:
                found[group] = before
        self.groups |= {(table, group): known for group, known in found.items()}
        if certain and not acds:
            self.otherwise = {place: known for place, known in self.otherwise.items() if place[0] != table}
            self.otherwise[table, EVERY] = KNOWN_ABSENT
            return
        self.otherwise[table, EVERY] = self.otherwise.get((table, EVERY), NOTHING_KNOWN) | KNOWN_ABSENT
        if certain:
            self.otherwise |= {(table, acd): KNOWN_ABSENT for acd in acds}

    def forgotten(self, tables: Iterable[str], *, certain: bool) -> None:
        """Note that what was remembered of some tables was dropped, or may have been."""
        names = frozenset(tables)
        for places in (self.groups, self.otherwise):
            for place, known in places.items():
                if place[0] in names:
                    places[place] = NOTHING_KNOWN if certain else known | NOTHING_KNOWN  # type: ignore[index]


def changed_by(known: Known, source: Bag | None, target: Bag | None) -> frozenset[str]:
    """Return who may be said to have changed a key group that differs."""
    found: set[str] = set()
    for last in known:
        if last is None:
            found.add("unknown")
            continue
        by_source, by_target = rows_of(source) != last, rows_of(target) != last
        found.add("both" if by_source and by_target else "target" if by_target else "source")
    return frozenset(found)
