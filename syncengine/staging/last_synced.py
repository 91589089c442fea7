"""The rows of administration tables as both servers last had them alike (rule 15).

synced/synonyms-1f3a9c02.parquet    a piece a table: its columns, and whether a row was seen alike or only stands
                                    for a key group of which nothing is known
synced/synonyms.json                which piece counts, its checksum, and what it is worth something for

What is kept here is never written to a server: it only tells who changed what.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from glob import escape
from pathlib import Path

import pyarrow as pa
from pydantic import TypeAdapter

from syncengine.model.errors import StagingError
from syncengine.model.file_checksum import FileChecksum
from syncengine.model.names import file_name
from syncengine.staging.cache import Cache
from syncengine.staging.checksums import checksum_of_file
from syncengine.staging.documents import read_value, write_document
from syncengine.staging.durable import sync_folder
from syncengine.staging.errors import damaged, staging_errors
from syncengine.staging.pieces import Piece, read_piece, write_piece
from syncengine.staging.private_files import make_folder

FOLDER = "synced"
LOST = "who changed what of that table since the last sync is not known any more"


@dataclass(frozen=True, slots=True)
class _SyncedRows:
    """What is remembered of a table."""

    piece: str
    rows: int
    checksum: FileChecksum
    environment: str


SYNCED_ROWS = TypeAdapter(_SyncedRows)


class LastSynced:
    """What is kept of a pair's administration tables; what cannot be read is as good as nothing, and is said."""

    def __init__(self, staging: Path) -> None:
        self._folder = staging / FOLDER
        self.notes: list[str] = []

    def load(self, table: str, environment: str, name: str, cache: Cache) -> bool:
        """Load what is remembered of a table as the table `name` of a cache, and say whether anything is.

        `environment` stands for all that makes it worthless when it changes.
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
            self.notes.append(f"{table}: what was remembered of the last sync cannot be read, and is left out")
            return False
        return True

    def save(self, table: str, environment: str, rows: pa.RecordBatchReader) -> None:
        """Remember rows as those both servers have alike, in place of what was remembered before.

        Raises `StagingError` when there is no room; what was remembered before then stays.
        """
        with staging_errors(self._folder):
            make_folder(self._folder)
        before: _SyncedRows | None = None
        with suppress(StagingError):
            before = self._saved(table)
        # Two processes may look at once: each writes a piece of its own, and the last one counts.
        piece = write_piece(self._folder, f"{file_name(table)}-{secrets.token_hex(4)}", rows)
        now = _SyncedRows(piece.path.name, piece.rows, piece.checksum, environment)
        text = SYNCED_ROWS.dump_json(now, indent=1).decode()
        write_document(self._document(table), text, about=self._document(table).name)
        if before is not None:
            with staging_errors(self._folder):
                (self._folder / before.piece).unlink(missing_ok=True)

    def forget(self, tables: Iterable[str]) -> None:
        """Remember nothing of some tables any more: rows are about to be written that the other server need not have.

        Raises `StagingError` where that cannot be.
        """
        for table in tables:
            with staging_errors(self._folder):
                remaining = [file for file in (self._document(table), *self._pieces(table)) if file.exists()]
                for file in remaining:
                    file.unlink(missing_ok=True)
                if remaining:
                    sync_folder(self._folder)

    def _saved(self, table: str) -> _SyncedRows | None:
        """Return what is remembered of a table; raises `StagingError` where that cannot be read."""
        path = self._document(table)
        if not path.exists() and not self._pieces(table):
            return None
        return read_value(path, SYNCED_ROWS, about=path.name, lost=LOST)

    def _document(self, table: str) -> Path:
        return self._folder / f"{file_name(table)}.json"

    def _pieces(self, table: str) -> list[Path]:
        """Return every piece of a table, also those that do not count."""
        return [
            *self._folder.glob(f"{escape(file_name(table))}-*.parquet"),
            *self._folder.glob(f"{escape(file_name(table))}.parquet"),
        ]
