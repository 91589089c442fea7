"""A file of the staging folder, as it was when it was written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileChecksum:
    """How many bytes a file was written with, and the checksum of all of them."""

    size: int
    checksum: str
