"""Administration of a world on small pairs: what people do, and what the oracle says of real and of wrong endings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pytest

from syncengine.cli.exit_codes import exit_code_of
from syncengine.model.drift import ChangedBy
from syncengine.model.errors import RefusedError, SyncError
from syncengine.model.plan import Plan
from tests.builders import Files, build_files, connected
from tests.examples import some_of
from tests.world.administration import KINDS, beginning, customer_rows, edit, sequences
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


@dataclass
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
        whole = [row.get(name, _default(spec.column(name))) for row in rows for name in columns]
        places = f"({', '.join('?' * len(columns))})"
        many = len(whole) // len(columns)
        self.files.run(self.server, f"INSERT INTO {table} VALUES {', '.join([places] * many)}", whole)

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows."""
        return self.files.run(self.server, sql, values)

    def bag(self, table: str) -> Bag:
        """Return all rows of a table, text without blanks at its end."""
        return _bag(self.files.run(self.server, f"SELECT * FROM {table}"))

    def close(self) -> None:
        """Release nothing: the files are opened for each statement."""


def _bag(rows: Iterable[Sequence[Any]]) -> Bag:
    return Counter(tuple(one.rstrip(" ") if isinstance(one, str) else one for one in row) for row in rows)


def _default(column: Any) -> Any:
    return " " if column.type.is_text else None if column.type.name == "date" else 0


@dataclass
class Pair:
    """Two servers with the administration of a world, and what was done to them."""

    files: Files
    scenario: Scenario
    endings: list[Ending] = field(default_factory=list)
    site: Any = None
    """Needed only where time goes on during a command."""

    @property
    def databases(self) -> dict[Server, Stored]:
        """Both servers."""
        return {server: Stored(self.files, server) for server in SERVERS}

    @property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """The columns of all tables of administration."""
        specs = administration_tables()
        return {
            table: tuple(column.name for column in specs[table].columns)
            for table in sorted({*TABLES, "acds", "dcalloc"})
        }

    def snapshot(self) -> Snapshot:
        """Return all rows of administration."""
        bags: dict[Server, dict[str, Bag]] = {"primary": {}, "secondary": {}}
        for server, tables in bags.items():
            with connected(self.files.database(server)) as connection:
                for name in self.columns:
                    tables[name] = _bag(connection.execute(f"SELECT * FROM {name}").fetchall())
        return Snapshot(0, bags)

    def edit(self, server: Server, kind: str, seed: int = 0) -> None:
        """Do what people do."""
        edit(self.databases[server], self.scenario, Edit(server, BEGIN, kind, seed))

    def command(self, verb: str, *words: str) -> Ending:
        """Carry out a command through the Python API; its ending is not judged yet."""
        before = self.snapshot()
        number = len(self.endings)
        ending = Ending(number, Command(BEGIN, verb, words, typed=False), (verb, *words), before, before)
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


DRY = ("--set", "administration", "--dry-run")
NAMES = ("--set", "synonyms")


@pytest.mark.soak
def test_an_edit_leaves_servers_alike_that_were_alike(tmp_path: Path) -> None:
    """The same edit on both servers is the same change, whatever it is; each kind changes something with some seed."""
    pair = pair_of(tmp_path)
    for kind in KINDS:
        changed = False
        for seed in range(3):
            before = pair.snapshot().bags["primary"]
            for server in SERVERS:
                pair.edit(server, kind, seed)
            after = pair.snapshot()
            assert after.bags["primary"] == after.bags["secondary"], kind
            changed = changed or after.bags["primary"] != before
        assert changed or kind.startswith("remove"), kind


def test_what_a_customers_job_writes_follows_from_the_seed() -> None:
    """The same hour has the same rows each time, none twice."""
    scenario = Scenario(acds=(Acd(1), Acd(2, minutes=15)))
    rows = [row for hour in range(24) for row in customer_rows(scenario, hour)]
    assert rows == [row for hour in range(24) for row in customer_rows(scenario, hour)]
    assert len(rows) == len({tuple(row.values()) for row in rows}) > 50


def test_syncs_of_the_product_are_right(tmp_path: Path) -> None:
    """A copy, a conflict, both decisions, an undo and the way back: the oracle finds nothing."""
    pair = pair_of(tmp_path, 2)
    found = pair.judged("sync", *DRY)
    pair.edit("primary", "change name", 1)
    pair.edit("secondary", "change name", 1)
    found += pair.judged("sync", *NAMES, "--yes")
    pair.edit("secondary", "change name", 2)
    pair.edit("primary", "add user", 3)
    found += pair.judged("sync", *NAMES, "--yes")
    assert pair.endings[-1].code == 4
    found += pair.judged("sync", *NAMES, "--prefer", "secondary", "--yes")
    found += pair.judged("sync", *NAMES, "--from", "secondary", "--yes")
    assert pair.endings[-1].code == 0
    found += pair.judged("sync", "--set", "users", "--yes")
    found += pair.judged("undo")
    found += pair.judged("verify", "--set", "users")
    assert pair.endings[-1].code == 3
    assert found == []


def spoken(pair: Pair, ending: Ending) -> str:
    """Return what the oracle says of an ending."""
    return "; ".join(one.text for one in judge_administration(pair, ending, pair.columns))


def with_rows(ending: Ending, server: Server, table: str, bag: Bag) -> Ending:
    """Return an ending after which a table holds other rows."""
    bags = dict(ending.after.bags)
    bags[server] = {**bags[server], table: bag}
    return replace(ending, after=replace(ending.after, bags=bags))


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("server", "table", "says"),
    some_of(
        [
            ("secondary", "synonyms", "no row, expected"),
            ("primary", "synonyms", "which is the source of the sync"),
            ("secondary", "users", "which was not requested"),
            ("secondary", "dbitems", "which was not requested"),
            ("secondary", "split_pro", "not synchronised by copying"),
            ("secondary", "ttsched", "schedules changed or deleted"),
        ],
        2,
    ),
)
def test_rows_lost_in_a_sync_are_found(
    tmp_path: Path, server: Literal["primary", "secondary"], table: str, says: str
) -> None:
    """A table that holds less than it should after a sync is named, on either server."""
    pair = pair_of(tmp_path)
    pair.edit("primary", "change name", 1)
    ending = pair.command("sync", *NAMES, "--yes")
    assert spoken(pair, ending) == ""
    assert says in spoken(pair, with_rows(ending, server, table, Counter()))


def test_a_conflict_that_is_not_named_is_found(tmp_path: Path) -> None:
    """A plan without the change of the target, or with one blamed on the wrong server, is wrong."""
    pair = pair_of(tmp_path)
    pair.command("sync", *DRY)
    pair.edit("secondary", "change name", 1)
    ending = pair.command("sync", *NAMES, "--dry-run")
    (plan,) = ending.plans
    (change,) = plan.changes
    blamed = replace(change, group=replace(change.group, changed_by=ChangedBy.SOURCE))
    assert spoken(pair, ending) == ""
    assert "and not named" in spoken(pair, replace(ending, plans=(replace(plan, changes=()),)))
    assert "and was by target" in spoken(pair, replace(ending, plans=(replace(plan, changes=(blamed,)),)))


def test_an_undo_that_restores_too_little_is_found(tmp_path: Path) -> None:
    """After an undo the target has what was there before the run; rows as the run wrote them are wrong."""
    pair = pair_of(tmp_path)
    pair.edit("primary", "change name", 1)
    run = pair.command("sync", *NAMES, "--yes")
    ending = pair.command("undo")
    assert spoken(pair, ending) == ""
    written = run.after.bags["secondary"]["synonyms"]
    assert "after the undo" in spoken(pair, with_rows(ending, "secondary", "synonyms", written))


def test_a_verdict_that_counts_too_little_is_found(tmp_path: Path) -> None:
    """A verify that is silent about a name that differs is wrong."""
    pair = pair_of(tmp_path)
    pair.edit("primary", "remove name", 1)
    ending = pair.command("verify", *NAMES)
    assert spoken(pair, ending) == ""
    tables = tuple(replace(table, differing=()) for table in ending.result.tables)
    silent = replace(ending, result=replace(ending.result, tables=tables))
    assert "0 extra said, 1 are" in spoken(pair, silent)


def test_sequences_name_kinds_and_sets_that_there_are() -> None:
    """Each sequence can be carried out: its edits exist, and its times go forward."""
    for one in sequences(BEGIN):
        assert [step.at for step in one] == sorted(step.at for step in one)
        assert {step.kind for step in one if isinstance(step, Edit)} <= set(KINDS)
