"""One server's own life: what it does, in order, on its database; and what it would have without the product."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from syncengine.model.grain import Archive
from syncengine.model.spec import TableSpec
from tests.world import acts, administration
from tests.world.databases import BusyError, StatementError, WorldDatabase, layouts
from tests.world.numbering import Numbers
from tests.world.rollups import longer_tables, rolled, source_of
from tests.world.schedule import capacity
from tests.world.tables import ADMINISTRATION, CUSTOM, HISTORY, world_catalogue
from tests.world.values import Bag, OwnObject, Row, Scenario, Server

NEW_COLUMNS = (("hsplit", "tenant"), ("hagent", "partial_archive"), ("dsplit", "tenant"))
"""What a new load adds."""

Values = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """Rows that a server's own life, or its people, wrote and deleted."""

    at: int
    """When it was done: what waited for a lock is later than it was due."""
    server: Server
    table: str
    inserted: Bag
    deleted: Bag
    why: str


class Untouched:
    """What the tables of history would hold if nothing but the server itself had written them."""

    def __init__(self, scenario: Scenario, server: Server) -> None:
        self._scenario = scenario
        self._specs = {spec.name: spec for spec in world_catalogue(scenario.whole).tables}
        self._layouts = layouts(scenario.whole)
        self._numbers = Numbers(scenario, server)
        self._tapes: dict[int, dict[str, list[Values]]] = {}
        self.tables: dict[str, list[Values]] = {
            name: [] for name in (*HISTORY, CUSTOM) if not self._specs[name].rolled_from
        }

    def add(self, table: str, rows: Iterable[Row]) -> None:
        """Add rows with the server's next numbers; one of an outage that is over replaces that of its beginning."""
        layout = self._layouts[table]
        for row in rows:
            values = layout.values(row)
            if layout.number is not None:
                there = () if self._numbers.counted else self.tables[table]
                highest = max((one[layout.number] for one in there), default=None)
                values = layout.numbered(values, self._numbers.taken(table, 1, highest))
            if table == "linkex" and row.get("duration") is not None:
                same = [layout.names.index(name) for name in ("acd", "row_date", "row_time", "reason")]
                duration = layout.names.index("duration")
                self.tables[table] = [
                    one
                    for one in self.tables[table]
                    if one[duration] is not None or any(one[place] != values[place] for place in same)
                ]
            self.tables[table].append(values)

    def cut(self, table: str) -> None:
        """Drop the oldest rows of a circular table that is full."""
        spec = self._specs[table]
        assert spec.acd is not None
        names = [column.name for column in spec.columns]
        acd = names.index(spec.acd)
        places = [names.index(name) for name in time_columns(spec)]
        size = capacity(self._scenario, spec.retention or "")
        for number in sorted({one[acd] for one in self.tables[table]}):
            times = [tuple(one[place] for place in places) for one in self.tables[table] if one[acd] == number]
            oldest = oldest_left(times, size)
            if oldest is not None:
                self.tables[table] = [
                    one
                    for one in self.tables[table]
                    if one[acd] != number or tuple(one[place] for place in places) >= oldest
                ]

    def drop(self, table: str, before: date) -> None:
        """Drop the rows of the days before one."""
        place = [column.name for column in self._specs[table].columns].index("row_date")
        self.tables[table] = [one for one in self.tables[table] if one[place] >= before]

    def save(self, tape: int) -> None:
        """Write all to a tape."""
        self._numbers.save(tape)
        self._tapes[tape] = {table: list(rows) for table, rows in self.tables.items() if table in HISTORY}

    def restore(self, tape: int) -> None:
        """Take all from a tape."""
        self._numbers.restore(tape)
        self.tables.update({table: list(rows) for table, rows in self._tapes[tape].items()})


def time_columns(spec: TableSpec) -> tuple[str, ...]:
    """Return the columns by which rows of an event table are older or younger."""
    assert spec.time is not None
    if spec.time.epoch is not None:
        return (spec.time.epoch,)
    return tuple(name for name in (spec.time.date, spec.time.label) if name is not None)


def oldest_left(times: Sequence[Values], size: int) -> Values | None:
    """Return the time of the oldest row that stays in a circular table; None where it isn't full.

    Filled to its capacity and a tenth it drops a tenth of its capacity; rows of one time stay or go together.
    """
    surplus = 0
    while len(times) - surplus >= size + size // 10:
        surplus += max(size // 10, 1)
    return sorted(times)[surplus] if surplus else None


class ServerLife:
    """Does what a server does by itself, in order; what another session's lock forbids is tried again later."""

    def __init__(self, scenario: Scenario, database: WorldDatabase, upgraded: Callable[[], None]) -> None:
        self.server: Server = database.server
        self.database = database
        self.untouched = Untouched(scenario, database.server)
        self.log: list[Change] = []
        self.notes: list[str] = []
        """What could not be done: an index that the rows forbid."""
        self._scenario = scenario
        self._upgraded = upgraded
        self._specs = {spec.name: spec for spec in world_catalogue(scenario.whole).tables}
        self._layouts = layouts(scenario.whole)
        self.numbers = Numbers(scenario, database.server)
        self._tapes: dict[int, dict[str, Bag]] = {}
        self._queue: deque[tuple[int, acts.Act]] = deque()

    def due(self, at: int, act: acts.Act) -> None:
        """Have something done at the next `run`."""
        self._queue.append((at, act))

    @property
    def waits(self) -> bool:
        """Whether something could not be done yet."""
        return bool(self._queue)

    def run(self, since: int, now: int) -> None:
        """Do what is due, in order, up to what another session forbids; `since` is when this was last done."""
        while self._queue:
            batch = self._batch()
            try:
                with self.numbers.undone_by(BusyError), self.database.transaction():
                    changes = list(self._do(batch))
            except BusyError:
                return
            except StatementError as error:
                if not isinstance(batch[0][1], acts.AddedObject | acts.Upgrade):
                    raise
                self.notes.append(f"{self.server}: {batch[0][1]} was not done: {error}")
                changes = []
            done = batch[-1][0] if batch[-1][0] > since else now
            self.log += [
                Change(done, self.server, table, inserted, deleted, type(batch[0][1]).__name__)
                for table, inserted, deleted in changes
                if inserted or deleted
            ]
            for _, act in batch:
                self._queue.popleft()
                self._as_untouched(act)
            for table in sorted({table for _, act in batch for table in _circular(act, self._specs)}):
                self.untouched.cut(table)

    def _batch(self) -> list[tuple[int, acts.Act]]:
        """Return the next thing to do, with those after it that go into the same transaction."""
        together = (acts.Store, acts.Write, acts.Archived)
        batch = [self._queue[0]]
        if isinstance(batch[0][1], together):
            for one in list(self._queue)[1:]:
                if not isinstance(one[1], together):
                    break
                batch.append(one)
        return batch

    def _do(self, batch: Sequence[tuple[int, acts.Act]]) -> Iterator[tuple[str, Bag, Bag]]:
        match batch[0][1]:
            case acts.Store() | acts.Write() | acts.Archived():
                yield from self._store([act for _, act in batch])
            case acts.Summed(period, when):
                for longer in longer_tables(period.archive, whole=self._scenario.whole):
                    shorter = source_of(longer, whole=self._scenario.whole)
                    rows = self._rows(shorter, "row_date >= ? AND row_date < ?", (period.first, period.past))
                    computed = rolled(rows, shorter, longer, period.first)
                    old = self._deleted(longer.name, "row_date = ?", (period.first,))
                    yield longer.name, self._inserted(longer.name, computed), old
                yield from self._changed(("arch_stat",), lambda: self._summed(period.archive, when))
            case acts.Beside(table, row):
                yield table, self._inserted(table, (row,)), Counter()
            case acts.Dropped(before):
                for spec in self._specs.values():
                    if spec.archive is Archive.INTERVAL and spec.name in HISTORY:
                        yield spec.name, Counter(), self._deleted(spec.name, "row_date < ?", (before,))
            case acts.Saved(tape):
                self.numbers.save(tape)
                self._tapes[tape] = {table: self.database.bag(table) for table in HISTORY}
            case acts.FromTape(tape):
                self.numbers.restore(tape)
                yield from self._restored(self._tapes[tape])
            case _:
                yield from self._people(batch[0][1])

    def _people(self, act: acts.Act) -> Iterator[tuple[str, Bag, Bag]]:
        """Do what people do to the server."""
        match act:
            case acts.Edited(edit):
                tables = (*ADMINISTRATION, CUSTOM)
                yield from self._changed(tables, lambda: administration.edit(self.database, self._scenario, edit))
            case acts.LengthChanged(acd, minutes):
                sql = "UPDATE acds SET intrvl = ? WHERE acd = ?"
                yield from self._changed(("acds",), lambda: self.database.run(sql, (minutes, acd)))
            case acts.Upgrade():
                for table, column in NEW_COLUMNS:
                    self.database.run(f"ALTER TABLE {table} ADD COLUMN {column} SMALLINT")
                self._upgraded()
            case acts.AddedObject(added):
                self._add(added.table, added.what)
            case _:
                raise AssertionError(act)

    def _store(self, batch: Sequence[acts.Act]) -> Iterator[tuple[str, Bag, Bag]]:
        rows: dict[str, list[Row]] = {}
        archived: dict[int, str] = {}
        for act in batch:
            match act:
                case acts.Store(recorded):
                    rows.setdefault(recorded.table, []).append(recorded.row)
                case acts.Write(table, some):
                    rows.setdefault(table, []).extend(some)
                case acts.Archived(acd, until):
                    archived[acd] = until
                case _:
                    raise AssertionError(act)
        for table in sorted(rows):
            inserted = self._inserted(table, rows[table])
            deleted = self._links_over(rows[table]) if table == "linkex" else Counter()
            if self._specs[table].circular:
                deleted += self._cut(table)
            yield table, inserted, deleted
        if archived:
            yield from self._changed(("arch_stat",), lambda: self._archived(archived))

    def _links_over(self, rows: Sequence[Row]) -> Bag:
        """Delete the rows of outages that go on, where others say that they are over, and return them."""
        same = ("acd", "row_date", "row_time", "reason")
        over = {tuple(row[name] for name in same) for row in rows if row.get("duration") is not None}
        deleted: Bag = Counter()
        for values in sorted(over):
            where = " AND ".join(f"{name} = ?" for name in same)
            deleted += self._deleted("linkex", f"duration IS NULL AND {where}", values)
        return deleted

    def _inserted(self, table: str, rows: Sequence[Row]) -> Bag:
        """Insert rows with the server's next numbers, and return them."""
        layout = self._layouts[table]
        stored = [layout.values(row) for row in rows]
        if layout.number is not None and rows:
            (highest,) = self.database.run(f"SELECT max({layout.names[layout.number]}) FROM {table}")[0]
            first = self.numbers.taken(table, len(rows), highest)
            stored = [layout.numbered(values, number) for number, values in enumerate(stored, first)]
        self.database.insert_values(table, stored)
        more = (None,) * (len(self.database.columns(table)) - len(layout.names))
        return Counter([(*values, *more) for values in stored] if more else stored)

    def _deleted(self, table: str, where: str, values: Sequence[Any]) -> Bag:
        """Delete rows, and return them."""
        found = self.database.bag(table, where, values)
        if found:
            self.database.run(f"DELETE FROM {table} WHERE {where}", values)
        return found

    def _rows(self, spec: TableSpec, where: str, values: Sequence[Any]) -> list[Row]:
        names = [column.name for column in spec.columns]
        listed = ", ".join(names)
        found = self.database.run(f"SELECT {listed} FROM {spec.name} WHERE {where}", values)
        return [dict(zip(names, row, strict=True)) for row in found]

    def _cut(self, table: str) -> Bag:
        """Drop the oldest rows of a circular table that is full, and return them."""
        spec = self._specs[table]
        size = capacity(self._scenario, spec.retention or "")
        columns = time_columns(spec)
        found: Bag = Counter()
        for acd, many in sorted(self.database.run(f"SELECT {spec.acd}, count(*) FROM {table} GROUP BY {spec.acd}")):
            if many < size + size // 10:
                continue
            times = self.database.run(f"SELECT {', '.join(columns)} FROM {table} WHERE {spec.acd} = ?", (acd,))
            oldest = oldest_left(times, size)
            if oldest is not None:
                where, values = f"{columns[0]} < ?", [oldest[0]]
                if len(columns) > 1:
                    where, values = f"({where} OR {columns[0]} = ? AND {columns[1]} < ?)", [*oldest[:1] * 2, oldest[1]]
                found += self._deleted(table, f"{spec.acd} = ? AND {where}", [acd, *values])
        return found

    def _restored(self, tape: Mapping[str, Bag]) -> Iterator[tuple[str, Bag, Bag]]:
        for table, rows in tape.items():
            old = self._deleted(table, "1 = 1", ())
            names = self.database.columns(table)
            self.database.insert(table, [dict(zip(names, values, strict=False)) for values in rows.elements()])
            wide = Counter({(*one, *(None,) * (len(names) - len(one))): many for one, many in rows.items()})
            yield table, wide - old, old - wide

    def _changed(self, tables: Iterable[str], do: Callable[[], object]) -> Iterator[tuple[str, Bag, Bag]]:
        """Do something, and yield what it changed in some tables."""
        before = {table: self.database.bag(table) for table in tables}
        do()
        for table, old in before.items():
            new = self.database.bag(table)
            yield table, new - old, old - new

    def _archived(self, archived: Mapping[int, str]) -> None:
        sql = "UPDATE arch_stat SET last_time = ?, status = '2' WHERE acd = ? AND rtrim(arch_type) = '1'"
        for acd, until in sorted(archived.items()):
            self.database.run(sql, (until, acd))

    def _summed(self, archive: Archive, when: str) -> None:
        sql = "UPDATE arch_stat SET last_time = ?, status = '2' WHERE rtrim(arch_type) = ?"
        self.database.run(sql, (when, acts.CODES[archive]))

    def _add(self, table: str, what: OwnObject) -> None:
        spec = self._specs.get(table)
        if spec is None:
            return
        if what is OwnObject.COLUMN:
            self.database.run(f"ALTER TABLE {table} ADD COLUMN c_note VARCHAR(20)")
        elif what is OwnObject.UNIQUE_INDEX:
            time = (spec.time.date, spec.time.label, spec.time.epoch) if spec.time else ()
            names = dict.fromkeys(name for name in (spec.acd, *time, *spec.key) if name)
            self.database.run(f"CREATE UNIQUE INDEX own_{table} ON {table} ({', '.join(names)})")
        else:
            self.database.add_trigger(table)

    def _as_untouched(self, act: acts.Act) -> None:
        match act:
            case acts.Store(recorded):
                self.untouched.add(recorded.table, (recorded.row,))
            case acts.Write(table, rows):
                self.untouched.add(table, rows)
            case acts.Beside(table, row):
                self.untouched.add(table, (row,))
            case acts.Dropped(before):
                for table, spec in self._specs.items():
                    if spec.archive is Archive.INTERVAL and table in HISTORY:
                        self.untouched.drop(table, before)
            case acts.Saved(tape):
                self.untouched.save(tape)
            case acts.FromTape(tape):
                self.untouched.restore(tape)
            case _:
                pass


def _circular(act: acts.Act, specs: Mapping[str, TableSpec]) -> tuple[str, ...]:
    """Return the circular table that something writes to."""
    return (act.recorded.table,) if isinstance(act, acts.Store) and specs[act.recorded.table].circular else ()
