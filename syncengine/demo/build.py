"""Builds the demo pair: two DuckDB files that one switch might have filled, and the pair file beside them."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import duckdb

from syncengine.catalogue import load_catalogue
from syncengine.demo.calendar import build_calendar
from syncengine.demo.filling import Filling, quoted
from syncengine.demo.shape import Damage, DemoPair, DemoShape
from syncengine.demo.split_tables import fill_hagent, fill_hsplit
from syncengine.demo.traffic import build_traffic
from syncengine.demo.vdn_tables import *
from syncengine.demo.trunk_tables import *
from syncengine.demo.trunk_tables import CODES
from syncengine.demo.rollups import *
from syncengine.demo.workforce import build_workforce
from syncengine.model.errors import InputError

FILES = ("primary.duckdb", "secondary.duckdb", "pair.toml")

PAIR_FILE = """\
# A High Availability pair: the two CMS servers that one switch reports to.
# This one is a demonstration. Both servers are files beside this one; the folder may be copied anywhere.

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


def build_pair(
    into: Path,
    shape: DemoShape = DemoShape(),  # noqa: B008 frozen
    *,
    tables: Collection[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> DemoPair:
    """Build the demo pair in a folder, which is made where it does not exist.

    Every table of the catalogue is created on both servers; `tables` names those to be filled, all by default.
    `progress` is called with one line for each stage. Nothing is left behind by a build that fails.
    Raises `InputError` when the folder holds a pair already, and `UnknownTableError` for a table nobody knows.
    """
    present = [name for name in FILES if (into / name).exists()]
    if present:
        raise InputError(
            f"{into} already holds {' and '.join(present)}, and a demo pair is never written over another.",
            hint="Name another folder, or delete those files first.",
        )
    catalogue = load_catalogue()
    specs = {spec.name: spec for spec in catalogue.tables}
    wanted = set(specs) if tables is None else {catalogue.table(name).name for name in tables}
    say = progress or (lambda _: None)
    into.mkdir(parents=True, exist_ok=True)
    with _workshop(into) as folder:
        connection = _connect(folder)
        try:
            filling = Filling(connection, specs)
            filling.create_tables("primary_server")
            say("calendar, agents and traffic")
            build_calendar(connection, shape)
            build_workforce(connection)
            build_traffic(connection)
            build_vdn_flow(connection)
            build_trunk_flow(connection)
            connection.execute(CODES)
            say("intervals")
            for fill in (fill_hsplit,fill_hagent,fill_hvdn,fill_hvector,fill_htrunk,fill_htkgrp,fill_hcwc): fill(filling); say(fill.__name__)
            for members in families(specs).values():
                for longer, shorter in LONGER:
                    fill_rollup(connection, members[shorter], members[longer])
            say("rolled")
            filling.create_tables("secondary_server")
            for name in specs:
                connection.execute(
                    f"INSERT INTO secondary_server.{quoted(name)} SELECT * FROM primary_server.{quoted(name)}"  # noqa: S608
                )
            rows = {name: (_count(connection, "primary_server", name), _count(connection, "secondary_server", name)) for name in specs}
        finally:
            connection.close()
        (folder / "pair.toml").write_text(PAIR_FILE, encoding="utf-8")
        for name in FILES:
            (folder / name).rename(into / name)
    return DemoPair(into / "pair.toml", into / "primary.duckdb", into / "secondary.duckdb", shape, rows, Damage())


@contextlib.contextmanager
def _workshop(into: Path) -> Iterator[Path]:
    """Give a folder to build in, on the same disk so that finished files can be renamed into place."""
    folder = Path(tempfile.mkdtemp(prefix=".demo-", dir=into))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _connect(folder: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        ":memory:",
        config={"memory_limit": "2GB", "temp_directory": str(folder), "autoinstall_known_extensions": "false"},
    )
    for name in ("primary", "secondary"):
        path = str(folder / f"{name}.duckdb").replace("'", "''")
        connection.execute(f"ATTACH '{path}' AS {name}_server")
    return connection


def _count(connection: duckdb.DuckDBPyConnection, server: str, table: str) -> int:
    rows = connection.execute(f"SELECT count(*) FROM {server}.{quoted(table)}").fetchall()  # noqa: S608
    return int(rows[0][0])
