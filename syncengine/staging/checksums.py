"""Checksums: files of the staging folder that were altered, cut, exchanged or lost are detected before use."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING

from syncengine.model.file_checksum import FileChecksum
from syncengine.staging.errors import staging_errors

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from syncengine.staging.durable import NewFile

LENGTH = 16
"""Hexadecimal digits of a checksum: 64 bits, so that random damage does not fit it."""


def checksum(data: bytes, *, about: str) -> str:
    """Return the checksum of some bytes; `about` names their place, so that those of another place do not fit."""
    return hashlib.sha256(about.encode() + b"\0" + data).hexdigest()[:LENGTH]


def checksum_of_file(path: Path) -> FileChecksum:
    """Return the size and checksum of a file; reads all of it once."""
    with staging_errors(path.parent), path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:LENGTH]
        return FileChecksum(file.tell(), digest)


class ChecksummedFile(io.RawIOBase):
    """A file that is written in order, and checksummed meanwhile: it need not be read again for that."""

    def __init__(self, file: NewFile) -> None:
        super().__init__()
        self._file = file
        self._digest = hashlib.sha256()
        self._size = 0

    def writable(self) -> bool:
        """Return True: it can be written to."""
        return True

    def write(self, data: ReadableBuffer) -> int:
        """Append some bytes."""
        self._digest.update(data)
        written = self._file.write(data)
        self._size += written
        return written

    def checksum(self) -> FileChecksum:
        """Return the size and checksum of what was written so far."""
        return FileChecksum(self._size, self._digest.hexdigest()[:LENGTH])
