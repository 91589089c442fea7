"""Prepares a batch: stages the source's rows, journals the target's, and works out the image after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from syncengine.diffing.bag_difference import (
    ACD,
    DATE,
    SLOT,
    BagQuestion,
    as_key,
    groups_statement,
    key_term,
    surplus_statement,
)
from syncengine.execute.batches import Batch
from syncengine.execute.images import buckets_of, image_of_relation, image_of_states
from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.errors import ChangedSincePlanError, StagingError
from syncengine.model.fingerprint import FingerprintColumn, in_full
from syncengine.model.names import file_name, quoted
from syncengine.model.pair import Role
from syncengine.model.plan import Action, OtherGroups, TablePart
from syncengine.model.run import BatchPlace, Image, PartRecord
from syncengine.model.selection import ReadQuery, Selection, Value, date_of
from syncengine.servers.protocol import Server
from syncengine.servers.sql.buckets import bucket_terms
from syncengine.servers.sql.dialect import DUCKDB
from syncengine.servers.sql.rows import read_statement
from syncengine.staging.cache import Cache
from syncengine.staging.checksums import checksum_of_file
from syncengine.staging.pieces import Piece, write_piece

GROUPS_AT_ONCE = 200
"""Key groups named in one delete."""


class RowSource(Protocol):
    """Where the rows of a step are read from, by the kind of plan."""

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Stream rows."""


@dataclass(frozen=True, slots=True)
class PreparedPart:
    """All that applying one table's part of a batch needs; its rows are in pieces."""

    part: TablePart
    before: Image
    after: Image
    journal: Piece
    insert: Piece
    delete_rows: int
    deletes: tuple[Selection, ...]

    @property
    def record(self) -> PartRecord:
        """What the ledger records of it."""
        checksums = self.journal.checksum, self.insert.checksum
        return PartRecord(self.part.table, self.before, self.after, self.delete_rows, self.insert.rows, *checksums)


@dataclass(frozen=True, slots=True)
class Preparation:
    """Prepares batches, without a transaction or a lock; writes only pieces."""

    source: RowSource
    source_name: str
    writer: Server
    into: Role
    seed: int
    cache: Cache
    pieces: Path

    def batch(self, batch: Batch) -> list[PreparedPart]:
        """Prepare a batch; raises `ChangedSincePlanError` where a server no longer has the planned rows."""
        return [self._part(part, batch.place) for part in batch.parts]

    def _part(self, part: TablePart, place: BatchPlace) -> PreparedPart:
        name = place.piece(part.table)
        selection = buckets_of(part)
        query = ReadQuery(selection, tuple(column.name for column in part.columns))
        self._stage(part, place, query)
        journal, before = self._journal(part, name, query)
        prepared = self._prepare(part, name, journal, before)
        if part.action is Action.RESTORE_GROUPS and prepared.after != image_of_states(_planned(part)):
            # The finer comparison does not cover all journalled rows: the buckets are restored whole.
            return self._prepare(replace(part, action=Action.REPLACE_BUCKETS), name, journal, before)
        return prepared

    def _prepare(self, part: TablePart, name: str, journal: Piece, before: Image) -> PreparedPart:
        """Choose the rows to delete and insert, stage them, and work out the after image."""
        delete_rows, deletes = self._choose(part, journal, buckets_of(part))
        insert = write_piece(self.pieces, f"{name}-insert", self.cache.reader(self._insert_text(part)))
        self.cache.show_piece("staged_insert", insert.path)
        columns = ", ".join(quoted(column.name) for column in part.columns)
        unchanged = f"NOT ({_chosen(part, 'journal')})"
        self.cache.run(
            f"CREATE OR REPLACE VIEW after_image AS SELECT {columns} FROM journal WHERE {unchanged} "
            f"UNION ALL SELECT {columns} FROM staged_insert"
        )
        after = image_of_relation(part, self.seed, "after_image", self.cache)
        return PreparedPart(part, before, after, journal, insert, delete_rows, deletes)

    def _stage(self, part: TablePart, place: BatchPlace, query: ReadQuery) -> None:
        """Show the source's rows as `staged_source`: from a piece that exists already, else from the source."""
        planned = _planned(part)
        name = f"{place.piece(part.table)}-source"
        path = self.pieces / f"{name}.parquet"
        if self._shown(path, "staged_source", part, planned):
            return
        larger = self._larger(part, place)
        if larger is not None and self._cut(larger, name, query) and self._shown(path, "staged_source", part, planned):
            return
        piece = write_piece(self.pieces, name, self.source.read(query))
        self.cache.show_piece("staged_source", piece.path)
        if image_of_relation(part, self.seed, "staged_source", self.cache) != image_of_states(planned):
            raise _changed_since_plan(part, self.source_name)

    def _journal(self, part: TablePart, name: str, query: ReadQuery) -> tuple[Piece, Image]:
        """Show the target's rows as `journal`. An existing one that fits may be the only copy of those rows."""
        planned = {write.bucket: write.target for write in part.buckets}
        path = self.pieces / f"{name}-journal.parquet"
        if self._shown(path, "journal", part, planned):
            rows = int(self.cache.rows('SELECT COUNT(*) FROM "journal"')[0][0])
            return Piece(path, rows, checksum_of_file(path)), image_of_states(planned)
        piece = write_piece(self.pieces, f"{name}-journal", self.writer.read(query))
        self.cache.show_piece("journal", piece.path)
        before = image_of_relation(part, self.seed, "journal", self.cache)
        if before != image_of_states(planned):
            raise _changed_since_plan(part, self.into)
        return piece, before

    def _shown(self, path: Path, relation: str, part: TablePart, planned: Mapping[Bucket, BucketState]) -> bool:
        """Show a piece that exists and has the planned rows, and say whether there is one."""
        if not path.exists():
            return False
        try:
            self.cache.show_piece(relation, path)
            return image_of_relation(part, self.seed, relation, self.cache) == image_of_states(planned)
        except (StagingError, RuntimeError):
            # A piece that cannot be read, for any reason, is made again.
            return False

    def _larger(self, part: TablePart, place: BatchPlace) -> Path | None:
        """Return the source's piece of a larger batch that this batch is a part of."""
        for path in self.pieces.glob(f"{place.portion:04d}-{place.step:05d}-*-{file_name(part.table)}-source.parquet"):
            first, past = (int(text) for text in path.name.split("-")[2:4])
            if first <= place.first and place.past <= past and (first, past) != (place.first, place.past):
                return path
        return None

    def _cut(self, larger: Path, name: str, query: ReadQuery) -> bool:
        """Make a piece from some rows of a larger one, and say whether that could be read."""
        statement = read_statement(query, source='"larger_piece"')
        try:
            self.cache.show_piece("larger_piece", larger)
            write_piece(self.pieces, name, self.cache.reader(statement.text, statement.values))
        except (StagingError, RuntimeError):
            return False
        return True

    def _choose(self, part: TablePart, journal: Piece, selection: Selection) -> tuple[int, tuple[Selection, ...]]:
        """Fill the table `chosen` with the key groups to write, and return what to delete for them."""
        if part.action is Action.REPLACE_BUCKETS:
            return journal.rows, (selection,)
        if part.action is Action.ADD_BUCKETS:
            return 0, ()
        question = _question(part)
        self.cache.run(surplus_statement(question))
        place = ", ".join((DATE, SLOT, ACD, *map(as_key, part.key)))
        self.cache.run(f"CREATE OR REPLACE TABLE chosen AS SELECT {place} FROM ({groups_statement(question)}) AS found")
        self._spare_planned(part)
        if part.action is Action.REPAIR_CUTS:
            self._spare_uncut(part)
        if part.action is Action.ADD_GROUPS:
            # Groups of which the target already has rows are not changed.
            self.cache.run(f"DELETE FROM chosen WHERE EXISTS (SELECT 1 FROM journal WHERE {_matches(part, 'journal')})")
            return 0, ()
        raw = _raw_key(part)
        chosen = _chosen(part, "journal")
        rows = self.cache.rows(f"SELECT COUNT(*) FROM journal WHERE {chosen}")[0][0]
        groups = self._groups(part, raw, chosen)
        return int(rows), tuple(
            Selection(
                part.table, part.bucket_columns, group_columns=raw, groups=tuple(groups[at : at + GROUPS_AT_ONCE])
            )
            for at in range(0, len(groups), GROUPS_AT_ONCE)
        )

    def _groups(self, part: TablePart, raw: tuple[str, ...], chosen: str) -> list[tuple[Value, ...]]:
        """Return the key groups of `chosen` as the target's rows have them, to name them to the server."""
        dates = {column.name for column in part.columns if column.type.name == "date"} & set(raw)
        names = ", ".join(f"CAST({quoted(name)} AS VARCHAR)" if name in dates else quoted(name) for name in raw)
        rows = self.cache.rows(f"SELECT DISTINCT {names} FROM journal WHERE {chosen} ORDER BY ALL")
        return [
            tuple(
                date_of(value) if name in dates and value is not None else value
                for name, value in zip(raw, row, strict=True)
            )
            for row in rows
        ]

    def _spare_planned(self, part: TablePart) -> None:
        """Remove from the table `chosen` the key groups that the plan skips."""
        names = (DATE, SLOT, ACD, *map(as_key, part.key))
        where = " AND ".join(f"CAST({name} AS VARCHAR) IS NOT DISTINCT FROM ?" for name in names)
        for write in part.buckets:
            bucket = write.bucket
            for place in write.skipped_groups:
                self.cache.rows(f"DELETE FROM chosen WHERE {where}", (*_bucket_place(bucket), *place))

    def _spare_uncut(self, part: TablePart) -> None:
        """Remove from the table `chosen` groups that no outage cut, except those added or replaced with them."""
        self.cache.run("CREATE OR REPLACE TABLE chosen AS SELECT *, FALSE AS is_cut FROM chosen")
        names = (DATE, SLOT, ACD, *map(as_key, part.key))
        group = " AND ".join(f"CAST({name} AS VARCHAR) IS NOT DISTINCT FROM ?" for name in names)
        bucket = " AND ".join(f"CAST({name} AS VARCHAR) IS NOT DISTINCT FROM ?" for name in (DATE, SLOT, ACD))
        for write in part.buckets:
            place = _bucket_place(write.bucket)
            for cut in write.repaired_groups:
                self.cache.rows(f"UPDATE chosen SET is_cut = TRUE WHERE {group}", (*place, *cut))
            only_present = ""
            if write.other_groups is OtherGroups.ADD:
                only_present = f" AND EXISTS (SELECT 1 FROM journal WHERE {_matches(part, 'journal')})"
            if write.other_groups is not OtherGroups.REPLACE:
                self.cache.rows(f"DELETE FROM chosen WHERE NOT is_cut AND {bucket}{only_present}", place)

    def _insert_text(self, part: TablePart) -> str:
        """Return the rows to insert, numbered from the target's own highest row number where it has one."""
        columns = []
        for column in part.columns:
            name = quoted(column.name)
            if column.name == part.row_number:
                highest = self.writer.highest(part.table, column.name)
                number = f"CAST({highest} + ROW_NUMBER() OVER (ORDER BY {name}) AS INTEGER)"
                columns.append(f"{number} AS {name}")
            else:
                columns.append(name)
        whole = part.action in (Action.REPLACE_BUCKETS, Action.ADD_BUCKETS)
        where = "1 = 1" if whole else _chosen(part, "staged_source")
        return f"SELECT {', '.join(columns)} FROM staged_source WHERE {where}"


def _planned(part: TablePart) -> dict[Bucket, BucketState]:
    """Return the planned state of the source in each bucket of a part."""
    return {write.bucket: write.source for write in part.buckets}


def _bucket_place(bucket: Bucket) -> tuple[str | None, ...]:
    """Return a bucket as text, as queries of the table `chosen` name it."""
    return tuple(None if one is None else str(one) for one in (bucket.row_date, bucket.slot, bucket.acd))


def _changed_since_plan(part: TablePart, where: str) -> ChangedSincePlanError:
    return ChangedSincePlanError(
        f"{part.table}: the rows of {where} have changed since the plan was made.",
        hint="Nothing of this step was written; run the same command again.",
    )


def _question(part: TablePart) -> BagQuestion:
    return BagQuestion("staged_source", "journal", _compared(part), bucket_terms(part.bucket_columns), part.key)


def _compared(part: TablePart) -> tuple[FingerprintColumn, ...]:
    """Return the columns that distinguish rows: all of them in full, where all must be restored."""
    return in_full(part.columns) if part.action is Action.RESTORE_GROUPS else part.compared


def _raw_key(part: TablePart) -> tuple[str, ...]:
    """Return the columns that name a key group to the server: those of its bucket, then its key."""
    columns = part.bucket_columns
    named = (columns.date, columns.label, columns.epoch, columns.acd, *part.key)
    return tuple(dict.fromkeys(name for name in named if name is not None))


def _matches(part: TablePart, relation: str) -> str:
    """Return the condition that a row of a relation belongs to a group of `chosen`."""
    rows = replace(DUCKDB, relation=relation)
    compared = {column.name: column for column in _compared(part)}
    pairs = list(zip((DATE, SLOT, ACD), bucket_terms(part.bucket_columns, rows), strict=True))
    pairs += [(as_key(name), key_term(compared[name], rows.name(name))) for name in part.key]
    return " AND ".join(f"chosen.{name} IS NOT DISTINCT FROM ({term})" for name, term in pairs)


def _chosen(part: TablePart, relation: str) -> str:
    """Return the condition that the step rewrites a row of a relation."""
    match part.action:
        case Action.REPLACE_BUCKETS:
            return "1 = 1"
        case Action.ADD_BUCKETS:
            return "1 = 0"
        case Action.REPLACE_GROUPS | Action.ADD_GROUPS | Action.REPAIR_CUTS | Action.RESTORE_GROUPS:
            return f"EXISTS (SELECT 1 FROM chosen WHERE {_matches(part, relation)})"
