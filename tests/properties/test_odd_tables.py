"""Whatever the names and values of tables and columns: verify, sync and undo do what a count in Python says."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given

from syncengine.app import Pair, open_pair
from syncengine.model.drift import Observation, Strength
from syncengine.model.names import quoted
from syncengine.model.pair import Role
from tests.builders import connected
from tests.examples import examples
from tests.properties.odd_tables import (
    FOLDED,
    KINDS,
    NUL,
    Kind,
    Layout,
    Row,
    Value,
    counted,
    every_mutation,
    odd_pairs,
)
from tests.servers.postgresql.cluster import Cluster, cluster, environment, literal

PAIR = 'as_of = 2000-06-05T07:10:00\ntimezone = "UTC"\nspecs = ["specs"]\n'
Run = Callable[[str], list[tuple[object, ...]]]
"""Runs a statement on one server."""


@dataclass(frozen=True)
class Home:
    """Where both servers of a pair are, and how to query either without the code under test."""

    folder: Path
    urls: dict[Role, str]
    run: dict[Role, Run]
    postgresql: bool

    def fill(self, layout: Layout, rows: dict[Role, Sequence[Row]]) -> Pair:
        """Create the table on both servers with their rows, and open the pair."""
        kinds = [kind for _, kind in layout.columns]
        described = ", ".join(f"{quoted(name)} {self.native(kind)}" for name, kind in layout.columns)
        for role, run in self.run.items():
            run(f"CREATE TABLE {quoted(layout.table)} ({described})")
            values = [
                f"({', '.join(self.literal(kind, value) for kind, value in zip(kinds, row, strict=True))})"
                for row in rows[role]
            ]
            if values:
                run(f"INSERT INTO {quoted(layout.table)} VALUES {', '.join(values)}")
        (self.folder / "specs").mkdir()
        (self.folder / "specs" / "odd.toml").write_text(layout.spec)
        servers = "".join(f'[{role}]\nurl = "{url}"\nload = "r3v8ag.f"\n' for role, url in self.urls.items())
        (self.folder / "pair.toml").write_text(PAIR + servers)
        return open_pair(self.folder / "pair.toml", environment=environment())

    def native(self, kind: Kind) -> str:
        """Return a type as the servers call it."""
        return kind.postgresql if self.postgresql else kind.embedded

    def literal(self, kind: Kind, value: Value) -> str:
        """Return a value as it is written in a statement."""
        if value is None:
            return "NULL"
        if self.postgresql:
            return f"CAST({literal(value.replace('(BC)', 'BC'))} AS {kind.postgresql})"
        parts = " || CHR(0) || ".join(literal(part) for part in value.split(NUL))
        return f"CAST({parts} AS {kind.embedded})"

    def bag(self, role: Role, layout: Layout) -> list[str]:
        """Return what a server holds, each row as text in which no two values read alike."""
        columns = ", ".join(f"CAST({quoted(name)} AS VARCHAR)" for name, _ in layout.columns)
        return sorted(map(repr, self.run[role](f"SELECT {columns} FROM {quoted(layout.table)}")))


def embedded(folder: Path) -> Home:
    """Return a pair of embedded servers."""

    def runner(role: Role) -> Run:
        def run(text: str) -> list[tuple[object, ...]]:
            with connected(folder / f"{role}.duckdb") as connection:
                return connection.execute(text).fetchall()

        return run

    urls = {role: f"duckdb:///{role}.duckdb" for role in Role}
    return Home(folder, urls, {role: runner(role) for role in Role}, postgresql=False)


def on_postgresql(folder: Path, server: Cluster) -> Home:
    """Return a pair of databases."""
    databases = {role: server.create_database() for role in Role}
    urls = {role: database.url_for("cms:${CMS_PASSWORD}") for role, database in databases.items()}
    return Home(folder, urls, {role: database.run for role, database in databases.items()}, postgresql=True)


def drift(observation: Observation) -> dict[object, tuple[int, int, int]]:
    """Return the result of a verify of one table."""
    (table,) = observation.tables
    assert not table.problem
    return {one.bucket: (one.counts.missing, one.counts.extra, one.counts.changed) for one in table.differing}


def held(home: Home, layout: Layout, source: list[Row], target: list[Row]) -> None:
    """Hold verify, sync and undo of a table against a count in Python."""
    pair = home.fill(layout, {Role.PRIMARY: source, Role.SECONDARY: target})
    wanted = counted(layout, source, target)
    # Nothing is deleted because the source has none of an ACD (rule 13).
    seen = set(map(layout.bucket, source))
    left = {bucket: counts for bucket, counts in wanted.items() if bucket not in seen}
    before = {role: home.bag(role, layout) for role in Role}

    assert drift(pair.verify(tables=layout.table)) == wanted
    assert drift(pair.verify(tables=layout.table, every_row=True)) == wanted

    done = pair.execute(pair.plan_sync(tables=layout.table, allow_deletions=10**6))
    assert done.outcome.done, done.outcome
    assert drift(pair.verify(tables=layout.table, every_row=True)) == left
    assert home.bag(Role.PRIMARY, layout) == before[Role.PRIMARY]

    if wanted != left:
        undone = pair.execute(pair.plan_undo())
        assert undone.outcome.done, undone.outcome
    assert {role: home.bag(role, layout) for role in Role} == before


@examples(2)
@given(odd_pairs())
def test_odd_tables_of_embedded_servers(pair: tuple[Layout, list[Row], list[Row]]) -> None:
    """What differs is found as counted, a sync makes it equal, and an undo puts every row back as it was."""
    with tempfile.TemporaryDirectory() as folder:
        held(embedded(Path(folder)), *pair)


@pytest.mark.soak
@pytest.mark.postgresql
@examples(2)
@given(odd_pairs(postgresql=True))
def test_odd_tables_on_postgresql(pair: tuple[Layout, list[Row], list[Row]]) -> None:
    """The same holds where names are distinguished by case and end at 63 bytes, and text knows its kind."""
    server = cluster()
    with tempfile.TemporaryDirectory() as folder:
        home = on_postgresql(Path(folder), server)
        try:
            held(home, *pair)
        finally:
            for url in home.urls.values():
                name = url.rpartition("/")[2]
                server.admin.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.soak("all", "True")
@pytest.mark.parametrize("every_row", [False, True])
@pytest.mark.parametrize("kinds", [FOLDED, KINDS], ids=["folded", "all"])
def test_every_value_differs_from_every_other(tmp_path: Path, kinds: tuple[Kind, ...], every_row: bool) -> None:
    """Each value of each type that becomes another is found where it is another, under odd names, and nothing else."""
    compare_with_count(embedded(tmp_path), *every_mutation(kinds), every_row=every_row, folded=kinds is FOLDED)


@pytest.mark.soak
@pytest.mark.postgresql
@pytest.mark.parametrize("every_row", [False, True])
@pytest.mark.parametrize("kinds", [FOLDED, KINDS], ids=["folded", "all"])
def test_every_value_differs_from_every_other_on_postgresql(
    tmp_path: Path, kinds: tuple[Kind, ...], every_row: bool
) -> None:
    """The same holds where the server folds the values itself."""
    rows = every_mutation(kinds, postgresql=True)
    compare_with_count(on_postgresql(tmp_path, cluster()), *rows, every_row=every_row, folded=kinds is FOLDED)


def compare_with_count(
    home: Home, layout: Layout, source: list[Row], target: list[Row], *, every_row: bool, folded: bool
) -> None:
    """Compare a verify with a count in Python."""
    pair = home.fill(layout, {Role.PRIMARY: source, Role.SECONDARY: target})

    found = pair.verify(tables=layout.table, every_row=every_row)

    assert drift(found) == counted(layout, source, target)
    by_fingerprint = folded and not every_row
    assert found.tables[0].strength is (Strength.FINGERPRINT if by_fingerprint else Strength.EVERY_ROW)
