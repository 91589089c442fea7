"""The marks of a run, read into its record."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from syncengine.model.file_checksum import FileChecksum
from syncengine.model.hooks import HookRecord, with_record
from syncengine.model.pair import Role
from syncengine.model.permission import NO_PERMISSION, Permission
from syncengine.model.portions import PortionRecord
from syncengine.model.run import (
    BatchPlace,
    BatchRecord,
    BatchState,
    Image,
    PartRecord,
    RunHeader,
    RunRecord,
    RunState,
)
from syncengine.model.surroundings import SideEffectsUnknown, TableSideEffect

HOOKS = TypeAdapter(HookRecord)
SIDE_EFFECTS = TypeAdapter(tuple[TableSideEffect, ...])
PERMISSIONS = TypeAdapter(Permission)
SIDE_EFFECTS_UNKNOWN = TypeAdapter(tuple[SideEffectsUnknown, ...])
FOUND = TypeAdapter(PortionRecord)

WRITTEN = frozenset({BatchState.DONE, BatchState.UNKNOWN})
"""Final states of a batch that wrote, or may have written."""
TOUCHED = frozenset(BatchState) - {BatchState.OPEN}
"""Final states of a batch whose statements have run, in a database that does not roll their side effects back."""


class RunMarks:
    """The marks of a run read so far."""

    def __init__(self, header: RunHeader) -> None:
        self.header = header
        self.batches: dict[BatchPlace, BatchRecord] = {}
        self.steps: dict[int, int] = {}
        self.steps_done: set[tuple[int, int]] = set()
        self.planned = 1
        self.is_cut = False
        self.portions_found: dict[int, PortionRecord] = {}
        self.ended: dict[str, Any] | None = None
        self.in_sync: bool | None = None
        self.differs: bool | None = None
        self.not_compared: tuple[str, ...] = ()
        self.waiting = ""
        self.hooks: list[HookRecord] = []
        self.side_effects: dict[TableSideEffect, bool] = {}
        self.side_effects_unknown: dict[SideEffectsUnknown, bool] = {}
        self.granted = NO_PERMISSION
        self.needs = NO_PERMISSION

    def add(self, mark: dict[str, Any]) -> None:
        """Read the next mark."""
        self.waiting = ""
        match mark["mark"]:
            case "begun":
                self.ended, self.needs = None, NO_PERMISSION
            case "portions":
                self.planned, self.is_cut = mark["count"], True
            case "planned":
                self.steps[mark["portion"]] = mark["steps"]
            case "portion":
                found = FOUND.validate_python(mark["found"])
                self.portions_found[found.number] = found
            case "step":
                self.steps_done.add((mark["portion"], mark["step"]))
            case "batch":
                self._add_batch(mark)
            case "hook":
                record = HOOKS.validate_python({name: mark[name] for name in HookRecord.__slots__})
                self.hooks = with_record(self.hooks, record)
            case "side-effects" | "side-effects-unknown" | "allowed" | "needs":
                self._add_side_effects(mark)
            case "waiting":
                self.waiting = mark["why"]
            case "checked":
                self.in_sync = mark["in_sync"]
                self.differs = mark.get("differs")
                self.not_compared = tuple(mark.get("not_compared", ()))
            case "ended":
                self.ended = mark
            case _:
                pass

    def _add_side_effects(self, mark: dict[str, Any]) -> None:
        if mark["mark"] == "side-effects":
            self.side_effects |= {
                one: one.into in mark["logged"] for one in SIDE_EFFECTS.validate_python(mark["side_effects"])
            }
            return
        if mark["mark"] == "side-effects-unknown":
            self.side_effects_unknown |= {
                one: one.into in mark["logged"] for one in SIDE_EFFECTS_UNKNOWN.validate_python(mark["tables"])
            }
            return
        found = PERMISSIONS.validate_python(mark["allowance"])
        if mark["mark"] == "needs":
            self.needs = found
        else:
            self.granted |= found

    def _add_batch(self, mark: dict[str, Any]) -> None:
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
        """Return the record of the run."""
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
            is_cut=self.is_cut,
            portions_saved=tuple(self.steps),
            portion_records=tuple(self.portions_found.values()),
            batches=tuple(self.batches.values()),
            ended=datetime.fromisoformat(ended["at"]) if ended and not running else None,
            stopped=ended["stopped"] if ended and not running else "",
            waiting=self.waiting if running else "",
            in_sync=self.in_sync,
            differs=self.differs,
            not_compared=self.not_compared,
            hooks=tuple(self.hooks),
            side_effects=tuple(
                one for one, logged in self.side_effects.items() if self._is_written(one, logged=logged)
            ),
            side_effects_unknown=tuple(
                one for one, logged in self.side_effects_unknown.items() if self._is_written(one, logged=logged)
            ),
            granted=self.granted,
            needs=NO_PERMISSION if running else self.needs,
        )

    def _is_written(self, at: TableSideEffect | SideEffectsUnknown, *, logged: bool) -> bool:
        """Say whether a batch of its table has run, even one that was undone: only a log rolls back everything."""
        states = WRITTEN if logged else TOUCHED
        batches = (one for one in self.batches.values() if one.into is at.into and one.state in states)
        return any(part.table == at.table for batch in batches for part in batch.parts)


def part_data(part: PartRecord) -> dict[str, object]:
    """Return a part as plain data for a mark."""
    return {
        "table": part.table,
        "before": part.before.as_data(),
        "after": part.after.as_data(),
        "deleted": part.deleted,
        "inserted": part.inserted,
        "journal": asdict(part.journal),
        "insert": asdict(part.insert),
    }


def _part(data: dict[str, Any]) -> PartRecord:
    return PartRecord(
        data["table"],
        Image.from_data(data["before"]),
        Image.from_data(data["after"]),
        data["deleted"],
        data["inserted"],
        FileChecksum(**data["journal"]),
        FileChecksum(**data["insert"]),
    )
