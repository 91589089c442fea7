"""Prepares a step: stages the source's rows, journals the target's, and works out the image after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from syncengine.diffing.bag_difference import (
    ACD,
    DATE,
    SLOT,
    BagQuestion,
    bucket_terms,
    groups_statement,
    normal,
    surplus_statement,
)
from syncengine.model.bucket import Bucket, BucketColumns, BucketState
from syncengine.model.errors import MovedError
from syncengine.model.fingerprint import FingerprintColumn, FingerprintQuery
from syncengine.model.pair import Role
from syncengine.model.plan import Action, TablePart
from syncengine.model.selection import ReadQuery, Selection
from syncengine.servers.duckdb_server import bucket_state
from syncengine.servers.protocol import Server
from syncengine.servers.sql import fingerprint_statement, quoted, slot_expression
from syncengine.staging.cache import Cache
from syncengine.staging.folder import RunFolder
from syncengine.staging.pieces import Piece, write_piece

GROUPS_AT_ONCE = 200
"""Key groups named in one delete."""


@dataclass(frozen=True, slots=True)
class PreparedPart:
    """All that applying one table's part of a step needs; rows lie in pieces."""

    part: TablePart
    before: Mapping[Bucket, BucketState]
    after: Mapping[Bucket, BucketState]
    insert: Piece
    delete_rows: int
    deletes: tuple[Selection, ...]


@dataclass(frozen=True, slots=True)
class Preparing:
    """Prepares the parts of one step."""

    reader: Server
    writer: Server
    from_role: Role
    into: Role
    seed: int
    cache: Cache
    run: RunFolder

    def part(self, part: TablePart, name: str) -> PreparedPart:
        """Prepare one table's part; raises `MovedError` where a server no longer holds what was planned on."""
        selection = buckets_of(part)
        query = ReadQuery(selection, tuple(column.name for column in part.columns))
        source = write_piece(self.run.pieces, f"{name}-source", self.reader.read(query))
        self.cache.show_piece("staged_source", source.path)
        self._hold(part, "staged_source", {w.bucket: w.source for w in part.buckets}, self.from_role)
        journal = write_piece(self.run.pieces, f"{name}-journal", self.writer.read(query))
        self.cache.show_piece("journal", journal.path)
        before = self._hold(part, "journal", {w.bucket: w.target for w in part.buckets}, self.into)
        delete_rows, deletes = self._choose(part, journal, selection)
        insert = write_piece(self.run.pieces, f"{name}-insert", self.cache.reader(self._insert_text(part)))
        self.cache.show_piece("staged_insert", insert.path)
        columns = ", ".join(quoted(column.name) for column in part.columns)
        self.cache.run(
            f"CREATE OR REPLACE VIEW after_image AS SELECT {columns} FROM journal WHERE NOT ({_chosen(part)}) "
            f"UNION ALL SELECT {columns} FROM staged_insert"
        )
        return PreparedPart(part, before, self._fingerprints(part, "after_image"), insert, delete_rows, deletes)

    def _hold(
        self, part: TablePart, relation: str, planned: Mapping[Bucket, BucketState], role: Role
    ) -> Mapping[Bucket, BucketState]:
        found = self._fingerprints(part, relation)
        for bucket, state in planned.items():
            now = found.get(bucket, BucketState())
            if (now.rows, now.hash_sum) != (state.rows, state.hash_sum):
                raise MovedError(
                    f"{part.table}: the rows of {role} have changed since the plan was made ({_shown(bucket)}).",
                    hint="Nothing of this step was written; run the same command again.",
                )
        return found

    def _fingerprints(self, part: TablePart, relation: str) -> Mapping[Bucket, BucketState]:
        # A piece holds the part's buckets and nothing else.
        query = replace(guard_query(part, self.seed), selection=Selection(part.table, part.bucket_columns))
        statement = fingerprint_statement(query, source=relation)
        return dict(bucket_state(row) for row in self.cache.rows(statement.text, statement.values))

    def _choose(self, part: TablePart, journal: Piece, selection: Selection) -> tuple[int, tuple[Selection, ...]]:
        """Fill the table `chosen` with the key groups to write, and return what to delete for them."""
        if part.action is Action.REPLACE_BUCKETS:
            return journal.rows, (selection,)
        if part.action is Action.ADD_BUCKETS:
            return 0, ()
        question = _question(part)
        self.cache.run(surplus_statement(question))
        keys = "".join(f", {quoted(name)} AS {_chosen_key(name)}" for name in part.key)
        self.cache.run(
            f"CREATE OR REPLACE TABLE chosen AS SELECT {DATE}, {SLOT}, {ACD}{keys} FROM ({groups_statement(question)})"
        )
        if part.action is Action.ADD_GROUPS:
            # Groups of which the target has some rows already are left as they are.
            self.cache.run(f"DELETE FROM chosen WHERE EXISTS (SELECT 1 FROM journal WHERE {_matches(part)})")
            return 0, ()
        raw = _raw_key(part)
        names = ", ".join(quoted(name) for name in raw)
        rows = self.cache.rows(f"SELECT COUNT(*) FROM journal WHERE {_chosen(part)}")[0][0]
        groups = self.cache.rows(f"SELECT DISTINCT {names} FROM journal WHERE {_chosen(part)} ORDER BY ALL")
        return int(rows), tuple(
            Selection(
                part.table, part.bucket_columns, group_columns=raw, groups=tuple(groups[at : at + GROUPS_AT_ONCE])
            )
            for at in range(0, len(groups), GROUPS_AT_ONCE)
        )

    def _insert_text(self, part: TablePart) -> str:
        """Return the rows to insert, numbered on from the target's own row numbers where it has such."""
        columns = []
        for column in part.columns:
            name = quoted(column.name)
            if column.name == part.row_number:
                highest = self.writer.highest(part.table, column.name)
                number = f"CAST({highest} + ROW_NUMBER() OVER (ORDER BY {name}) AS INTEGER)"
                columns.append(f"{number} AS {name}")
            else:
                columns.append(name)
        where = _chosen(part) if part.action in (Action.REPLACE_GROUPS, Action.ADD_GROUPS) else "1 = 1"
        return f"SELECT {', '.join(columns)} FROM staged_source WHERE {where}"


def buckets_of(part: TablePart) -> Selection:
    """Return the rows of all buckets of a part."""
    return Selection(part.table, part.bucket_columns, buckets=tuple(write.bucket for write in part.buckets))


def guard_query(part: TablePart, seed: int) -> FingerprintQuery:
    """Return the fingerprint a write is held against: all columns, text in full width."""
    columns = tuple(FingerprintColumn(column.name, column.type) for column in part.columns)
    return FingerprintQuery(buckets_of(part), columns, seed)


def _question(part: TablePart) -> BagQuestion:
    return BagQuestion("staged_source", "journal", part.compared, _bucket_terms(part.bucket_columns), part.key)


def _bucket_terms(columns: BucketColumns) -> tuple[str, str, str]:
    return bucket_terms(columns, slot_expression(columns))


def _raw_key(part: TablePart) -> tuple[str, ...]:
    """Return the columns that name a key group to the server: those of its bucket, then its key."""
    columns = part.bucket_columns
    named = (columns.date, columns.label, columns.epoch, columns.acd, *part.key)
    return tuple(dict.fromkeys(name for name in named if name is not None))


def _matches(part: TablePart) -> str:
    """Return the condition that a row (of a relation without alias) belongs to a group of `chosen`."""
    compared = {column.name: column for column in part.compared}
    pairs = list(zip((DATE, SLOT, ACD), _bucket_terms(part.bucket_columns), strict=True))
    pairs += [(_chosen_key(name), normal(compared[name])) for name in part.key]
    return " AND ".join(f"chosen.{name} IS NOT DISTINCT FROM ({term})" for name, term in pairs)


def _chosen_key(name: str) -> str:
    """Return the name of a key column in `chosen`, which no column of a spec can have."""
    return quoted(f"key.{name}")


def _chosen(part: TablePart) -> str:
    """Return the condition that the step rewrites a row."""
    match part.action:
        case Action.REPLACE_BUCKETS:
            return "1 = 1"
        case Action.ADD_BUCKETS:
            return "1 = 0"
        case _:
            return f"EXISTS (SELECT 1 FROM chosen WHERE {_matches(part)})"


def _shown(bucket: Bucket) -> str:
    parts = [f"{bucket.row_date}" if bucket.row_date else "", f"slot {bucket.slot}" if bucket.slot is not None else ""]
    parts.append(f"ACD {bucket.acd}" if bucket.acd is not None else "")
    return ", ".join(part for part in parts if part) or "the whole table"
