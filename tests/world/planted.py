"""Faults of the domain that are put into the product, one at a time: the world must find each."""

from __future__ import annotations

from dataclasses import dataclass

from tests.guards.guard import Guard

INTERVALS, FAULTS, TIME, ADMINISTRATION = 1, 2, 3, 4
"""The levels of scenarios (`scenarios.py`) that have what a fault needs to show."""


@dataclass(frozen=True, slots=True)
class PlantedFault:
    """A fault, as the lines that are replaced, and the level of scenarios that is tried."""

    change: Guard
    level: int
    also: tuple[Guard, ...] = ()
    """Other guards of the same promise, which are taken out with it: each alone would be enough."""

    @property
    def changes(self) -> tuple[Guard, ...]:
        """All that is replaced."""
        return (self.change, *self.also)


def _fault(
    name: str,
    file: str,
    lines: str,
    replacement: str,
    does: str,
    level: int = INTERVALS,
    also: tuple[tuple[str, str, str], ...] = (),
) -> PlantedFault:
    change, *others = (Guard(name, does, *one, failing_test="") for one in ((file, lines, replacement), *also))
    return PlantedFault(change, level, tuple(others))


PLANTED = (
    # Intervals: what is copied, from where to where.
    _fault(
        "stop-not-aligned",
        "model/window.py",
        "return Window(floor_to(self.start, minutes), ceil_to(self.stop, minutes))",
        "return Window(floor_to(self.start, minutes), max(floor_to(self.stop, minutes), ceil_to(self.start, minutes)))"
        " if floor_to(self.stop, minutes) > floor_to(self.start, minutes) "
        "else Window(floor_to(self.start, minutes), ceil_to(self.stop, minutes))",
        "the interval in which a window ends is left out",
    ),
    _fault(
        "start-one-interval-late",
        "model/interval.py",
        "    return midnight + timedelta(minutes=inside - inside % minutes)\n",
        "    return midnight + timedelta(minutes=inside - inside % minutes + (minutes if inside % minutes > 12 else 0))\n",
        "a time in the last part of an interval is put into the next one",
    ),
    _fault(
        "broken-wins",
        "planning/reconcile.py",
        "better, worse = (one, other) if one.broken < other.broken else (other, one)",
        "better, worse = (one, other) if one.broken > other.broken else (other, one)",
        "the more broken rows of an interval are copied",
    ),
    _fault(
        "broken-source-taken",
        "planning/bucket_decisions.py",
        "        if source_broken > target_broken and not self.take_broken:\n"
        "            return Decision(drift, skip_reason=SkipReason.SOURCE_BROKEN)\n"
        "        if missed_a_pass",
        "        if missed_a_pass",
        "whole rows are replaced by broken ones",
    ),
    _fault(
        "blind-source-deletes",
        "planning/bucket_decisions.py",
        "        if blind:\n            return Decision(drift, skip_reason=SkipReason.SOURCE_BLIND)\n        if self.policy",
        "        if self.policy",
        "rows are deleted because the source was blind",
    ),
    _fault(
        "blind-source-in-both-directions",
        "planning/reconcile.py",
        "        if directed.source.rows == 0:\n",
        "        if False:\n",
        "a repair in both directions deletes rows that only the more broken server has",
    ),
    _fault(
        "outages-of-the-diary-forgotten",
        "planning/coverage.py",
        "        outage = any(self._was_down(one, span) for one in acds)\n",
        "        outage = False\n",
        "an interval in which the link was down counts as recorded",
    ),
    _fault(
        "first-outage-only",
        "planning/coverage.py",
        "        return before > 0 and outages[before - 1].stop > span.start",
        "        return before > 0 and outages[0].stop > span.start",
        "of the outages of an ACD only the first counts",
    ),
    _fault(
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
    ),
    _fault(
        "unarchived-copied",
        "planning/bucket_decisions.py",
        "            if status.until < span.stop:\n",
        "            if False:\n",
        "an interval is copied before both servers have archived it",
    ),
    _fault(
        "not-yet-archived-compared",
        "observe/scopes.py",
        "            if best is None or until < best:\n",
        "            if best is None or until > best:\n",
        "the server that has archived further says how far both are compared",
    ),
    _fault(
        "one-bucket-less",
        "diffing/buckets.py",
        "        if every_row or not pair.source.same_rows(pair.target):\n",
        "        if every_row or (not pair.source.same_rows(pair.target) and pair.target.rows != 1):\n",
        "a bucket of which the target has one row is never compared",
    ),
    _fault(
        "fill-replaces",
        "planning/bucket_decisions.py",
        "            case Policy.FILL:\n                return None\n",
        "            case Policy.FILL:\n                return Action.REPLACE_BUCKETS\n",
        "a fill replaces rows that the target has",
    ),
    _fault(
        "range-not-clipped",
        "planning/bucket_decisions.py",
        "        return restore_range.actual.clipped(drift.span) is None\n",
        "        return False\n",
        "rows outside the range that the source has are written, too",
    ),
    _fault(
        "verify-believes-the-run",
        "observe/comparison.py",
        "            pair for pair in pending if pair.bucket in counts or not pair.source.same_rows(pair.target) if pair.rows\n",
        "            pair for pair in pending if counts.get(pair.bucket) and counts[pair.bucket].missing\n",
        "rows that were changed or are extra are not drift",
    ),
    # Logins and calls.
    _fault(
        "piece-beside-its-whole",
        "execute/preparation.py",
        "            if write.other_groups is not OtherGroups.REPLACE:\n"
        '                self.cache.rows(f"DELETE FROM chosen WHERE NOT is_cut AND {bucket}{only_present}", place)\n',
        "            if write.other_groups is not OtherGroups.REPLACE:\n"
        '                self.cache.rows(f"DELETE FROM chosen WHERE NOT is_cut AND {bucket}{only_present} "\n'
        '                                "AND 1 = 0", place)\n',
        "all rows of a bucket are replaced though one login of it is repaired",
    ),
    _fault(
        "piece-without-its-whole",
        "planning/cuts.py",
        '        if cut.state is not CutState.WHOLE:\n            return SKIP_REASONS[cut.state], ""\n',
        "        if cut.state not in (CutState.WHOLE, CutState.ON_BOTH):\n"
        '            return SKIP_REASONS[cut.state], ""\n',
        "a login that is cut on both servers is copied",
    ),
    _fault(
        "piece-deleted-without-its-whole",
        "planning/cuts.py",
        "            if why is None:\n                place = (cut.cut_on, row.bucket)\n",
        "            if why is None and role is not cut.cut_on:\n                continue\n"
        "            if why is None:\n                place = (cut.cut_on, row.bucket)\n",
        "pieces of a login are deleted, and its whole is not written where it lies in another bucket",
    ),
    _fault(
        "cut-elsewhere-forgotten",
        "observe/cuts.py",
        "        elsewhere = {bucket for cut in cuts for bucket in cut.buckets if self._belongs(bucket)} - known.keys()\n",
        "        elsewhere = set[Bucket]()\n",
        "pieces of a login in other buckets stay beside the whole",
    ),
    _fault(
        "logins-still-on-are-whole",
        "diffing/cut_rows.py",
        "    if whole.end is None:\n"
        "        return Cut(named.acd, blind, CutState.NOT_OVER, inside, (whole,), edges.cutting(inside))\n",
        "",
        "a login that is not over yet is judged like one that is",
    ),
    _fault(
        "edges-of-outages-by-the-hour",
        "diffing/cut_rows.py",
        "        return (outage for outage in self.outages if _minute(outage.start) == _minute(moment))\n",
        "        return (outage for outage in self.outages if _minute(outage.start).hour == _minute(moment).hour)\n",
        "a login that ends in the hour of an outage counts as cut by it",
    ),
    _fault(
        "flags-of-cuts-forgotten",
        "diffing/cut_rows.py",
        "        if flagged:\n            return row.begin_cut or row.end_cut\n        return any(self.ups",
        "        if flagged:\n            return row.begin_cut\n        return any(self.ups",
        "a login that was cut at its end only counts as whole",
    ),
    # Undo and resume.
    _fault(
        "undo-over-changes",
        "planning/undo.py",
        "        elif one.changed_between or not same_rows(present, one.after):\n",
        "        elif one.changed_between:\n",
        "an undo overwrites what was written since",
    ),
    _fault(
        "undo-in-the-order-of-the-run",
        "planning/undo.py",
        "sorted(by_step.items(), key=lambda item: item[0][0], reverse=True)",
        "sorted(by_step.items(), key=lambda item: item[0][0])[:1]",
        "an undo restores the first step only",
    ),
    _fault(
        "row-numbers-left-behind",
        "execute/preparation.py",
        "                highest = self.writer.highest(part.table, column.name)\n",
        "                highest = self.writer.highest(part.table, column.name) - 1\n",
        "a copied row gets a number that the server has given already",
    ),
    _fault(
        "remembered-days-not-dropped",
        "jobs/runs/runs.py",
        "            memory.forget(writes)\n",
        "            memory.forget(())\n",
        "a day that a run has written is remembered as equal",
        also=(
            (
                "observe/remembered_days.py",
                "        return self.versions.of(place) != one.version or any(now < then for now, then in positions)\n",
                "        return False\n",
            ),
        ),
    ),
    _fault(
        "unequal-days-remembered",
        "observe/remembered_days.py",
        "if day in tally.skipped or place in tally.unequal or scope.window.clipped(span) != span:",
        "if day in tally.skipped or scope.window.clipped(span) != span:",
        "a day that differs is remembered as equal",
    ),
    _fault(
        "changed-days-recalled",
        "observe/remembered_days.py",
        "            if place not in self._invalid and self._versioned(place)\n",
        "            if True\n",
        "a day that has changed since is remembered as equal",
    ),
    # Faults of servers, processes and machines.
    _fault(
        "unknown-commit-is-done",
        "execute/commit_outcome.py",
        "    return BatchState.ROLLED_BACK if current == [one.before for one in images] else BatchState.UNKNOWN\n",
        "    return BatchState.DONE\n",
        "a commit without an answer counts as done",
        FAULTS,
    ),
    _fault(
        "unknown-commit-is-repeated",
        "execute/commit_outcome.py",
        "    if current == [one.after for one in images]:\n        return BatchState.DONE\n"
        "    return BatchState.ROLLED_BACK if current == [one.before for one in images] else BatchState.UNKNOWN\n",
        "    del current\n    return BatchState.ROLLED_BACK\n",
        "a commit without an answer counts as rolled back, and is done again",
        FAULTS,
    ),
    _fault(
        "no-open-mark",
        "execute/transaction.py",
        "                    self._mark_open(batch, prepared, session)\n",
        "",
        "nothing shows that a step was begun",
        FAULTS,
    ),
    _fault(
        "source-changed-unnoticed",
        "execute/preparation.py",
        '        if image_of_relation(part, self.seed, "staged_source", self.cache) != image_of_states(planned):\n',
        "        if False:\n",
        "rows that changed on the source since the plan are copied",
        FAULTS,
    ),
    _fault(
        "target-changed-unnoticed",
        "execute/transaction.py",
        "        if image_of(one.part, self.seed, session, self.context.cache) != one.before:\n",
        "        if False:\n",
        "rows that changed on the target since they were journalled are overwritten",
        FAULTS,
    ),
    _fault(
        "rows-locked-not-at-all",
        "execute/transaction.py",
        "            session.lock(buckets_of(one.part), table=whole_table)\n",
        "            pass\n",
        "another session writes between the comparison and the deletion",
        FAULTS,
    ),
    _fault(
        "stream-cut-short-is-its-end",
        "staging/pieces.py",
        "        except BaseException as error:\n            self._raised = error\n            raise\n",
        "        except Exception:\n            return\n",
        "a read that breaks in the middle counts as read to its end",
        FAULTS,
    ),
    _fault(
        "failed-batch-forgotten",
        "execute/executor.py",
        "            if not error.retry_smaller:\n                raise\n            if batch.divisible:\n",
        "            if not error.retry_smaller:\n                return True\n            if batch.divisible:\n",
        "a step that failed counts as done",
        FAULTS,
    ),
    # Our own files, when the machine stops.
    _fault(
        "flush-of-a-mark-left-out",
        "staging/durable.py",
        "        _write_all(descriptor, data)\n        disk.flush(descriptor)\n",
        "        _write_all(descriptor, data)\n",
        "a mark is relied on that is not on disk yet",
        FAULTS,
    ),
    _fault(
        "flush-of-a-piece-left-out",
        "staging/durable.py",
        "        file.finish()\n        disk.flush(descriptor)\n",
        "        file.finish()\n",
        "a file has its name before its rows are on disk",
        FAULTS,
    ),
    _fault(
        "flush-of-a-name-left-out",
        "staging/durable.py",
        "    for folder in dict.fromkeys((to.parent, path.parent)):\n        disk.flush_folder(folder)\n",
        "",
        "a file that was written is there under its old name, or not at all",
        FAULTS,
    ),
    _fault(
        "flush-of-a-folder-left-out",
        "staging/durable.py",
        "        if lasting or one != folder:\n            disk.flush_folder(one.parent)\n",
        "",
        "a folder that was made is not there",
        FAULTS,
    ),
    _fault(
        "count-before-flush",
        "staging/marks.py",
        "        durable.append(descriptor, line, size=before.size)\n"
        "        # From here on the mark stays, even if counting it fails: the count may have been written all the same.\n"
        "        count = MarkCount(before.marks + 1, before.size + len(line), own)\n"
        "        write_count(count_file(file), count, _about(file))\n",
        "        count = MarkCount(before.marks + 1, before.size + len(line), own)\n"
        "        write_count(count_file(file), count, _about(file))\n"
        "        durable.append(descriptor, line, size=before.size)\n",
        "a mark is counted that is not on disk yet",
        FAULTS,
    ),
    _fault(
        "archive-not-waited-for",
        "jobs/archive_wait.py",
        "            if not wait or not refusal.temporary or machine.monotonic() > deadline:\n",
        "            if True:\n",
        "a command that is to wait for the archive is refused at once",
        FAULTS,
    ),
    # Lengths, clocks, roll-ups.
    _fault(
        "lengths-by-the-day",
        "diffing/stretches.py",
        "    if len({one.span.stop - one.span.start for one in run}) > 1:\n",
        "    if len({one.span.stop - one.span.start for one in run}) > 2:\n",
        "intervals of two lengths are compared bucket by bucket",
        TIME,
    ),
    _fault(
        "stretch-by-its-best-interval",
        "planning/stretches.py",
        "            max(self.source_incomplete, drift.source.incomplete or 0),\n",
        "            min(self.source_incomplete, drift.source.incomplete or 0),\n",
        "a time of unlike lengths is copied though the source lost some of it",
        TIME,
    ),
    _fault(
        "clock-sets-forgotten",
        "planning/stretches.py",
        "    if clock_was_set(stretch.span, acd, observation.facts):\n        return SkipReason.LENGTHS_DIFFER, CLOCK_SET\n",
        "",
        "rows of unlike lengths are copied where the clock was set",
        TIME,
    ),
    _fault(
        "repeated-hour-forgotten",
        "planning/bucket_decisions.py",
        "        if missed_a_pass(spec, drift, zone=self.observation.zone):\n"
        "            return Decision(drift, skip_reason=SkipReason.REPEATED_HOUR)\n",
        "",
        "an hour that comes twice is copied from a server that missed one of the two",
        TIME,
    ),
    _fault(
        "rollup-not-stale",
        "planning/rollups.py",
        "    if until is None or until < spec.grain.period(row_date).stop:\n        return None\n",
        "    if until is None or until >= spec.grain.period(row_date).stop:\n        return None\n",
        "a day that was summed before its intervals were repaired is not named",
        TIME,
    ),
    _fault(
        "rollup-from-broken-intervals",
        "planning/rollups.py",
        "    if decision.drift.source.incomplete:\n"
        '        return "the source summarised broken intervals: rerun its Data Summarizing"\n',
        "",
        "a day that was summed from broken intervals is copied",
        TIME,
    ),
    _fault(
        "rollup-before-its-intervals",
        "planning/rollups.py",
        '    return "its intervals differ and are not repaired by this plan" if intervals.disagree(bucket.acd, period) else ""\n',
        '    return ""\n',
        "a day is copied though its intervals disagree",
        TIME,
    ),
    _fault(
        "seconds-as-minutes",
        "observe/facts.py",
        '        yield Outage(acd, Window(down, clock_after(down, duration, zone)), row["reason"] or 0)\n',
        '        yield Outage(acd, Window(down, clock_after(down, max(60, duration // 60), zone)), row["reason"] or 0)\n',
        "an outage counts as shorter than it was",
    ),
    _fault(
        "old-end-written",
        "observe/scopes.py",
        "        window = window.since(floor) if window else None\n",
        "",
        "rows that one server has dropped by their age are drift",
        TIME,
    ),
    # Administration.
    _fault(
        "conflicts-overwritten",
        "planning/administration.py",
        "        if group.changed_by in BY_THE_TARGET and self._writes(group) and self.request.prefer is not self.source:\n",
        "        if False:\n",
        "what the other server changed is overwritten without a word",
        ADMINISTRATION,
    ),
    _fault(
        "users-removed",
        "planning/administration.py",
        "        if owner is not None and not group.source_rows and _value(group, owner) in self.protected_users:\n",
        "        if False:\n",
        "users that only the target has are removed",
        ADMINISTRATION,
    ),
    _fault(
        "by-hand-tables-written",
        "planning/administration.py",
        "        if spec.synced_by is SyncedBy.NEVER or (spec.synced_by in MANUAL and not self.request.include_manual):\n",
        "        if spec.synced_by is SyncedBy.NEVER:\n",
        "tables that are administered by hand are written",
        ADMINISTRATION,
    ),
    _fault(
        "empty-source-empties-the-target",
        "planning/administration.py",
        "        if drift.source.rows == 0:\n            return Decision(drift, skip_reason=SkipReason.SOURCE_EMPTY)\n",
        "",
        "administration is deleted because the source is empty",
        ADMINISTRATION,
    ),
    _fault(
        "last-sync-not-forgotten",
        "jobs/runs/runs.py",
        "        if not plan.remembers:\n",
        "        if False:\n",
        "an undo leaves the rows of the sync as those both had",
        ADMINISTRATION,
    ),
)
"""All of them; a name says what is wrong."""
