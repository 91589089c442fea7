"""The staging folder as a whole: refused where others could alter it, made private where they could read it."""

from __future__ import annotations

import errno
import logging
import stat
from contextlib import suppress
from pathlib import Path

from syncengine.model.errors import StagingError
from syncengine.staging.cache import SPILLS
from syncengine.staging.checklist_file import CHECKLISTS
from syncengine.staging.errors import staging_errors
from syncengine.staging.last_synced import FOLDER
from syncengine.staging.ledger import RUNS
from syncengine.staging.pair_lock import LOCK
from syncengine.staging.private_files import OTHERS, exposures, make_private
from syncengine.staging.remembered_days import FILE

log = logging.getLogger(__name__)

NAMES = (RUNS, FOLDER, LOCK, CHECKLISTS)
BEGINNINGS = (FILE, SPILLS)


def close_to_others(staging: Path) -> None:
    """Make private what an earlier release left open to others in a staging folder, and log it.

    The folder itself is made private too, where nothing else is in it. Nothing is done where there is none yet.
    Raises `StagingError` for one that others can write to, that is a link, or that belongs to another user.
    """
    for found in exposures(staging):
        raise StagingError(
            f"The staging folder {staging} {found.problem}.",
            hint=f"{found.remedy}; or set staging in the pair file to a folder that is not there yet.",
        )
    if not staging.is_dir():
        return
    with staging_errors(staging):
        parts = list(staging.iterdir())
        ours = [part for part in parts if part.name in NAMES or part.name.startswith(BEGINNINGS)]
        opened = [part for part in ours if _open_to_others(part)]
        if len(ours) == len(parts) and _open_to_others(staging):
            # First, so that others cannot enter meanwhile.
            opened = [staging, *opened]
        try:
            for part in opened:
                _close(part)
        except OSError as error:
            if error.errno != errno.EROFS:
                raise
            # A read-only folder, such as an archived copy, is left as it is.
            return
    if opened:
        log.warning("Others could read what is in the staging folder %s; they cannot any more.", staging)


def _open_to_others(path: Path) -> bool:
    """Say whether others have permissions on it; False for what another run has removed meanwhile."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return bool(found.st_mode & OTHERS) and not stat.S_ISLNK(found.st_mode)


def _close(path: Path) -> None:
    """Make a file, or a folder and everything in it, private."""
    with suppress(FileNotFoundError):
        make_private(path)
        for below in path.rglob("*") if path.is_dir() else ():
            if _open_to_others(below):
                with suppress(FileNotFoundError):
                    make_private(below)
