"""The staging folder as a whole: refused where others could alter it, closed where they could read it."""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterator
from pathlib import Path

from syncengine.model.errors import StagingError
from syncengine.staging.cache import SPILLS
from syncengine.staging.errors import staging_errors
from syncengine.staging.last_synced import FOLDER
from syncengine.staging.ledger import RUNS
from syncengine.staging.pair_lock import LOCK
from syncengine.staging.private_files import OTHERS, exposures, keep_to_user
from syncengine.staging.remembered_days import FILE

log = logging.getLogger(__name__)

NAMES = (RUNS, FOLDER, LOCK)
BEGINNINGS = (FILE, SPILLS)


def keep_from_others(staging: Path) -> None:
    """Close to others what an earlier release left open to them in a staging folder, and say so in the log.

    The folder itself is closed too, where nothing else lies in it. Nothing is done where there is none yet.
    Raises `StagingError` for one that others can write to, that is a link, or that is another user's.
    """
    for found in exposures(staging):
        raise StagingError(
            f"The staging folder {staging} {found.says}.",
            hint=f"{found.instead}; or set staging in the pair file to a folder that is not there yet.",
        )
    if not staging.is_dir():
        return
    with staging_errors(staging):
        parts = list(staging.iterdir())
        ours = [part for part in parts if part.name in NAMES or part.name.startswith(BEGINNINGS)]
        opened = [part for part in ours if _open_to_others(part)]
        if len(ours) == len(parts) and _open_to_others(staging):
            # First, so that nobody comes in meanwhile.
            opened = [staging, *opened]
        for part in opened:
            keep_to_user(part)
            for below in _below(part):
                keep_to_user(below)
    if opened:
        log.warning("Others could read what is in the staging folder %s; they cannot any more.", staging)


def _open_to_others(path: Path) -> bool:
    found = path.lstat()
    return bool(found.st_mode & OTHERS) and not stat.S_ISLNK(found.st_mode)


def _below(folder: Path) -> Iterator[Path]:
    """Yield everything in a folder that others may do something with; what somebody removes meanwhile is left out."""
    for path in folder.rglob("*") if folder.is_dir() else ():
        try:
            found = _open_to_others(path)
        except FileNotFoundError:
            continue
        if found:
            yield path
