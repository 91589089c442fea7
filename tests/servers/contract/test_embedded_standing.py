"""What the embedded server tells of its sessions, its conflicts and the changes of its file."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from syncengine.model.errors import ServerError, UnknownOutcomeError
from syncengine.model.remembered_days import DaysQuery
from syncengine.servers.duckdb.errors import error_of, rolled_back, translated
from syncengine.servers.duckdb.server import DuckDBServer
from syncengine.servers.protocol import Server, SessionState
from syncengine.servers.retry import is_transient
from tests.builders import hsplit
from tests.servers.contract.kinds import Embedded
from tests.servers.contract.test_reading import everything, opened
from tests.servers.contract.test_writing import FIVE, filled, reader, rows_in

WRITES = {
    "insert": "INSERT INTO hsplit SELECT * FROM hsplit LIMIT 1",
    "update": "UPDATE hsplit SET acdcalls = 77",
    "delete": "DELETE FROM hsplit WHERE starttime = 530",
}


@pytest.fixture
def embedded(tmp_path: Path) -> Embedded:
    """Return a database with rows."""
    place = Embedded.make(tmp_path / "one", ("hsplit",))
    filled(place)
    return place


def state(place: Embedded) -> str | None:
    """Return the state of the file as a process that connects anew sees it."""
    with opened(place) as server:
        return history_of(server)


def history_of(server: Server) -> str | None:
    """Return what a server tells of every day of a table."""
    versions = server.day_versions(DaysQuery(everything("hsplit")))
    return None if versions is None else versions.history


@pytest.mark.parametrize("write", sorted(WRITES))
@pytest.mark.parametrize("crashed", [False, True])
def test_a_write_of_any_kind_gives_every_day_another_version(embedded: Embedded, write: str, crashed: bool) -> None:
    """Rows inserted, updated or deleted move it, also while they are in the log alone."""
    before = state(embedded)

    with duckdb.connect(str(embedded.path)) as connection:
        if crashed:
            connection.execute("PRAGMA disable_checkpoint_on_shutdown")
        connection.execute(WRITES[write])
    log = embedded.path.with_name(f"{embedded.path.name}.wal")

    assert log.exists() is crashed
    assert state(embedded) != before


@pytest.mark.parametrize("crashed", [False, True])
def test_reading_leaves_the_file_and_its_log_alone(embedded: Embedded, crashed: bool) -> None:
    """However often it is opened for reading, with a log that a crash left or without, every version stays."""
    with duckdb.connect(str(embedded.path)) as connection:
        if crashed:
            connection.execute("PRAGMA disable_checkpoint_on_shutdown")
        connection.execute(WRITES["update"])
    states = set()

    for _ in range(3):
        states.add(state(embedded))
        with opened(embedded) as server:
            assert len(rows_in(server)) == 3
            states.add(history_of(server))

    assert len(states) == 1


def test_a_commit_of_our_own_gives_every_day_another_version(embedded: Embedded) -> None:
    """Once a session has committed every version is another, over the server that wrote, too."""
    with opened(embedded, writable=True) as server:
        before = history_of(server)
        with server.begin() as session:
            session.delete(FIVE)
            session.commit()

        assert history_of(server) != before


def test_a_missing_file_has_no_versions(embedded: Embedded) -> None:
    """Where the file was taken away nothing is claimed of it."""
    with opened(embedded) as server:
        embedded.path.unlink()

        assert history_of(server) is None


def test_a_view_has_no_versions(embedded: Embedded) -> None:
    """Rows of a view may lie in another file, which may be written to without a trace in this one."""
    with duckdb.connect(str(embedded.path)) as connection:
        connection.execute("ALTER TABLE hsplit RENAME TO original")
        connection.execute("CREATE VIEW hsplit AS SELECT * FROM original")

    assert state(embedded) is None


@pytest.mark.parametrize("crashed", [False, True])
def test_a_write_shows_however_coarse_the_clock_of_the_file_system_is(embedded: Embedded, crashed: bool) -> None:
    """A write that leaves the file as large as it was, and of the same times, gives other versions all the same."""
    with duckdb.connect(str(embedded.path)) as connection:
        connection.execute("CREATE TABLE more AS SELECT range AS n FROM range(1000)")
    states, sizes = set(), set()
    for n in range(4):
        with duckdb.connect(str(embedded.path)) as connection:
            if crashed:
                connection.execute("PRAGMA disable_checkpoint_on_shutdown")
            connection.execute(f"UPDATE hsplit SET acdcalls = {n}")
        for path in (embedded.path, embedded.path.with_name(f"{embedded.path.name}.wal")):
            if path.exists():
                os.utime(path, (1e9, 1e9))
        version = state(embedded)
        assert version
        # The clock of changes cannot be set: it is left out as if it had stood still.
        states.add(re.sub(r"at \d+, \d+", "", version))
        sizes.add(embedded.path.stat().st_size)

    assert len(states) == 4
    assert len(sizes) < 4


def test_a_restored_older_copy_has_another_version(embedded: Embedded) -> None:
    """A file that is restored as it was, with its times, has other versions: it may come to the same numbers again."""
    content, times, before = embedded.path.read_bytes(), embedded.path.stat(), state(embedded)
    with duckdb.connect(str(embedded.path)) as connection:
        connection.execute(WRITES["update"])
    embedded.path.write_bytes(content)
    os.utime(embedded.path, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert embedded.path.stat().st_mtime_ns == times.st_mtime_ns
    assert state(embedded) != before


def test_a_session_over_another_server_object_is_alive(embedded: Embedded) -> None:
    """One process may have a file open twice: a session over the one is alive for the other."""
    with opened(embedded, writable=True) as one, opened(embedded, writable=True) as other:
        with one.begin() as session:
            assert other.session_state(session.id) is SessionState.ALIVE
        assert other.session_state(session.id) is SessionState.GONE


def test_rows_that_others_write_are_crowded(embedded: Embedded) -> None:
    """An error about rows that another session has written says that a retry, or a smaller batch, may succeed."""

    def touch(server: Server) -> None:
        with server.begin() as second:
            second.delete(FIVE)
            second.commit()

    with opened(embedded, writable=True) as server, server.begin() as first:
        first.delete(FIVE)
        with pytest.raises(ServerError) as error:
            touch(server)

    assert error.value.retry_smaller
    assert is_transient(error.value)


def insert_and_commit(server: Server, meanwhile: Callable[[], object]) -> None:
    """Insert a row, and commit after something else has happened."""
    with server.begin() as session:
        session.insert("hsplit", reader("hsplit", [hsplit(600)]))
        meanwhile()
        session.commit()


def test_a_conflict_at_the_commit_has_written_nothing(embedded: Embedded) -> None:
    """A table altered meanwhile makes the commit a conflict: known to be rolled back, and worth another try."""
    with opened(embedded, writable=True) as server:

        def alter() -> None:
            assert isinstance(server, DuckDBServer)
            # Nobody else can open the file.
            server._connection.cursor().execute("ALTER TABLE hsplit ADD COLUMN more INTEGER")  # noqa: SLF001

        with pytest.raises(ServerError, match="another session wrote") as error:
            insert_and_commit(server, alter)

        assert not isinstance(error.value, UnknownOutcomeError)
        assert is_transient(error.value)
        assert error.value.retry_smaller
        assert [one["starttime"] for one in rows_in(server)] == [500, 500, 530]
        insert_and_commit(server, lambda: None)
        assert len(rows_in(server)) == 4


def test_a_key_another_has_committed_is_refused_at_the_commit(embedded: Embedded) -> None:
    """A unique key that another session has committed meanwhile is a no, and not an unknown outcome."""
    with duckdb.connect(str(embedded.path)) as connection:
        connection.execute("CREATE UNIQUE INDEX once ON hsplit (starttime, split)")

    with opened(embedded, writable=True) as server:
        with pytest.raises(ServerError, match="constraint") as error:
            insert_and_commit(server, lambda: insert_and_commit(server, lambda: None))

        assert not isinstance(error.value, UnknownOutcomeError)
        assert len(rows_in(server)) == 4


@pytest.mark.parametrize(
    ("words", "known"),
    [
        ("Failed to commit: Transaction conflict: attempting to insert into table", True),
        ("Failed to commit: PRIMARY KEY or UNIQUE constraint violation: duplicate key", True),
        ("cannot commit - no transaction is active", True),
        ("Failed to commit: Could not write file: No space left on device", False),
        ("Failed to commit: Failed to create checkpoint", False),
    ],
)
def test_only_what_is_refused_before_a_write_is_known_to_have_written_nothing(words: str, known: bool) -> None:
    """A commit that failed while the file was written is of unknown outcome, though its error is of the same class."""
    assert rolled_back(duckdb.TransactionException(f"TransactionContext Error: {words}")) is known
    assert not rolled_back(duckdb.IOException(words))


def test_running_out_of_memory_is_crowded() -> None:
    """Less may fit into memory: said by a statement and by a stream alike, with what to set higher."""
    words = "Out of Memory Error: could not allocate block of size 256.0 KiB (4.5 MiB/4.7 MiB used)"
    with pytest.raises(ServerError) as streamed, translated("primary"):
        raise OSError(words)

    for error in (error_of("primary", duckdb.OutOfMemoryException(words)), streamed.value):
        assert isinstance(error, ServerError)
        assert error.retry_smaller
        assert not error.transient
        assert "limits.memory_mb" in error.hint


def test_a_query_that_is_stopped_is_not_crowded() -> None:
    """An interruption and a plain refusal are no matter of size."""
    for kind in (duckdb.InterruptException, duckdb.CatalogException, duckdb.ConstraintException):
        assert not getattr(error_of("primary", kind("words")), "crowded", False)
