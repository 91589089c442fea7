"""Plans an undo: which buckets of a run are restored, and why others are not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from syncengine.model.bucket import EMPTY, Bucket, BucketState
from syncengine.model.drift import Counts
from syncengine.model.pair import Role
from syncengine.model.plan import Action, BucketWrite, Skipped, SkipReason, Step, TablePart
from syncengine.model.spans import joined
from syncengine.model.window import Window

ServerBucket = tuple[Role, str, Bucket]


@dataclass(frozen=True, slots=True)
class WrittenBucket:
    """One bucket a run wrote: its state before the first and after the last write, and the part it belongs to."""

    into: Role
    part: TablePart
    step: tuple[int, int]
    """The portion and step it was first written in."""
    bucket: Bucket
    before: BucketState
    after: BucketState
    counts: Counts
    """What restoring it does to its rows."""
    changed_between: bool = False
    """Somebody else changed it between two writes of the run."""

    @property
    def place(self) -> ServerBucket:
        """Where it is."""
        return self.into, self.part.table, self.bucket


@dataclass(frozen=True, slots=True)
class UndoContext:
    """What an undo is planned from, apart from what was written."""

    states: Mapping[ServerBucket, BucketState]
    """The current state of the buckets on the targets."""
    later: Mapping[ServerBucket, str]
    """The last later run that wrote a bucket."""
    spans: Mapping[ServerBucket, Window]
    """The times of the buckets that have one."""
    purged: frozenset[ServerBucket]
    """Those that the target's retention has dropped meanwhile."""
    unwritable: Mapping[tuple[Role, str], str] = field(default_factory=dict)
    """Tables that cannot be written any more, and why."""


def undo_steps(written: Iterable[WrittenBucket], context: UndoContext) -> tuple[tuple[Step, ...], tuple[Skipped, ...]]:
    """Return the steps that restore what can be restored, the last written first, and what is skipped."""
    by_step: dict[tuple[tuple[int, int], Role], dict[str, list[WrittenBucket]]] = {}
    skipped: list[tuple[WrittenBucket, SkipReason, str]] = []
    for one in written:
        place = one.place
        present = context.states.get(place, EMPTY)
        if same_rows(present, one.before) and not one.changed_between:
            continue
        if place in context.purged:
            skipped.append((one, SkipReason.PURGED, ""))
        elif one.changed_between or not same_rows(present, one.after):
            later = context.later.get(place, "")
            why = SkipReason.WRITTEN_SINCE if later else SkipReason.CHANGED_SINCE
            skipped.append((one, why, f"run {later}" if later else ""))
        else:
            by_step.setdefault((one.step, one.into), {}).setdefault(one.part.table, []).append(one)
    steps: list[Step] = []
    for (_, into), tables in sorted(by_step.items(), key=lambda item: item[0][0], reverse=True):
        detail = next((context.unwritable[into, table] for table in tables if (into, table) in context.unwritable), "")
        if detail:
            skipped += ((one, SkipReason.UNWRITABLE, detail) for ones in tables.values() for one in ones)
            continue
        # Companions are written together, and so are restored together.
        steps.append(Step(len(steps) + 1, into, tuple(_part(ones, context) for ones in tables.values())))
    return tuple(steps), tuple(_skipped(skipped, context))


def same_rows(one: BucketState, other: BucketState) -> bool:
    """Say whether two states are of the same rows in every column."""
    return (one.rows, one.hash_sum, one.digest) == (other.rows, other.hash_sum, other.digest)


def _part(ones: list[WrittenBucket], context: UndoContext) -> TablePart:
    """Return the part that restores buckets as finely as they were written; row numbers are those of the journal."""
    buckets = tuple(
        BucketWrite(one.bucket, one.before, one.after, one.counts, span=context.spans.get(one.place))
        for one in sorted(ones, key=lambda one: one.bucket.order)
    )
    beyond = any(one.before.digest or one.after.digest for one in ones)
    by_group = all(one.part.action.by_group and one.part.key for one in ones)
    return replace(
        ones[0].part,
        action=Action.RESTORE_GROUPS if by_group else Action.REPLACE_BUCKETS,
        buckets=buckets,
        row_number=None,
        beyond_fingerprint=beyond,
    )


def undo_counts(part: TablePart, write: BucketWrite) -> Counts:
    """Return what restoring a bucket does to its rows."""
    effect = part.effect(write.counts)
    return Counts(missing=effect.extra, extra=effect.missing, changed=effect.changed)


def _skipped(skipped: list[tuple[WrittenBucket, SkipReason, str]], context: UndoContext) -> Iterator[Skipped]:
    groups: dict[tuple[str, int | None, SkipReason, str], list[WrittenBucket]] = {}
    for one, why, detail in skipped:
        groups.setdefault((one.part.table, one.bucket.acd, why, detail), []).append(one)
    for (table, acd, why, detail), ones in groups.items():
        spans = joined(context.spans.get(one.place) for one in ones)
        counts = Counts(missing=sum(one.before.rows for one in ones), extra=sum(one.after.rows for one in ones))
        yield Skipped(table, acd, why, spans, counts, detail)
