"""What a verdict states, the same for an `Observation` and for the document of `verify --json`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from syncengine.model.drift import Observation, TableObservation, TableState
from syncengine.model.expected import ExpectedDifference, ExpectedKind
from syncengine.model.window import Window
from tests.world.oracle.compared import Layout, Line, Place
from tests.world.oracle.requested import Times, text_of
from tests.world.values import Server

LIMIT = re.compile(r"compared (?P<end>up to|from) (?P<at>\d{4}-\d\d-\d\d \d\d:\d\d)")
TIMETABLES = ("ttsc", "ttsctasks")
"""Their tables, which a document names no rows of."""
Condition = tuple[tuple[str, frozenset[str]], ...]
"""Of rows that each server has of its own: columns, each with its values as text."""


@dataclass(frozen=True, slots=True)
class StatedScope:
    """The part of a table that is said to be compared for an ACD, and why not more."""

    requested: Times | None
    times: Times | None
    notes: tuple[str, ...] = ()

    def names(self, at: datetime) -> bool:
        """Say whether its notes name a time as one that was not compared."""
        for note in self.notes:
            for limit in LIMIT.finditer(note):
                until = datetime.fromisoformat(limit["at"])
                if at >= until if limit["end"] == "up to" else at < until:
                    return True
        return False


@dataclass(frozen=True, slots=True)
class StatedTable:
    """What is said of a table."""

    table: str
    state: TableState
    scopes: Mapping[int | None, StatedScope]
    named: Mapping[Place, tuple[int, int, int]]
    """The buckets that are said to differ: missing, extra, changed."""
    others: frozenset[Place] = frozenset()
    """Those of them that are outside the scope, and those that changed while they were compared."""
    in_stretch: frozenset[Place] = frozenset()
    """Those that are decided as one with others, since interval lengths differ there."""
    cuts: bool = False
    """Whether rows that an outage has cut are named."""
    expected_columns: frozenset[str] = frozenset()
    """Columns in which some rows are expected to differ."""
    compared: frozenset[str] | None = None
    """The columns that are said to be compared; None if that is not said."""
    pseudo_acds: frozenset[int] = frozenset()
    own: tuple[Condition, ...] = ()
    overlaps: bool = False
    problem: str = ""
    other_acds: frozenset[int | None] = frozenset()

    @property
    def in_sync(self) -> bool:
        """Say whether it is said to be alike, or not to need a comparison."""
        return self.state not in (TableState.NOT_COMPARABLE, TableState.NOT_READ) and not (self.named or self.overlaps)

    def scope(self, acd: int | None) -> StatedScope | None:
        """Return the scope of an ACD; rows of an unknown one are in the scope of none."""
        return self.scopes.get(acd, self.scopes.get(None))

    def belongs(self, layout: Layout) -> Callable[[Line], bool] | None:
        """Return what says whether a line is said to belong to one server."""
        acd_at = layout.columns.index(layout.spec.acd) if layout.spec.acd in layout.columns else None
        at = {name: number for number, name in enumerate(layout.columns)}
        conditions = [[(at[name], values) for name, values in one] for one in self.own]
        if not (conditions or self.pseudo_acds):
            return None

        def own(line: Line) -> bool:
            if acd_at is not None and line[acd_at] in self.pseudo_acds:
                return True
            return any(all(text_of(line[number]) in values for number, values in one) for one in conditions)

        return own


@dataclass(frozen=True, slots=True)
class Stated:
    """A verdict."""

    source: Server
    in_sync: bool | None
    acds: tuple[int, ...]
    tables: tuple[StatedTable, ...]
    left_out: frozenset[str] = frozenset()
    """Tables that are said to be left out."""
    other_faults: bool = False
    """Whether something else differs: timetables without a schedule, files alone."""
    requested: Times | None = field(default=None)


def of_observation(one: Observation) -> Stated:
    """Return what an observation states."""
    pseudo = frozenset((*one.facts.source.pseudo_acds, *one.facts.target.pseudo_acds))
    return Stated(
        one.source.value,
        one.in_sync,
        one.acds,
        tuple(_table(table, pseudo) for table in one.tables),
        frozenset(table.spec.name for table in one.excluded_tables),
        bool(one.unscheduled or one.only_files),
        _times(one.requested),
    )


def _table(one: TableObservation, pseudo: frozenset[int]) -> StatedTable:
    places = {(drift.bucket.acd, drift.bucket.row_date, drift.bucket.slot): drift for drift in one.differing}
    own = [_condition(found.what) for found in one.expected if found.kind is ExpectedKind.ROWS]
    if one.excluded is not None:
        own += [
            tuple((name, frozenset({text_of(value)})) for name, value in zip(one.excluded.columns, values, strict=True))
            for values in one.excluded.values
        ]
    return StatedTable(
        one.spec.name,
        one.state,
        {
            scope.acd: StatedScope(_times(scope.requested), _times(scope.window), (*scope.notes, *one.notes))
            for scope in one.scopes
        },
        {place: (drift.counts.missing, drift.counts.extra, drift.counts.changed) for place, drift in places.items()},
        frozenset(place for place, drift in places.items() if drift.only_cuts or drift.changing),
        frozenset(place for place, drift in places.items() if drift.stretch is not None),
        bool(one.cuts),
        frozenset(found.what for found in one.expected if found.kind is ExpectedKind.COLUMN),
        frozenset(column.name for column in one.compared) if one.state is TableState.COMPARED else None,
        pseudo,
        tuple(own),
        bool(one.overlaps),
        one.problem,
        frozenset(one.other_acds),
    )


def _times(window: Window | None) -> Times | None:
    return None if window is None else (window.start, window.stop)


def _condition(what: str) -> Condition:
    """Return the condition that a text like `user_id a or b, acd 1` states."""
    parts = (part.partition(" ") for part in what.split(", "))
    return tuple((name, frozenset(values.split(" or "))) for name, _, values in parts)


def of_document(document: Mapping[str, Any]) -> Stated:
    """Return what the document of `verify --json` states."""
    return Stated(
        document["source"],
        document["in_sync"],
        tuple(document["acds"]),
        tuple(_table_of(one, tuple(_timetables(document["notes"]))) for one in document["tables"]),
        frozenset(one["table"] for one in document["excluded"]),
        bool(document["unscheduled"] or (document["files_not_compared"] and not document["tables"])),
        _window(document["requested"]),
    )


def _timetables(notes: Iterable[str]) -> Iterator[Condition]:
    """Yield the conditions of timetables that are said to belong to each server: an owner and a name."""
    for note in notes:
        before, said, after = note.partition("belong to each server are neither compared nor copied: ")
        if said and before == "timetables that ":
            for owner, name in re.findall(r"([^\s,]+) '([^']*)'", after):
                yield ("owner", frozenset({owner})), ("tt_name", frozenset({name}))


def _table_of(one: Mapping[str, Any], timetables: tuple[Condition, ...]) -> StatedTable:
    expected: Iterable[ExpectedDifference] = [
        ExpectedDifference(ExpectedKind(found["kind"]), str(found["what"]), found["why"]) for found in one["expected"]
    ]
    places = {(b["acd"], _day(b["row_date"]), b["slot"]): b for b in one["buckets"]}
    pseudo = {
        int(number) for e in expected if e.kind is ExpectedKind.PSEUDO_ACD for number in re.findall(r"\d+", e.what)
    }
    return StatedTable(
        one["table"],
        TableState(one["state"]),
        {
            scope["acd"]: StatedScope(
                _window(scope["requested"]), _window(scope["compared"]), (*scope["notes"], *one["notes"])
            )
            for scope in one["acds"]
        },
        {place: (b["rows_missing"], b["rows_extra"], b["rows_changed"]) for place, b in places.items()},
        frozenset(place for place, b in places.items() if b["only_cuts"] or b["changing"]),
        frozenset(place for place, b in places.items() if b["stretch"] is not None),
        bool(one["cuts"]),
        frozenset(e.what for e in expected if e.kind is ExpectedKind.COLUMN),
        None,
        frozenset(pseudo),
        (
            *(_condition(e.what) for e in expected if e.kind is ExpectedKind.ROWS),
            *(timetables if one["table"] in TIMETABLES else ()),
        ),
        bool(one["overlaps"]),
        one["problem"],
        frozenset(one["differs_for_other_acds"]),
    )


def _window(found: Mapping[str, str] | None) -> Times | None:
    return None if found is None else (datetime.fromisoformat(found["from"]), datetime.fromisoformat(found["before"]))


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
