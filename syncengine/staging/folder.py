"""The staging folder: where rows and marks lie between reading and writing."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from syncengine.model.errors import StagingError

LOCK = "pair.lock"
MARKS = "steps.jsonl"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def staging_errors(folder: Path) -> Iterator[None]:
    """Raise `StagingError` for what the operating system refuses in the staging folder."""
    try:
        yield
    except OSError as error:
        raise staging_error(folder, error) from error


def staging_error(folder: Path, error: OSError) -> StagingError:
    """Return our error for an operating system's, in one sentence."""
    if error.errno in NO_ROOM:
        return StagingError(
            f"There is no disk left for staging in {folder}.",
            hint="Make room there, or set staging in the pair file to a folder on another disk.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StagingError(
            f"The staging folder {folder} cannot be written to.",
            hint="Set staging in the pair file to a folder that can.",
        )
    return StagingError(f"The staging folder {folder} cannot be used: {error.strerror or error}.")


class Staging:
    """The staging folder of a pair. Nothing is created before something has to be kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def run(self, plan_text: str, *, needs_bytes: int) -> Iterator[RunFolder]:
        """Open the folder of a new run and hold the pair's lock while it is worked in.

        Raises `StagingError` where there is no room for `needs_bytes`, or another run holds the pair.
        """
        with staging_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self.folder).free
        if free < needs_bytes:
            raise StagingError(
                f"There is no disk left for staging in {self.folder}: about {needs_bytes // 2**20 + 1:,} MB are needed "
                f"and {free // 2**20:,} MB are free.",
                hint="Make room there, or set staging in the pair file to a folder on another disk.",
            )
        run_id = f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        with self._locked(run_id):
            yield self._begun(run_id, plan_text)

    def _begun(self, run_id: str, plan_text: str) -> RunFolder:
        """Make the folder of a run, durable to its last name: a lost mark would be a lost journal."""
        folder = self.folder / "runs" / run_id
        with staging_errors(self.folder):
            (folder / "pieces").mkdir(parents=True)
            (folder / MARKS).touch()
        run = RunFolder(run_id, folder)
        run.write_whole("plan.json", plan_text)
        with staging_errors(self.folder):
            for made in (folder / "pieces", folder, folder.parent, self.folder, self.folder.parent):
                sync_folder(made)
        return run

    @contextmanager
    def _locked(self, run_id: str) -> Iterator[None]:
        with staging_errors(self.folder):
            descriptor = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.read(descriptor, 4096).decode("utf-8", "replace").strip() or "another run"
                raise StagingError(
                    f"Another run is writing to this pair: {holder}.", hint="Wait until it is done, then run again."
                ) from None
            except OSError as error:
                raise StagingError(
                    f"The staging folder {self.folder} cannot be locked: {error.strerror}.",
                    hint="Set staging in the pair file to a folder on a local disk.",
                ) from error
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"run {run_id}, process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
            yield
        finally:
            os.close(descriptor)


class RunFolder:
    """One run's folder: its plan, the marks of its steps, its pieces."""

    def __init__(self, run_id: str, folder: Path) -> None:
        self.id = run_id
        self.folder = folder
        self._marks = folder / MARKS

    @property
    def pieces(self) -> Path:
        """Where staged and journalled pieces lie."""
        return self.folder / "pieces"

    def mark(self, **entry: object) -> None:
        """Append one durable line to the marks of the steps."""
        line = json.dumps({"at": f"{datetime.now():%Y-%m-%dT%H:%M:%S}", **entry}, default=str)
        with staging_errors(self.folder), self._marks.open("a", encoding="utf-8") as marks:
            marks.write(line + "\n")
            marks.flush()
            os.fsync(marks.fileno())

    def write_whole(self, name: str, text: str) -> None:
        """Write a file beside and rename it into place, durable before it is seen."""
        path = self.folder / name
        part = path.with_name(path.name + ".part")
        with staging_errors(self.folder):
            with part.open("w", encoding="utf-8") as file:
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
