"""The ledger: every run of a pair, each in a folder of its own, readable during a run."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from syncengine import machine
from syncengine.model.errors import InputError, StagingError
from syncengine.model.hooks import HookRecord
from syncengine.model.plan import Plan
from syncengine.model.portions import BackfillRequest
from syncengine.model.run import BatchState, RunHeader, RunKind, RunRecord, RunState, resumable_runs
from syncengine.staging import durable
from syncengine.staging.checklist_file import hooks_of_checklists
from syncengine.staging.errors import staging_errors
from syncengine.staging.pair_lock import UNNAMED, PairLock, holder_of, pair_locked
from syncengine.staging.run_folder import RunFolder

MB = 2**20
SHOWN = 5
RUNS = "runs"
"""The folder with the folders of runs."""
CHECKED_MB = 512
"""Journals that are verified byte by byte unrequested: a second or two."""
MAY_WRITE = (RunState.RUNNING, RunState.DAMAGED)
WROTE = (BatchState.DONE, BatchState.OPEN, BatchState.UNKNOWN)
"""States of batches of a run that wrote, or may have written."""
REMOVED = ".removed-"
"""The prefix of folders that are being removed."""


@dataclass(frozen=True, slots=True)
class NewRun:
    """The purpose of a new run."""

    kind: RunKind
    seed: int
    about: str
    undoes: str = ""
    request: BackfillRequest | None = None


class Ledger:
    """The runs of a pair. Nothing is created before something has to be stored."""

    def __init__(self, staging: Path) -> None:
        self.staging = staging

    def runs(self) -> tuple[RunRecord, ...]:
        """Return every run, in the order they were begun; runs without a known order come first."""
        holder = self.holder()
        begun = [run for run in map(RunFolder, self._folders()) if run.is_begun()]
        records = [_record(run, holder) for run in begun]
        # One may have been removed meanwhile.
        there = [record for run, record in zip(begun, records, strict=True) if run.folder.exists()]
        return tuple(sorted(there, key=lambda record: record.header.number))

    def checked_runs(self) -> tuple[RunRecord, ...]:
        """Return every run, with the journals of those that may be undone next verified byte by byte.

        These are the last that wrote and those that can be resumed, the last first, as long as that is quick:
        up to `CHECKED_MB` of journals in all. The other journals exist and have their size.
        """
        runs, remaining = self.runs(), CHECKED_MB * MB
        wrote = [run for run in runs if run.done and run.state is not RunState.RUNNING]
        found: dict[str, RunRecord] = {}
        for run in reversed(wrote):
            size = sum(part.journal.size for batch in run.done for part in batch.parts)
            if (run is wrote[-1] or run in resumable_runs(runs)) and size <= remaining:
                remaining -= size
                found[run.id] = self.folder(run.id).with_journals(run)
        return tuple(found.get(run.id, run) for run in runs)

    def find(self, run_id: str | None) -> RunRecord:
        """Return a run by its id or the beginning of it, or the last one; raises `InputError` where there is none.

        Raises `StagingError` where the last one is not known.
        """
        runs = self.runs()
        if not runs:
            raise InputError(
                f"No run of this pair is recorded in {self.staging}.",
                hint="`syncengine runs` lists the runs of a pair: name the pair file that the run was made with.",
            )
        if run_id is None:
            unplaced = next((run for run in runs if not run.header_known), None)
            if unplaced is not None:
                why = unplaced.problem
                raise StagingError(
                    f"Run {unplaced.id} is damaged, so it is not known whether it is the last one: {why}",
                    hint="Name the run you mean; `syncengine runs` lists them all.",
                )
            return runs[-1]
        found = [run for run in runs if run.id == run_id] or [run for run in runs if run.id.startswith(run_id)]
        if len(found) == 1:
            return found[0]
        latest = ", ".join(run.id for run in reversed(runs[-SHOWN:]))
        what = "More than one run begins with" if found else "There is no run"
        raise InputError(f"{what} {run_id!r}.", hint=f"The last ones are {latest}; `syncengine runs` lists them all.")

    def last_that_wrote(self) -> RunRecord:
        """Return the last run that wrote, or may have; the last of all where none did. Raises as `find` does."""
        last = self.find(None)
        wrote = [run for run in self.runs() if run.state in MAY_WRITE or any(b.state in WROTE for b in run.batches)]
        return wrote[-1] if wrote else last

    def to_be_undone(self) -> RunRecord:
        """Return the last run that wrote; where that is an incomplete undo, the run it was undoing."""
        record = self.last_that_wrote()
        while record.header.undoes and record.state is RunState.PARTLY:
            record = self.find(record.header.undoes)
        return record

    def folder(self, run_id: str) -> RunFolder:
        """Return the folder of a run."""
        return RunFolder(self._runs / run_id)

    def plans(self, record: RunRecord) -> tuple[Plan, ...]:
        """Return the plans of a run, one per portion; of a damaged run those that can be read."""
        folder, plans = self.folder(record.id), []
        for portion in record.portions_saved:
            try:
                plans.append(folder.plan(portion))
            except StagingError:
                if record.state is not RunState.DAMAGED:
                    raise
        return tuple(plans)

    def list_hooks(self) -> tuple[HookRecord, ...]:
        """Return the records of hooks that checklists ran; those of runs are in the runs."""
        return hooks_of_checklists(self.staging)

    def holder(self) -> str:
        """Return which run writes to the pair now, as text, or nothing."""
        return holder_of(self.staging)

    @contextmanager
    def locked(self) -> Iterator[PairLock]:
        """Hold the pair's lock; raises `StagingError` that names the run which holds it."""
        with pair_locked(self.staging) as lock:
            yield lock

    def begin(self, lock: PairLock, new: NewRun, *, needs_bytes: int) -> RunFolder:
        """Make the folder of a new run; raises `StagingError` where there is no room for `needs_bytes`."""
        self.check_room(needs_bytes)
        number = max((run.header.number for run in self.runs()), default=0) + 1
        begun = machine.now()
        run_id = f"{begun:%Y%m%d-%H%M%S}-{machine.token(2)}"
        run = RunFolder(self._runs / run_id)
        run.create(RunHeader(run_id, number, new.kind, begun, new.seed, new.about, new.undoes, new.request))
        self._name(lock, run)
        return run

    def resume(self, lock: PairLock, run_id: str) -> RunFolder:
        """Return the folder of a run that is resumed."""
        run = RunFolder(self._runs / run_id)
        run.repair()
        self._name(lock, run)
        return run

    def prune(self, *, keep_days: int, keep_mb: int, now: datetime, spared: str = "") -> Iterator[str]:
        """Remove runs that ended long ago, then the oldest until the rest takes no more than `keep_mb`.

        Yields a sentence for each. Never one that is open or can be resumed, that is being undone or `spared`,
        nor the last. Nor a damaged one: what it did is not known, and its journal may be the only copy of some rows;
        a person has to inspect and remove it.
        """
        runs = self.runs()
        needed = {spared, *(run.header.undoes for run in runs if run.state is not RunState.DONE)}
        ended = (RunState.DONE, RunState.PARTLY)
        free = [
            run
            for run in runs[:-1]
            if run.state in ended and not run.resumable and not run.unresolved and run.id not in needed
        ]
        total = sum(run.bytes_saved for run in runs)
        for folder in self._folders():
            if not RunFolder(folder).is_begun():
                _remove_what_can_be(folder)
        for folder in self._runs.glob(f"{REMOVED}*"):
            _remove_what_can_be(folder)
        for run in free:
            old = now - run.header.begun > timedelta(days=keep_days)
            if old or total > keep_mb * MB:
                why = f"it is more than {keep_days} days old" if old else f"runs take more than {keep_mb:,} MB"
                total -= run.bytes_saved
                with suppress(OSError):
                    durable.remove_tree(self._renamed_for_removal(run))
                size = f"{run.bytes_saved / MB:,.1f} MB"
                yield f"run {run.id} ({size}) was removed because {why}; it can no longer be undone"

    def remove(self, run_id: str) -> RunRecord:
        """Remove a run that a person names, even a damaged one, and return its record.

        Raises `InputError` for one that is running, that an unfinished undo is undoing, or with an open step: its
        outcome has to be determined first, unless the run is damaged and it cannot be.
        """
        run = self.find(run_id)
        undoing = [one.id for one in self.runs() if one.header.undoes == run.id and one.resumable]
        unresolved = run.unresolved and run.state is not RunState.DAMAGED
        if run.state is RunState.RUNNING or unresolved or undoing:
            open_step = "the outcome of one of its steps is unknown"
            why = f"run {undoing[0]} has not finished undoing it" if undoing else open_step
            raise InputError(
                f"Run {run.id} cannot be removed: {'it is running' if run.state is RunState.RUNNING else why}.",
                hint="`syncengine resume` continues a run and resolves its steps; so does the next run that writes.",
            )
        with self.locked(), staging_errors(self.staging):
            durable.remove_tree(self._renamed_for_removal(run))
        return run

    def _renamed_for_removal(self, run: RunRecord) -> Path:
        """Rename the folder of a run, so that it no longer counts even if its removal is interrupted, and return it."""
        renamed = self._runs / f"{REMOVED}{run.id}"
        # Durable before a file of it is removed: else a machine that stops leaves a part of a run, which is damaged.
        durable.rename(self._runs / run.id, renamed)
        return renamed

    def _folders(self) -> list[Path]:
        """Return the folders of runs, including those that were interrupted at their beginning."""
        if self._runs.exists() and not self._runs.is_dir():
            raise StagingError(
                f"{self._runs} is not a folder, so the runs of this pair cannot be read.",
                hint="Move that file away, and restore the folder of runs if there was one.",
            )
        with staging_errors(self.staging):
            found = sorted(self._runs.iterdir()) if self._runs.is_dir() else []
        return [folder for folder in found if folder.is_dir() and not folder.name.startswith(REMOVED)]

    @property
    def _runs(self) -> Path:
        return self.staging / RUNS

    def _name(self, lock: PairLock, run: RunFolder) -> None:
        with staging_errors(self.staging):
            lock.name(run.id)
        run.mark("begun", process=os.getpid(), host=socket.gethostname())

    def check_room(self, needs_bytes: int) -> None:
        """Raise `StagingError` where less disk is free than is needed."""
        with staging_errors(self.staging):
            free = shutil.disk_usage(self.staging).free
        if free < needs_bytes:
            raise StagingError(
                f"There is no disk space left for staging in {self.staging}: about {needs_bytes // MB + 1:,} MB are "
                f"needed and {free // MB:,} MB are free.",
                hint="Make room there, or set staging in the pair file to a folder on another disk.",
            )


def _remove_what_can_be(folder: Path) -> None:
    with suppress(OSError):
        durable.remove_tree(folder)


def _record(run: RunFolder, holder: str) -> RunRecord:
    record = run.record(running=f"run {run.id}," in holder)
    if holder == UNNAMED and record.state is RunState.CUT_SHORT:
        # Some run is writing, and its name cannot be read: it may be this one.
        return run.record(running=True)
    return record
