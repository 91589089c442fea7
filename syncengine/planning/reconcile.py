"""Decides, once per ACD and interval for all interval tables together, which server recorded it better (rule 9)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from syncengine.model.bucket import BucketState
from syncengine.model.drift import BucketDrift, Counts, Observation, TableObservation
from syncengine.model.pair import Role
from syncengine.model.plan import Action, SkipReason
from syncengine.model.spec import SyncedBy
from syncengine.model.window import Window
from syncengine.planning.bucket_decisions import Decision
from syncengine.planning.coverage import AcdCoverage, CoverageLookup
from syncengine.planning.stretches import AcdSpan, DecisionSpans, skip_reason

NO_EVIDENCE = "neither server has rows of a table that always has some"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which server an interval is copied from, or why from neither."""

    winner: Role | None
    why: SkipReason = SkipReason.UNDECIDED
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Side:
    """The evidence about one server in an interval."""

    role: Role
    coverage: AcdCoverage
    incomplete: int | None
    """The largest `incomplete` of its rows where the two differ; None where it has no rows there."""

    @property
    def has_evidence(self) -> bool:
        """Say whether its witness tables or its diary have anything about the interval."""
        return self.coverage.has_rows or self.coverage.outage

    @property
    def broken(self) -> int:
        """The worst that its rows and its diary show; a server without evidence is not broken by that."""
        return max(self.coverage.incomplete, self.incomplete or 0, int(self.coverage.outage))


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Decides in both directions. `source` and `target` are what those servers recorded."""

    observation: Observation
    source: CoverageLookup
    target: CoverageLookup

    def decide(self, tables: tuple[TableObservation, ...]) -> Iterator[tuple[Role, TableObservation, Decision]]:
        """Yield each decision with the server it would write to."""
        spans = DecisionSpans.of(self.observation)
        places: dict[AcdSpan, list[BucketDrift]] = defaultdict(list)
        for table in tables:
            if table.spec.grain.tiles and not table.spec.future_dates:
                for drift in table.differing:
                    span = spans.of_drift(drift, table.spec)
                    if span is not None:
                        places[drift.bucket.acd, span].append(drift)
        verdicts = {place: self._verdict(place, drifts) for place, drifts in places.items()}
        for table in tables:
            for drift in table.differing:
                place = drift.bucket.acd, spans.of_drift(drift, table.spec)
                yield self._decision(table, drift, verdicts, place)

    def _verdict(self, place: AcdSpan, drifts: list[BucketDrift]) -> Verdict:
        acd, span = place
        if any(drift.changing for drift in drifts):
            return Verdict(None, SkipReason.CHANGING)
        source = _Side(self.observation.source, self.source.at(acd, span), _worst(drift.source for drift in drifts))
        target = _Side(self.observation.target, self.target.at(acd, span), _worst(drift.target for drift in drifts))
        verdict = _between(source, target)
        if verdict.why is not SkipReason.LOST and any(_each_has_a_part(drift) for drift in drifts):
            return Verdict(None, detail="each server has only a part of the rows")
        from_source = verdict.winner is self.observation.source
        for stretch in (drift.stretch for drift in drifts if drift.stretch is not None and verdict.winner is not None):
            skipped = skip_reason(stretch, acd, self.observation, from_source=from_source)
            if skipped is not None:
                return Verdict(None, *skipped)
        return verdict

    def _decision(
        self,
        table: TableObservation,
        drift: BucketDrift,
        verdicts: dict[AcdSpan, Verdict],
        at: tuple[int | None, Window | None],
    ) -> tuple[Role, TableObservation, Decision]:
        into = self.observation.target
        spec = table.spec
        if spec.synced_by is not SyncedBy.COPYING:
            return into, table, Decision(drift, skip_reason=SkipReason.NOT_COPIED, detail=spec.synced_why)
        if not spec.grain.sliced or spec.future_dates:
            return into, table, Decision(drift, skip_reason=SkipReason.INTERVALS_DISAGREE)
        acd, span = at
        if span is None:
            return into, table, Decision(drift, skip_reason=SkipReason.UNDECIDED, detail="the rows have no time")
        place = (acd, span)
        if drift.only_cuts:
            return into, table, Decision(drift)
        if drift.changing:
            return into, table, Decision(drift, skip_reason=SkipReason.CHANGING)
        # If only events differ, the coverage of both servers decides.
        verdict = verdicts.get(place) or self._verdict(place, [])
        if verdict.winner is None:
            return into, table, Decision(drift, skip_reason=verdict.why, detail=verdict.detail)
        into = verdict.winner.other
        directed = drift if into is self.observation.target else reversed_drift(drift)
        if spec.grain.events:
            return self._event(into, table, directed)
        if directed.stretch is not None and directed.stretch.source_rows:
            # All rows of the other server there are replaced, whatever their length.
            return into, table, Decision(directed, Action.REPLACE_BUCKETS)
        if directed.source.rows == 0:
            # The better server has no row in this table: that alone is no reason to delete.
            return (
                into,
                table,
                Decision(directed, skip_reason=SkipReason.UNDECIDED, detail="only the more broken server has rows"),
            )
        return into, table, Decision(directed, Action.REPLACE_BUCKETS if directed.target.rows else Action.ADD_BUCKETS)

    def _event(
        self, into: Role, table: TableObservation, directed: BucketDrift
    ) -> tuple[Role, TableObservation, Decision]:
        """Event tables are only filled: what the other server lacks is added, nothing is deleted."""
        if directed.counts.missing == 0:
            return into, table, Decision(directed, skip_reason=SkipReason.FILL_ONLY)
        return into, table, Decision(directed, Action.ADD_GROUPS if directed.target.rows else Action.ADD_BUCKETS)


def _worst(states: Iterable[BucketState]) -> int | None:
    """Return the largest `incomplete` of the states that have rows, or None where none has."""
    return max((state.incomplete or 0 for state in states if state.rows), default=None)


def _between(one: _Side, other: _Side) -> Verdict:
    """Return which of two servers recorded an interval better.

    A server without witness rows is not broken by that alone: it loses if its diary shows an outage, or if the other
    has witness rows.
    """
    if not (one.has_evidence or other.has_evidence):
        return Verdict(None, detail=NO_EVIDENCE)
    if one.coverage.has_rows != other.coverage.has_rows:
        covered, uncovered = (one, other) if one.coverage.has_rows else (other, one)
        if not uncovered.coverage.known and not uncovered.coverage.outage and uncovered.broken <= covered.broken:
            return Verdict(None, detail=f"it is not known what {uncovered.role} recorded: none of its tables shows it")
        return _one_sided_verdict(covered, uncovered)
    if one.broken == other.broken:
        if one.broken:
            return Verdict(None, SkipReason.LOST)
        return Verdict(None, detail="neither server's rows are marked incomplete")
    better, worse = (one, other) if one.broken < other.broken else (other, one)
    return Verdict(None, detail=NO_EVIDENCE) if not worse.has_evidence else Verdict(better.role)


def _one_sided_verdict(covered: _Side, uncovered: _Side) -> Verdict:
    """Return the verdict where only one server has witness rows: its own, unless the other's rows are less broken."""
    if uncovered.incomplete is not None and uncovered.broken < covered.broken:
        # Whole rows are never replaced by broken ones.
        return Verdict(None, detail="the only server known to have recorded it has the more broken rows")
    return Verdict(covered.role)


def _each_has_a_part(drift: BucketDrift) -> bool:
    """Say whether the servers have no key group in common, though both have some."""
    counts = drift.counts
    return bool(
        drift.stretch is None
        and drift.source.rows
        and drift.target.rows
        and (counts.missing, counts.extra, counts.changed) == (drift.source.rows, drift.target.rows, 0)
    )


def reversed_drift(drift: BucketDrift) -> BucketDrift:
    """Return the same drift with source and target exchanged."""
    counts = Counts(missing=drift.counts.extra, extra=drift.counts.missing, changed=drift.counts.changed)
    if drift.stretch is not None:
        # Rows of other lengths count as changed.
        counts = Counts(changed=drift.counts.total)
    return BucketDrift(
        bucket=drift.bucket,
        source=drift.target,
        target=drift.source,
        counts=counts,
        source_guard=drift.target_guard,
        target_guard=drift.source_guard,
        stretch=drift.stretch.turned if drift.stretch else None,
        span=drift.span,
        changing=drift.changing,
        only_cuts=drift.only_cuts,
    )
