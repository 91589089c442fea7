"""Pieces: rows on disk, one Parquet file each, written beside and renamed into place."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from syncengine.model.file_checksum import FileChecksum
from syncengine.staging.checksums import ChecksummedFile
from syncengine.staging.durable import new_file
from syncengine.staging.errors import staging_errors


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows on disk, and the checksum of their file when it was written."""

    path: Path
    rows: int
    checksum: FileChecksum


class IncomingRows:
    """Incoming rows for a library that would replace the errors of their reader by its own."""

    def __init__(self, rows: pa.RecordBatchReader) -> None:
        self._rows = rows
        self._raised: BaseException | None = None

    @contextmanager
    def reader(self) -> Iterator[pa.RecordBatchReader]:
        """Pass the rows on, and raise the original error of their reader."""
        batches = self._batches()
        # Started at once, so that a Ctrl-C between two batches always arrives inside it.
        next(batches)
        try:
            yield pa.RecordBatchReader.from_batches(self._rows.schema, batches)
        finally:
            if self._raised is not None:
                raise self._raised

    def _batches(self) -> Generator[Any, None, None]:
        try:
            yield
            yield from self._rows
        except GeneratorExit:
            raise
        except BaseException as error:
            self._raised = error
            raise


def write_piece(folder: Path, name: str, rows: pa.RecordBatchReader) -> Piece:
    """Write rows as a piece, durable when this returns.

    Raises `StagingError` when there is no room; errors of the reader of the rows pass unchanged.
    """
    path = folder / f"{name}.parquet"
    part = folder / f"{name}.parquet.part"
    count = 0
    with IncomingRows(rows).reader() as incoming, staging_errors(folder), new_file(path, part) as file:
        checksummed = ChecksummedFile(file)
        with pq.ParquetWriter(checksummed, rows.schema, compression="zstd") as writer:
            for batch in incoming:
                writer.write_batch(batch)
                count += batch.num_rows
    return Piece(path, count, checksummed.checksum())


def read_piece(piece: Piece) -> pa.RecordBatchReader:
    """Stream the rows of a piece; raises `StagingError` where it is gone."""
    with staging_errors(piece.path.parent):
        file = pq.ParquetFile(piece.path)
    return pa.RecordBatchReader.from_batches(file.schema_arrow, file.iter_batches())
