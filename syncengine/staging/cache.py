"""The DuckDB cache: compares bags and queries staged pieces, in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import duckdb
import pyarrow as pa

from syncengine import machine
from syncengine.model.errors import CancelledError, StagingError, SyncError
from syncengine.model.pair import PairSettings
from syncengine.staging import durable
from syncengine.staging.row_feed import feed_rows

BATCH_ROWS = 8192
NO_ROOM = ("IO Error", "Out of Memory Error")
"""The first words of DuckDB's errors when memory or disk is full."""
DISABLED_OPTIMIZERS = "in_clause"
"""It makes a hash join of a megabyte out of every list of values."""
SPILLS = "spill-"
"""The prefix of the folders that DuckDB spills to."""
THREAD_MB = 64
"""Each thread has pages of its own in memory; two in 64 MB run out of it where one would spill."""


class Cache:
    """A DuckDB of this process alone; what does not fit in memory spills to the staging folder.

    Where there can be no staging folder, as beside a pair file in a read-only place, nothing spills.
    """

    def __init__(self, folder: Path, *, memory_mb: int) -> None:
        self._folder = folder
        self._spill = _SpillFolder(folder)
        self._config: dict[str, Any] = {
            "memory_limit": f"{memory_mb}MB",
            "temp_directory": self._spill.path,
            "threads": max(1, min(os.cpu_count() or 1, memory_mb // THREAD_MB)),
            "preserve_insertion_order": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "disabled_optimizers": DISABLED_OPTIMIZERS,
        }

    @classmethod
    def of(cls, settings: PairSettings, *, at_once: int = 1) -> Self:
        """Return a cache with its share of the memory of a pair, where several are used `at_once`."""
        return cls(settings.staging, memory_mb=max(64, settings.limits.memory_mb // at_once))

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        """Open it when it is first needed: most verifies of a pair find no difference."""
        with self._translated():
            return duckdb.connect(":memory:", config=self._config)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def load(self, name: str, rows: pa.RecordBatchReader) -> int:
        """Load rows as the table `name`, replacing it, and return how many there are.

        Errors of the reader of the rows pass unchanged.
        """
        with self._translated():
            feed_rows(rows, lambda reader: self._load_table(name, reader), stop=self._connection.interrupt)
            return int(self.rows(f'SELECT COUNT(*) FROM "{name}"')[0][0])

    def _load_table(self, name: str, reader: pa.RecordBatchReader) -> None:
        self._connection.register("incoming", reader)
        try:
            self._connection.execute(f'CREATE OR REPLACE TABLE "{name}" AS SELECT * FROM incoming')
        finally:
            self._connection.unregister("incoming")

    def show_piece(self, name: str, piece: Path) -> None:
        """Make a staged piece queryable as the view `name`, without loading it."""
        literal = str(piece).replace("'", "''")
        self.run(
            f'CREATE OR REPLACE VIEW "{name}" AS '
            # Neither the name of a folder nor that of the file becomes a column.
            f"SELECT * FROM read_parquet('{literal}', hive_partitioning = false, filename = false)"
        )

    def run(self, text: str) -> None:
        """Run a statement."""
        with self._translated():
            self._connection.execute(text)

    def rows(self, text: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self._translated():
            return self._connection.execute(text, list(values)).fetchall()

    def reader(self, text: str, values: Sequence[Any] = ()) -> pa.RecordBatchReader:
        """Stream the rows of a query; only one stream is open at a time."""
        batches = self._batches(text, values)
        return pa.RecordBatchReader.from_batches(next(batches), batches)

    def drop(self, *names: str) -> None:
        """Drop tables."""
        for name in names:
            self.run(f'DROP TABLE IF EXISTS "{name}"')

    def close(self) -> None:
        """Free the memory and the spilled rows."""
        try:
            if "_connection" in self.__dict__:
                self._connection.close()
        finally:
            self._spill.remove()

    def _batches(self, text: str, values: Sequence[Any]) -> Generator[Any, None, None]:
        """Yield the schema of a query and then its batches."""
        with self._translated():
            cursor = self._connection.cursor()
            try:
                with cursor.sql(text, params=list(values)).to_arrow_reader(BATCH_ROWS) as reader:
                    yield reader.schema
                    yield from reader
            finally:
                cursor.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as error:
            raise self._error_of(str(error)) from error
        except OSError as error:
            # pyarrow passes on DuckDB's message while it streams, but not its class.
            if error.errno is not None:
                raise
            raise self._error_of(str(error)) from error
        except RuntimeError as error:
            # What DuckDB makes of Ctrl-C while a query runs.
            if "interrupted" in str(error).lower():
                raise KeyboardInterrupt from error
            raise

    def _error_of(self, text: str) -> SyncError:
        """Return our error for DuckDB's message."""
        kind, line = text.partition(":")[0], text.partition("\n")[0]
        if kind == "INTERRUPT Error":
            return CancelledError("The comparison was interrupted.")
        if kind in NO_ROOM:
            return StagingError(
                f"The staging folder {self._folder} has no room for the comparison: {line}",
                hint="Make room on that disk, or set staging in the pair file to a folder with more.",
            )
        return StagingError(f"The staged rows could not be compared: {line}")


class _SpillFolder:
    """The folder one cache spills to. It is made in advance: DuckDB makes no parent folders."""

    def __init__(self, staging: Path) -> None:
        wanted = staging / f"{SPILLS}{os.getpid()}-{machine.token(4)}"
        self.path = ""
        self._made: list[Path] = []
        try:
            self._made = [folder for folder in (staging, *staging.parents) if not folder.exists()]
            durable.make_folder(wanted, fresh=True, lasting=False)
            self.path = str(wanted)
        except OSError:
            self.remove()

    def remove(self) -> None:
        """Remove it with its contents, and then the folders made for it that are otherwise unused."""
        if self.path:
            with suppress(OSError):
                durable.remove_tree(Path(self.path))
        for folder in self._made:
            with suppress(OSError):
                durable.disk.remove_folder(folder)
