"""Builds the demo pair: two DuckDB files that one switch might have filled, and the pair file beside them."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import duckdb

from syncengine.catalogue import Catalogue, load_catalogue
from syncengine.demo import (
    administration,
    circular,
    events,
    forecast,
    server_state,
    split_tables,
    trunk_tables,
    vdn_tables,
)
from syncengine.demo.calendar import build_calendar
from syncengine.demo.damage import add_names, damage_intervals
from syncengine.demo.inserts import TableFiller, quoted
from syncengine.demo.rollups import LONGER, families, fill_rollup
from syncengine.demo.shape import Damage, DemoPair, DemoShape
from syncengine.demo.traffic import build_flow, plan_splits
from syncengine.demo.workforce import build_workforce
from syncengine.model.errors import InputError
from syncengine.model.grain import Archive
from syncengine.model.spec import TableSpec
from syncengine.servers.duckdb.errors import translated
from syncengine.staging.durable import make_folder, remove_tree, rename, write_whole
from syncengine.staging.private_files import exposures, make_private

FILES = ("primary.duckdb", "secondary.duckdb", "pair.toml")

PAIR_FILE = """\
# A High Availability pair: the two CMS servers that one switch reports to.
# This one is a demonstration. Both servers are files beside this one; the folder may be copied anywhere, and its copy
# is another pair: what was run before it was copied is undone only in the first.

# A snapshot stands still, so the wall clock to assume is written here. A live pair leaves this out.
as_of = 2000-06-05T06:10:00

# Where epoch seconds in the data are read as wall clock: the switch's zone, here six hours behind UTC.
# (The sign of such zone names is reversed: GMT+6 lies west of Greenwich.)
timezone = "Etc/GMT+6"

# The server on which names, users and reports are administered.
[primary]
url = "duckdb:///primary.duckdb"
load = "r3v8ag.f"  # the CMS software; writing needs the same on both servers

# The other one, which takes over when the primary fails.
[secondary]
url = "duckdb:///secondary.duckdb"
load = "r3v8ag.f"
"""


INTERVAL_TABLES = {
    "hsplit": split_tables.fill_hsplit,
    "hagent": split_tables.fill_hagent,
    "hvdn": vdn_tables.fill_hvdn,
    "hvector": vdn_tables.fill_hvector,
    "htrunk": trunk_tables.fill_htrunk,
    "htkgrp": trunk_tables.fill_htkgrp,
    "hcwc": trunk_tables.fill_hcwc,
}

SORTED_ROWS = 700_000
"""Larger tables are shuffled by day only: sorting millions of wide rows takes longer than making them."""

ADMINISTRATION = (
    administration.fill_synonyms,
    administration.fill_agent_groups,
    administration.fill_acd_setup,
    administration.fill_exceptions_administration,
    administration.fill_system_administration,
    forecast.fill_forecast_settings,
    forecast.fill_seconds,
)
"""What both servers have alike and costs next to nothing."""


AS_SHIPPED = DemoShape()


def build_pair(
    into: Path,
    shape: DemoShape = AS_SHIPPED,
    *,
    tables: Collection[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> DemoPair:
    """Build the demo pair in a folder, which is created if it does not exist.

    Every table of the catalogue is created on both servers; `tables` names those to be filled, all by default.
    `progress` is called with one line for each stage. A build that fails leaves nothing behind.
    Raises `InputError` when the folder has a pair already, and `UnknownTableError` for an unknown table.
    """
    present = [name for name in FILES if (into / name).exists()]
    if present:
        raise InputError(
            f"{into} already has {' and '.join(present)}, and a demo pair never overwrites another.",
            hint="Name another folder, or delete those files first.",
        )
    catalogue = load_catalogue()
    wanted = frozenset(s.name for s in (catalogue.tables if tables is None else catalogue.select(tables)))
    report = progress or (lambda _: None)
    with _workshop(into) as folder, translated("the demo pair"):
        connection = _connect(folder)
        try:
            built = _Build(connection, catalogue, shape, wanted, report)
            built.run()
            rows = {name: built.count(name) for name in built.specs}
        finally:
            connection.close()
        write_whole(folder / "pair.toml", PAIR_FILE)
        for name in FILES:
            make_private(folder / name)
            rename(folder / name, into / name)
    return DemoPair(into / "pair.toml", into / "primary.duckdb", into / "secondary.duckdb", shape, rows, built.damage)


class _Build:
    """One build: the traffic of the switch, then the primary, then the secondary and the damage to it."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        catalogue: Catalogue,
        shape: DemoShape,
        wanted: frozenset[str],
        report: Callable[[str], None],
    ) -> None:
        self.connection = connection
        self.specs = {spec.name: spec for spec in catalogue.tables}
        self.families = families(self.specs)
        self.shape, self.wanted, self.report = shape, wanted, report
        self.filler = TableFiller(connection, self.specs)
        self.damage = Damage()
        # A day is summed from its intervals, so those are made even where only the day is wanted.
        self.made = {spec.name for stem in self._stems() for spec in self.families[stem].values()} | wanted

    def run(self) -> None:
        """Build both servers."""
        for server in server_state.SERVERS:
            with self._transaction():
                self.filler.create_tables(server)
        self._plan()
        self._traffic()
        self._fill_shared()
        with self._transaction():
            self._copy_to_secondary()
        self._fill_separately()
        self._damage_intervals()
        self._drop_unwanted()
        if "dbstatus" in self.wanted:
            server_state.fill_table_state(self.filler)
        for server in server_state.SERVERS:
            self.connection.execute(f"CHECKPOINT {server}")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """Make many small changes to one server with one write to disk."""
        self.connection.execute("BEGIN")
        yield
        self.connection.execute("COMMIT")

    def count(self, table: str) -> tuple[int, int]:
        """Return the rows of a table on both servers."""
        primary, secondary = (
            int(self.connection.execute(f"SELECT count(*) FROM {server}.{quoted(table)}").fetchall()[0][0])
            for server in server_state.SERVERS
        )
        return primary, secondary

    def _stems(self) -> list[str]:
        return [stem for stem, members in self.families.items() if any(m.name in self.wanted for m in members.values())]

    def _needs(self, *stems_or_tables: str) -> bool:
        return any(name in self.made or "h" + name in self.made for name in stems_or_tables)

    def _plan(self) -> None:
        self.report("Agents, splits, VDNs and trunks")
        build_calendar(self.connection, self.shape)
        build_workforce(self.connection)
        plan_splits(self.connection)
        vdn_tables.plan_vdns(self.connection)
        trunk_tables.plan_trunks(self.connection)
        events.plan_traces(self.connection)
        administration.build_dictionary(self.filler)
        members = self.connection.execute(
            "SELECT logid FROM agent WHERE acd = ? AND agent % 5 = 3 ORDER BY agent LIMIT 6", [self.damage.acd]
        ).fetchall()
        first = self.connection.execute(
            "SELECT logid FROM agent WHERE acd = ? AND agent = 1", [self.damage.acd]
        ).fetchall()
        self.damage = dataclasses.replace(self.damage, group_members=tuple(login for (login,) in members or first))

    def _traffic(self) -> None:
        event_tables = circular.event_tables(self.filler, self.wanted)
        with_events = bool(event_tables) or "dcalloc" in self.wanted
        forecasts = self._needs("f_isplit", "f_dsplit", "f_ispday", "f_itkgrp", "f_dtkgrp")
        if with_events or forecasts or self._needs(*self.families):
            self.report("Calls of every interval")
            build_flow(self.connection)
        if with_events or self._needs("vdn", "vector"):
            vdn_tables.build_vdn_flow(self.connection)
        if with_events or forecasts or self._needs("trunk", "tkgrp"):
            trunk_tables.build_trunk_flow(self.connection)
        if with_events:
            self.report("Call records, logins and exceptions")
            events.build_events(self.connection)
            circular.build_capacities(self.filler)
            for table in event_tables:
                circular.fill_events(self.filler, table, self.damage)

    def _fill_shared(self) -> None:
        """Fill on the primary what both servers have alike."""
        for table, fill in INTERVAL_TABLES.items():
            if table in self.made:
                self.report(f"Intervals: {table}")
                fill(self.filler)
        for stem in self._stems():
            members = self.families[stem]
            for longer, shorter in LONGER:
                fill_rollup(self.connection, members[shorter], members[longer])
        self.report("Administration and forecasts")
        with self._transaction():
            for fill_some in ADMINISTRATION:
                fill_some(self.filler)
        if self._needs("f_isplit", "f_dsplit", "f_ispday", "f_itkgrp", "f_dtkgrp"):
            forecast.fill_forecast_history(self.filler)
        forecast.fill_forecast_days(self.filler)

    def _copy_to_secondary(self) -> None:
        """Give the secondary the same rows in another order: two servers never store them alike."""
        for spec in self.specs.values():
            if spec.grain.events:
                continue
            if spec.name in INTERVAL_TABLES and spec.name in self.made:
                self.report(f"Secondary: {spec.name}")
            copy = f"INSERT INTO secondary_server.{quoted(spec.name)} SELECT * FROM primary_server.{quoted(spec.name)}"
            if spec.name in INTERVAL_TABLES and self.count(spec.name)[0] > SORTED_ROWS:
                self.connection.execute("SET preserve_insertion_order = false")
                for part in (2, 0, 3, 1):
                    self.connection.execute(f"{copy} WHERE draw(92, row_date - DATE '1970-01-01') % 4 = {part}")
                self.connection.execute("SET preserve_insertion_order = true")
            else:
                self.connection.execute(f"{copy} ORDER BY draw(92, rowid)")

    def _fill_separately(self) -> None:
        """Fill what belongs to one server."""
        server_state.fill_server_state(self.filler)
        if "dcalloc" in self.wanted:
            server_state.fill_storage_allocation(self.filler)
        circular.fill_linkex(self.filler, self.damage)
        add_names(self.filler, self.damage)

    def _damage_intervals(self) -> None:
        for members in self.families.values():
            spec = members[Archive.INTERVAL]
            if spec.name in self.made:
                self._purge_primary(spec)
                damage_intervals(self.filler, spec, self.damage)

    def _purge_primary(self, spec: TableSpec) -> None:
        """Drop the oldest day on the primary, which has cleaned up already; the secondary has not."""
        self.connection.execute(f"DELETE FROM primary_server.{quoted(spec.name)} WHERE row_date < oldest_day()")

    def _drop_unwanted(self) -> None:
        for name in self.specs:
            if name not in self.wanted:
                for server in server_state.SERVERS:
                    self.connection.execute(f"DELETE FROM {server}.{quoted(name)}")


@contextlib.contextmanager
def _workshop(into: Path) -> Iterator[Path]:
    """Give a folder to build in, on the same disk so that finished files can be renamed into place."""
    for found in exposures(into):
        raise InputError(
            f"{into} {found.problem}.", hint=f"{found.remedy}; or name a folder with --into that is not there yet."
        )
    try:
        make_folder(into)
        folder = Path(tempfile.mkdtemp(prefix=".demo-", dir=into))
    except OSError as error:
        raise InputError(
            f"{into} cannot be used as a folder: {error.strerror or error}.", hint="Name another folder with --into."
        ) from error
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):
            remove_tree(folder)


def _connect(folder: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": "2GB",
            "threads": str(min(8, os.cpu_count() or 1)),
            "temp_directory": str(folder / "spilled"),
            "autoinstall_known_extensions": "false",
        },
    )
    for name in ("primary", "secondary"):
        path = str(folder / f"{name}.duckdb").replace("'", "''")
        connection.execute(f"ATTACH '{path}' AS {name}_server")
    return connection
