"""Pieces: rows on disk, one Parquet file each, written beside and renamed into place."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from syncengine.staging.folder import staging_errors, sync_folder


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows kept on disk."""

    path: Path
    rows: int


def write_piece(folder: Path, name: str, rows: pa.RecordBatchReader) -> Piece:
    """Write rows as a piece, durable when this returns; raises `StagingError` when there is no room."""
    path = folder / f"{name}.parquet"
    part = folder / f"{name}.parquet.part"
    count = 0
    with staging_errors(folder):
        with part.open("wb") as file:
            with pq.ParquetWriter(file, rows.schema, compression="zstd") as writer:
                for batch in rows:
                    writer.write_batch(batch)
                    count += batch.num_rows
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(folder)
    return Piece(path, count)


def read_piece(piece: Piece) -> pa.RecordBatchReader:
    """Stream the rows of a piece."""
    file = pq.ParquetFile(piece.path)
    return pa.RecordBatchReader.from_batches(file.schema_arrow, file.iter_batches())
