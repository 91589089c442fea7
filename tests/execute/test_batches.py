"""Batches: how steps are cut where a server has no room for a whole one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from syncengine.execute.batches import Batch, Batcher, done_up_to
from syncengine.model.bucket import Bucket, BucketColumns, BucketState
from syncengine.model.drift import Counts
from syncengine.model.pair import Role
from syncengine.model.plan import Action, BucketWrite, Step, TablePart


def step_of(sizes: list[int], *, tables: tuple[str, ...] = ("hsplit",)) -> Step:
    """Return a step whose buckets have these many rows to insert, for each of its tables."""
    writes = tuple(
        BucketWrite(Bucket(date(2000, 6, 5), at, 1), BucketState(rows), BucketState(), Counts())
        for at, rows in enumerate(sizes)
    )
    columns = BucketColumns(date="row_date", label="starttime", acd="acd")
    parts = tuple(TablePart(name, Action.ADD_BUCKETS, writes, columns, (), (), ()) for name in tables)
    return Step(1, Role.SECONDARY, parts)


def cut(batcher: Batcher, step: Step) -> list[Batch]:
    """Return all batches of a step, none of which fails."""
    batches, first = [], 0
    while first < len(step.parts[0].buckets) * len(step.parts):
        batches.append(batcher.at(step, first))
        first = batches[-1].place.past
    return batches


def test_a_step_is_one_batch_while_the_server_has_room() -> None:
    """Nothing is cut that need not be."""
    (batch,) = cut(Batcher(1, 20_000), step_of([100] * 30))
    assert (batch.buckets, batch.rows) == (30, 3000)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=60), st.integers(0, 6))
def test_batches_tile_a_step_and_are_bounded(sizes: list[int], failures: int) -> None:
    """However often batches had to be made smaller, they tile the step; one is larger than allowed only if alone."""
    step = step_of(sizes)
    batcher = Batcher(1, 20_000)
    for _ in range(failures):
        batcher.shrink(batcher.at(step, 0))

    batches = cut(batcher, step)

    assert [bucket for batch in batches for bucket in batch.parts[0].buckets] == list(step.parts[0].buckets)
    bound = max(1, sum(sizes) // 2) if failures else 20_000
    assert all(batch.rows <= bound or batch.buckets == 1 for batch in batches)


def test_batches_shrink_to_one_bucket_and_grow_again() -> None:
    """Each failure halves, down to a bucket that is never split; each success doubles, up to whole steps."""
    step = step_of([100] * 32)
    batcher = Batcher(1, 3200)
    sizes = []
    while (batch := batcher.at(step, 0)).divisible:
        sizes.append(batch.buckets)
        batcher.shrink(batch)
    assert sizes == [32, 16, 8, 4, 2]
    assert batch.buckets == 1

    grown = []
    while (batch := batcher.at(step, 0)).buckets < 32:
        grown.append(batch.buckets)
        batcher.grow(batch)
    assert grown == [1, 2, 4, 8, 16]


def test_tables_that_are_written_together_are_not_cut() -> None:
    """Synonyms and agent groups share a transaction, however small it should be."""
    step = step_of([100] * 4, tables=("synonyms", "agroups"))
    batcher = Batcher(1, 20_000)
    batcher.shrink(batcher.at(step, 0))

    (batch,) = cut(batcher, step)

    assert len(batch.parts) == 2
    assert not batch.divisible


def test_nothing_is_written_before_the_step_is_marked() -> None:
    """Without marks a step begins with its first bucket."""
    assert done_up_to((), 1, step_of([1, 2, 3])) == 0


def test_what_is_written_together_is_never_made_smaller() -> None:
    """A part whose buckets belong together stays one batch, however often the server had no room."""
    step = step_of([100] * 32)
    step = replace(step, parts=(replace(step.parts[0], whole=True),))
    batcher = Batcher(1, 20_000)

    batcher.shrink(batcher.at(step, 0))
    (batch,) = cut(batcher, step)

    assert not batch.divisible
    assert batch.buckets == 32
