"""Batches: the buckets of a step that go into one transaction, all of them unless the server has no room for that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from syncengine.model.pair import Role
from syncengine.model.plan import BucketWrite, Step, TablePart
from syncengine.model.run import BatchPlace, BatchRecord, BatchState

GROWTH = 2
"""How much larger the next batch is after one that succeeded, where others had to be made smaller."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One transaction's worth of a step."""

    place: BatchPlace
    into: Role
    parts: tuple[TablePart, ...]

    @property
    def buckets(self) -> int:
        """How many buckets it has."""
        return self.place.past - self.place.first

    @property
    def divisible(self) -> bool:
        """Say whether it can be made smaller: never half a bucket, nor a part of what must be written together."""
        return len(self.parts) == 1 and self.buckets > 1 and not self.parts[0].whole

    @property
    def rows(self) -> int:
        """Rows it deletes and inserts at most."""
        return sum(map(rows_of, self.writes))

    @property
    def writes(self) -> Iterator[BucketWrite]:
        """Its buckets."""
        return (write for part in self.parts for write in part.buckets)

    @property
    def days(self) -> Iterator[tuple[str, int | None, date | None]]:
        """The tables, ACDs and days it writes."""
        return ((part.table, w.bucket.acd, w.bucket.row_date) for part in self.parts for w in part.buckets)


class Batcher:
    """Cuts steps into batches: smaller ones after the server ran out of room, larger ones again after it had room."""

    def __init__(self, portion: int, most_rows: int) -> None:
        self._portion = portion
        self._most = most_rows
        self._rows = most_rows
        self._shrunk = False

    def at(self, step: Step, first: int) -> Batch:
        """Return the batch of a step that begins with its bucket `first`."""
        size = buckets_of_step(step)
        if len(step.parts) > 1 or step.parts[0].whole or not self._shrunk:
            return batch_of(step, BatchPlace(self._portion, step.number, first, size))
        past, rows = first, 0
        for write in step.parts[0].buckets[first:]:
            rows += rows_of(write)
            if past > first and rows > self._rows:
                break
            past += 1
        return batch_of(step, BatchPlace(self._portion, step.number, first, past))

    def shrink(self, batch: Batch) -> None:
        """Note that a batch was too large: the next ones have half its rows."""
        self._shrunk = True
        self._rows = max(1, batch.rows // GROWTH)

    def grow(self, batch: Batch) -> None:
        """Note that a batch succeeded."""
        if self._shrunk:
            self._rows = max(self._rows, batch.rows) * GROWTH
            self._shrunk = self._rows < self._most


def batch_of(step: Step, place: BatchPlace) -> Batch:
    """Return the batch of a place."""
    if len(step.parts) > 1:
        return Batch(place, step.into, step.parts)
    part = step.parts[0]
    if (place.first, place.past) == (0, len(part.buckets)):
        return Batch(place, step.into, step.parts)
    return Batch(place, step.into, (replace(part, buckets=part.buckets[place.first : place.past]),))


def buckets_of_step(step: Step) -> int:
    """Return how many buckets a step has."""
    return sum(len(part.buckets) for part in step.parts)


def rows_of(write: BucketWrite) -> int:
    """Return the rows a bucket deletes and inserts at most."""
    return write.source.rows + write.target.rows


def done_up_to(records: Iterable[BatchRecord], portion: int, step: Step) -> int:
    """Return the first bucket of a step that no batch has done; batches follow one another."""
    done = [
        (record.place.first, record.place.past)
        for record in records
        if (record.place.portion, record.place.step) == (portion, step.number) and record.state is BatchState.DONE
    ]
    first = 0
    for begin, past in sorted(done):
        if begin > first:
            break
        first = max(first, past)
    return first
