"""Decides, bucket by bucket, what may be written and why the rest is skipped. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from syncengine.model.bucket import BucketColumns
from syncengine.model.drift import BucketDrift, GroupKey, Observation, TableObservation
from syncengine.model.pair import Role
from syncengine.model.plan import Action, OtherGroups, RestoreRange, SkipReason
from syncengine.model.policy import Policy
from syncengine.model.spans import own_span
from syncengine.model.spec import SyncedBy, TableSpec
from syncengine.model.stretch import Stretch
from syncengine.planning.coverage import CoverageLookup
from syncengine.planning.refusals import spec_hint
from syncengine.planning.repeated_hour import missed_a_pass
from syncengine.planning.stretches import SINGLE_ROWS, AcdSpan, DecisionSpans, StretchIncomplete, skip_reason


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to one differing bucket: an action, or a reason to skip it."""

    drift: BucketDrift
    action: Action | None = None
    skip_reason: SkipReason | None = None
    detail: str = ""
    skipped_groups: tuple[GroupKey, ...] = ()
    """Key groups of the bucket that are skipped."""
    repaired_groups: tuple[GroupKey, ...] = ()
    """Key groups that are repaired, whatever happens to the others."""
    other_groups: OtherGroups = OtherGroups.LEAVE


TableDecisions = tuple[Role, TableObservation, list[Decision]]
"""The decisions of one table, and the server they would write to."""


@dataclass(frozen=True, slots=True)
class DecisionContext:
    """What every decision of a plan is made from; `source` and `target` are what those servers recorded."""

    observation: Observation
    policy: Policy
    source: CoverageLookup
    target: CoverageLookup
    take_broken: bool
    spans: DecisionSpans

    def historical(
        self,
        table: TableObservation,
        drift: BucketDrift,
        ranges: dict[int | None, RestoreRange],
        incomplete_by_stretch: Mapping[AcdSpan, StretchIncomplete],
    ) -> Decision:
        """Decide a bucket of a historical table (rules 4 and 9); `incomplete_by_stretch` is the worst of each."""
        spec = table.spec
        if spec.synced_by is not SyncedBy.COPYING:
            return Decision(drift, skip_reason=SkipReason.NOT_COPIED, detail=spec.synced_why)
        if drift.changing:
            return Decision(drift, skip_reason=SkipReason.CHANGING)
        if drift.only_cuts:
            return Decision(drift)
        if self._outside(drift, ranges):
            return Decision(drift, skip_reason=SkipReason.OUTSIDE)
        unarchived = self._unarchived(spec, drift)
        if unarchived:
            return Decision(drift, skip_reason=SkipReason.UNARCHIVED, detail=unarchived)
        if drift.stretch is not None:
            return self._stretch_decision(
                drift, drift.stretch, incomplete_by_stretch[drift.bucket.acd, drift.stretch.span]
            )
        source_broken, target_broken, source_blind = self._coverage(spec, drift)
        if drift.source.rows == 0:
            return self._only_in_target(drift, blind=source_blind)
        if drift.target.rows == 0:
            return Decision(
                drift, Action.ADD_BUCKETS, detail="the source's rows are incomplete" if source_broken else ""
            )
        action = self._change_action()
        if action is None:
            return Decision(drift, skip_reason=SkipReason.FILL_ONLY)
        if source_broken and source_broken == target_broken:
            return Decision(drift, skip_reason=SkipReason.LOST)
        if source_broken > target_broken and not self.take_broken:
            return Decision(drift, skip_reason=SkipReason.SOURCE_BROKEN)
        if missed_a_pass(spec, drift, zone=self.observation.zone):
            return Decision(drift, skip_reason=SkipReason.REPEATED_HOUR)
        return Decision(drift, action)

    def _stretch_decision(self, drift: BucketDrift, stretch: Stretch, incomplete: StretchIncomplete) -> Decision:
        """Decide a bucket where the lengths of intervals differ: as all of its table in that stretch."""
        acd = drift.bucket.acd
        match self._change_action():
            case None:
                return Decision(drift, skip_reason=SkipReason.FILL_ONLY)
            case Action.REPLACE_GROUPS:
                return Decision(drift, skip_reason=SkipReason.LENGTHS_DIFFER, detail=SINGLE_ROWS)
            case Action.REPLACE_BUCKETS:
                pass
        skipped = skip_reason(stretch, acd, self.observation)
        if skipped is not None:
            return Decision(drift, skip_reason=skipped[0], detail=skipped[1])
        source, target = self.source.at(acd, stretch.span), self.target.at(acd, stretch.span)
        if not source.has_rows or not stretch.source_rows:
            return Decision(drift, skip_reason=SkipReason.SOURCE_BLIND)
        source_broken = max(incomplete.source_incomplete, int(source.outage))
        target_broken = max(incomplete.target_incomplete, int(target.outage))
        if source_broken and source_broken == target_broken:
            return Decision(drift, skip_reason=SkipReason.LOST)
        if source_broken > target_broken and not self.take_broken:
            return Decision(drift, skip_reason=SkipReason.SOURCE_BROKEN)
        return Decision(drift, Action.REPLACE_BUCKETS)

    def _outside(self, drift: BucketDrift, ranges: dict[int | None, RestoreRange]) -> bool:
        restore_range = ranges.get(drift.bucket.acd, ranges.get(None))
        if drift.span is None or restore_range is None or restore_range.actual is None:
            # A row without a time is in no range; a source without rows has none.
            return True
        return restore_range.actual.clipped(drift.span) is None

    def _unarchived(self, spec: TableSpec, drift: BucketDrift) -> str:
        """Return why a bucket is not known to be archived, or summarised, on both servers (rules 6 and 10)."""
        acd, span = drift.bucket.acd, drift.span
        if spec.future_dates or spec.at_once or span is None or acd is None or spec.archive is None:
            return ""
        for facts in self.observation.facts:
            status = facts.archived(acd, spec.archive)
            if status.until is None:
                return f"on {facts.role} its archive {status.problem}{spec_hint(spec)}"
            if status.until < span.stop:
                return f"{facts.role} has archived up to {status.until:%Y-%m-%d %H:%M}"
        return ""

    def _coverage(self, spec: TableSpec, drift: BucketDrift) -> tuple[int, int, bool]:
        """Return how incomplete source and target are there, and whether the source was blind."""
        source_broken = drift.source.incomplete or 0
        target_broken = drift.target.incomplete or 0
        span = None
        if not spec.grain.summarised and spec.time is not None and not spec.future_dates:
            span = self.spans.of_drift(drift, spec)
        if span is None:
            return source_broken, target_broken, drift.source.rows == 0
        source, target = self.source.at(drift.bucket.acd, span), self.target.at(drift.bucket.acd, span)
        if spec.time is not None and spec.time.incomplete is None:
            source_broken, target_broken = int(source.broken), int(target.broken)
        # The diary may have outages that the rows of this table do not show.
        blind = source.outage or self._source_is_blind(spec, drift)
        return max(source_broken, int(source.outage)), max(target_broken, int(target.outage)), blind

    def _source_is_blind(self, spec: TableSpec, drift: BucketDrift) -> bool:
        """Say whether the source has no rows for a bucket's own time, before any alignment.

        If a table has rows in every interval, a missing row is itself the loss.
        """
        if spec.witness and drift.source.rows == 0:
            return True
        lengths = drift.target.lengths or drift.source.lengths or (self.observation.length(drift.bucket.acd),) * 2
        span = own_span(drift.bucket, BucketColumns.of(spec), lengths[1], self.observation.zone)
        return span is None or not self.source.at(drift.bucket.acd, span).has_rows

    def _only_in_target(self, drift: BucketDrift, *, blind: bool) -> Decision:
        if blind:
            return Decision(drift, skip_reason=SkipReason.SOURCE_BLIND)
        if self.policy.only_adds:
            return Decision(drift, skip_reason=SkipReason.FILL_ONLY)
        return Decision(drift, Action.REPLACE_BUCKETS)

    def _change_action(self) -> Literal[Action.REPLACE_GROUPS, Action.REPLACE_BUCKETS] | None:
        """Return the policy's action for a bucket that both servers have; None if it skips it."""
        match self.policy:
            case Policy.FILL:
                return None
            case Policy.ROWS:
                return Action.REPLACE_GROUPS
            case Policy.REPLACE | Policy.RECONCILE:
                return Action.REPLACE_BUCKETS
