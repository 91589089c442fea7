"""Small pairs as worlds: what the tests of the judges of verdicts, endings and the ledger are made of."""

from __future__ import annotations

import contextlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from syncengine.catalogue import Catalogue
from syncengine.cli.exit_codes import exit_code_of
from syncengine.cli.main import run_for_code
from syncengine.model.errors import SyncError
from syncengine.model.plan import Plan
from syncengine.model.verified_run import VerifiedRun
from tests.builders import Files, catalogue
from tests.world.ending import Ending
from tests.world.oracle.compared import Line
from tests.world.values import SERVERS, Bag, Command, Row, Scenario, Server, Snapshot


class FileDatabase:
    """The database of one server of a small pair."""

    def __init__(self, server: Server, files: Files, url: str = "") -> None:
        self.server: Server = server
        self.files = files
        self.url = url or f"duckdb:///{server}.duckdb"

    def columns(self, table: str) -> tuple[str, ...]:
        """Return the columns of a table, in order."""
        sql = "SELECT column_name FROM duckdb_columns() WHERE table_name = ? AND database_name = current_database()"
        return tuple(name for (name,) in self.files.run(self.server, sql, [table]))

    def insert(self, table: str, rows: Iterable[Row]) -> None:
        """Insert rows."""
        self.files.add(self.server, table, *rows)

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[Line]:
        """Run a statement and return its rows."""
        return self.files.run(self.server, sql, values)

    def bag(self, table: str) -> Bag:
        """Return all rows of a table."""
        lines = self.files.run(self.server, f'SELECT * FROM "{table}"')
        return Counter(tuple(one.rstrip(" ") if isinstance(one, str) else one for one in line) for line in lines)

    def close(self) -> None:
        """Do nothing: each call opens the file."""


@dataclass
class FileSite:
    """Both servers of a small pair."""

    files: Files
    url: str = ""
    catalogue: Catalogue = field(default_factory=catalogue)

    @property
    def databases(self) -> dict[Server, FileDatabase]:
        """The databases."""
        return {server: FileDatabase(server, self.files, self.url) for server in SERVERS}


class FileWorld:
    """A small pair whose operator types what a test says; nothing happens by itself."""

    def __init__(self, files: Files, scenario: Scenario | None = None) -> None:
        self.files = files
        self.site = FileSite(files)
        self.scenario = scenario or Scenario()
        self.endings: list[Ending] = []

    @property
    def pair_file(self) -> Path:
        """The pair file."""
        return self.files.pair_file

    def snapshot(self) -> Snapshot:
        """Return all rows of both servers."""
        return Snapshot(0, {server: self._bags(server) for server in SERVERS})

    def _bags(self, server: Server) -> dict[str, Bag]:
        sql = "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database() ORDER BY 1"
        return {table: self.site.databases[server].bag(table) for (table,) in self.files.run(server, sql)}

    def call(self, *words: str, **arguments: Any) -> Ending:
        """Carry a command out through the Python API; `arguments` are those of the call."""
        pair, before = self.files.open(), self.snapshot()
        result: Any = None
        error: SyncError | None = None
        try:
            match words[0]:
                case "resync" | "sync":
                    result = pair.execute(getattr(pair, f"plan_{words[0]}")(**arguments))
                case "undo":
                    result = pair.execute(pair.plan_undo(pair.run().id))
                case verb:
                    result = getattr(pair, verb)(**arguments)
        except SyncError as raised:
            error = raised
        code = int(exit_code_of(error)) if error else self.code
        plans: tuple[Plan, ...] = (result.plan,) if isinstance(result, VerifiedRun) else ()
        run = result.outcome.run_id if isinstance(result, VerifiedRun) else ""
        said = str(error) if error else ""
        return self._ended(
            Ending(
                0,
                Command(0, words[0], typed=False),
                words,
                before,
                self.snapshot(),
                code,
                result,
                None,
                said,
                error,
                plans,
                run,
            )
        )

    code = 0
    """What the next call ends with, if it raises nothing."""

    def type(self, *words: str) -> Ending:
        """Type a command in this process."""
        before, out, err = self.snapshot(), io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run_for_code([*words, "--pair", str(self.pair_file)])
        document = json.loads(out.getvalue()) if "--json" in words and out.getvalue().strip() else None
        command = Command(0, words[0], words[1:])
        said = out.getvalue() + err.getvalue()
        return self._ended(Ending(0, command, words, before, self.snapshot(), code, None, document, said))

    def _ended(self, ending: Ending) -> Ending:
        self.endings.append(ending)
        return ending
