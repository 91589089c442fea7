"""The rows of administration tables as both servers last had them alike (rule 15).

synced/synonyms.parquet     a piece a table: its columns, and whether a row was seen alike or only stands
                            for a key group of which nothing is known

What is kept here is never written to a server: it only tells who changed what.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from syncengine.model.errors import StagingError
from syncengine.staging.cache import Cache
from syncengine.staging.durable import sync_folder
from syncengine.staging.errors import staging_errors
from syncengine.staging.pieces import Piece, read_piece, write_piece

FORMAT = b"1"
FOLDER = "synced"


class LastSynced:
    """What is kept of a pair's administration tables; what cannot be read is as good as nothing, and is said."""

    def __init__(self, staging: Path) -> None:
        self._folder = staging / FOLDER
        self.notes: list[str] = []

    def load(self, table: str, environment: str, name: str, cache: Cache) -> bool:
        """Load what is remembered of a table as the table `name` of a cache, and say whether anything is.

        `environment` stands for all that makes it worthless when it changes.
        """
        path = self._piece(table)
        if not path.exists():
            return False
        try:
            metadata = pq.read_schema(path).metadata or {}
            if (metadata.get(b"format"), metadata.get(b"environment")) != (FORMAT, environment.encode()):
                return False
            cache.load(name, read_piece(Piece(path, 0)))
        except (pa.ArrowException, OSError, StagingError):
            self.notes.append(f"{table}: what was remembered of the last sync cannot be read, and is left out")
            return False
        return True

    def keep(self, table: str, environment: str, rows: pa.RecordBatchReader) -> None:
        """Remember rows as those both servers have alike, in place of what was remembered before.

        Raises `StagingError` when there is no room; what was remembered before then stays.
        """
        with staging_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        told = {b"format": FORMAT, b"environment": environment.encode()}
        # Two processes may look at once: each writes beside, and the last one counts.
        told_of = pa.RecordBatchReader.from_batches(
            rows.schema.with_metadata(told), (batch.replace_schema_metadata(told) for batch in rows)
        )
        piece = write_piece(self._folder, f"{table}-{secrets.token_hex(4)}", told_of)
        with staging_errors(self._folder):
            piece.path.replace(self._piece(table))
            sync_folder(self._folder)

    def forget(self, tables: Iterable[str]) -> None:
        """Remember nothing of some tables any more: rows are about to be written that the other server need not have.

        Raises `StagingError` where that cannot be.
        """
        for table in tables:
            with staging_errors(self._folder), suppress(FileNotFoundError):
                self._piece(table).unlink()
                sync_folder(self._folder)

    def _piece(self, table: str) -> Path:
        return self._folder / f"{table}.parquet"
