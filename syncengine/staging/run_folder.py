"""The folder of one run: its header, the plans of its portions, the marks of its batches, its pieces.

runs/20000605-061203-3f1a/
run.json            what it was begun for
plans/0001.json     the plan of each portion, complete enough to be executed from
steps.jsonl         marks, each flushed to disk before what it announces is done
pieces/             rows: staged, journalled, to be inserted
hooks/              what each hook said
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from syncengine.model.errors import StagingError
from syncengine.model.hooks import HookRecord, with_record
from syncengine.model.pair import Role
from syncengine.model.plan import Plan
from syncengine.model.portions import Portion
from syncengine.model.run import (
    BatchPlace,
    BatchRecord,
    BatchState,
    Image,
    PartRecord,
    RunHeader,
    RunKind,
    RunRecord,
    RunState,
)
from syncengine.staging.durable import sync_folder, write_whole
from syncengine.staging.errors import staging_errors
from syncengine.staging.marks import append_mark, legible_marks, mend_tail, read_marks

FORMAT = "syncengine.run"
VERSION = 1
HEADER = "run.json"
MARKS = "steps.jsonl"
PORTIONS = "portions.json"
PLANS = TypeAdapter(Plan)
PORTION_LISTS = TypeAdapter(tuple[Portion, ...])
HEADERS = TypeAdapter(RunHeader)
HOOKS = TypeAdapter(HookRecord)


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
        """Where staged and journalled pieces lie."""
        return self.folder / "pieces"

    @property
    def marks(self) -> Path:
        """The file of marks."""
        return self.folder / MARKS

    def create(self, header: RunHeader) -> None:
        """Make the folder, durable to its last name: a lost mark would be a lost journal."""
        with staging_errors(self.folder):
            self.pieces.mkdir(parents=True)
            (self.folder / "plans").mkdir()
            self.marks.touch()
        document = {"format": FORMAT, "version": VERSION, **HEADERS.dump_python(header, mode="json")}
        write_whole(self.folder / HEADER, json.dumps(document, indent=2))
        runs = self.folder.parent
        with staging_errors(self.folder):
            for made in (self.pieces, self.folder, runs, runs.parent, runs.parent.parent):
                sync_folder(made)

    def is_there(self) -> bool:
        """Say whether the run can be found again: nobody has taken its header or its marks away."""
        return (self.folder / HEADER).is_file() and self.marks.is_file()

    def mend(self) -> None:
        """Take away half a mark, which a crash may have left."""
        mend_tail(self.marks)

    def header(self) -> RunHeader:
        """Return what the run was begun for; raises `StagingError` where that cannot be read."""
        document = _document(self.folder / HEADER)
        if document.pop("format", None) != FORMAT or document.pop("version", None) != VERSION:
            raise StagingError(f"{self.folder / HEADER} is of another version of syncengine, and cannot be read.")
        try:
            return HEADERS.validate_python(document)
        except ValidationError as error:
            raise _damaged(self.folder / HEADER) from error

    def save_plan(self, portion: int, plan: Plan) -> None:
        """Keep the plan of a portion, before anything of it is done."""
        write_whole(self._plan(portion), PLANS.dump_json(plan).decode())
        self.mark("planned", portion=portion, steps=len(plan.steps))

    def plan(self, portion: int) -> Plan:
        """Return the plan of a portion; raises `StagingError` where it cannot be read."""
        path = self._plan(portion)
        with staging_errors(self.folder):
            text = path.read_bytes()
        try:
            return PLANS.validate_json(text)
        except ValidationError as error:
            raise _damaged(path) from error

    def save_portions(self, portions: Sequence[Portion]) -> None:
        """Keep how a backfill is cut, before any of it is planned: a resume goes on with the same portions."""
        write_whole(self.folder / PORTIONS, PORTION_LISTS.dump_json(tuple(portions), indent=1).decode())
        self.mark("portions", count=len(portions))

    def is_cut(self) -> bool:
        """Say whether it was kept how a backfill is cut."""
        return (self.folder / PORTIONS).is_file()

    def portions(self) -> tuple[Portion, ...]:
        """Return how a backfill is cut; raises `StagingError` where that cannot be read."""
        path = self.folder / PORTIONS
        with staging_errors(self.folder):
            text = path.read_bytes()
        try:
            return PORTION_LISTS.validate_json(text)
        except ValidationError as error:
            raise _damaged(path) from error

    def mark(self, what: str, **entry: object) -> None:
        """Append one durable mark."""
        append_mark(self.marks, {"mark": what, **entry})

    def mark_batch(self, place: BatchPlace, state: BatchState, *, into: Role, **entry: object) -> None:
        """Append what became of a batch; each mark can be read without those before it."""
        where = {"portion": place.portion, "step": place.step, "first": place.first, "past": place.past}
        self.mark("batch", **where, state=state, into=into, **entry)

    def mark_hook(self, record: HookRecord) -> None:
        """Append what became of a hook, or that it is begun."""
        self.mark("hook", **HOOKS.dump_python(record, mode="json"))

    def keep_output(self, name: str, text: str) -> None:
        """Keep what a hook said."""
        with staging_errors(self.folder):
            (self.folder / "hooks").mkdir(exist_ok=True)
        write_whole(self.folder / "hooks" / name, text)

    def said(self, run: RunRecord) -> tuple[tuple[HookRecord, str], ...]:
        """Return the hooks of the run and what each of them said, as far as that is kept."""
        return tuple((record, self._output(record)) for record in run.hooks)

    def _output(self, record: HookRecord) -> str:
        with suppress(OSError):
            return (self.folder / "hooks" / record.output).read_text(encoding="utf-8") if record.output else ""
        return ""

    def record(self, *, running: bool) -> RunRecord:
        """Return the run as its folder tells it; `running` says whether a process works on it now."""
        try:
            header = self.header()
            reading = _Reading(header)
            for mark in read_marks(self.marks):
                reading.add(mark)
        except StagingError as error:
            return self._damaged_record(error)
        return replace(reading.record(running=running), bytes_kept=self.size())

    def _damaged_record(self, error: StagingError) -> RunRecord:
        """Return what can be told of a run whose folder cannot be relied on."""
        header = RunHeader(self.id, 0, RunKind.RESYNC, datetime(1970, 1, 1), 0, "")
        with suppress(StagingError):
            header = self.header()
        reading = _Reading(header)
        with suppress(StagingError):
            for mark in legible_marks(self.marks):
                # One that was written by another version is as illegible as one that is damaged.
                with suppress(KeyError, ValueError, TypeError):
                    reading.add(mark)
        return RunRecord(
            header,
            RunState.DAMAGED,
            batches=tuple(reading.batches.values()),
            hooks=tuple(reading.hooks),
            problem=error.message,
            bytes_kept=self.size(),
        )

    def size(self) -> int:
        """Return how many bytes of disk the run takes."""
        return sum(_size(path) for path in self.folder.rglob("*"))

    def _plan(self, portion: int) -> Path:
        return self.folder / "plans" / f"{portion:04d}.json"


class _Reading:
    """What the marks read so far say."""

    def __init__(self, header: RunHeader) -> None:
        self.header = header
        self.batches: dict[BatchPlace, BatchRecord] = {}
        self.steps: dict[int, int] = {}
        self.steps_done: set[tuple[int, int]] = set()
        self.planned = 1
        self.portions_done: dict[int, bool] = {}
        self.ended: dict[str, Any] | None = None
        self.in_sync: bool | None = None
        self.waiting = ""
        self.hooks: list[HookRecord] = []

    def add(self, mark: dict[str, Any]) -> None:
        self.waiting = ""
        match mark["mark"]:
            case "begun":
                self.ended = None
            case "portions":
                self.planned = mark["count"]
            case "planned":
                self.steps[mark["portion"]] = mark["steps"]
            case "portion":
                self.portions_done[mark["number"]] = mark["in_sync"]
            case "step":
                self.steps_done.add((mark["portion"], mark["step"]))
            case "batch":
                self._batch(mark)
            case "hook":
                record = HOOKS.validate_python({name: mark[name] for name in HookRecord.__slots__})
                self.hooks = with_record(self.hooks, record)
            case "waiting":
                self.waiting = mark["why"]
            case "checked":
                self.in_sync = mark["in_sync"]
            case "ended":
                self.ended = mark

    def _batch(self, mark: dict[str, Any]) -> None:
        place = BatchPlace(mark["portion"], mark["step"], mark["first"], mark["past"])
        state, at = BatchState(mark["state"]), datetime.fromisoformat(mark["at"])
        known = self.batches.pop(place, None)
        if state is BatchState.OPEN or known is None:
            known = BatchRecord(
                place=place,
                state=state,
                at=at,
                into=Role(mark["into"]),
                session=mark.get("session", ""),
                parts=tuple(_part(one) for one in mark.get("parts", ())),
            )
        self.batches[place] = replace(
            known, state=state, at=at, why=mark.get("why", ""), seconds=mark.get("seconds", known.seconds)
        )

    def record(self, *, running: bool) -> RunRecord:
        ended = self.ended
        state = RunState.RUNNING
        if not running:
            whole = ended is not None and ended["done"] and not ended["stopped"]
            state = RunState.CUT_SHORT if ended is None else RunState.DONE if whole else RunState.PARTLY
        return RunRecord(
            header=self.header,
            state=state,
            steps=sum(self.steps.values()),
            steps_done=len(self.steps_done),
            portions=len(self.steps),
            portions_planned=max(self.planned, len(self.steps)),
            portions_kept=tuple(self.steps),
            portions_done=tuple(self.portions_done),
            portions_unlike=tuple(number for number, in_sync in self.portions_done.items() if not in_sync),
            batches=tuple(self.batches.values()),
            ended=datetime.fromisoformat(ended["at"]) if ended and not running else None,
            stopped=ended["stopped"] if ended and not running else "",
            waiting=self.waiting if running else "",
            in_sync=self.in_sync,
            hooks=tuple(self.hooks),
        )


def part_data(part: PartRecord) -> dict[str, object]:
    """Return a part as plain data for a mark."""
    return {
        "table": part.table,
        "before": part.before.as_data(),
        "after": part.after.as_data(),
        "deleted": part.deleted,
        "inserted": part.inserted,
    }


def _part(data: dict[str, Any]) -> PartRecord:
    return PartRecord(
        data["table"],
        Image.from_data(data["before"]),
        Image.from_data(data["after"]),
        data["deleted"],
        data["inserted"],
    )


def _document(path: Path) -> dict[str, Any]:
    with staging_errors(path.parent):
        text = path.read_bytes()
    try:
        document = json.loads(text)
    except ValueError as error:
        raise _damaged(path) from error
    if not isinstance(document, dict):
        raise _damaged(path)
    return document


def _damaged(path: Path) -> StagingError:
    return StagingError(
        f"{path} is damaged: what that run did is not known for certain any more.",
        hint="Nothing was written. `syncengine verify` says how the pair stands; a new run mends what differs.",
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        # It was taken away meanwhile.
        return 0
