"""Counts the moments of a run, and kills its process at one of them."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from syncengine.execute import preparation
from syncengine.jobs import connections
from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.pair import Limits, Role, ServerSettings
from syncengine.model.selection import Selection
from syncengine.servers.kinds import open_server
from syncengine.servers.protocol import Server, WriteSession
from syncengine.staging import marks, pieces, run_folder
from syncengine.staging.durable import Disk
from syncengine.staging.pieces import Piece
from tests.interference import Interference, InterferingServer, InterferingSession

PHASES = {"source": "staging", "journal": "journalling", "insert": "numbering"}
"""What is done when a piece of a kind is written."""
MOMENTS = "moments.txt"


class Moments:
    """The moments of this process, counted from any thread; the one numbered `fatal` is its last.

    Where a phase is given, only its moments count.
    """

    def __init__(self, fatal: int | None, report_file: Path, *, only: str = "") -> None:
        self.fatal = fatal
        self.only = only
        self.report_file = report_file
        self.phases: list[str] = []
        self._lock = threading.Lock()

    def reached(self, phase: str, last_words: Callable[[], object] = lambda: None) -> None:
        """Count a moment; at the fatal one, do half of an operation, report the phase, and die."""
        with self._lock:
            if self.only in ("", phase):
                self.phases.append(phase)
            if len(self.phases) == self.fatal and self.only in ("", phase):
                last_words()
                self.report_file.write_text(phase)
                os.kill(os.getpid(), signal.SIGKILL)

    def report(self) -> None:
        """Write down the phases of all moments, in order."""
        self.report_file.write_text("\n".join(self.phases))

    def between(self, phase: str, rows: pa.RecordBatchReader) -> pa.RecordBatchReader:
        """Pass rows on two at a time, with a moment before each."""

        def batches() -> Generator[Any, None, None]:
            for batch in rows:
                for at in range(0, batch.num_rows, 2):
                    self.reached(phase)
                    yield batch.slice(at, 2)

        return pa.RecordBatchReader.from_batches(rows.schema, batches())


class CountedSession(InterferingSession):
    """A transaction with moments before and after all that is done in it."""

    def __init__(self, inner: WriteSession, moments: Moments) -> None:
        super().__init__(inner, Interference())
        self._moments = moments

    def lock(self, selection: Selection, *, table: bool = False) -> None:
        """Lock."""
        self._moments.reached("locking")
        super().lock(selection, table=table)
        self._moments.reached("locking")

    def fingerprint(self, query: FingerprintQuery) -> Mapping[Bucket, BucketState]:
        """Look."""
        self._moments.reached("looking")
        return super().fingerprint(query)

    def delete(self, selection: Selection) -> int:
        """Delete."""
        self._moments.reached("deleting")
        deleted = super().delete(selection)
        self._moments.reached("deleting")
        return deleted

    def insert(self, table: str, rows: pa.RecordBatchReader) -> int:
        """Insert, a few rows at a time."""
        inserted = super().insert(table, self._moments.between("inserting", rows))
        self._moments.reached("inserting")
        return inserted

    def commit(self) -> None:
        """Commit."""
        self._moments.reached("committing")
        super().commit()
        self._moments.reached("committing")


class CountedServer(InterferingServer):
    """A server with moments around its transactions."""

    def __init__(self, inner: Server, moments: Moments) -> None:
        super().__init__(inner, Interference())
        self._moments = moments

    @contextmanager
    def begin(self) -> Iterator[WriteSession]:
        """Begin, and later end."""
        self._moments.reached("beginning")
        with self._inner.begin() as session:
            self._moments.reached("beginning")
            yield CountedSession(session, self._moments)
        self._moments.reached("ending")


def count(moments: Moments) -> None:
    """Have this process, until it ends, count its moments."""
    write_piece, append_mark, fsync, fdatasync = pieces.write_piece, marks.append_mark, os.fsync, os.fdatasync
    rename, unlink = Disk.rename, Disk.unlink

    def opened(settings: ServerSettings, folder: Path, *, writable: bool, limits: Limits) -> Server:
        server = open_server(settings, folder, writable=writable, limits=limits)
        return CountedServer(server, moments) if settings.role is Role.SECONDARY else server

    def written(folder: Path, name: str, rows: pa.RecordBatchReader) -> Piece:
        phase = PHASES[name.rpartition("-")[2]]
        piece = write_piece(folder, name, moments.between(phase, rows))
        moments.reached(phase)
        return piece

    def marked(file: Path, entry: Mapping[str, object]) -> None:
        phase = f"marking {entry.get('state', entry['mark'])}"
        moments.reached(phase)
        moments.reached(f"half {phase}", lambda: half_a_mark(file))
        append_mark(file, entry)
        moments.reached(phase)

    def flushed(descriptor: int) -> None:
        moments.reached("flushing")
        fsync(descriptor)

    def counted(descriptor: int) -> None:
        moments.reached("counting")
        fdatasync(descriptor)
        moments.reached("counting")

    def renamed(disk: Disk, path: Path, to: Path) -> None:
        moments.reached("renaming")
        rename(disk, path, to)

    def unlinked(disk: Disk, path: Path) -> None:
        if path.suffix == ".parquet":
            moments.reached("dropping")
        unlink(disk, path)

    for where, name, does in (
        (connections, "open_server", opened),
        (preparation, "write_piece", written),
        (run_folder, "append_mark", marked),
        (os, "fsync", flushed),
        (os, "fdatasync", counted),
        (Disk, "rename", renamed),
        (Disk, "unlink", unlinked),
    ):
        setattr(where, name, does)


def half_a_mark(file: Path) -> None:
    """Write the half line that a machine leaves when it stops while writing."""
    with file.open("ab") as opened:
        opened.write(b'{"at": "2000-06-05T05:00:00", "mark": "ba')
