"""Files that exist complete or not at all, whenever the machine stops."""

from __future__ import annotations

import os
from pathlib import Path

from syncengine.staging.errors import staging_errors
from syncengine.staging.private_files import opener


def write_whole(path: Path, text: str) -> None:
    """Write a file beside and rename it into place, durable before it is visible."""
    # Two processes may write the same file at once: the last one counts, and neither mixes with the other.
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with staging_errors(path.parent):
        with open(part, "w", encoding="utf-8", opener=opener) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
