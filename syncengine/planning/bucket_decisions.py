"""Decides, bucket by bucket, what may be written and why the rest is kept. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from syncengine.model.bucket import BucketColumns
from syncengine.model.drift import BucketDrift, GroupPlace, Observation, TableObservation
from syncengine.model.pair import Role
from syncengine.model.plan import Action, KeptWhy, Others, RestoreRange
from syncengine.model.policy import Policy
from syncengine.model.spans import own_span
from syncengine.model.spec import Kept, TableSpec
from syncengine.model.stretch import Stretch
from syncengine.planning.refusals import told_by_spec
from syncengine.planning.repeated_hour import missed_a_pass
from syncengine.planning.stretches import BY_ROWS, Inside, Place, Places, why_left
from syncengine.planning.witnesses import Seeing


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to one differing bucket: an action, or a reason to keep it."""

    drift: BucketDrift
    action: Action | None = None
    kept: KeptWhy | None = None
    detail: str = ""
    spared: tuple[GroupPlace, ...] = ()
    """Key groups of the bucket that are left as they are."""
    repaired: tuple[GroupPlace, ...] = ()
    """Key groups that are repaired, whatever becomes of the others."""
    others: Others = Others.LEAVE


Decided = tuple[Role, TableObservation, list[Decision]]
"""The decisions of one table, and the server they would write to."""


@dataclass(frozen=True, slots=True)
class Deciding:
    """What every decision of a plan is made from; `source` and `target` see as those servers did."""

    observation: Observation
    policy: Policy
    source: Seeing
    target: Seeing
    take_broken: bool
    places: Places

    def historical(
        self,
        table: TableObservation,
        drift: BucketDrift,
        ranges: dict[int | None, RestoreRange],
        together: Mapping[Place, Inside],
    ) -> Decision:
        """Decide a bucket of a historical table (rules 4 and 9); `together` is what differs in each stretch."""
        spec = table.spec
        if spec.kept is not Kept.COPYING:
            return Decision(drift, kept=KeptWhy.NOT_COPIED, detail=spec.why_kept)
        if drift.moving:
            return Decision(drift, kept=KeptWhy.MOVING)
        if drift.only_cuts:
            return Decision(drift)
        if self._outside(drift, ranges):
            return Decision(drift, kept=KeptWhy.OUTSIDE)
        unarchived = self._unarchived(spec, drift)
        if unarchived:
            return Decision(drift, kept=KeptWhy.UNARCHIVED, detail=unarchived)
        if drift.stretch is not None:
            return self._stretched(drift, drift.stretch, together[drift.bucket.acd, drift.stretch.span])
        source_broken, target_broken, source_blind = self._sight(spec, drift)
        if drift.source.rows == 0:
            return self._only_in_target(drift, blind=source_blind)
        if drift.target.rows == 0:
            return Decision(
                drift, Action.ADD_BUCKETS, detail="the source's rows are incomplete" if source_broken else ""
            )
        changing = self._changing()
        if changing is None:
            return Decision(drift, kept=KeptWhy.FILL_ONLY)
        if source_broken and source_broken == target_broken:
            return Decision(drift, kept=KeptWhy.LOST)
        if source_broken > target_broken and not self.take_broken:
            return Decision(drift, kept=KeptWhy.SOURCE_BROKEN)
        if missed_a_pass(spec, drift, zone=self.observation.zone):
            return Decision(drift, kept=KeptWhy.REPEATED_HOUR)
        return Decision(drift, changing)

    def _stretched(self, drift: BucketDrift, stretch: Stretch, inside: Inside) -> Decision:
        """Decide a bucket where the lengths of intervals differ: the same for all of its table in that stretch."""
        acd = drift.bucket.acd
        match self._changing():
            case None:
                return Decision(drift, kept=KeptWhy.FILL_ONLY)
            case Action.REPLACE_GROUPS:
                return Decision(drift, kept=KeptWhy.LENGTHS_DIFFER, detail=BY_ROWS)
            case Action.REPLACE_BUCKETS:
                pass
        left = why_left(stretch, acd, self.observation)
        if left is not None:
            return Decision(drift, kept=left[0], detail=left[1])
        source, target = self.source.at(acd, stretch.span), self.target.at(acd, stretch.span)
        if not source.has_rows or not stretch.source_rows:
            return Decision(drift, kept=KeptWhy.SOURCE_BLIND)
        source_broken = max(inside.source_incomplete, int(source.outage))
        target_broken = max(inside.target_incomplete, int(target.outage))
        if source_broken and source_broken == target_broken:
            return Decision(drift, kept=KeptWhy.LOST)
        if source_broken > target_broken and not self.take_broken:
            return Decision(drift, kept=KeptWhy.SOURCE_BROKEN)
        return Decision(drift, Action.REPLACE_BUCKETS)

    def _outside(self, drift: BucketDrift, ranges: dict[int | None, RestoreRange]) -> bool:
        found = ranges.get(drift.bucket.acd, ranges.get(None))
        if drift.span is None or found is None or found.actual is None:
            # A row without a time lies in no range; where the source holds nothing there is none.
            return True
        return found.actual.clipped(drift.span) is None

    def _unarchived(self, spec: TableSpec, drift: BucketDrift) -> str:
        """Return why a bucket is not known to be archived, or summarised, on both servers (rules 6 and 10)."""
        acd, span = drift.bucket.acd, drift.span
        if spec.future_dates or spec.at_once or span is None or acd is None or spec.archive is None:
            return ""
        for facts in self.observation.facts:
            status = facts.archived(acd, spec.archive)
            if status.until is None:
                return f"on {facts.role} its archive {status.problem}{told_by_spec(spec)}"
            if status.until < span.stop:
                return f"{facts.role} has archived up to {status.until:%Y-%m-%d %H:%M}"
        return ""

    def _sight(self, spec: TableSpec, drift: BucketDrift) -> tuple[int, int, bool]:
        """Return how broken source and target are there, and whether the source was blind."""
        source_broken = drift.source.incomplete or 0
        target_broken = drift.target.incomplete or 0
        span = None
        if not spec.grain.summarised and spec.time is not None and not spec.future_dates:
            span = self.places.of_drift(drift, spec)
        if span is None:
            return source_broken, target_broken, drift.source.rows == 0
        source, target = self.source.at(drift.bucket.acd, span), self.target.at(drift.bucket.acd, span)
        if spec.time is not None and spec.time.incomplete is None:
            source_broken, target_broken = int(source.broken), int(target.broken)
        # The diary knows of outages that the rows of this table need not show.
        blind = source.outage or self._saw_nothing(spec, drift)
        return max(source_broken, int(source.outage)), max(target_broken, int(target.outage)), blind

    def _saw_nothing(self, spec: TableSpec, drift: BucketDrift) -> bool:
        """Say whether the source has nothing to show for a bucket's own time, whatever it was aligned to.

        A table that has rows in every interval and has none here is itself what was lost.
        """
        if spec.witness and drift.source.rows == 0:
            return True
        lengths = drift.target.lengths or drift.source.lengths or (self.observation.length(drift.bucket.acd),) * 2
        span = own_span(drift.bucket, BucketColumns.of(spec), lengths[1], self.observation.zone)
        return span is None or not self.source.at(drift.bucket.acd, span).has_rows

    def _only_in_target(self, drift: BucketDrift, *, blind: bool) -> Decision:
        if blind:
            return Decision(drift, kept=KeptWhy.SOURCE_BLIND)
        if self.policy.only_adds:
            return Decision(drift, kept=KeptWhy.FILL_ONLY)
        return Decision(drift, Action.REPLACE_BUCKETS)

    def _changing(self) -> Literal[Action.REPLACE_GROUPS, Action.REPLACE_BUCKETS] | None:
        """Return what the policy does to a bucket that both servers hold; None where it leaves it."""
        match self.policy:
            case Policy.FILL:
                return None
            case Policy.ROWS:
                return Action.REPLACE_GROUPS
            case Policy.REPLACE | Policy.RECONCILE:
                return Action.REPLACE_BUCKETS
