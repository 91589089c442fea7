"""Faults in what is copied, from where to where."""

from __future__ import annotations

from tests.world.planted.planted_fault import PlantedFault, fault

PLANTED: tuple[PlantedFault, ...] = (
    fault(
        "stop-not-aligned",
        "model/window.py",
        "return Window(floor_to(self.start, minutes), ceil_to(self.stop, minutes))",
        "return Window(floor_to(self.start, minutes), max(floor_to(self.stop, minutes), ceil_to(self.start, minutes)))"
        " if floor_to(self.stop, minutes) > floor_to(self.start, minutes) "
        "else Window(floor_to(self.start, minutes), ceil_to(self.stop, minutes))",
        "the interval in which a window ends is left out",
    ),
    fault(
        "start-one-interval-late",
        "model/interval.py",
        "    return midnight + timedelta(minutes=inside - inside % minutes)\n",
        "    return midnight + timedelta(minutes=inside - inside % minutes + (minutes if inside % minutes > 12 else 0))\n",
        "a time in the last part of an interval is put into the next one",
    ),
    fault(
        "broken-wins",
        "planning/reconcile.py",
        "better, worse = (one, other) if one.broken < other.broken else (other, one)",
        "better, worse = (one, other) if one.broken > other.broken else (other, one)",
        "the more broken rows of an interval are copied",
        shape="lost_on_both",
    ),
    fault(
        "broken-source-taken",
        "planning/bucket_decisions.py",
        "        if source_broken > target_broken and not self.take_broken:\n"
        "            return Decision(drift, skip_reason=SkipReason.SOURCE_BROKEN)\n"
        "        if missed_a_pass",
        "        if missed_a_pass",
        "whole rows are replaced by broken ones",
    ),
    fault(
        "blind-source-deletes",
        "planning/bucket_decisions.py",
        "        if blind:\n            return Decision(drift, skip_reason=SkipReason.SOURCE_BLIND)\n        if self.policy",
        "        if self.policy",
        "rows are deleted because the source was blind",
    ),
    fault(
        "blind-source-in-both-directions",
        "planning/reconcile.py",
        "        if directed.source.rows == 0:\n",
        "        if False:\n",
        "a repair in both directions deletes rows that only the more broken server has",
    ),
    fault(
        "outages-of-the-diary-forgotten",
        "planning/coverage.py",
        "        outage = any(self._was_down(one, span) for one in acds)\n",
        "        outage = False\n",
        "an interval in which the link was down counts as recorded",
    ),
    fault(
        "first-outage-only",
        "planning/coverage.py",
        "        return before > 0 and outages[before - 1].stop > span.start",
        "        return before > 0 and outages[0].stop > span.start",
        "of the outages of an ACD only the first counts",
    ),
    fault(
        "lost-on-both-copied",
        "planning/bucket_decisions.py",
        "        if source_broken and source_broken == target_broken:\n"
        "            return Decision(drift, skip_reason=SkipReason.LOST)\n"
        "        if source_broken > target_broken and not self.take_broken:\n"
        "            return Decision(drift, skip_reason=SkipReason.SOURCE_BROKEN)\n"
        "        if missed_a_pass",
        "        if source_broken > target_broken and not self.take_broken:\n"
        "            return Decision(drift, skip_reason=SkipReason.SOURCE_BROKEN)\n"
        "        if missed_a_pass",
        "an interval that both servers lost in part is copied",
        shape="lost_on_both",
    ),
    fault(
        "unarchived-copied",
        "planning/bucket_decisions.py",
        "            if status.until < span.stop:\n",
        "            if False:\n",
        "an interval is copied before both servers have archived it",
    ),
    fault(
        "not-yet-archived-compared",
        "observe/scopes.py",
        "            if best is None or until < best:\n",
        "            if best is None or until > best:\n",
        "the server that has archived further says how far both are compared",
    ),
    fault(
        "one-bucket-less",
        "diffing/buckets.py",
        "        if every_row or not pair.source.same_rows(pair.target):\n",
        "        if every_row or (not pair.source.same_rows(pair.target) and pair.target.rows != 1):\n",
        "a bucket of which the target has one row is never compared",
    ),
    fault(
        "fill-replaces",
        "planning/bucket_decisions.py",
        "            case Policy.FILL:\n                return None\n",
        "            case Policy.FILL:\n                return Action.REPLACE_BUCKETS\n",
        "a fill replaces rows that the target has",
    ),
    fault(
        "range-not-clipped",
        "planning/bucket_decisions.py",
        "        return restore_range.actual.clipped(drift.span) is None\n",
        "        return False\n",
        "rows outside the range that the source has are written, too",
    ),
    fault(
        "verify-believes-the-run",
        "observe/comparison.py",
        "            pair for pair in pending if pair.bucket in counts or not pair.source.same_rows(pair.target) if pair.rows\n",
        "            pair for pair in pending if counts.get(pair.bucket) and counts[pair.bucket].missing\n",
        "rows that were changed or are extra are not drift",
    ),
)
