"""Administration of a world on small pairs: what people do, and what the oracle says of real and of wrong endings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from syncengine.cli.exit_codes import exit_code_of
from syncengine.model.errors import RefusedError, SyncError
from syncengine.model.plan import Plan
from tests.builders import Files, build_files
from tests.world.administration import beginning, edit
from tests.world.ending import Ending
from tests.world.oracle import Violation
from tests.world.oracle.administration import judge_administration
from tests.world.oracle.alike import administration_tables
from tests.world.oracle.sync_words import request_of, values_of
from tests.world.values import SERVERS, Acd, Bag, Command, Edit, Scenario, Server, Snapshot

TABLES = (
    "synonyms", "agroups", "users", "features", "user_defval", "dbitems", "r_custom", "menu_add", "ttsc", "ttsctasks",
    "ttsched", "split_pro", "splits",
)  # fmt: skip
BEGIN = 3600
FLAG = '[timetables]\nflag = "ttsched.run_local"\nonly_here = "o"\nhere_or_another = "y"\nnot_here = "n"\n'


@dataclass(frozen=True)
class Stored:
    """The database of one server of a built pair."""

    files: Files
    server: Server
    url: str = ""

    def columns(self, table: str) -> tuple[str, ...]:
        """Return the columns of a table, in order."""
        sql = "SELECT column_name FROM duckdb_columns() WHERE table_name = ? AND database_name = current_database()"
        return tuple(name for (name,) in self.files.run(self.server, sql, (table,)))

    def insert(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows; what they do not name is 0 or blank."""
        columns = self.columns(table)
        spec = administration_tables()[table]
        for row in rows:
            whole = [row.get(name, _default(spec.column(name))) for name in columns]
            self.files.run(self.server, f"INSERT INTO {table} VALUES ({', '.join('?' * len(whole))})", whole)

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows."""
        return self.files.run(self.server, sql, values)

    def bag(self, table: str) -> Bag:
        """Return all rows of a table, text without blanks at its end."""
        rows = self.files.run(self.server, f"SELECT * FROM {table}")
        return Counter(tuple(one.rstrip(" ") if isinstance(one, str) else one for one in row) for row in rows)

    def close(self) -> None:
        """Release nothing: the files are opened for each statement."""


def _default(column: Any) -> Any:
    return " " if column.type.is_text else None if column.type.name == "date" else 0


@dataclass
class Pair:
    """Two servers with the administration of a world, and what was done to them."""

    files: Files
    scenario: Scenario
    endings: list[Ending] = field(default_factory=list)

    @property
    def databases(self) -> dict[Server, Stored]:
        """Both servers."""
        return {server: Stored(self.files, server) for server in SERVERS}

    @property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """The columns of all tables of administration."""
        tables = {*TABLES, "acds", "dcalloc"}
        return {table: self.databases["primary"].columns(table) for table in sorted(tables)}

    def snapshot(self) -> Snapshot:
        """Return all rows of administration."""
        databases = self.databases
        return Snapshot(0, {one: {name: databases[one].bag(name) for name in self.columns} for one in SERVERS})

    def edit(self, server: Server, kind: str, seed: int = 0) -> None:
        """Do what people do."""
        edit(self.databases[server], self.scenario, Edit(server, BEGIN, kind, seed))

    def command(self, verb: str, *words: str) -> Ending:
        """Carry out a command through the Python API; its ending is not judged yet."""
        before = self.snapshot()
        number = len(self.endings)
        ending = Ending(number, Command(BEGIN, verb, words), (verb, *words), before, before)
        try:
            result, plans, run = self._carried_out(verb, words)
        except SyncError as error:
            code = int(exit_code_of(error))
            ending = replace(ending, error=error, code=code, said=str(error), after=self.snapshot())
            if isinstance(error, RefusedError) and self._plan is not None:
                ending = replace(ending, plans=(self._plan,))
        else:
            after = self.snapshot()
            ending = replace(ending, result=result, plans=plans, run_id=run, code=_code(result), after=after)
        self.endings.append(ending)
        return ending

    _plan: Plan | None = None

    def _carried_out(self, verb: str, words: tuple[str, ...]) -> tuple[Any, tuple[Plan, ...], str]:
        pair = self.files.open()
        sets, tables = values_of(words, "--set"), values_of(words, "--table")
        self._plan = None
        if verb == "verify":
            return pair.verify(sets=sets, tables=tables), (), ""
        if verb == "undo":
            self._plan = pair.plan_undo(next(one.run_id for one in reversed(self.endings) if one.run_id))
        else:
            typed = request_of((verb, *words))
            limits = values_of(words, "--allow-deletions")
            self._plan = pair.plan_sync(
                sets=sets,
                tables=tables,
                acds=typed.acds,
                source=typed.source,
                policy="fill" if typed.fill else "replace",
                prefer=typed.prefer or None,
                include_manual=typed.manual,
                remove_users=typed.remove_users,
                allow_deletions=int(limits[0]) if limits else 1000,
            )
        if "--dry-run" in words:
            return None, (self._plan,), ""
        done = pair.execute(self._plan)
        return done, (self._plan,), done.outcome.run_id

    def judged(self, verb: str, *words: str) -> list[Violation]:
        """Carry out a command, and return what the oracle says of it."""
        return list(judge_administration(self, self.command(verb, *words), self.columns))


def _code(result: Any) -> int:
    if result is None:
        return 0
    after = getattr(result, "after", result)
    if after is None:
        return 0 if not (getattr(result, "unlike", ()) or getattr(result.plan, "skipped", ())) else 3
    return 0 if after.in_sync else 3


def pair_of(folder: Path, acds: int = 1) -> Pair:
    """Build a pair with the administration that a world begins with, on both servers."""
    scenario = Scenario(acds=tuple(Acd(number) for number in range(1, acds + 1)))
    files = build_files(folder, TABLES, acds={}, whole=True)
    with (files.pair_file).open("a") as file:
        file.write(FLAG)
    pair = Pair(files, scenario)
    for database in pair.databases.values():
        for table, rows in beginning(scenario).items():
            if database.columns(table):
                database.insert(table, rows)
    return pair
