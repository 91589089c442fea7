"""Oracle 1 without a verdict's own words: where a command ended with 0, nothing differs that it surely compared.

Surely: intervals that both servers have archived and that neither may have dropped, by their own tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from syncengine.model.grain import Archive
from syncengine.model.refusals import NotArchivedError
from syncengine.model.spec import SyncedBy, TableSpec
from tests.world.clock import MINUTE
from tests.world.ending import Ending
from tests.world.oracle import Violation
from tests.world.oracle.compared import NO_ROWS, Judged, Layout, Place, differences, layout_of
from tests.world.oracle.requested import Requested, aligned, catalogue_of, requested
from tests.world.values import SERVERS, ClockSet, LengthSet, LinkDown, Restored, ServerDown, Snapshot

ORACLE = 1
WAIT_MINUTES = 90
"""How long --wait waits for the archive at most, where a pair file does not say it."""


def judge_claim(world: Judged, ending: Ending) -> Iterator[Violation]:
    """Yield what differs of the intervals that a verify or resync with exit code 0 was to compare."""
    verb = ending.words[0]
    if ending.code != 0 or ending.faults or verb not in ("verify", "resync"):
        return
    request = requested(world, ending.words)
    if not request.known or request.flags & {"--internal", "--outages"}:
        return
    for spec in request.tables:
        if spec.archive is not Archive.INTERVAL or spec.synced_by is SyncedBy.NEVER or spec.acd is None:
            continue
        for layout, place, start in _differing(world, ending, spec):
            if (not request.acds or place[0] in request.acds) and _requested(world, request, layout, place):
                yield Violation(
                    ORACLE,
                    f"{verb} ended with 0, and {spec.name} of ACD {place[0]} differs at {start:%Y-%m-%d %H:%M}, "
                    "which both servers have archived",
                )
                break


def _requested(world: Judged, request: Requested, layout: Layout, place: Place) -> bool:
    if request.times is None:
        return True
    shortest = min(one.minutes for one in world.scenario.acds)
    return layout.selected(place, *aligned(request.times, shortest))


def _differing(world: Judged, ending: Ending, spec: TableSpec) -> Iterator[tuple[Layout, Place, datetime]]:
    """Yield the buckets of an interval table that differ before and after, and that both surely have archived."""
    snapshots = {id(one): one for one in (ending.before, ending.after)}.values()
    if ending.words[0] != "verify":
        snapshots = {0: ending.after}.values()
    found: set[Place] | None = None
    layout: Layout | None = None
    for snapshot in snapshots:
        bags = [snapshot.bags[server].get(spec.name, NO_ROWS) for server in SERVERS]
        layout = layout_of(world, spec, bags)
        if layout is None:
            return
        differing = set(differences(layout, *bags))
        found = differing if found is None else found & differing
    assert layout is not None
    for place in sorted(found or (), key=str):
        start = layout.start(place)
        if start is not None and surely_compared(world, ending.before, spec, place[0], start):
            yield layout, place, start


def surely_compared(world: Judged, snapshot: Snapshot, spec: TableSpec, acd: int | None, start: datetime) -> bool:
    """Say whether both servers have archived an interval, and neither may have dropped it, by their own tables."""
    if acd not in {one.number for one in world.scenario.acds}:
        return False
    if any(isinstance(one, ClockSet | Restored) and one.at <= snapshot.at for one in world.scenario.happenings):
        return False
    until = archived_until(world, snapshot, acd)
    if until is None or start + timedelta(hours=1) > until:
        return False
    shown = world.scenario.clock.shown(snapshot.at)
    stored = _days_stored(world, snapshot, spec, acd)
    return start >= datetime(shown.year, shown.month, shown.day) - timedelta(days=stored - 1)


def archived_until(world: Judged, snapshot: Snapshot, acd: int | None) -> datetime | None:
    """Return up to when both servers say they have archived the intervals of an ACD; None if one does not say it."""
    found: list[datetime] = []
    for server in SERVERS:
        rows = _rows(world, snapshot, "arch_stat", server, acd)
        texts = [str(row["last_time"]) for row in rows if str(row["arch_type"]) == "1" and str(row["status"]) == "2"]
        try:
            found += [datetime.strptime(text.strip(), "%m/%d/%y %H:%M") for text in texts[:1]]
        except ValueError:
            return None
    return min(found) if len(found) == len(SERVERS) else None


def _days_stored(world: Judged, snapshot: Snapshot, spec: TableSpec, acd: int | None) -> int:
    days = [
        int(row["days_intrahour"] or 0)
        for server in SERVERS
        for row in _rows(world, snapshot, "dcalloc", server, acd)
        if str(row["item"]).strip() == spec.retention
    ]
    return min(days) if len(days) == len(SERVERS) else 31


def _rows(world: Judged, snapshot: Snapshot, table: str, server: str, acd: int | None) -> list[dict[str, Any]]:
    database = world.site.databases["primary" if server == "primary" else "secondary"]
    columns = database.columns(table)
    lines = sorted(snapshot.bags[database.server].get(table, NO_ROWS), key=str)
    rows = [dict(zip(columns, line, strict=False)) for line in lines]
    return [row for row in rows if row["acd"] == acd]


def judge_outages(world: Judged, ending: Ending) -> Iterator[Violation]:
    """Yield the intervals that one server missed and the other did not, where nothing is said to be left to repair."""
    verb = ending.words[0]
    request = requested(world, ending.words)
    whole = verb == "outages" or (verb == "resync" and "--outages" in request.flags)
    if ending.code != 0 or ending.faults or not whole or "--since" in request.flags:
        return
    scenario = world.scenario
    if any(isinstance(one, LengthSet | ClockSet | Restored) for one in scenario.happenings):
        return
    for spec in catalogue_of(world).tables:
        excluded = spec not in request.tables
        if spec.archive is not Archive.INTERVAL or spec.synced_by is SyncedBy.NEVER or spec.acd is None or excluded:
            continue
        for _, place, start in _differing(world, ending, spec):
            if request.acds and place[0] not in request.acds:
                continue
            if len(_blind(world, place[0], start)) == 1:
                yield Violation(
                    ORACLE,
                    f"{verb} ended with 0, and {spec.name} of ACD {place[0]} differs at {start:%Y-%m-%d %H:%M}, "
                    "when one server was blind",
                )
                break


def judge_waiting(world: Judged, ending: Ending) -> Iterator[Violation]:
    """Yield where a command that was to wait for the archive was refused before that time was over."""
    del world
    early = isinstance(ending.error, NotArchivedError) and ending.error.temporary
    if early and "--wait" in ending.words and ending.after.at - ending.before.at < WAIT_MINUTES * MINUTE:
        minutes = (ending.after.at - ending.before.at) // MINUTE
        yield Violation(ORACLE, f"it was to wait for the archive, and was refused after {minutes} minutes")


def _blind(world: Judged, acd: int | None, start: datetime) -> set[str]:
    """Return the servers that did not see all of the interval of an ACD that begins at a time of the clock."""
    scenario = world.scenario
    minutes = next(one.minutes for one in scenario.acds if one.number == acd)
    found: set[str] = set()
    for at in scenario.clock.times(start, scenario.last):
        for one in scenario.happenings:
            match one:
                case ServerDown() | Restored() | LinkDown(acd=None):
                    pass
                case LinkDown() if one.acd == acd:
                    pass
                case _:
                    continue
            if one.at < at + minutes * MINUTE and at < one.at + one.seconds:
                found.add(one.server)
    return found
