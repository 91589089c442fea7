"""The plain comparison: two bags of a table, bucket by bucket, in plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from syncengine.model.grain import Archive
from syncengine.model.spec import TableSpec
from tests.world.ending import Ending
from tests.world.values import Bag, Database, Scenario, Server

Place = tuple[int | None, date | None, int | None]
"""A bucket: its ACD, its day, and the label or epoch second it begins with."""
Line = tuple[Any, ...]
NO_ROWS: Bag = Counter()


class Servers(Protocol):
    """The servers of a world, as far as a judge reads them."""

    @property
    def databases(self) -> Mapping[Server, Database]:
        """The database of each."""


class Judged(Protocol):
    """A world, as far as a judge of what is said reads it."""

    @property
    def scenario(self) -> Scenario:
        """What the world is."""

    @property
    def site(self) -> Servers:
        """Its servers."""

    @property
    def pair_file(self) -> Any:
        """The pair file of the two servers."""

    @property
    def endings(self) -> list[Ending]:
        """How all commands so far have ended."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How many rows of a bucket differ: in a key group the smaller surplus is changed, the rest missing or extra."""

    missing: int = 0
    extra: int = 0
    changed: int = 0

    @property
    def counts(self) -> tuple[int, int, int]:
        """Missing, extra, changed."""
        return self.missing, self.extra, self.changed


@dataclass(frozen=True)
class Layout:
    """A table: its spec, the columns that its bags are in the order of, and the zone of the switch's clock."""

    spec: TableSpec
    columns: tuple[str, ...]
    zone: str = "UTC"

    def places(self) -> Callable[[Line], Place]:
        """Return what tells the bucket of a line of a bag."""
        at = {name: number for number, name in enumerate(self.columns)}
        time, acd = self.spec.time, self.spec.acd
        acd_at = at[acd] if acd is not None else None
        day_at = at[time.date] if time is not None else None
        slot = (time.label or time.epoch) if time is not None else None
        slot_at = at[slot] if slot is not None else None
        epoch = time is not None and time.epoch is not None
        events = self.spec.archive is Archive.EVENT

        def place(line: Line) -> Place:
            number = line[slot_at] if slot_at is not None else None
            if number is not None and epoch:
                number -= number % 900
            elif number is not None and events:
                number = number // 100 * 100 + number % 100 // 15 * 15
            return (
                line[acd_at] if acd_at is not None else None,
                line[day_at] if day_at is not None else None,
                number,
            )

        return place

    def start(self, place: Place) -> datetime | None:
        """Return when a bucket begins by the switch's clock; None for a table without time."""
        time = self.spec.time
        _, day, slot = place
        if time is None:
            return None
        if time.epoch is not None:
            return None if slot is None else datetime.fromtimestamp(slot, ZoneInfo(self.zone)).replace(tzinfo=None)
        if day is None:
            return None
        label = slot or 0
        return datetime(day.year, day.month, day.day) + timedelta(hours=label // 100, minutes=label % 100)

    def selected(self, place: Place, start: datetime, stop: datetime) -> bool:
        """Say whether a window selects a bucket: days, weeks and months only as a whole."""
        begin = self.start(place)
        if begin is None or not start <= begin < stop:
            return False
        match self.spec.archive:
            case Archive.DAILY:
                return begin + timedelta(days=1) <= stop
            case Archive.WEEKLY:
                return begin + timedelta(days=7) <= stop
            case Archive.MONTHLY:
                return (begin.replace(day=1) + timedelta(days=32)).replace(day=1) <= stop
            case _:
                return True


def plain(value: Any, significant: int | None) -> Any:
    """Return a value as it is compared: text without blanks at its end, up to its significant characters."""
    if isinstance(value, str):
        value = value.rstrip(" ")
        return value if significant is None else value[:significant]
    return value


def differences(
    layout: Layout,
    source: Bag,
    target: Bag,
    *,
    left_out: Collection[str] = (),
    own: Callable[[Line], bool] | None = None,
) -> dict[Place, Difference]:
    """Return the buckets that differ.

    Columns that are never drift are not compared, nor those in `left_out`; `own` says which lines are each server's.
    """
    if source == target:
        return {}
    unlike = [*_above(source, target, 1), *_above(target, source, -1)]
    spec = layout.spec
    compared = [
        (number, column.significant if (column := spec.column(name)) is not None else None)
        for number, name in enumerate(layout.columns)
        if name not in spec.ignored and name not in left_out
    ]
    key = [number for number, name in enumerate(layout.columns) if name in spec.key and name not in spec.ignored]
    place = layout.places()
    surplus: Counter[tuple[Place, Line, Line]] = Counter()
    for line, rows in unlike:
        if own is None or not own(line):
            group = tuple(plain(line[number], None) for number in key)
            surplus[place(line), group, tuple(plain(line[number], most) for number, most in compared)] += rows
    groups: dict[tuple[Place, Line], list[int]] = defaultdict(lambda: [0, 0])
    for (where, group, _), rows in surplus.items():
        if rows:
            groups[where, group][rows < 0] += abs(rows)
    found: dict[Place, list[int]] = defaultdict(lambda: [0, 0, 0])
    for (where, _), (over, under) in groups.items():
        changed = min(over, under)
        for number, rows in enumerate((over - changed, under - changed, changed)):
            found[where][number] += rows
    return {where: Difference(*counts) for where, counts in found.items()}


def _above(one: Bag, other: Bag, sign: int) -> Iterator[tuple[Line, int]]:
    """Yield the lines that one bag has more often than the other, and how much more often, with a sign."""
    for line, rows in one.items():
        more = rows - other.get(line, 0)
        if more > 0:
            yield line, sign * more


def changed_places(layout: Layout, before: Bag, after: Bag) -> set[Place]:
    """Return the buckets of one server in which any line is not as often there as before."""
    if before == after:
        return set()
    place = layout.places()
    return {place(line) for line, _ in (*_above(before, after, 1), *_above(after, before, 1))}


def changed_rows(before: Bag, after: Bag) -> tuple[int, int]:
    """Return how many rows a bag has lost, and how many it has gained."""
    if before == after:
        return 0, 0
    lost = sum(rows for _, rows in _above(before, after, 1))
    return lost, sum(rows for _, rows in _above(after, before, 1))


def layout_of(world: Judged, spec: TableSpec, bags: Iterable[Bag] = ()) -> Layout | None:
    """Return the layout of a table both servers have with the same columns; None if they have not."""
    primary, secondary = (world.site.databases[server].columns(spec.name) for server in ("primary", "secondary"))
    if not primary or primary != secondary:
        return None
    # Columns are added at the end: lines from before an upgrade are shorter.
    widths = {len(line) for bag in bags for line in _first(bag)} or {len(primary)}
    return Layout(spec, primary[: min(widths)], world.scenario.zone) if len(widths) == 1 else None


def _first(bag: Bag) -> Iterator[Line]:
    for line in bag:
        yield line
        return
