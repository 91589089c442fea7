"""The folder of one run: its header, the plans of its portions, the marks of its batches, its pieces.

runs/20000605-061203-3f1a/
run.json            the purpose of the run
plans/0001.json     the plan of each portion, complete enough to be executed from
portions.json       the portions of a backfill
steps.jsonl         marks, each flushed to disk before what it announces is done
steps.count         how many marks there are
pieces/             rows: staged, journalled, to be inserted
hooks/              the output of each hook

Each file has a checksum: documents and marks their own, pieces and outputs of hooks one in the mark that names them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from syncengine.model.errors import StagingError
from syncengine.model.file_checksum import FileChecksum
from syncengine.model.hooks import HookRecord
from syncengine.model.pair import Role
from syncengine.model.permission import Permission
from syncengine.model.plan import Plan
from syncengine.model.portions import Portion, PortionRecord
from syncengine.model.run import BatchPlace, BatchState, RunHeader, RunKind, RunRecord, RunState
from syncengine.model.surroundings import SideEffectsUnknown, TableSideEffect
from syncengine.staging import durable
from syncengine.staging.checksums import checksum_of_file
from syncengine.staging.documents import read_document, read_value, write_document
from syncengine.staging.durable import make_folder, write_whole
from syncengine.staging.errors import damaged, staging_errors
from syncengine.staging.marks import LOST, append_mark, count_file, create_marks, legible_marks, read_marks, repair_end
from syncengine.staging.run_marks import FOUND, HOOKS, PERMISSIONS, SIDE_EFFECTS, SIDE_EFFECTS_UNKNOWN, RunMarks

FORMAT = "syncengine.run"
VERSION = 3
HEADER = "run.json"
MARKS = "steps.jsonl"
PORTIONS = "portions.json"
PLANS = TypeAdapter(Plan)
PORTION_LISTS = TypeAdapter(dict[str, tuple[Portion, ...]])
HEADERS = TypeAdapter(RunHeader)
LOST_PLAN = "it is no longer certain what that run was to do"
LOST_CUTS = "it is no longer certain how that backfill was divided"
LOST_ROWS = "its rows cannot be restored"


class RunFolder:
    """One run's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def id(self) -> str:
        """The run's id."""
        return self.folder.name

    @property
    def pieces(self) -> Path:
        """The folder of staged and journalled pieces."""
        return self.folder / "pieces"

    @property
    def marks(self) -> Path:
        """The file of marks."""
        return self.folder / MARKS

    def journal(self, place: BatchPlace, table: str) -> Path:
        """Return the journal of the rows of a table that a batch deletes."""
        return self.pieces / f"{place.piece(table)}-journal.parquet"

    def create(self, header: RunHeader) -> None:
        """Make the folder, durable with all its parents: a lost mark would be a lost journal."""
        with staging_errors(self.folder):
            make_folder(self.pieces, fresh=True)
            make_folder(self.folder / "plans", fresh=True)
        create_marks(self.marks)
        document = {"format": FORMAT, "version": VERSION, **HEADERS.dump_python(header, mode="json")}
        # Last: without its header it is not a run yet.
        write_document(self.folder / HEADER, json.dumps(document, indent=2), about=self._about(HEADER))
        runs = self.folder.parent
        with staging_errors(self.folder):
            for made in (self.pieces, self.folder, runs, runs.parent, runs.parent.parent):
                durable.disk.flush_folder(made)

    def is_begun(self) -> bool:
        """Say whether it is a run, even a damaged one, and not the rest of one that was never begun."""
        if (self.folder / HEADER).exists() or (self.marks.exists() and self.marks.stat().st_size):
            return True
        return any(True for name in ("plans", "pieces") for _ in (self.folder / name).glob("*"))

    def is_there(self) -> bool:
        """Say whether the run can be found again: its header and its marks exist."""
        return all(file.is_file() for file in (self.folder / HEADER, self.marks, count_file(self.marks)))

    def repair(self) -> None:
        """Remove half a mark, which a crash may have left."""
        repair_end(self.marks)

    def header(self) -> RunHeader:
        """Return the header of the run; raises `StagingError` where it cannot be read."""
        path = self.folder / HEADER
        if self._is_of_another_version():
            raise StagingError(f"{path} was written by another version of syncengine and cannot be read.")
        document = json.loads(read_document(path, about=self._about(HEADER), lost=LOST))
        try:
            return HEADERS.validate_python({name: document[name] for name in RunHeader.__slots__})
        except (KeyError, ValidationError) as error:
            raise damaged(path, LOST) from error

    def _is_of_another_version(self) -> bool:
        """Say whether an intact header, or one from before checksums, is of another version: it is not damaged."""
        path = self.folder / HEADER
        with suppress(StagingError):
            document = json.loads(read_document(path, about=self._about(HEADER), lost=LOST))
            return bool((document["format"], document["version"]) != (FORMAT, VERSION))
        with suppress(OSError, ValueError, KeyError, TypeError):
            document = json.loads(path.read_bytes())
            return bool((document["format"], document["version"]) == (FORMAT, 1) and "checksum" not in document)
        return False

    def save_plan(self, portion: int, plan: Plan) -> None:
        """Save the plan of a portion, before anything of it is done."""
        path, about = self._plan(portion)
        write_document(path, PLANS.dump_json(plan).decode(), about=about)
        self.mark("planned", portion=portion, steps=len(plan.steps))

    def plan(self, portion: int) -> Plan:
        """Return the plan of a portion; raises `StagingError` where it cannot be read."""
        path, about = self._plan(portion)
        return read_value(path, PLANS, about=about, lost=LOST_PLAN)

    def save_portions(self, portions: Sequence[Portion]) -> None:
        """Save the portions of a backfill, before any of it is planned: a resume continues with the same portions."""
        text = PORTION_LISTS.dump_json({"portions": tuple(portions)}, indent=1).decode()
        write_document(self.folder / PORTIONS, text, about=self._about(PORTIONS))
        self.mark("portions", count=len(portions))

    def is_cut(self) -> bool:
        """Say whether the portions of a backfill were saved."""
        return (self.folder / PORTIONS).is_file()

    def portions(self) -> tuple[Portion, ...]:
        """Return the portions of a backfill; raises `StagingError` where they cannot be read."""
        path = self.folder / PORTIONS
        return read_value(path, PORTION_LISTS, about=self._about(PORTIONS), lost=LOST_CUTS)["portions"]

    def mark(self, what: str, **entry: object) -> None:
        """Append one durable mark."""
        append_mark(self.marks, {"mark": what, **entry})

    def mark_batch(self, place: BatchPlace, state: BatchState, *, into: Role, **entry: object) -> None:
        """Append the state of a batch; each mark can be read without those before it."""
        where = {"portion": place.portion, "step": place.step, "first": place.first, "past": place.past}
        self.mark("batch", **where, state=state, into=into, **entry)

    def mark_side_effects(self, side_effects: Sequence[TableSideEffect], *, logged: Collection[Role]) -> None:
        """Append the side effects of the writes that follow; `logged` servers roll a batch back with all of them."""
        self.mark(
            "side-effects", side_effects=SIDE_EFFECTS.dump_python(tuple(side_effects), mode="json"), logged=list(logged)
        )

    def mark_side_effects_unknown(self, unknown: Sequence[SideEffectsUnknown], *, logged: Collection[Role]) -> None:
        """Append the tables whose last batch has unknown side effects."""
        self.mark(
            "side-effects-unknown",
            tables=SIDE_EFFECTS_UNKNOWN.dump_python(tuple(unknown), mode="json"),
            logged=list(logged),
        )

    def mark_allowance(self, what: Literal["allowed", "needs"], allowed: Permission) -> None:
        """Append the side effects that are allowed from here on, or that the run needs allowed to continue."""
        self.mark(what, allowance=PERMISSIONS.dump_python(allowed, mode="json"))

    def mark_portion(self, found: PortionRecord) -> None:
        """Append the results of a finished portion of a backfill."""
        self.mark("portion", found=FOUND.dump_python(found, mode="json"))

    def mark_hook(self, record: HookRecord) -> None:
        """Append the state of a hook."""
        self.mark("hook", **HOOKS.dump_python(record, mode="json"))

    def save_output(self, name: str, text: str) -> FileChecksum:
        """Save the output of a hook, and return the checksum of its file."""
        path = self.folder / "hooks" / name
        with staging_errors(self.folder):
            make_folder(path.parent)
        write_whole(path, text)
        return checksum_of_file(path)

    def hook_outputs(self, run: RunRecord) -> tuple[tuple[HookRecord, str], ...]:
        """Return the hooks of the run and the output of each, or that it is lost."""
        return tuple((record, self._output(record)) for record in run.hooks)

    def _output(self, record: HookRecord) -> str:
        if record.output_checksum is None:
            return ""
        path = self.folder / "hooks" / record.output
        try:
            self.refuse_changed(path, record.output_checksum, "the output of the hook is lost")
            with staging_errors(self.folder):
                return path.read_text(encoding="utf-8")
        except StagingError as error:
            return f"({error.message})"

    def record(self, *, running: bool) -> RunRecord:
        """Return the record of the run; `running` says whether a process works on it now.

        A damaged header, mark, plan or list of portions makes it a damaged run. Its
        journals need only exist in their size: see `with_journals`.
        """
        header = RunHeader(self.id, 0, RunKind.RESYNC, datetime(1970, 1, 1), 0, "")
        problems: list[StagingError] = []
        try:
            header = self.header()
        except StagingError as error:
            if self._is_of_another_version():
                return RunRecord(header, RunState.DAMAGED, problem=error.message, unsure=True, bytes_saved=self.size())
            problems.append(error)
        marks, unsure = RunMarks(header), False
        try:
            for mark in read_marks(self.marks):
                marks.add(mark)
        except StagingError as error:
            problems.append(error)
            marks, unsure = self._legible(header), True
        problems += self._damaged_documents(marks)
        record = marks.record(running=running)
        record = replace(record, bytes_saved=self.size(), lost_journals=tuple(self._lost(record, every_byte=False)))
        if not problems:
            return record
        problem = " ".join(dict.fromkeys(error.message for error in problems))
        return replace(record, state=RunState.DAMAGED, problem=problem, unsure=unsure, waiting="")

    def with_journals(self, record: RunRecord) -> RunRecord:
        """Return a run with its journals verified byte by byte."""
        return replace(record, lost_journals=tuple(self._lost(record, every_byte=True)))

    def refuse_changed(self, path: Path, checksum: FileChecksum, lost: str = LOST_ROWS) -> None:
        """Raise `StagingError` where a file has changed or is gone; reads all of it once."""
        if not path.exists() or checksum_of_file(path) != checksum:
            raise damaged(path, lost)

    def _legible(self, header: RunHeader) -> RunMarks:
        """Return the readable ones of damaged marks."""
        marks = RunMarks(header)
        with suppress(StagingError):
            for mark in legible_marks(self.marks):
                marks.add(mark)
        return marks

    def _damaged_documents(self, marks: RunMarks) -> Iterator[StagingError]:
        plans = ((*self._plan(portion), LOST_PLAN) for portion in marks.steps)
        cuts = [(self.folder / PORTIONS, self._about(PORTIONS), LOST_CUTS)] if marks.is_cut else []
        for path, about, lost in (*plans, *cuts):
            try:
                read_document(path, about=about, lost=lost)
            except StagingError as error:
                yield error

    def _lost(self, record: RunRecord, *, every_byte: bool) -> Iterator[str]:
        """Yield a sentence for each damaged journal of written batches."""
        for batch in record.done:
            for part in batch.parts:
                path = self.journal(batch.place, part.table)
                try:
                    if every_byte:
                        self.refuse_changed(path, part.journal)
                    elif _size(path) != part.journal.size:
                        yield damaged(path, LOST_ROWS).message
                except StagingError as error:
                    yield error.message

    def size(self) -> int:
        """Return how many bytes of disk the run takes."""
        return sum(_size(path) for path in self.folder.rglob("*"))

    def _plan(self, portion: int) -> tuple[Path, str]:
        """Return the path of the plan of a portion, and its identity."""
        name = f"plans/{portion:04d}.json"
        return self.folder / name, self._about(name)

    def _about(self, name: str) -> str:
        return f"{self.id}/{name}"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        # It was removed meanwhile.
        return 0
