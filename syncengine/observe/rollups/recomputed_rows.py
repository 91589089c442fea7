"""Recomputes the rows of days, weeks and months from a server's own intervals, to be written (rule 10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pyarrow as pa

from syncengine.catalogue import Catalogue
from syncengine.diffing.rollup_question import rollup_question
from syncengine.diffing.rollup_sums import (
    MATCHED,
    ROLLED,
    RollupQuestion,
    broken_statement,
    counts_statement,
    matched_statement,
    rolled_statement,
    rows_statement,
)
from syncengine.model.bucket import BucketColumns
from syncengine.model.drift import Counts
from syncengine.model.errors import StagingError
from syncengine.model.fingerprint import FingerprintColumn
from syncengine.model.grain import Archive
from syncengine.model.policy import UnknownColumns
from syncengine.model.rollups import Period
from syncengine.model.selection import ReadQuery, Selection
from syncengine.model.sentences import listed
from syncengine.model.spec import TableSpec
from syncengine.observe.columns import as_compared
from syncengine.observe.rollups.comparison import LONGER, load_parts, load_periods
from syncengine.servers.protocol import Server
from syncengine.servers.retry import with_retries
from syncengine.servers.sql.rows import read_statement
from syncengine.staging.cache import Cache

RECOMPUTED = "recomputed_rows"
COLUMNS_SHOWN = 4
NULL_MAKES_THEM = "`unknown_columns='null'` writes NULL there"
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Recomputation:
    """Recomputed periods of one table; the rows are in the cache as `recomputed_rows`."""

    columns: tuple[FingerprintColumn, ...]
    counts: Mapping[Period, Counts]
    """Rows that would be added, removed and changed, of each period that has any row or interval."""
    refused: Mapping[Period, str]
    """Why a period cannot be rolled up."""
    not_recomputed: tuple[str, ...]
    """Columns that no rule computes from the intervals: they are not changed, and are NULL in new rows."""


@dataclass(frozen=True, slots=True)
class RecomputedRows:
    """Rolls up one server's periods, and serves the rows as a source to write from."""

    server: Server
    catalogue: Catalogue
    cache: Cache
    unknown_columns: UnknownColumns = UnknownColumns.REFUSE

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Stream the rows of named days, weeks or months as computed from the intervals now."""
        spec = self.catalogue.table(query.selection.table)
        periods = [
            Period(spec.grain.archive, one.acd, one.row_date)
            for one in query.selection.buckets or ()
            if one.acd is not None and one.row_date is not None
        ]
        self.recompute(spec, periods)
        statement = read_statement(query, source=RECOMPUTED)
        return self.cache.reader(statement.text, statement.values)

    def recompute(self, spec: TableSpec, periods: Sequence[Period]) -> Recomputation:
        """Roll periods up, and report how they differ from the existing rows.

        Raises `StagingError` where a column cannot hold its sum, or the table lacks what a roll-up needs.
        """
        cache, shorter = self.cache, self.catalogue.table(spec.rolled_from or "")
        live = self.server.tables([shorter.name, spec.name])
        columns = tuple(as_compared(spec, column, None) for column in live[spec.name].columns)
        question, unknown = rollup_question(spec, shorter, columns, live[shorter.name].names)
        if question is None:
            raise StagingError(f"{spec.name} lacks a column that says which ACD, time or key group a row is of.")
        load_parts(self.server, shorter, question, periods, cache)
        load_periods(periods, cache)
        cache.run(f"CREATE OR REPLACE TABLE {ROLLED} AS {rolled_statement(question)}")
        with_retries(partial(self._load_longer, spec, periods))
        cache.run(f"CREATE OR REPLACE TABLE {MATCHED} AS {matched_statement(question, LONGER)}")
        cache.run(f"CREATE OR REPLACE TABLE {RECOMPUTED} AS FROM {LONGER} LIMIT 0")
        cache.run(f"INSERT INTO {RECOMPUTED} {rows_statement(question, LONGER, columns)}")
        not_recomputed = tuple(name for name, _ in unknown)
        needed = [one.name for one in live[spec.name].columns if one.name in not_recomputed and one.nullable is False]
        counts, refused = self._judged(question, periods[0].archive, not_recomputed, needed)
        return Recomputation(columns, counts, refused, not_recomputed)

    def _load_longer(self, spec: TableSpec, periods: Sequence[Period]) -> None:
        first, last = min(one.row_date for one in periods), max(one.row_date for one in periods)
        acds = tuple(sorted({one.acd for one in periods}))
        selection = Selection(spec.name, BucketColumns.of(spec), dates=(first, last + DAY), acds=acds)
        self.cache.load(LONGER, self.server.read(ReadQuery(selection)))

    def _judged(
        self, question: RollupQuestion, archive: Archive, not_recomputed: Sequence[str], needed: Sequence[str]
    ) -> tuple[dict[Period, Counts], dict[Period, str]]:
        """Return what would change of each period, and why some are not computed; `needed` cannot be NULL."""
        counts, refused = {}, {}
        for acd, first, _, most, differing, lacking, extra, *_ in self.cache.rows(counts_statement(question)):
            period = Period(archive, acd, first)
            counts[period] = Counts(missing=lacking, extra=extra, changed=differing - lacking - extra)
            several = most is not None and most > 1
            if self.unknown_columns is UnknownColumns.REFUSE and several:
                refused[period] = f"it has several rows of a key group, which nothing distinguishes; {NULL_MAKES_THEM}"
            elif self.unknown_columns is UnknownColumns.REFUSE and lacking and not_recomputed:
                refused[period] = (
                    f"it lacks rows, and intervals do not give {_named(not_recomputed)}; {NULL_MAKES_THEM}"
                )
            elif needed and (several or lacking):
                refused[period] = f"it lacks rows, and intervals do not give {_named(needed)}, which cannot be NULL"
        for acd, first in self.cache.rows(broken_statement(question)):
            refused[Period(archive, acd, first)] = "some of its intervals are incomplete"
        return counts, refused


def _named(columns: Sequence[str]) -> str:
    return listed(columns, COLUMNS_SHOWN)
