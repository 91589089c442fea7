"""The cache spills where it can, leaves nothing behind, and says whose error an error is."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from syncengine.model.errors import ServerError, StagingError
from syncengine.staging.cache import Cache
from syncengine.staging.pieces import write_piece
from syncengine.staging.remembered_days import FILE
from tests.builders import Files, build_files, half_hours

SCHEMA = pa.schema([("a", pa.int64())])
MEMORY_MB = 64
WIDE = "SELECT range AS a, md5(range::VARCHAR) AS b, md5((range + {salt})::VARCHAR) AS c FROM range({rows})"
ERRORS = (
    ServerError("primary: the link is down."),
    OSError(28, "No space left on device"),
    KeyboardInterrupt(),
    ValueError("not ours"),
)


def failing(error: BaseException) -> pa.RecordBatchReader:
    """Return a stream that gives a batch and then raises."""

    def batches() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch([[1, 2]], schema=SCHEMA)
        raise error

    return pa.RecordBatchReader.from_batches(SCHEMA, batches())


def endless() -> pa.RecordBatchReader:
    """Return a stream during which the user presses Ctrl-C."""

    def batches() -> Iterator[pa.RecordBatch]:
        for number in range(10_000):
            if number == 3:
                os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.001)
            yield pa.record_batch([[number]], schema=SCHEMA)

    return pa.RecordBatchReader.from_batches(SCHEMA, batches())


def wide(salt: int, rows: int = 400_000) -> pa.RecordBatchReader:
    """Return a stream of more rows than fit into the memory of these tests."""
    return duckdb.connect().sql(WIDE.format(salt=salt, rows=rows)).to_arrow_reader(8192)


def compare(cache: Cache) -> int:
    """Load two wide bags and count what differs."""
    cache.load("one", wide(1))
    cache.load("two", wide(2))
    both = "SELECT 1 AS side, * FROM one UNION ALL SELECT -1 AS side, * FROM two"
    cache.run(f"CREATE TABLE surplus AS SELECT a, b, c FROM ({both}) GROUP BY ALL HAVING SUM(side) <> 0")
    return int(cache.rows("SELECT COUNT(*) FROM surplus")[0][0])


def drifted(folder: Path, rows: int) -> Files:
    """Build a pair in which every one of many wide rows differs."""
    files = build_files(
        folder, both={"hsplit": half_hours(splits=1)}, settings=f"[limits]\nmemory_mb = {MEMORY_MB}\nsamples = 1"
    )
    for role, calls in (("primary", 5), ("secondary", 6)):
        files.run(
            role,
            "INSERT INTO hsplit SELECT hsplit.* REPLACE (number AS split, ? AS acdcalls) "
            "FROM hsplit, range(2, ?) AS numbers(number)",
            (calls, rows // 14),
        )
    return files


def test_a_fresh_pair_with_wide_drift_is_compared(tmp_path: Path) -> None:
    """A first verify that needs more than its memory spills, works, and leaves only what it remembers."""
    files = drifted(tmp_path / "pair", 42_000)
    before = set(files.folder.iterdir())

    observation = files.open().verify(tables=("hsplit",))

    changed = sum(drift.counts.changed for table in observation.tables for drift in table.differing)
    assert changed == 14 * (42_000 // 14 - 2)
    left = set(files.folder.rglob("*")) - before
    assert {path.name for path in left} == {"pair.staging", FILE}


def test_it_spills_into_a_folder_of_its_own(tmp_path: Path) -> None:
    """Two caches at once spill beside each other, and both and the folders made for them are gone at the end."""
    staging = tmp_path / "not" / "there" / "yet"

    with Cache(staging, memory_mb=MEMORY_MB) as one, Cache(staging, memory_mb=MEMORY_MB) as two:
        assert compare(one) == 800_000
        spilled = [folder for folder in staging.iterdir() if any(folder.iterdir())]
        assert two.rows("SELECT 1") == [(1,)]
        assert len(list(staging.iterdir())) == 2
        assert len(spilled) == 1

    assert list(tmp_path.iterdir()) == []


def test_a_staging_folder_in_use_stays(tmp_path: Path) -> None:
    """A folder that was there before, or that holds something by now, is left as it is."""
    (tmp_path / "old").mkdir()

    with Cache(tmp_path / "old", memory_mb=MEMORY_MB), Cache(tmp_path / "new", memory_mb=MEMORY_MB):
        (tmp_path / "new" / "pair.lock").touch()

    assert list((tmp_path / "old").iterdir()) == []
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["pair.lock"]


def test_without_a_folder_nothing_spills(tmp_path: Path) -> None:
    """Where the folder cannot be made the cache works in memory, and says so when that is not enough."""
    (tmp_path / "file").touch()

    with Cache(tmp_path / "file" / "staging", memory_mb=MEMORY_MB) as cache:
        assert cache.load("few", wide(1, rows=100)) == 100
        with pytest.raises(StagingError, match=r"staging has no room for the comparison: Out of Memory Error: "):
            compare(cache)

    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_verify_works_where_nothing_can_be_made(tmp_path: Path) -> None:
    """A pair whose staging folder cannot be made is verified all the same."""
    files = build_files(tmp_path, primary={"hsplit": half_hours()}, settings='staging = "primary.duckdb/staging"')

    observation = files.open().verify(tables=("hsplit",))

    assert [drift.counts.missing for drift in observation.tables[0].differing] == [2] * 14


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_what_a_reader_raises_passes_through_a_load(tmp_path: Path, error: BaseException) -> None:
    """An error of the stream that is loaded is that very error, and the cache goes on working."""
    with Cache(tmp_path, memory_mb=MEMORY_MB) as cache:
        with pytest.raises(type(error)) as raised:
            cache.load("rows", failing(error))

        assert raised.value is error
        assert cache.load("rows", pa.table({"a": [1]}, schema=SCHEMA).to_reader()) == 1


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_what_a_reader_raises_passes_through_a_piece(tmp_path: Path, error: BaseException) -> None:
    """An error of the stream that is written is that very error, and no piece appears."""
    with pytest.raises(type(error)) as raised:
        write_piece(tmp_path, "piece", failing(error))

    assert raised.value is error
    assert not (tmp_path / "piece.parquet").exists()


def test_ctrl_c_is_noticed_while_loading(tmp_path: Path) -> None:
    """Ctrl-C while rows stream in is Ctrl-C, not an error of the staging folder."""
    with Cache(tmp_path, memory_mb=MEMORY_MB) as cache, pytest.raises(KeyboardInterrupt):
        cache.load("rows", endless())


def test_a_piece_that_cannot_be_written_is_a_staging_error(tmp_path: Path) -> None:
    """What the operating system refuses for the file is said of the staging folder."""
    with pytest.raises(StagingError, match="gone cannot be used"):
        write_piece(tmp_path / "gone", "piece", pa.table({"a": [1]}, schema=SCHEMA).to_reader())


def test_every_error_of_the_comparison_is_ours(tmp_path: Path) -> None:
    """Whatever DuckDB says, at once or while rows stream out, comes as one sentence."""
    late = "SELECT CASE WHEN range = 500000 THEN error('boom') ELSE 'x' END AS a FROM range(1000000)"

    with Cache(tmp_path, memory_mb=MEMORY_MB) as cache:
        for ask in (
            lambda: cache.rows("SELECT CAST(3000000000 AS INTEGER)"),
            lambda: cache.run("SELECT nothing"),
            lambda: cache.reader("SELECT nothing"),
            lambda: cache.reader(late).read_all(),
            lambda: write_piece(tmp_path, "piece", cache.reader(late)),
        ):
            with pytest.raises(StagingError, match=r"could not be compared: \w+") as raised:
                ask()
            assert "\n" not in str(raised.value)
        assert cache.reader("SELECT 1 AS a").read_all().num_rows == 1


def test_ctrl_c_works_while_rows_are_waited_for(tmp_path: Path) -> None:
    """Whoever waits for a server waits where a Ctrl-C is heard, and the cache can be used on after it."""

    def slow() -> Iterator[pa.RecordBatch]:
        yield from wide(1, rows=10)
        threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        time.sleep(20)

    began = time.monotonic()
    with Cache(tmp_path, memory_mb=MEMORY_MB) as cache:
        with pytest.raises(KeyboardInterrupt):
            cache.load("few", pa.RecordBatchReader.from_batches(wide(1, rows=1).schema, slow()))

        assert time.monotonic() - began < 5
        assert cache.load("few", wide(1, rows=100)) == 100
