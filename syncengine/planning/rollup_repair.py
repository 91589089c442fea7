"""Decides which stale periods can be repaired after their intervals, and which are left to Data Summarizing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from syncengine.model.bucket import Bucket
from syncengine.model.drift import BucketDrift, Observation, TableObservation, TableState
from syncengine.model.interval import QUANTUM, at_label
from syncengine.model.outages import BlindTime
from syncengine.model.pair import Role
from syncengine.model.plan import PeriodPlace, Plan, SkipReason, StaleRollup, TablePart, written_by
from syncengine.model.policy import Policy, Rollups
from syncengine.model.spec import TableSpec
from syncengine.model.window import Window
from syncengine.planning.bucket_decisions import Decision, DecisionContext
from syncengine.planning.coverage import CoverageLookup
from syncengine.planning.ranges import restore_ranges
from syncengine.planning.stretches import DecisionSpans

UNCERTAIN_REASONS = frozenset(
    {
        SkipReason.LOST,
        SkipReason.CHANGING,
        SkipReason.LENGTHS_DIFFER,
        SkipReason.REPEATED_HOUR,
        SkipReason.UNARCHIVED,
        SkipReason.UNDECIDED,
    }
)
"""Reasons to skip intervals that may not be whole on the target either."""
ReadyAndWaiting = tuple[tuple[StaleRollup, ...], tuple[StaleRollup, ...]]
QUARTER = timedelta(minutes=QUANTUM)


def span_of_stale(stale: StaleRollup) -> Window:
    """Return the whole day, week or month."""
    return stale.archive.grain.period(stale.row_date)


@dataclass(frozen=True, slots=True)
class IntervalEvidence:
    """What is known of the intervals below stale periods, apart from their rows."""

    plan: Plan
    """The plan that repairs them."""
    blind: tuple[BlindTime, ...]
    """The times in which a server did not record all of an ACD."""
    lengths: Mapping[int, int]
    """The length of each ACD's intervals, in minutes."""
    written: frozenset[PeriodPlace] = frozenset()
    """What runs have written."""
    uncertain_run: str = ""
    """A run that may have written more than it recorded."""
    unknown: frozenset[Role] = frozenset()
    """Servers with unknown coverage: none of their witness tables could be read."""
    witnesses: tuple[str, ...] = ()
    """The witness tables."""

    def not_whole(self, stale: StaleRollup, spec: TableSpec) -> str:
        """Return why the target's own intervals of a period are not known to be whole once the plan is done."""
        if stale.into in self.unknown:
            return f"it is not known whether {stale.into} recorded all of it: none of its tables shows it"
        period = span_of_stale(stale)
        repaired = self._repaired_quarters(stale, spec)
        for time in self.blind:
            sides = [side for side in time.sides if side.role is stale.into and side.missing + side.incomplete]
            inside = time.span.clipped(period) if time.acd == stale.acd and sides else None
            if inside is not None and not all(any(at == one for one in repaired) for at in _quarters(inside)):
                return f"{stale.into} did not record all of it at {inside}"
        for skipped in self.plan.skipped:
            if (
                skipped.table == spec.rolled_from
                and skipped.acd in (None, stale.acd)
                and skipped.reason in UNCERTAIN_REASONS
            ):
                inside = next((span for span in skipped.spans if span.clipped(period)), None)
                if inside is not None:
                    return f"its intervals of {inside} are skipped: {skipped.reason}"
        return ""

    def source_not_whole(self, stale: StaleRollup, spec: TableSpec) -> str:
        """Return why the other server's row of a period may not be what whole intervals make."""
        source, period = stale.into.other, span_of_stale(stale)
        if source in self.unknown:
            return f"it is not known whether {source} recorded all of it: none of its tables shows it"
        for time in self.blind:
            if time.acd == stale.acd and any(side.role is source for side in time.sides):
                inside = time.span.clipped(period)
                if inside is not None:
                    return f"{source} did not record all of it at {inside}"
        days = set(period.days())
        if any(
            (role, table, acd) == (source, spec.rolled_from, stale.acd) and day in days
            for role, table, acd, day in self.written
        ):
            return f"its intervals on {source} were repaired by another run, too"
        return ""

    def repaired_buckets(self, stale: StaleRollup, spec: TableSpec) -> frozenset[Bucket]:
        """Return the interval buckets below a table that the plan writes on the server of a period."""
        return frozenset(
            write.bucket
            for step, part, write in written_by(self.plan.steps)
            if step.into is stale.into and part.table == spec.rolled_from
        )

    def _repaired_quarters(self, stale: StaleRollup, spec: TableSpec) -> frozenset[datetime]:
        """Return the quarters of an hour in which the plan repairs rows of the table, or of a witness table."""
        found: set[datetime] = set()
        length = timedelta(minutes=self.lengths.get(stale.acd or 0, QUANTUM))
        for step, part, write in written_by(self.plan.steps):
            if step.into is stale.into and part.table in (spec.rolled_from, *self.witnesses):
                bucket = write.bucket
                if bucket.acd == stale.acd and bucket.row_date is not None and bucket.slot is not None:
                    start = at_label(bucket.row_date, bucket.slot)
                    found |= set(_quarters(Window(start, start + length)))
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class CopiedPeriods:
    """The decisions on copying stale periods from the other server."""

    decisions: tuple[tuple[TableObservation, Decision], ...]
    """Those that are copied."""
    skipped: tuple[StaleRollup, ...]
    """Those that are not, and why."""
    copied: tuple[StaleRollup, ...]
    """Those that are copied. Periods that agree already are in neither: they were summarised from whole intervals."""
    unread: tuple[tuple[str, str], ...] = ()
    """Tables that could not be compared, and why."""


def decide_copies(
    observation: Observation, stale: Sequence[StaleRollup], evidence: IntervalEvidence, *, repaired: bool
) -> CopiedPeriods:
    """Decide which periods of one target are copied from the other server; `observation` has all they need.

    Before they are `repaired`, intervals that the plan will write count as alike.
    """
    tables = {table.spec.name: table for table in observation.tables}
    source, target = observation.facts.map(CoverageLookup)
    spans = DecisionSpans.of(observation)
    context = DecisionContext(observation, Policy.REPLACE, source, target, take_broken=False, spans=spans)
    decisions, skipped, copied = [], [], []
    for one in stale:
        table = tables[one.table]
        below = tables[table.spec.rolled_from or ""]
        why = _interval_difference(
            one, table, below, frozenset() if repaired else evidence.repaired_buckets(one, table.spec)
        )
        why = why or evidence.source_not_whole(one, table.spec)
        drift = _drift(table, one)
        if not why and drift is not None:
            decision = _decision(context, table, drift, observation)
            if decision.action is None:
                why = decision.detail or str(decision.skip_reason)
            else:
                decisions.append((table, decision))
        if why:
            skipped.append(with_outcome(one, Rollups.LIST, why))
        elif drift is not None:
            copied.append(with_outcome(one, Rollups.COPY, ""))
    names = {one.table for one in stale}
    uncompared = ((table.spec.name, table.problem) for table in observation.not_compared if table.spec.name in names)
    return CopiedPeriods(tuple(decisions), tuple(skipped), tuple(copied), tuple(uncompared))


def _decision(
    context: DecisionContext, table: TableObservation, drift: BucketDrift, observation: Observation
) -> Decision:
    if drift.source.incomplete:
        return Decision(
            drift, skip_reason=SkipReason.SOURCE_BROKEN, detail=f"{observation.source} summarised broken intervals"
        )
    if drift.source.rows == 0:
        return Decision(drift, skip_reason=SkipReason.SOURCE_EMPTY, detail=f"{observation.source} has no row of it")
    return context.historical(table, drift, {one.acd: one for one in restore_ranges(table, observation)}, {})


def _interval_difference(
    one: StaleRollup, table: TableObservation, below: TableObservation, written: frozenset[Bucket]
) -> str:
    """Return why the intervals below a period are not known to be the same on both servers."""
    for found in (table, below):
        if found.state is not TableState.COMPARED:
            return found.problem or f"{found.spec.name} cannot be compared"
    period = span_of_stale(one)
    window = next((scope.window for scope in below.scopes if scope.acd == one.acd), None)
    if window is None or window.start > period.start or window.stop < period.stop:
        return "its intervals are no longer all stored on both servers"
    days = set(period.days())
    differs = any(
        drift.bucket.acd == one.acd and drift.bucket.row_date in days and drift.bucket not in written
        for drift in below.differing
    )
    return "its intervals differ" if differs else ""


def _drift(table: TableObservation, one: StaleRollup) -> BucketDrift | None:
    place = (one.acd, one.row_date)
    return next((drift for drift in table.differing if (drift.bucket.acd, drift.bucket.row_date) == place), None)


def _quarters(span: Window) -> Iterator[datetime]:
    """Yield the beginning of each quarter of an hour: servers' intervals may differ in length."""
    yield from (piece.start for piece in span.cut(QUARTER))


def with_outcome(one: StaleRollup, then: Rollups, why: str = "") -> StaleRollup:
    """Return a stale period with what happens to it."""
    return replace(one, then=then, why=why)


def unread_reason(table: str, why: str) -> str:
    """Return the reason to skip the periods of a table that could not be read."""
    return f"{table} could not be read ({why.rstrip('.')})"


def split_ready(
    stale: Iterable[StaleRollup], open_parts: Iterable[TablePart], specs: Mapping[str, TableSpec]
) -> ReadyAndWaiting:
    """Split periods into those whose intervals a run has all repaired, and those that wait for its `open_parts`."""
    waiting = {(part.table, write.bucket.acd, write.bucket.row_date) for part in open_parts for write in part.buckets}
    ready: list[StaleRollup] = []
    later: list[StaleRollup] = []
    for one in stale:
        days = span_of_stale(one).days()
        waits = any((specs[one.table].rolled_from, one.acd, day) in waiting for day in days)
        (later if waits else ready).append(one)
    return tuple(ready), tuple(
        with_outcome(one, Rollups.LIST, "not all of its intervals were repaired") for one in later
    )
