"""The one place where the operating system's errors in the staging folder become ours."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from syncengine.model.errors import StagingError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
HINT = "`syncengine verify` shows the state of the pair; a new resync repairs what differs."


@contextmanager
def staging_errors(folder: Path) -> Iterator[None]:
    """Raise `StagingError` for the operating system's errors in the staging folder."""
    try:
        yield
    except OSError as error:
        raise staging_error(folder, error) from error


def staging_error(folder: Path, error: OSError) -> StagingError:
    """Return our error for an operating system's, in one sentence."""
    if error.errno in NO_ROOM:
        return StagingError(
            f"There is no disk space left for staging in {folder}.",
            hint="Make room there, or set staging in the pair file to a folder on another disk.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StagingError(
            f"The staging folder {folder} cannot be written to.",
            hint="Set staging in the pair file to a folder that can.",
        )
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return StagingError(
            f"The staging folder {folder} cannot be used: it, or part of it, is gone.",
            hint="`syncengine verify` shows the state of the pair; what was saved there for an undo is lost.",
        )
    return StagingError(f"The staging folder {folder} cannot be used: {error.strerror or error}.")


def damaged(path: Path, lost: str, where: str = "") -> StagingError:
    """Return the error for a damaged or missing file: where it is damaged, and what is `lost` by that."""
    what = f"is damaged{where}" if path.exists() else "is gone"
    return StagingError(f"{path} {what}; {lost}.", hint=HINT)
