"""Oracle 1: what is said to be alike is alike, drift is named where it is, and what was not compared is named."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from syncengine.model.check import PairCheck
from syncengine.model.drift import Observation, TableState
from syncengine.model.grain import Archive
from syncengine.model.outages import OutageReport
from syncengine.model.pair_status import PairStatus
from syncengine.model.spec import DataClass, TableSpec
from syncengine.model.verified_run import VerifiedRun
from tests.world.ending import Ending
from tests.world.oracle import Violation
from tests.world.oracle.claims import archived_until
from tests.world.oracle.compared import (
    NO_ROWS,
    Difference,
    Judged,
    Layout,
    Place,
    changed_places,
    differences,
    layout_of,
)
from tests.world.oracle.requested import Requested, aligned, catalogue_of, requested
from tests.world.oracle.stated import Stated, StatedScope, StatedTable, of_document, of_observation
from tests.world.values import (
    SERVERS,
    Added,
    ClockSet,
    FaultKind,
    OwnObject,
    Restored,
    Snapshot,
    Unreadable,
    Upgraded,
    other,
)

ORACLE = 1
SHOWN = 3
Counts = tuple[int, int, int]
"""Missing, extra, changed."""


def judge_verdicts(world: Judged, ending: Ending) -> Iterator[Violation]:
    """Yield where what a command said of both servers is not so."""
    match ending.result:
        case Observation():
            yield from _observed(world, ending, of_observation(ending.result), ending.before)
        case VerifiedRun(after=Observation() as after):
            others = FaultKind.OTHER_COMMITS in ending.faults
            # Only what others commit meanwhile may differ from what it saw last.
            yield from _observed(world, ending, of_observation(after), ending.before if others else ending.after)
            if ending.code == 0 and not ending.result.outcome.done:
                yield Violation(ORACLE, "it ended with 0, and not all of its steps are done")
        case VerifiedRun() if ending.code == 0:
            yield from _portions(world, ending, ending.result)
        case OutageReport():
            yield from _findings(world, ending, ending.result)
        # `runs --json` has the same result, and says nothing of health by its exit code.
        case PairStatus() if ending.code == 0 and ending.words[0] == "status":
            yield from _status(ending.result)
        case PairCheck() if ending.code == 0:
            yield from _check(world, ending, ending.result)
        case _:
            pass
    if ending.document is not None and ending.document.get("format") == "syncengine.verify":
        yield from _observed(world, ending, of_document(ending.document), ending.before)


def _observed(world: Judged, ending: Ending, stated: Stated, before: Snapshot) -> Iterator[Violation]:
    request = requested(world, ending.words)
    alike = True
    for table in stated.tables:
        judge = _TableJudge(world, ending, stated, table, request, before)
        yield from judge.violations()
        alike = alike and table.in_sync
    if stated.in_sync and not (alike and not stated.other_faults):
        yield Violation(ORACLE, "it says that all is in sync, and names drift or a table that was not compared")
    yield from _code(ending, stated)
    yield from _tables_named(ending, stated, request)


def _code(ending: Ending, stated: Stated) -> Iterator[Violation]:
    drift = any(table.named or table.overlaps for table in stated.tables) or stated.other_faults
    unread = [table.table for table in stated.tables if table.state in (TableState.NOT_READ, TableState.NOT_COMPARABLE)]
    if ending.code == 0 and (drift or unread):
        yield Violation(
            ORACLE, f"it ended with 0 beside {'drift' if drift else f'{unread[0]}, which was not compared'}"
        )
    if ending.words[0] == "verify" and "--internal" not in ending.words:
        wanted = 1 if unread else 3 if drift else 0
        if ending.code != wanted:
            yield Violation(ORACLE, f"verify ended with {ending.code}, and what it says is {wanted}")


def _tables_named(ending: Ending, stated: Stated, request: Requested) -> Iterator[Violation]:
    """Yield the tables that were requested and are in no verdict."""
    verb = ending.words[0]
    if verb not in ("verify", "resync", "sync") or "--outages" in ending.words:
        return
    named = {table.table for table in stated.tables} | stated.left_out
    if isinstance(ending.result, VerifiedRun):
        plan = ending.result.plan
        named.update((*plan.tables, *(one.table for one in plan.skipped)))
    for spec in request.tables:
        if spec.data_class is DataClass.CUSTOM and "--table" not in request.flags:
            continue  # It is known only to commands with a folder of specs.
        if spec.name not in named and (verb != "sync" or request.flags & {"--set", "--table"}):
            yield Violation(ORACLE, f"{spec.name} was requested, and nothing is said of it")


@dataclass(frozen=True)
class _TableJudge:
    """Judges what is said of one table."""

    world: Judged
    ending: Ending
    stated: Stated
    table: StatedTable
    request: Requested
    before: Snapshot

    def violations(self) -> Iterator[Violation]:
        """Yield what is said of it and is not so."""
        spec = next((one for one in catalogue_of(self.world).tables if one.name == self.table.table), None)
        if spec is None:  # A customer's table that the world's catalogue has not.
            return
        match self.table.state:
            case TableState.COMPARED:
                yield from self._compared(spec)
            case TableState.NOT_READ:
                if not self._may_fail(spec.name):
                    yield self._violation(f"it says that it cannot be read ({self.table.problem}), and it can")
            case TableState.NOT_COMPARABLE:
                if self._layout(spec) is not None and not self._columns_changed(spec.name):
                    yield self._violation(f"it says that it cannot be compared ({self.table.problem}), and it can")
            case TableState.ABSENT:
                if any(spec.name in self.ending.after.bags[server] for server in SERVERS):
                    yield self._violation("it says that neither server has it, and one does")
            case TableState.NOTHING:
                yield from self._nothing(spec)
            case TableState.NEVER:
                pass

    def _violation(self, text: str) -> Violation:
        return Violation(ORACLE, f"{self.table.table}: {text}")

    def _layout(self, spec: TableSpec) -> Layout | None:
        bags = [snapshot.bags[one].get(spec.name, NO_ROWS) for snapshot in self._snapshots for one in SERVERS]
        return layout_of(self.world, spec, bags)

    @property
    def _snapshots(self) -> tuple[Snapshot, Snapshot]:
        return self.before, self.ending.after

    def _may_fail(self, table: str) -> bool:
        """Say whether reading a table may have failed: a fault was injected, or it cannot be read at times."""
        happenings = self.world.scenario.happenings
        return bool(self.ending.faults) or any(isinstance(one, Unreadable) and one.table == table for one in happenings)

    def _columns_changed(self, table: str) -> bool:
        for one in self.world.scenario.happenings:
            if isinstance(one, Upgraded):
                return True
            if isinstance(one, Added) and one.table == table and one.what is OwnObject.COLUMN:
                return True
        return False

    def _differences(
        self, layout: Layout, snapshot: Snapshot, left_out: Collection[str] = ()
    ) -> dict[Place, Difference]:
        source, target = (
            snapshot.bags[server].get(self.table.table, NO_ROWS)
            for server in (self.stated.source, other(self.stated.source))
        )
        return differences(layout, source, target, left_out=left_out, own=self.table.belongs(layout))

    def _compared(self, spec: TableSpec) -> Iterator[Violation]:
        layout = self._layout(spec)
        if layout is None:
            if not self._columns_changed(spec.name):
                yield self._violation("it was compared, and the servers have not the same columns of it")
            return
        lacking = set(layout.columns) - spec.ignored - (self.table.compared or set(layout.columns))
        if lacking:
            yield self._violation(f"{', '.join(sorted(lacking))} was not compared")
        yield from self._beyond_archive(spec)
        before, after = (self._differences(layout, snapshot) for snapshot in self._snapshots)
        changed = set().union(
            *(
                changed_places(layout, *(snapshot.bags[one].get(spec.name, NO_ROWS) for snapshot in self._snapshots))
                for one in SERVERS
            )
        )
        yield from self._named(layout, before, after, changed)
        missed = [place for place in _sorted(before.keys() & after.keys()) if place not in self.table.named]
        unexpected = self._unexpected(layout) if missed else set[Place]()
        missed = [place for place in missed if place in unexpected]
        missed = [place for place in missed if place not in changed]
        for place in [one for one in missed if self._in_scope(layout, one)][:SHOWN]:
            yield self._violation(f"{_shown(layout, place)} differs {after[place].counts}, and is not named")
        unnamed = [one for one in missed if not self._in_scope(layout, one) and self._unexplained(layout, one)]
        for place in unnamed[:SHOWN]:
            yield self._violation(
                f"{_shown(layout, place)} differs {after[place].counts}, was not compared, and nothing says so"
            )

    def _beyond_archive(self, spec: TableSpec) -> Iterator[Violation]:
        """Yield where it says that it compared intervals which one of the servers has not archived."""
        moved = any(isinstance(one, ClockSet | Restored) for one in self.world.scenario.happenings)
        if spec.archive is not Archive.INTERVAL or spec.at_once or moved:
            return
        for acd, scope in sorted(self.table.scopes.items(), key=str):
            until = archived_until(self.world, self.ending.after, acd)
            if scope.times is not None and until is not None and scope.times[1] > until:
                compared, archived = (f"{one:%Y-%m-%d %H:%M}" for one in (scope.times[1], until))
                yield self._violation(f"ACD {acd} is compared up to {compared}, and archived up to {archived}")

    def _named(
        self, layout: Layout, before: dict[Place, Difference], after: dict[Place, Difference], changed: set[Place]
    ) -> Iterator[Violation]:
        for place, counts in sorted(self.table.named.items(), key=str):
            true = {one[place].counts for one in (before, after) if place in one}
            if place in changed:
                continue
            if not true:
                yield self._violation(f"{_shown(layout, place)} is said to differ {counts}, and does not")
            elif place not in self.table.others and not any(self._fits(layout, place, counts, one) for one in true):
                yield self._violation(f"{_shown(layout, place)} differs {min(true)}, and is said to {counts}")
            elif place not in self.table.others and not self._in_scope(layout, place):
                yield self._violation(f"{_shown(layout, place)} is named, and is outside of what it says it compared")

    def _unexpected(self, layout: Layout) -> set[Place]:
        """Return the buckets that differ in more than the counts that other interval lengths explain (rule 10)."""
        time = layout.spec.time
        summed = layout.spec.archive in (Archive.DAILY, Archive.WEEKLY, Archive.MONTHLY)
        expected = {time.incomplete} & self.table.expected_columns if summed and time is not None else set[str]()
        columns = {name for name in expected if name is not None}
        return set(self._differences(layout, self.ending.after, columns))

    def _fits(self, layout: Layout, place: Place, counts: Counts, true: Counts) -> bool:
        """Say whether counts are right: rows of other lengths, and pieces with their whole, may count as changed."""
        if counts == true:
            return True
        same_target = counts[1] + counts[2] == true[1] + true[2]
        if place in self.table.in_stretch:
            return same_target and counts[0] <= true[0]
        cut = layout.spec.pieces is not None and self.table.cuts
        return cut and same_target and counts[0] == true[0] and counts[1] <= true[1]

    def _in_scope(self, layout: Layout, place: Place) -> bool:
        """Say whether a bucket is in what is said to be compared."""
        if not self._of_requested_acd(layout, place):
            return False
        if layout.spec.time is None:
            return True
        scope = self.table.scope(place[0])
        return scope is not None and scope.times is not None and layout.selected(place, *scope.times)

    def _of_requested_acd(self, layout: Layout, place: Place) -> bool:
        return not self.stated.acds or layout.spec.acd is None or place[0] in self.stated.acds

    def _unexplained(self, layout: Layout, place: Place) -> bool:
        """Say whether a bucket was requested, and nothing names it as not compared."""
        start = layout.start(place)
        if start is None or not self.request.known or self.ending.words[0] not in ("verify", "resync"):
            return False
        if "--outages" in self.request.flags:
            return False
        if layout.spec.acd is not None and self.request.acds and place[0] not in self.request.acds:
            return False
        if layout.spec.acd is None and self.request.acds:
            return False
        if self.request.times is not None and not layout.selected(place, *self._minutes()):
            return False
        scope = self.table.scope(place[0])
        return scope is None or not (scope.names(start) or self._open(scope, start))

    def _open(self, scope: StatedScope, start: datetime) -> bool:
        """Say whether no window was typed, so that what is not archived yet needs no note."""
        return self.request.times is None and scope.times is not None and start >= scope.times[1]

    def _minutes(self) -> tuple[datetime, datetime]:
        assert self.request.times is not None
        return aligned(self.request.times, min(one.minutes for one in self.world.scenario.acds))

    def _nothing(self, spec: TableSpec) -> Iterator[Violation]:
        layout = self._layout(spec)
        if layout is None or (spec.acd is None and self.stated.acds):
            return
        before, after = (self._differences(layout, snapshot) for snapshot in self._snapshots)
        for place in _sorted(before.keys() & after.keys()):
            if self._of_requested_acd(layout, place) and self._unexplained(layout, place):
                yield self._violation(
                    f"nothing of it is said to be there to compare, and {_shown(layout, place)} differs"
                )
                return


def _sorted(places: set[Place]) -> list[Place]:
    return sorted(places, key=str)


def _shown(layout: Layout, place: Place) -> str:
    acd, day, slot = place
    parts = [f"ACD {acd}"] if acd is not None else []
    start = layout.start(place)
    parts += [f"{start:%Y-%m-%d %H:%M}"] if start is not None else [str(one) for one in (day, slot) if one is not None]
    return " ".join(parts) or "it"


def _portions(world: Judged, ending: Ending, run: VerifiedRun) -> Iterator[Violation]:
    """Yield where a backfill that ended with 0 left a difference."""
    if run.plan.run_kind.value != "backfill":
        return
    acds = requested(world, ending.words).acds
    for outcome in run.portions:
        if not outcome.in_sync:
            yield Violation(ORACLE, f"it ended with 0, and portion {outcome.portion.number} is not in sync")
        window = outcome.portion.window
        for name in outcome.portion.tables:
            spec = catalogue_of(world).table(name)
            bags = [ending.after.bags[server].get(name, NO_ROWS) for server in SERVERS]
            layout = layout_of(world, spec, bags)
            if layout is None:
                continue
            for place in _sorted(set(differences(layout, *bags))):
                requested_acd = not acds or place[0] in acds
                if requested_acd and layout.selected(place, window.start, window.stop):
                    yield Violation(
                        ORACLE, f"{name}: {_shown(layout, place)} differs after a backfill that ended with 0"
                    )
                    break


def _findings(world: Judged, ending: Ending, report: OutageReport) -> Iterator[Violation]:
    """Yield the costs of outages that are not there."""
    if ending.code == 0 and report.unsettled:
        yield Violation(ORACLE, "it says that nothing is to repair, and names an outage that is not settled")
    if ending.code == 3 and not report.unsettled:
        yield Violation(ORACLE, "it says that something is to repair, and names nothing")
    for finding in report.findings:
        for cost in finding.costs:
            spec = catalogue_of(world).table(cost.table)
            true: set[Place] = set()
            for snapshot in (ending.before, ending.after):
                bags = [snapshot.bags[server].get(cost.table, NO_ROWS) for server in SERVERS]
                layout = layout_of(world, spec, bags)
                if layout is None:
                    return
                true |= set(differences(layout, *bags))
            if not any(place[0] in (finding.time.acd, None) or spec.acd is None for place in true):
                yield Violation(
                    ORACLE, f"{cost.table}: rows of ACD {finding.time.acd} are to be copied, and none differs"
                )


def _status(status: PairStatus) -> Iterator[Violation]:
    if status.resumable_runs:
        yield Violation(ORACLE, f"status ended with 0, and {status.resumable_runs[0].id} can be resumed")
    if status.in_single_user_mode:
        yield Violation(ORACLE, "status ended with 0, and a server is in single-user mode")
    if status.daily is not None and not status.daily.healthy:
        yield Violation(ORACLE, "status ended with 0, and its daily check found a fault")


def _check(world: Judged, ending: Ending, check: PairCheck) -> Iterator[Violation]:
    if not check.alike:
        yield Violation(ORACLE, "check ended with 0, and found something that must be repaired")
    if ending.before.at != ending.after.at or ending.faults:
        return
    for spec in catalogue_of(world).tables:
        primary, secondary = (world.site.databases[server].columns(spec.name) for server in SERVERS)
        if set(primary) != set(secondary):
            yield Violation(ORACLE, f"check ended with 0, and the servers have not the same columns of {spec.name}")
