"""Faults with lengths, clocks and roll-ups."""

from __future__ import annotations

from tests.world.planted.planted_fault import TIME, PlantedFault, fault

PLANTED: tuple[PlantedFault, ...] = (
    fault(
        "lengths-by-the-day",
        "diffing/stretches.py",
        "    if len({one.span.stop - one.span.start for one in run}) > 1:\n",
        "    if len({one.span.stop - one.span.start for one in run}) > 2:\n",
        "intervals of two lengths are compared bucket by bucket",
        TIME,
        shape="unlike_lengths",
    ),
    fault(
        "stretch-by-its-best-interval",
        "planning/stretches.py",
        "            max(self.source_incomplete, drift.source.incomplete or 0),\n",
        "            min(self.source_incomplete, drift.source.incomplete or 0),\n",
        "a time of unlike lengths is copied though the source lost some of it",
        TIME,
        shape="unlike_lengths",
    ),
    fault(
        "clock-sets-forgotten",
        "planning/stretches.py",
        "    if clock_was_set(stretch.span, acd, observation.facts):\n        return SkipReason.LENGTHS_DIFFER, CLOCK_SET\n",
        "",
        "rows of unlike lengths are copied where the clock was set",
        TIME,
        shape="hour_twice",
    ),
    fault(
        "repeated-hour-forgotten",
        "planning/bucket_decisions.py",
        "        if missed_a_pass(spec, drift, zone=self.observation.zone):\n"
        "            return Decision(drift, skip_reason=SkipReason.REPEATED_HOUR)\n",
        "",
        "an hour that comes twice is copied from a server that missed one of the two",
        TIME,
        shape="hour_twice",
    ),
    fault(
        "rollup-not-stale",
        "planning/rollups.py",
        "    if until is None or until < spec.grain.period(row_date).stop:\n        return None\n",
        "    if until is None or until >= spec.grain.period(row_date).stop:\n        return None\n",
        "a day that was summed before its intervals were repaired is not named",
        TIME,
        shape="summed",
    ),
    fault(
        "rollup-from-broken-intervals",
        "planning/rollups.py",
        "    if decision.drift.source.incomplete:\n"
        '        return "the source summarised broken intervals: rerun its Data Summarizing"\n',
        "",
        "a day that was summed from broken intervals is copied",
        TIME,
        shape="summed_unlike",
    ),
    fault(
        "rollup-before-its-intervals",
        "planning/rollups.py",
        '    return "its intervals differ and are not repaired by this plan" if intervals.disagree(bucket.acd, period) else ""\n',
        '    return ""\n',
        "a day is copied though its intervals disagree",
        TIME,
        shape="summed",
    ),
    fault(
        "seconds-as-minutes",
        "observe/facts.py",
        '        yield Outage(acd, Window(down, clock_after(down, duration, zone)), row["reason"] or 0)\n',
        '        yield Outage(acd, Window(down, clock_after(down, max(60, duration // 60), zone)), row["reason"] or 0)\n',
        "an outage counts as shorter than it was",
        TIME,
        shape="summed",
    ),
    fault(
        "old-end-written",
        "observe/scopes.py",
        "        window = window.since(floor) if window else None\n",
        "",
        "rows that one server has dropped by their age are drift",
        TIME,
        shape="dropped_days",
    ),
)
