"""The journals of a run: the rows that an undo restores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from syncengine.execute.batches import batch_of
from syncengine.model.bucket import EMPTY, Bucket, BucketState
from syncengine.model.file_checksum import FileChecksum
from syncengine.model.pair import Role
from syncengine.model.plan import Action, Plan, Step, TablePart, written_by
from syncengine.model.run import RunRecord
from syncengine.model.selection import ReadQuery
from syncengine.servers.sql.rows import read_statement
from syncengine.staging.cache import Cache
from syncengine.staging.errors import damaged
from syncengine.staging.run_folder import LOST_ROWS, RunFolder


@dataclass(frozen=True, slots=True)
class WrittenPart:
    """One table's part of a batch that was committed, and the states of its buckets before and after."""

    into: Role
    portion: int
    step: Step
    part: TablePart
    seed: int
    before: dict[Bucket, BucketState]
    after: dict[Bucket, BucketState]
    journal: Path
    journal_checksum: FileChecksum
    """Of the journal as it was written."""
    deleted: int
    inserted: int

    @property
    def over_buckets(self) -> bool:
        """Say whether it repaired rows cut by an outage, or undid that: rows were replaced by rows of other buckets."""
        return self.part.whole or self.part.action is Action.REPAIR_CUTS

    def states(self, bucket: Bucket) -> tuple[BucketState, BucketState]:
        """Return the state of a bucket before and after."""
        return self.before.get(bucket, EMPTY), self.after.get(bucket, EMPTY)


def written_parts(record: RunRecord, run: RunFolder) -> Iterator[WrittenPart]:
    """Yield what a run has written, in order; raises `StagingError` where that cannot be read."""
    plans: dict[int, Plan] = {}
    for batch in record.done:
        portion = batch.place.portion
        if portion not in plans:
            plans[portion] = run.plan(portion)
        plan = plans[portion]
        step = next(one for one in plan.steps if one.number == batch.place.step)
        for part, recorded in zip(batch_of(step, batch.place).parts, batch.parts, strict=True):
            yield WrittenPart(
                into=batch.into,
                portion=portion,
                step=step,
                part=part,
                seed=plan.seed,
                before=recorded.before.by_bucket(),
                after=recorded.after.by_bucket(),
                journal=run.journal(batch.place, part.table),
                journal_checksum=recorded.journal,
                deleted=recorded.deleted,
                inserted=recorded.inserted,
            )


def refuse_damaged_journals(steps: Iterable[Step], record: RunRecord, run: RunFolder) -> None:
    """Refuse steps whose journals are missing or not as they were written; reads each journal once.

    Raises `StagingError`: rows of a damaged file are never written, and an undo is never done in part.
    """
    needed = {(step.into, part.table, write.bucket) for step, part, write in written_by(steps)}
    journals: dict[tuple[Role, str, Bucket], tuple[Path, FileChecksum]] = {}
    for written in written_parts(record, run):
        for write in written.part.buckets:
            journals.setdefault(
                (written.into, written.part.table, write.bucket), (written.journal, written.journal_checksum)
            )
    for path, checksum in {journals[place] for place in needed if place in journals}:
        run.refuse_changed(path, checksum)


class Journals:
    """Rows as they were before a run, read from its journals; for a bucket written twice, those of the first time."""

    def __init__(self, record: RunRecord, run: RunFolder, cache: Cache, into: Role) -> None:
        self._cache = cache
        self._run = run
        self._places: dict[tuple[str, Bucket], Path] = {}
        for written in written_parts(record, run):
            if written.into is into:
                for write in written.part.buckets:
                    self._places.setdefault((written.part.table, write.bucket), written.journal)

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Stream the rows of named buckets."""
        table = query.selection.table
        by_piece: dict[Path, list[Bucket]] = defaultdict(list)
        for bucket in query.selection.buckets or ():
            by_piece[self._places[table, bucket]].append(bucket)
        for path in by_piece:
            if not path.exists():
                raise damaged(path, LOST_ROWS)
        relation = " UNION ALL ".join(f'SELECT * FROM "journal {at}"' for at, _ in enumerate(by_piece))
        for at, path in enumerate(by_piece):
            self._cache.show_piece(f"journal {at}", path)
        statement = read_statement(query, source=f"({relation}) AS journals")
        return self._cache.reader(statement.text, statement.values)
