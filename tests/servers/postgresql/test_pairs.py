"""Whole runs on pairs of PostgreSQL databases: they end as those on embedded servers do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from syncengine.model.errors import ServerReadOnlyError
from syncengine.model.outcome import StepState
from tests.builders import Files, build_files, half_hours, row
from tests.examples import some_of
from tests.servers.postgresql.cluster import Cluster
from tests.servers.postgresql.loading import PostgreSQLFiles, copy_pair
from tests.servers.postgresql.relay import Cut, Relay, relayed

pytestmark = pytest.mark.postgresql
WINDOW = "2000-06-05 05:13..05:19"
TABLES = ("hsplit", "synonyms", "haglog")
Built = Callable[..., tuple[Files, PostgreSQLFiles]]


@pytest.fixture
def built(tmp_path: Path, running: Cluster) -> Iterator[Built]:
    """Return what builds a pair twice: of files, and of databases that hold the same."""
    made: list[PostgreSQLFiles] = []

    def build(**given: object) -> tuple[Files, PostgreSQLFiles]:
        files = build_files(tmp_path / "files", TABLES, **given)  # type: ignore[arg-type]
        made.append(copy_pair(files, running, tmp_path / "databases"))
        return files, made[-1]

    yield build
    for one in made:
        one.end()


def damaged(built: Built) -> tuple[Files, PostgreSQLFiles]:
    """Build a pair that differs in a half hour, in names, and in logins."""
    logins = [row("haglog", login=960_175_000 + 1800 * n, logid=str(n), extn=f"é{n}") for n in range(6)]
    return built(
        primary={"hsplit": half_hours(), "haglog": logins, "synonyms": [row("synonyms", item_name="Zoë", value="7")]},
        secondary={"hsplit": half_hours(acdcalls=1, incomplete=1), "haglog": [*logins[:3], *logins[4:]]},
    )


@pytest.mark.soak
def test_a_pair_is_copied_as_it_is(built: Built) -> None:
    """What was put into the files is in the databases, and both are found to differ in the same way."""
    files, databases = damaged(built)

    for table in TABLES:
        for role in ("primary", "secondary"):
            assert databases.bag(role, table) == files.bag(role, table)
    found = [pair.verify(tables=TABLES) for pair in (files.open(), databases.open())]
    assert [[(table.spec.name, table.state, table.counts) for table in verdict.tables] for verdict in found] == [
        [(table.spec.name, table.state, table.counts) for table in found[0].tables]
    ] * 2
    assert not found[1].in_sync


@pytest.mark.sampled
@pytest.mark.parametrize("tables", some_of([("hsplit", "haglog"), ("hsplit",), ("haglog",)], 3))
def test_a_resync_does_on_databases_what_it_does_on_files(built: Built, tables: tuple[str, ...]) -> None:
    """The same plan is made and ends in the same rows, which a fresh look finds in sync."""
    files, databases = damaged(built)

    for pair in (files.open(), databases.open()):
        plan = pair.plan_resync(window="2000-06-05 00:00..06:59", tables=tables, source="primary")
        assert plan.steps
        result = pair.execute(plan)
        assert [step.state for step in result.outcome.steps] == [StepState.DONE] * len(plan.steps)
        assert result.after is not None
        assert result.after.in_sync

    for table in TABLES:
        assert databases.bag("secondary", table) == files.bag("secondary", table)
        assert databases.bag("primary", table) == files.bag("primary", table)


def test_rows_that_were_added_meanwhile_stop_a_step(built: Built) -> None:
    """What somebody else adds after the plan is seen, though no row of the plan was touched."""
    _, databases = damaged(built)
    pair = databases.open()
    plan = pair.plan_resync(window=WINDOW, tables=("hsplit",), source="primary")
    databases.add("secondary", "hsplit", half_hours(500, 530)[0])
    before = databases.bag("secondary", "hsplit")

    result = pair.execute(plan)

    assert [step.state for step in result.outcome.steps] == [StepState.CHANGED]
    assert databases.bag("secondary", "hsplit") == before


@pytest.mark.soak("True")
@pytest.mark.parametrize(
    ("cut", "dead", "state"),
    [
        (Cut.AFTER, False, StepState.DONE),
        (Cut.BEFORE, False, StepState.DONE),
        (Cut.AFTER, True, StepState.UNKNOWN),
    ],
)
def test_a_run_whose_commit_is_cut_off_says_what_became_of_it(
    built: Built, cut: Cut, dead: bool, state: StepState
) -> None:
    """A lost answer counts as done where it was done, a lost commit is tried again, and silence stays unknown."""
    _, databases = damaged(built)
    pair = databases.open()
    plan = pair.plan_resync(window=WINDOW, tables=("hsplit",), source="primary")
    with relayed(databases.database("secondary").port) as relay:
        detour(databases, relay)
        relay.cut, relay.dead = cut, dead
        result = databases.open().execute(plan)

    assert relay.was_cut.is_set()
    assert [step.state for step in result.outcome.steps] == [state]
    assert databases.bag("secondary", "hsplit", "starttime = 500") == databases.bag(
        "primary", "hsplit", "starttime = 500"
    )


def detour(databases: PostgreSQLFiles, relay: Relay) -> None:
    """Have the pair file lead to the secondary by way of a relay."""
    database = databases.database("secondary")
    text = databases.pair_file.read_text()
    direct = f"127.0.0.1:{database.port}/{database.name}"
    assert direct in text
    databases.pair_file.write_text(text.replace(direct, f"127.0.0.1:{relay.port}/{database.name}"))


def test_a_target_that_takes_no_writes_by_itself_is_named_as_such(built: Built, running: Cluster) -> None:
    """A standby, or a database set to read-only, is no matter of the pair file's read_only, and is not said to be."""
    _, databases = damaged(built)
    plan = databases.open().plan_resync(window=WINDOW, tables=("hsplit",), source="primary")
    running.admin.run(f"ALTER DATABASE {databases.database('secondary').name} SET default_transaction_read_only = on")

    with pytest.raises(ServerReadOnlyError, match=r"secondary: the server lets .* only read") as error:
        databases.open().execute(plan)

    assert "pair file" not in str(error.value)
