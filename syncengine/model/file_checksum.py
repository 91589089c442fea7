"""The checksum of a file in the staging folder, from when it was written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileChecksum:
    """The size of a file in bytes, and the checksum of its content."""

    size: int
    checksum: str
