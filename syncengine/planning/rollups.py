"""What repairing intervals means for the daily, weekly and monthly archives above them (rule 10)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from syncengine.catalogue import Catalogue
from syncengine.model.bucket import Bucket, BucketColumns
from syncengine.model.drift import Observation, TableObservation
from syncengine.model.facts import ServerFacts
from syncengine.model.names import argument
from syncengine.model.plan import SkipReason, StaleRollup, Step, places_of, written_by
from syncengine.model.spec import TableSpec
from syncengine.model.window import Window
from syncengine.planning.bucket_decisions import Decision
from syncengine.planning.coverage import CoverageLookup
from syncengine.planning.written_periods import WrittenPeriods


def skip_rollups(
    table: TableObservation,
    decisions: Iterable[Decision],
    tables: tuple[TableObservation, ...],
    written: set[tuple[str, Bucket]],
    sides: RollupSides,
    uncompared: Collection[str] = (),
) -> Iterator[Decision]:
    """Skip each period whose own intervals disagree, and copy the rest only from a whole source.

    `written` are the interval buckets this plan writes, `tables` what was compared, `uncompared` what could not be.
    """
    if table.spec.rolled_from is None:
        yield from decisions
        return
    found = next((one for one in tables if one.spec.name == table.spec.rolled_from), None)
    intervals = None if found is None else _Intervals.of(found, written)
    unknown = f"{table.spec.rolled_from} could not be compared" if table.spec.rolled_from in uncompared else ""
    for decision in decisions:
        if decision.action is None or decision.drift.bucket.row_date is None:
            yield decision
            continue
        why = unknown or _skip_reason(table.spec, decision, intervals) or sides.why_not_whole(table.spec, decision)
        yield decision if not why else Decision(decision.drift, skip_reason=SkipReason.INTERVALS_DISAGREE, detail=why)


@dataclass(frozen=True, slots=True)
class RollupSides:
    """What is known of how the servers came to the roll-ups that differ, apart from their rows."""

    source: CoverageLookup
    target: CoverageLookup
    runs: WrittenPeriods

    def why_not_whole(self, spec: TableSpec, decision: Decision) -> str:
        """Return why the source's row of a period is not what its intervals make now, or not what whole ones make."""
        bucket, role = decision.drift.bucket, self.source.facts.role
        if bucket.row_date is None:
            return ""
        period = spec.grain.period(bucket.row_date)
        why = self.runs.why_outdated(role, spec, bucket.acd, period)
        if why or decision.drift.target.rows == 0:
            # With no row to replace, what the source has is better than nothing.
            return why
        outages = self.source.outages_in(bucket.acd, period)
        if not outages or self.target.outages_in(bucket.acd, period):
            return ""
        if all(self.runs.all_written(role, spec, bucket.acd, outage) for outage in outages):
            # Repaired before it was summarised: else the period would be outdated.
            return ""
        return (
            f"{role} did not record all of it at {outages[0]}, and {role.other} did: "
            f"once its intervals are whole, rerun Data Summarizing there"
        )


@dataclass(frozen=True, slots=True)
class _Intervals:
    """An interval table, indexed by ACD and day: a roll-up needs each of its days, not every interval."""

    windows: Mapping[int | None, Window | None]
    unrepaired: frozenset[tuple[int | None, date]]
    """ACDs and days with an interval that differs and that this plan does not write."""

    @classmethod
    def of(cls, table: TableObservation, written: set[tuple[str, Bucket]]) -> _Intervals:
        """Index what was observed of an interval table."""
        unrepaired = frozenset(
            (drift.bucket.acd, drift.bucket.row_date)
            for drift in table.differing
            if drift.bucket.row_date is not None and (table.spec.name, drift.bucket) not in written
        )
        return cls({scope.acd: scope.window for scope in table.scopes}, unrepaired)

    def disagree(self, acd: int | None, period: Window) -> bool:
        """Say whether some interval of a period will still differ when the plan is done."""
        return any((acd, day) in self.unrepaired for day in period.days())


def _skip_reason(spec: TableSpec, decision: Decision, intervals: _Intervals | None) -> str:
    bucket = decision.drift.bucket
    if bucket.row_date is None or intervals is None:
        return f"{spec.rolled_from} was not compared: add it ({argument('tables', spec.rolled_from or '')})"
    if decision.drift.source.incomplete:
        return "the source summarised broken intervals: rerun its Data Summarizing"
    period = spec.grain.period(bucket.row_date)
    window = intervals.windows.get(bucket.acd)
    if window is None or window.clipped(period) is None:
        return ""
    if window.start > period.start or window.stop < period.stop:
        return "its intervals lie partly outside the window"
    return "its intervals differ and are not repaired by this plan" if intervals.disagree(bucket.acd, period) else ""


def stale_rollups(steps: tuple[Step, ...], catalogue: Catalogue, observation: Observation) -> tuple[StaleRollup, ...]:
    """Return the periods the written server had summarised before their intervals are repaired, in order.

    A period not yet summarised will be right by itself and is not named. Weeks are taken to start on
    Sunday, which is the default of a CMS.
    """
    copied = places_of(steps)
    found: set[StaleRollup] = set()
    above: dict[str, list[TableSpec]] = {}
    for spec in catalogue.tables:
        above.setdefault(spec.rolled_from or "", []).append(spec)
    for step, part, write in written_by(steps):
        for spec in above.get(part.table, ()):
            stale = _stale(spec, write.bucket.acd, write.bucket.row_date, observation.facts.of(step.into))
            if stale and stale.place not in copied:
                found.add(stale)
    return tuple(sorted(found, key=lambda one: one.order))


def _stale(spec: TableSpec, acd: int | None, day: date | None, facts: ServerFacts) -> StaleRollup | None:
    if day is None or acd is None or not spec.grain.summarised:
        return None
    row_date = spec.grain.unit.containing(day)
    until = facts.archived(acd, spec.grain.archive).until
    if until is None or until < spec.grain.period(row_date).stop:
        return None
    return StaleRollup(spec.name, spec.grain.archive, acd, row_date, facts.role)


def written_intervals(table: TableObservation, decisions: Iterable[Decision]) -> Iterator[tuple[str, Bucket]]:
    """Yield the interval buckets that decisions write, with their table."""
    if table.spec.grain.tiles and BucketColumns.of(table.spec).label:
        for decision in decisions:
            if decision.action is not None:
                yield (table.spec.name, decision.drift.bucket)
