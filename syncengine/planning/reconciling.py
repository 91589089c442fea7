"""Decides, once per ACD and interval for all interval tables together, which server saw it better (rule 9)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from syncengine.model.bucket import BucketColumns
from syncengine.model.drift import BucketDrift, Counts, Observation, TableObservation
from syncengine.model.pair import Role
from syncengine.model.plan import Action, KeptWhy
from syncengine.model.spans import interval_of
from syncengine.model.spec import Archive, Kept
from syncengine.model.window import Window
from syncengine.planning.deciding import Decision
from syncengine.planning.seeing import Seeing, Sight

Place = tuple[int | None, Window]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which server an interval is taken from, or why from neither."""

    winner: Role | None
    why: KeptWhy = KeptWhy.UNDECIDED
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Reconciling:
    """Decides in both directions. `source` and `target` see as those servers did."""

    observation: Observation
    source: Seeing
    target: Seeing

    def decide(self, tables: tuple[TableObservation, ...]) -> Iterator[tuple[Role, TableObservation, Decision]]:
        """Yield each decision with the server it would write to."""
        places: dict[Place, list[BucketDrift]] = defaultdict(list)
        for table in tables:
            if table.spec.archive is Archive.INTERVAL and not table.spec.future_dates:
                for drift in table.differing:
                    span = interval_of(drift.bucket, BucketColumns.of(table.spec), self.observation)
                    if span is not None:
                        places[drift.bucket.acd, span].append(drift)
        verdicts = {place: self._verdict(place, drifts) for place, drifts in places.items()}
        for table in tables:
            for drift in table.differing:
                yield self._decision(table, drift, verdicts)

    def _verdict(self, place: Place, drifts: list[BucketDrift]) -> Verdict:
        acd, span = place
        source, target = self.source.at(acd, span), self.target.at(acd, span)
        source_broken = self._broken(source, [drift.source.incomplete or 0 for drift in drifts])
        target_broken = self._broken(target, [drift.target.incomplete or 0 for drift in drifts])
        if any(not drift.comparable for drift in drifts):
            return Verdict(None, KeptWhy.LENGTHS_DIFFER)
        if any(drift.moving for drift in drifts):
            return Verdict(None, KeptWhy.MOVING)
        if source_broken and target_broken and source_broken == target_broken:
            return Verdict(None, KeptWhy.LOST)
        if any(_each_holds_a_part(drift) for drift in drifts):
            return Verdict(None, detail="each server holds a part of the rows")
        if source_broken == target_broken:
            return Verdict(None, detail="neither server's rows are marked incomplete")
        winner = self.observation.source if source_broken < target_broken else self.observation.target
        return Verdict(winner)

    def _broken(self, sight: Sight, figures: list[int]) -> int:
        """Return how broken a side is: one without any row loses only if it was blind."""
        worst = max([sight.incomplete, *figures, int(sight.outage)])
        return worst if sight.has_rows else max(worst, 2**15)

    def _decision(
        self, table: TableObservation, drift: BucketDrift, verdicts: dict[Place, Verdict]
    ) -> tuple[Role, TableObservation, Decision]:
        into = self.observation.target
        spec = table.spec
        if spec.kept is not Kept.COPYING:
            return into, table, Decision(drift, kept=KeptWhy.NOT_COPIED, detail=spec.why_kept)
        if spec.time is None:
            return into, table, Decision(drift, kept=KeptWhy.UNDECIDED, detail="administration is not reconciled")
        if spec.archive not in (Archive.INTERVAL, Archive.EVENT) or spec.future_dates:
            return into, table, Decision(drift, kept=KeptWhy.ROLLUP_HELD)
        span = interval_of(drift.bucket, BucketColumns.of(spec), self.observation)
        if span is None:
            return into, table, Decision(drift, kept=KeptWhy.UNDECIDED, detail="the rows have no time")
        place = (drift.bucket.acd, span)
        if drift.moving:
            return into, table, Decision(drift, kept=KeptWhy.MOVING)
        # Where only events differ, the sight of both servers decides.
        verdict = verdicts.get(place) or self._verdict(place, [])
        if verdict.winner is None:
            return into, table, Decision(drift, kept=verdict.why, detail=verdict.detail)
        into = verdict.winner.other
        facing = drift if into is self.observation.target else turned(drift)
        if spec.archive is Archive.EVENT:
            return self._event(into, table, facing)
        if facing.source.rows == 0:
            # The better server holds no row in this table: whole it may be, but nothing is deleted on that.
            return into, table, Decision(facing, kept=KeptWhy.UNDECIDED, detail="only the more broken server has rows")
        return into, table, Decision(facing, Action.REPLACE_BUCKETS if facing.target.rows else Action.ADD_BUCKETS)

    def _event(
        self, into: Role, table: TableObservation, facing: BucketDrift
    ) -> tuple[Role, TableObservation, Decision]:
        """Event tables are only filled: what the loser lacks is added, nothing is deleted."""
        if facing.counts.missing == 0:
            return into, table, Decision(facing, kept=KeptWhy.FILL_ONLY)
        return into, table, Decision(facing, Action.ADD_GROUPS if facing.target.rows else Action.ADD_BUCKETS)


def _each_holds_a_part(drift: BucketDrift) -> bool:
    """Say whether the servers hold no key group in common, though both have some."""
    counts = drift.counts
    return bool(
        drift.source.rows
        and drift.target.rows
        and (counts.missing, counts.extra, counts.changed) == (drift.source.rows, drift.target.rows, 0)
    )


def turned(drift: BucketDrift) -> BucketDrift:
    """Return the same drift seen from the other side."""
    return BucketDrift(
        bucket=drift.bucket,
        source=drift.target,
        target=drift.source,
        counts=Counts(missing=drift.counts.extra, extra=drift.counts.missing, changed=drift.counts.changed),
        source_guard=drift.target_guard,
        target_guard=drift.source_guard,
        comparable=drift.comparable,
        moving=drift.moving,
    )
