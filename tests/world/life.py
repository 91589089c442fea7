"""The two servers of a world over time: what they hold at a second, whatever the product does to them meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.world import acts, administration
from tests.world.databases import WorldDatabase, databases
from tests.world.schedule import CAPACITY, TIME, capacity, last_summed, scheduled, stored_days
from tests.world.server_life import Change, ServerLife
from tests.world.tables import world_catalogue
from tests.world.values import SERVERS, Bag, Recorded, Row, Scenario, Server, Snapshot, Unreadable

LOADS = ("r3v8ag.f", "r3v9aa.a")
"""The loads of a server before it is upgraded and after."""
PAIR_FILE = """timezone = "{zone}"
staging = "staging"

[primary]
url = "{primary}"
load = "{primary_load}"

[secondary]
url = "{secondary}"
load = "{secondary_load}"

[limits]
memory_mb = 64
step_rows = 400
compare_rows = 1000
lock_seconds = 1
"""
ITEMS = (
    "splits", "agents", "trunk groups", "trunks", "call work codes", "vectors", "vdns", "exceptions", "call records",
    "agent trace", "agent login/logout",
)  # fmt: skip
"""What `dcalloc` has a row of, as the specs call it."""


class Site:
    """Both servers: their databases, their own lives, and the pair file."""

    def __init__(self, scenario: Scenario, folder: Path, records: Mapping[Server, Sequence[Recorded]]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.scenario = scenario
        self.pair_file = folder / "pair.toml"
        self.now = 0
        self.databases: dict[Server, WorldDatabase] = databases(scenario, folder)
        self._loads: dict[Server, str] = dict.fromkeys(SERVERS, LOADS[0])
        self._lives = {
            server: ServerLife(scenario, self.databases[server], self._upgrading(server)) for server in SERVERS
        }
        self._scheduled = {server: scheduled(scenario, server, records[server]) for server in SERVERS}
        self._next: Counter[Server] = Counter()
        self._tables = tuple(spec.name for spec in world_catalogue(scenario.whole).tables)
        for server in SERVERS:
            self._begin(server)
        self._write_pair_file()

    @property
    def log(self) -> list[Change]:
        """All that the servers and their people have done so far, in order of time."""
        return sorted((one for server in SERVERS for one in self._lives[server].log), key=lambda one: one.at)

    @property
    def notes(self) -> list[str]:
        """What could not be done."""
        return [note for server in SERVERS for note in self._lives[server].notes]

    def changes(self, server: Server, table: str, since: int, to: int) -> tuple[Bag, Bag]:
        """Return what the server's own life wrote and deleted after one second and up to another: inserted, deleted."""
        inserted, deleted = Counter[tuple[object, ...]](), Counter[tuple[object, ...]]()
        for one in self._lives[server].log:
            if one.table == table and since < one.at <= to:
                # What was written and then replaced is neither.
                inserted.update(one.inserted)
                deleted.update(one.deleted)
        return inserted - deleted, deleted - inserted

    def number_used(self, server: Server, table: str, number: int) -> None:
        """Notice that the product has inserted a row with a number."""
        self._lives[server].numbers.used(table, number)

    def write_beside(self, server: Server, table: str, row: Row) -> None:
        """Have another session write a row now, or as soon as the product's locks allow it."""
        self._lives[server].due(self.now, acts.Beside(table, row))
        self._lives[server].run(self.now - 1, self.now)

    def beside(self, server: Server, table: str, since: int, to: int) -> Bag:
        """Return the rows that other sessions wrote after one second and up to another (`write_beside`)."""
        found: Bag = Counter()
        for one in self._lives[server].log:
            if one.table == table and one.why == acts.Beside.__name__ and since < one.at <= to:
                found.update(one.inserted)
        return found

    def advance(self, to: int) -> None:
        """Let happen what does up to a second; what a lock of the product's forbids happens later."""
        if to <= self.now:
            return
        since, self.now = self.now, to
        for server in SERVERS:
            life, planned = self._lives[server], self._scheduled[server]
            place = self._next[server]
            while place < len(planned) and planned[place][0] <= to:
                life.due(planned[place][0], planned[place][2])
                place += 1
            self._next[server] = place
            life.run(since, to)

    def is_up(self, server: Server) -> bool:
        """Say whether a server can be reached now."""
        return not any(down <= self.now < up for down, up in self.scenario.down(server))

    def unreadable(self, server: Server) -> frozenset[str]:
        """Return the tables of a server that cannot be read now."""
        return frozenset(
            one.table
            for one in self.scenario.happenings
            if isinstance(one, Unreadable) and one.server == server and one.at <= self.now < one.at + one.seconds
        )

    def snapshot(self) -> Snapshot:
        """Return all rows of both servers."""
        return Snapshot(
            self.now,
            {server: database.bags(self._tables) for server, database in self.databases.items()},
        )

    def untouched(self, server: Server, table: str) -> Bag:
        """Return what a table of history would hold if nothing but the server itself had written it; no roll-ups."""
        rows = self._lives[server].untouched.tables[table]
        spec = world_catalogue(self.scenario.whole).table(table)
        more = (None,) * (len(self.databases[server].columns(table)) - len(spec.columns))
        return Counter((*row, *more) for row in rows)

    def close(self) -> None:
        """Release both databases."""
        for server in SERVERS:
            self.databases[server].close()

    def _begin(self, server: Server) -> None:
        """Fill the tables of administration."""
        rows: dict[str, list[Row]] = {
            table: list(some)
            for table, some in administration.beginning(self.scenario).items()
            if table in self._tables and table not in ("dcalloc", "arch_stat")
        }
        days = stored_days(self.scenario)
        last = last_summed(self.scenario)
        for acd in self.scenario.acds:
            rows.setdefault("arch_stat", []).extend(
                {"acd": acd.number, "arch_type": code, "last_time": f"{last[code]:{TIME}}", "status": "2"}
                for code in acts.CODES.values()
            )
            lengths = {"days_intrahour": days, "days_daily": 400, "weeks_weekly": 104, "months_monthly": 48}
            rows.setdefault("dcalloc", []).extend(
                {"acd": acd.number, "item": item, "num_items": min(capacity(self.scenario, item), CAPACITY), **lengths}
                for item in ITEMS
            )
        with self.databases[server].transaction():
            for table, some in sorted(rows.items()):
                self.databases[server].insert(table, some)

    def _upgrading(self, server: Server) -> Callable[[], None]:
        def upgraded() -> None:
            self._loads[server] = LOADS[1]
            self._write_pair_file()

        return upgraded

    def _write_pair_file(self) -> None:
        self.pair_file.write_text(
            PAIR_FILE.format(
                zone=self.scenario.zone,
                **{str(server): self.databases[server].url for server in SERVERS},
                **{f"{server}_load": self._loads[server] for server in SERVERS},
            )
        )
