"""The rows of administration tables when both servers last agreed (rule 15).

synced/synonyms-1f3a9c02.parquet    one piece per table: its columns, and whether a row was equal or only stands
                                    for a key group of which nothing is known
synced/synonyms.json                which piece counts, its checksum, and the environment it is valid in

What is saved here is never written to a server: it only shows which server changed what.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from glob import escape
from pathlib import Path

import pyarrow as pa
from pydantic import TypeAdapter

from syncengine import machine
from syncengine.model.errors import StagingError
from syncengine.model.file_checksum import FileChecksum
from syncengine.model.names import file_name
from syncengine.staging.cache import Cache
from syncengine.staging.checksums import checksum_of_file
from syncengine.staging.documents import read_value, write_document
from syncengine.staging.durable import make_folder, remove, remove_durably
from syncengine.staging.errors import damaged, staging_errors
from syncengine.staging.pieces import Piece, read_piece, write_piece

FOLDER = "synced"
LOST = "it is no longer known which server changed that table since the last sync"


@dataclass(frozen=True, slots=True)
class _SyncedRows:
    """The saved rows of a table."""

    piece: str
    rows: int
    checksum: FileChecksum
    environment: str


SYNCED_ROWS = TypeAdapter(_SyncedRows)


class LastSynced:
    """The saved rows of a pair's administration tables; what cannot be read is ignored and noted."""

    def __init__(self, staging: Path) -> None:
        self._folder = staging / FOLDER
        self.notes: list[str] = []

    def load(self, table: str, environment: str, name: str, cache: Cache) -> bool:
        """Load the saved rows of a table as the table `name` of a cache, and say whether there are any.

        `environment` stands for everything that makes them invalid when it changes.
        """
        try:
            found = self._saved(table)
            if found is None or found.environment != environment:
                return False
            path = self._folder / found.piece
            if not path.exists() or checksum_of_file(path) != found.checksum:
                raise damaged(path, LOST)
            cache.load(name, read_piece(Piece(path, found.rows, found.checksum)))
        except (pa.ArrowException, OSError, StagingError):
            self.notes.append(f"{table}: what was remembered of the last sync cannot be read and is ignored")
            return False
        return True

    def save(self, table: str, environment: str, rows: pa.RecordBatchReader) -> None:
        """Save rows on which both servers agree, in place of those saved before.

        Raises `StagingError` when there is no room; the rows saved before then stay.
        """
        with staging_errors(self._folder):
            make_folder(self._folder)
        before: _SyncedRows | None = None
        with suppress(StagingError):
            before = self._saved(table)
        # Two processes may verify at once: each writes a piece of its own, and the last one counts.
        piece = write_piece(self._folder, f"{file_name(table)}-{machine.token(4)}", rows)
        now = _SyncedRows(piece.path.name, piece.rows, piece.checksum, environment)
        text = SYNCED_ROWS.dump_json(now, indent=1).decode()
        write_document(self._document(table), text, about=self._document(table).name)
        if before is not None:
            with staging_errors(self._folder):
                remove(self._folder / before.piece)

    def forget(self, tables: Iterable[str]) -> None:
        """Delete the saved rows of some tables: rows are about to be written that the other server may not have.

        Raises `StagingError` where that fails.
        """
        files = [file for table in tables for file in (self._document(table), *self._pieces(table))]
        if files:
            with staging_errors(self._folder):
                remove_durably(self._folder, files)

    def _saved(self, table: str) -> _SyncedRows | None:
        """Return the saved rows of a table; raises `StagingError` where they cannot be read."""
        path = self._document(table)
        if not path.exists() and not self._pieces(table):
            return None
        return read_value(path, SYNCED_ROWS, about=path.name, lost=LOST)

    def _document(self, table: str) -> Path:
        return self._folder / f"{file_name(table)}.json"

    def _pieces(self, table: str) -> list[Path]:
        """Return every piece of a table, including outdated ones."""
        return [
            *self._folder.glob(f"{escape(file_name(table))}-*.parquet"),
            *self._folder.glob(f"{escape(file_name(table))}.parquet"),
        ]
