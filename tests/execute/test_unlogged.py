"""A database without a log: rows of a failed step are restored, or recorded as open."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pytest

from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.errors import InputError, ServerLockedError
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.outcome import StepState
from syncengine.model.run import BatchState
from syncengine.model.selection import ReadQuery, Selection
from syncengine.servers import retry
from syncengine.servers.duckdb.server import DuckDBServer
from syncengine.servers.protocol import ServerDescription, WriteSession
from tests.builders import Files, build_files
from tests.scenes import trunks

ROWS = "SELECT * FROM htrunk"
HOUR = "2000-06-05 05:00..05:59"


@dataclass
class Unlogged:
    """Makes embedded servers commit each statement; the first insert fails, and then some deletes do."""

    crowded: bool
    failing: int = 4
    inserts: int = 0

    def _locked(self) -> ServerLockedError:
        return ServerLockedError("secondary: somebody holds a lock.", transient=True, retry_smaller=self.crowded)

    def before_insert(self) -> None:
        """Fail the first time."""
        self.inserts += 1
        if self.inserts == 1:
            raise self._locked()

    def before_delete(self) -> None:
        """Fail some times, once the insert has."""
        if self.inserts and self.failing:
            self.failing -= 1
            raise self._locked()


@dataclass
class Statements:
    """A session of which each statement is a transaction of its own."""

    server: DuckDBServer
    faults: Unlogged
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @contextmanager
    def _one(self) -> Iterator[WriteSession]:
        with LOGGED(self.server) as session:
            yield session
            session.commit()

    def lock(self, selection: Selection, *, table: bool = False) -> None:
        """Lock nothing."""

    def fingerprint(self, query: FingerprintQuery) -> Mapping[Bucket, BucketState]:
        """Look at once."""
        with self._one() as session:
            return session.fingerprint(query)

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Read at once."""
        return self.server.read(query)

    def delete(self, selection: Selection) -> int:
        """Delete at once."""
        self.faults.before_delete()
        with self._one() as session:
            return session.delete(selection)

    def insert(self, table: str, rows: pa.RecordBatchReader) -> int:
        """Insert at once."""
        self.faults.before_insert()
        with self._one() as session:
            return session.insert(table, rows)

    def run_deferred(self) -> None:
        """Defer nothing."""

    def commit(self) -> None:
        """Have nothing to commit."""


LOGGED = DuckDBServer.begin
DESCRIBED = DuckDBServer.describe


@pytest.fixture(params=["plain", "crowded"])
def unlogged(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """Give a pair whose servers have no log, with other figures in every row of the secondary."""
    faults = Unlogged(crowded=request.param == "crowded")

    def describe(server: DuckDBServer) -> ServerDescription:
        described = DESCRIBED(server)
        return replace(
            described, capabilities=replace(described.capabilities, transactions=False, locks_by_update=False)
        )

    @contextmanager
    def begin(server: DuckDBServer) -> Iterator[Statements]:
        yield Statements(server, faults)

    monkeypatch.setattr(DuckDBServer, "describe", describe)
    monkeypatch.setattr(DuckDBServer, "begin", begin)
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(retry, "LONGEST_WAIT", 0.02)
    files = build_files(
        tmp_path, ["htrunk"], primary={"htrunk": trunks(500, 600, incalls=9)}, secondary={"htrunk": trunks(500, 600)}
    )
    output = files.pair_file.read_text()
    files.pair_file.write_text(output.replace('load = "r3v8ag.f"', 'load = "r3v8ag.f"\nwithout_transactions = true'))
    return files


@pytest.mark.parametrize("by", ["resume", "undo"])
def test_rows_that_could_not_be_restored_stay_open(unlogged: Files, by: str) -> None:
    """Where restoring fails on a passing lock, the step is not retried, and resume and undo restore it."""
    before = sorted(unlogged.run("secondary", ROWS))
    pair = unlogged.open()

    done = pair.execute(pair.plan_resync(window=HOUR, tables=("htrunk",)))

    assert [step.state for step in done.outcome.steps] == [StepState.UNKNOWN]
    assert "could not be restored: secondary: somebody holds a lock" in done.outcome.steps[0].why
    assert [batch.state for batch in pair.runs()[-1].batches] == [BatchState.OPEN]
    if by == "resume":
        assert pair.resume().outcome.done
        assert sorted(unlogged.run("secondary", ROWS)) == sorted(unlogged.run("primary", ROWS))
    else:
        with pytest.raises(InputError, match="has written nothing"):
            pair.plan_undo(done.outcome.run_id)
        assert sorted(unlogged.run("secondary", ROWS)) == before
