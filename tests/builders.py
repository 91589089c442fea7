"""Builds small pairs on real table layouts, and the rows in them."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import astuple, dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import chain, count, groupby
from pathlib import Path
from typing import Any, Protocol

import duckdb

from syncengine.app import Pair, open_pair
from syncengine.catalogue import Catalogue, load_catalogue
from syncengine.jobs.connections import Connections
from syncengine.jobs.hook_commands import HookCommands
from syncengine.model.pair import PairSettings, Role
from syncengine.model.spec import ColumnSpec, TableSpec
from syncengine.pair_file import read_pair_file
from syncengine.servers.duckdb.types import stored_type
from syncengine.servers.protocol import Server
from syncengine.staging.ledger import Ledger

DAY = date(2000, 6, 5)
AS_OF = datetime(2000, 6, 5, 7, 10)
Row = Mapping[str, Any]
WIDE = 24
"""From so many columns on a table is built narrow: a statement over 172 columns takes DuckDB 0.2 s to plan."""
MEASURES = """
    acceptable acdcalls acdcalls_r1 acdtime acwincalls acwtime bh_incalls callid direction duration eqloc extension extn
    failures held i_acdtime i_stafftime incalls inflag interrupted intime loc_id logid login logout logout_date outflag
    preference row_time rsv_level segment segstart seqnum servicelevel skill1 skilltype split talktime tkgrp trunks ucid
    vdn vector
"""
"""What a narrow table has beside its time, its ACD and its key: the columns that tests name."""


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """Return the shipped catalogue."""
    return load_catalogue()


def settings_of(pair_file: Path) -> PairSettings:
    """Return the settings of a pair file."""
    return read_pair_file(pair_file, os.environ)


def ledger_of(pair_file: Path) -> Ledger:
    """Return the recorded runs of a pair."""
    return Ledger(settings_of(pair_file).staging)


def servers_of(pair_file: Path) -> AbstractContextManager[Mapping[Role, Server]]:
    """Open both servers of a pair for reading."""
    settings = settings_of(pair_file)
    commands = HookCommands(settings, os.environ)
    return Connections(settings, Ledger(settings.staging), commands).servers(frozenset())


def row(table: str, **values: Any) -> dict[str, Any]:
    """Return a row of a table: given values, CHAR padded, numbers 0, the day 2000-06-05, ACD 1, 30 minutes."""
    spec = catalogue().table(table)
    return {column.name: _value(spec, column.name, values) for column in spec.columns}


def _value(spec: TableSpec, name: str, values: Mapping[str, Any]) -> Any:
    column = spec.column(name)
    assert column is not None
    if name in values:
        value = values[name]
        return value.ljust(column.type.width) if isinstance(value, str) else value
    defaults = {"acd": 1, "acd_no": 1, "intrvl": 30, "row_date": DAY}
    if name in defaults:
        return defaults[name]
    if column.type.is_text:
        return " " * column.type.width
    return DAY if column.type.name == "date" else 0


class Openable(Protocol):
    """A pair, wherever its servers are."""

    def open(self) -> Pair:
        """Open the pair through the Python API."""


@dataclass(frozen=True)
class Files:
    """The files of a built pair."""

    folder: Path

    @property
    def pair_file(self) -> Path:
        """Return the pair file."""
        return self.folder / "pair.toml"

    def database(self, role: Role | str) -> Path:
        """Return the database file of one server."""
        return self.folder / f"{role}.duckdb"

    def open(self) -> Pair:
        """Open the pair through the Python API."""
        return open_pair(self.pair_file)

    def add(self, role: Role | str, table: str, *rows: Row) -> None:
        """Insert rows into a table of one server."""
        with connected(self.database(role)) as connection:
            insert(connection, table, rows)

    def run(self, role: Role | str, sql: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """Run SQL on one server and return its rows."""
        with connected(self.database(role)) as connection:
            return connection.execute(sql, list(values)).fetchall()

    def bag(self, role: Role | str, table: str, where: str = "1 = 1") -> list[tuple[Any, ...]]:
        """Return all rows of a table, sorted, to compare with."""
        return self.run(role, f'SELECT * FROM "{table}" WHERE {where} ORDER BY ALL')


_ATTACHED: list[str] = ["memory"]
_NAMES = count(1)
_LOCK = threading.RLock()


@lru_cache(maxsize=1)
def _shared_duckdb() -> duckdb.DuckDBPyConnection:
    """Return the DuckDB of this process that files are attached to."""
    return duckdb.connect(config={"threads": 1})


@contextmanager
def connected(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a file without the code under test.

    It is attached to a running DuckDB, because starting one takes longer than all that is done in it. If something else
    in this process has the file open, it is opened in the same way.
    """
    if file.exists() and any(one.samefile(file) for one in _open_files()):
        with duckdb.connect(str(file)) as connection:
            yield connection
        return
    with _LOCK:
        name = f"attached_{next(_NAMES)}"
        _shared_duckdb().execute(f"ATTACH '{file}' AS {name}")
        _ATTACHED.append(name)
        try:
            _shared_duckdb().execute(f"USE {name}")
            yield _shared_duckdb()
        finally:
            _ATTACHED.pop()
            _shared_duckdb().execute(f"USE {_ATTACHED[-1]}")
            _shared_duckdb().execute(f"DETACH {name}")


def _open_files() -> Iterator[Path]:
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            path = descriptor.readlink()
            if path.suffix == ".duckdb" and path.exists():
                yield path


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Row]) -> None:
    """Insert rows given as mappings, neighbours with the same columns in one statement."""
    present = {name for (name,) in connection.execute(COLUMNS_OF, [table]).fetchall()}
    fitting = [without_absent(one, present) for one in rows]
    for names, alike in groupby(fitting, key=tuple):
        values = [list(one.values()) for one in alike]
        places = ", ".join([f"({', '.join('?' * len(names))})"] * len(values))
        columns = ", ".join(f'"{name}"' for name in names)
        connection.execute(f'INSERT INTO "{table}" ({columns}) VALUES {places}', list(chain.from_iterable(values)))


COLUMNS_OF = "SELECT column_name FROM duckdb_columns() WHERE table_name = ? AND database_name = current_database()"


def without_absent(one: Row, present: Collection[str]) -> Row:
    """Return a row without the columns that a narrow table lacks, unless they have a value."""
    return {name: value for name, value in one.items() if name in present or not _is_default(value)}


def _is_default(value: Any) -> bool:
    return value in (0, DAY) or (isinstance(value, str) and not value.strip())


def build_files(
    folder: Path,
    tables: Iterable[str] = ("hsplit",),
    *,
    both: Mapping[str, Iterable[Row]] | None = None,
    primary: Mapping[str, Iterable[Row]] | None = None,
    secondary: Mapping[str, Iterable[Row]] | None = None,
    acds: Mapping[int, int] | None = None,
    archived: datetime | Mapping[str, datetime] = datetime(2000, 6, 5, 7, 0),
    as_of: datetime = AS_OF,
    settings: str = "",
    server_settings: str = 'load = "r3v8ag.f"',
    whole: bool = False,
) -> Files:
    """Build a pair: the named tables empty but for the given rows, with arch_stat, dcalloc, acds and linkex.

    `acds` maps ACDs to interval lengths; `archived` is how far both interval archives (or, as a mapping by
    role, each one's) have run; `settings` is added to the pair file at its top, `server_settings` to each server.
    `whole` builds wide tables with every column.
    """
    folder.mkdir(parents=True, exist_ok=True)
    acds = acds or {1: 30}
    for role, own in ((Role.PRIMARY, primary), (Role.SECONDARY, secondary)):
        until = archived if isinstance(archived, datetime) else archived[role.value]
        with connected(folder / f"{role}.duckdb") as connection:
            for name in dict.fromkeys([*tables, "arch_stat", "dcalloc", "acds", "linkex"]):
                create(connection, name, whole=whole)
            insert(connection, "acds", [row("acds", acd=acd, intrvl=length) for acd, length in acds.items()])
            insert(connection, "arch_stat", [one for acd in acds for one in archive_rows(acd, until)])
            for source in (both or {}, own or {}):
                for table, rows in source.items():
                    insert(connection, table, rows)
    if "timezone" not in settings:
        settings = f'timezone = "UTC"\n{settings}'
    (folder / "pair.toml").write_text(
        f"as_of = {as_of:%Y-%m-%dT%H:%M:%S}\n{settings}\n"
        f'[primary]\nurl = "duckdb:///primary.duckdb"\n{server_settings}\n'
        f'[secondary]\nurl = "duckdb:///secondary.duckdb"\n{server_settings}\n'
    )
    return Files(folder)


def create(connection: duckdb.DuckDBPyConnection, table: str, *, whole: bool = False) -> None:
    """Create a table of the catalogue, a wide one with those of its columns that tests name."""
    columns = ", ".join(f'"{one.name}" {stored_type(one.type)}' for one in columns_of(table, whole=whole))
    connection.execute(f'CREATE TABLE "{table}" ({columns})')


def columns_of(table: str, *, whole: bool = False) -> tuple[ColumnSpec, ...]:
    """Return the R3V8 columns that a table is built with: all, or of a wide one those that tests name."""
    spec = catalogue().table(table)
    return spec.columns if whole else narrow_columns(spec)


def narrow_columns(spec: TableSpec, more: Collection[str] = ()) -> tuple[ColumnSpec, ...]:
    """Return the columns of a table, of a wide one those that tests name, and `more`."""
    if len(spec.columns) < WIDE:
        return spec.columns
    time = astuple(spec.time) if spec.time else ()
    pieces = spec.pieces.columns if spec.pieces else ()
    selected = {spec.acd, *spec.key, *spec.ignored, *MEASURES.split(), *time, *pieces, *more}
    return tuple(column for column in spec.columns if column.name in selected)


def narrow(folder: Path, more: Collection[str] = ()) -> None:
    """Drop from the wide tables of a built pair the columns that no test names."""
    for role in Role:
        with duckdb.connect(str(folder / f"{role}.duckdb")) as connection:
            for (table,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
                spec = catalogue().table(table)
                columns = narrow_columns(spec, more)
                if len(columns) < len(spec.columns):
                    listed = ", ".join(f'"{column.name}"' for column in columns)
                    connection.execute(f'CREATE OR REPLACE TABLE "{table}" AS SELECT {listed} FROM "{table}"')


def archive_rows(acd: int, until: datetime) -> list[dict[str, Any]]:
    """Return the archive status of an ACD: intervals up to a moment, the rest last night."""
    night = f"{until:%m/%d/%y} 00:35"
    times = {"1": f"{until:%m/%d/%y %H:%M}", "2": night, "3": night, "4": night}
    return [row("arch_stat", acd=acd, arch_type=code, last_time=text, status="2") for code, text in times.items()]


def hsplit(label: int, split: int | None = 1, **values: Any) -> dict[str, Any]:
    """Return an hsplit row of an interval."""
    return row("hsplit", **{"starttime": label, "split": split, "acdcalls": 5, "acdtime": 600, **values})


def half_hours(first: int = 0, past: int = 700, splits: int = 2, **values: Any) -> list[dict[str, Any]]:
    """Return hsplit rows of every half hour from one label up to another, for some splits."""
    labels = [hour * 100 + minute for hour in range(24) for minute in (0, 30)]
    return [
        hsplit(label, split, **values) for label in labels if first <= label < past for split in range(1, splits + 1)
    ]
