"""The DuckDB cache: compares bags and queries staged pieces, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import duckdb
import pyarrow as pa

from syncengine.model.errors import CancelledError, StagingError

BATCH_ROWS = 8192


class Cache:
    """A DuckDB of this process alone; what does not fit in memory spills to the staging folder."""

    def __init__(self, folder: Path, *, memory_mb: int) -> None:
        self._folder = folder
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": f"{memory_mb}MB",
                "temp_directory": str(folder / "spill"),
                "preserve_insertion_order": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "disabled_optimizers": "in_clause",
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def load(self, name: str, rows: pa.RecordBatchReader) -> int:
        """Keep rows as the table `name`, replacing it, and return how many there are."""
        with self._translated():
            self._connection.register("incoming", rows)
            try:
                self._connection.execute(f'CREATE OR REPLACE TABLE "{name}" AS SELECT * FROM incoming')
            finally:
                self._connection.unregister("incoming")
            return int(self.rows(f'SELECT COUNT(*) FROM "{name}"')[0][0])

    def show_piece(self, name: str, piece: Path) -> None:
        """Make a staged piece queryable as the view `name`, without loading it."""
        literal = str(piece).replace("'", "''")
        self.run(f"CREATE OR REPLACE VIEW \"{name}\" AS SELECT * FROM read_parquet('{literal}')")

    def run(self, text: str) -> None:
        """Run a statement."""
        with self._translated():
            self._connection.execute(text)

    def rows(self, text: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self._translated():
            return self._connection.execute(text, list(values)).fetchall()

    def reader(self, text: str) -> pa.RecordBatchReader:
        """Stream the rows of a query; only one stream is open at a time."""
        with self._translated():
            return self._connection.cursor().sql(text).to_arrow_reader(BATCH_ROWS)

    def drop(self, *names: str) -> None:
        """Forget tables."""
        for name in names:
            self.run(f'DROP TABLE IF EXISTS "{name}"')

    def close(self) -> None:
        """Give memory and spilled rows back."""
        self._connection.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except duckdb.InterruptException as error:
            raise CancelledError("The comparison was interrupted.") from error
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            raise StagingError(
                f"The staging folder {self._folder} cannot take what has to be compared: {str(error).splitlines()[0]}",
                hint="Make room on that disk, or set staging in the pair file to a folder with more.",
            ) from error
        except RuntimeError as error:
            # What DuckDB makes of Ctrl-C while a query runs.
            if "interrupted" in str(error).lower():
                raise KeyboardInterrupt from error
            raise
