"""Tables as the judges of rows read them: rows by name of column, their bucket, their key group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from syncengine.catalogue import Catalogue
from syncengine.model.grain import Archive
from syncengine.model.spec import DataClass, SyncedBy, TableSpec
from tests.world.ending import Ending
from tests.world.values import Bag, Database, Recorded, Scenario, Server, Snapshot, View

Line = tuple[Any, ...]
Place = tuple[int | None, Any, int | None]
"""An ACD, a day and a label: a bucket."""
Group = tuple[str | None, ...]


class Servers(Protocol):
    """The servers of a world, as the judges of rows read them."""

    @property
    def databases(self) -> Mapping[Server, Database]:
        """The database of each."""

    def changes(self, server: Server, table: str, since: int, to: int) -> tuple[Bag, Bag]:
        """Return what a server and its people inserted and deleted after a second and up to another."""

    def snapshot(self) -> Snapshot:
        """Return all rows of both servers."""


class Judged(Protocol):
    """A world, as far as the judges of rows read it."""

    scenario: Scenario
    records: dict[Server, tuple[Recorded, ...]]
    perfect: dict[Server, tuple[Recorded, ...]]
    views: dict[Server, View]
    endings: list[Ending]

    @property
    def site(self) -> Servers:
        """Its servers."""


def catalogue_of(world: Judged) -> Catalogue:
    """Return the catalogue of a world."""
    from tests.world.tables import world_catalogue

    return world_catalogue(world.scenario.whole)


def text(value: Any) -> str | None:
    """Return a value as text without blanks at its end, so that 5 and Decimal(5) are the same."""
    if value is None:
        return None
    if type(value) is int:
        return str(value)
    if isinstance(value, (float, Decimal)) and value == int(value):
        value = int(value)
    return str(value).rstrip(" ")


@dataclass(frozen=True)
class Layout:
    """A table: its spec, and the columns of its bags in their order."""

    spec: TableSpec
    columns: tuple[str, ...]

    @property
    def own(self) -> frozenset[str]:
        """The columns that number rows: each server has its own."""
        return frozenset({self.spec.row_number} - {None})  # type: ignore[arg-type]

    def at(self, column: str) -> int:
        """Return where a column is in a line."""
        return self.columns.index(column)

    def place(self, line: Line) -> Place:
        """Return the bucket of a row."""
        time, acd = self.spec.time, self.spec.acd
        number = line[self.at(acd)] if acd else None
        if time is None:
            return number, None, None
        slot = time.label or time.epoch
        label = line[self.at(slot)] if slot else None
        if label is not None and time.epoch is not None and time.label is None:
            label -= label % 900
        elif label is not None and self.spec.archive is Archive.EVENT:
            label -= label % 100 % 15
        return number, line[self.at(time.date)], label

    def group(self, line: Line, key: Sequence[str]) -> Group:
        """Return the key group of a row."""
        return tuple(text(line[self.at(name)]) for name in key)

    def without(self, lines: Bag, columns: Iterable[str]) -> Bag:
        """Return rows without some columns, which are None then."""
        left_out = [number for number, name in enumerate(self.columns) if name in set(columns)]
        if not left_out:
            return lines
        found: Bag = Counter()
        for line, count in lines.items():
            changed = list(line)
            for number in left_out:
                if number < len(changed):
                    changed[number] = None
            found[tuple(changed)] += count
        return found

    def unnumbered(self, lines: Bag) -> Bag:
        """Return rows without the numbers that each server gives to its own."""
        return self.without(lines, self.own)

    def by_place(self, lines: Bag) -> dict[Place, Bag]:
        """Return rows by bucket."""
        found: dict[Place, Bag] = {}
        for line, count in lines.items():
            found.setdefault(self.place(line), Counter())[line] += count
        return found

    def named(self, line: Line) -> str:
        """Return a row for people: its bucket and the columns of its key."""
        names = [*dict.fromkeys((*self.spec.key, *(self.spec.pieces.columns if self.spec.pieces else ())))]
        acd, day, label = self.place(line)
        more = ", ".join(f"{name} {text(line[self.at(name)])}" for name in names if name in self.columns)
        return f"{self.spec.name}, ACD {acd}, {day} {'' if label is None else label}: {more}"


def history(world: Judged) -> tuple[TableSpec, ...]:
    """Return the tables of history that a server writes by itself but for roll-ups and what is never copied."""
    return tuple(
        spec
        for spec in catalogue_of(world).tables
        if spec.data_class is DataClass.HISTORICAL
        and spec.archive in (Archive.INTERVAL, Archive.EVENT)
        and spec.synced_by is not SyncedBy.NEVER
    )


def layout_of(world: Judged, spec: TableSpec) -> Layout:
    """Return the layout of a table, with the columns that both servers' bags begin with."""
    both = [database.columns(spec.name) for _, database in sorted(world.site.databases.items())]
    shorter = min(both, key=len)
    return Layout(spec, tuple(shorter))


def rows_of(layout: Layout, snapshot: Snapshot, server: Server) -> Bag:
    """Return the rows of a table in a snapshot, as wide as the layout: an upgrade adds columns, NULL before."""
    bag = snapshot.bags[server].get(layout.spec.name, Counter())
    width = len(layout.columns)
    if {*map(len, bag)} <= {width}:
        return bag
    found: Bag = Counter()
    for line, count in bag.items():
        found[(*line, *(None,) * (width - len(line)))[:width]] += count
    return found
