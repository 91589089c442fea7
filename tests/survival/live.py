"""The tiny pair with its target on a live server: PostgreSQL, or Derby behind the shim for an Informix."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from syncengine.model.pair import Role
from syncengine.model.plan import Plan
from tests.builders import Files, catalogue
from tests.mixed_plans import mixed_plan
from tests.servers.derby.loading import create_table, load_duckdb
from tests.servers.derby.network_server import Database
from tests.servers.derby.shim import Shim
from tests.servers.postgresql.cluster import environment
from tests.stories.servers import PASSWORDS, InformixHome, PostgreSQLHome
from tests.survival.children import opened
from tests.survival.scenes import (
    COLUMNS,
    SETTINGS,
    TABLES,
    WINDOW,
    Expected,
    Row,
    RowsByBucket,
    build,
    rows_by_bucket,
    rows_of,
)

SETUP = ("acds", "arch_stat", "dcalloc", "linkex")


class FewColumnsHome(InformixHome):
    """An Informix whose tables that are resynced have the columns they have in this pair."""

    @staticmethod
    def fill(database: Database, file: Path) -> None:
        """Copy the tables of facts about the server, and make the others."""
        load_duckdb(database, file, SETUP)
        for table, names in COLUMNS.items():
            described = {column.name: column for column in catalogue().table(table).columns}
            create_table(database, table, [described[name] for name in names])


LiveHome = PostgreSQLHome | FewColumnsHome


@dataclass
class LiveStage:
    """The primary a file, the secondary on a live server."""

    folder: Path
    make: type[PostgreSQLHome] | type[FewColumnsHome]
    consent: bool = False
    settings: str = SETTINGS
    tables: tuple[str, ...] = TABLES
    """What is resynced."""
    window: str = WINDOW
    environment: Mapping[str, str] = field(default_factory=lambda: {**environment(), **PASSWORDS}, repr=False)

    def __post_init__(self) -> None:
        self.files: Files = build(self.folder / "pair", settings=self.settings)
        self.live: LiveHome = self.make.of(self.files.database(Role.SECONDARY))
        self.reach(self.live.url)
        self.reset()

    @property
    def pair_file(self) -> Path:
        """The pair file."""
        return self.files.pair_file

    @property
    def staging(self) -> Path:
        """The staging folder."""
        return self.files.folder / "pair.staging"

    @property
    def shim(self) -> Shim:
        """The shim in front of Derby."""
        assert isinstance(self.live, InformixHome)
        return self.live.shim

    @property
    def port(self) -> int:
        """Where the secondary is reached."""
        return self.live.shim.port if isinstance(self.live, InformixHome) else self.live.database.port

    def through(self, port: int) -> None:
        """Reach the secondary at another port."""
        self.reach(self.live.url.replace(f":{self.port}/", f":{port}/"))

    def reach(self, url: str) -> None:
        """Write another url for the secondary into the pair file."""
        text = self.pair_file.read_text().partition("[secondary]")[0]
        consent = "without_transactions = true\n" if self.consent else ""
        self.pair_file.write_text(f'{text}[secondary]\nurl = "{url}"\nload = "r3v8ag.f"\n{consent}')

    def reset(self) -> None:
        """Fill the tables again."""
        shutil.rmtree(self.staging, ignore_errors=True)
        rows = rows_of("secondary")
        for table, names in COLUMNS.items():
            self.live.run(f"DELETE FROM {table}")
            values = ", ".join(f"({', '.join(literal(one[name]) for name in names)})" for one in rows[table])
            self.live.run(f"INSERT INTO {table} ({', '.join(names)}) VALUES {values}")

    def target(self) -> RowsByBucket:
        """Return the rows of the secondary."""
        return rows_by_bucket({table: self.rows(table) for table in TABLES})

    def rows(self, table: str, where: str = "1 = 1") -> Iterable[Row]:
        """Return rows of the secondary."""
        names = COLUMNS[table]
        kinds = {column.name: column.type for column in catalogue().table(table).columns}
        for one in self.live.run(f"SELECT {', '.join(names)} FROM {table} WHERE {where}"):
            yield tuple(
                value if not isinstance(value, str) or kinds[name].is_text else from_text(value, kinds[name].name)
                for name, value in zip(names, one, strict=True)
            )

    def source(self) -> bytes:
        """Return the file of the primary, which nothing may write to."""
        return self.files.database(Role.PRIMARY).read_bytes()

    def planned(self, policy: str) -> Plan:
        """Plan the resync."""
        pair = opened(self.pair_file, self.environment)
        return mixed_plan(pair, window=self.window, tables=self.tables, policy=policy)

    def expected(self, policy: str) -> Expected:
        """Return the target's rows after the resync, and restore it."""
        self.reset()
        plan = self.planned(policy)
        before = self.target()
        ran = opened(self.pair_file, self.environment).execute(plan)
        assert ran.outcome.done, ran.outcome
        after = self.target()
        self.reset()
        return Expected(plan, before, after)

    def end(self) -> None:
        """Take the live server's database away."""
        self.live.end()


def literal(value: Any) -> str:
    """Return a value as SQL that both kinds take."""
    if value is None:
        return "NULL"
    if isinstance(value, date):
        return f"DATE('{value.isoformat()}')"
    return f"'{value}'" if isinstance(value, str) else str(value)


def from_text(text: str, kind: str) -> Any:
    """Return a value that came as text."""
    return date.fromisoformat(text) if kind == "date" else int(text)
