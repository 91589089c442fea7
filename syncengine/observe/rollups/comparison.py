"""Compares a server's days, weeks and months with the roll-up of its own intervals. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

import pyarrow as pa

from syncengine.diffing.rollup_question import rollup_question
from syncengine.diffing.rollup_sums import (
    MATCHED,
    PARTS,
    PERIODS,
    ROLLED,
    RollupQuestion,
    counts_statement,
    matched_statement,
    parts_statement,
    rolled_statement,
    samples_statement,
)
from syncengine.model.bucket import BucketColumns
from syncengine.model.pair import Role
from syncengine.model.rollups import (
    InternalState,
    InternalTable,
    Period,
    PeriodDisagreement,
    RolledGroup,
    RolledValue,
)
from syncengine.model.selection import ReadQuery, Selection
from syncengine.model.spec import TableSpec
from syncengine.model.window import Window
from syncengine.observe.columns import as_compared
from syncengine.servers.protocol import LiveTable, Server
from syncengine.servers.retry import with_retries
from syncengine.staging.cache import Cache

DAY = timedelta(days=1)
SLICE_DAYS = 7
"""Days of intervals read at a time."""
INTERVALS, LONGER = "interval_rows", "longer_rows"


@dataclass(frozen=True, slots=True)
class PeriodsToCompare:
    """Periods of one longer table to compare with their intervals."""

    spec: TableSpec
    periods: tuple[Period, ...]


@dataclass(frozen=True, slots=True)
class IntervalSource:
    """One server's interval table, and the cache its roll-ups are compared in."""

    server: Server
    role: Role
    shorter: TableSpec
    cache: Cache
    samples: int
    """Key groups that differ to show of each table."""

    def tables(self, requested: Sequence[PeriodsToCompare]) -> Iterator[InternalTable]:
        """Yield how each longer table compares with its intervals, which are read once for all of them.

        Every interval of the periods must still be stored: a missing one would read as an error.
        """
        live = self.server.tables([self.shorter.name, *(one.spec.name for one in requested)])
        by_question: dict[RollupQuestion, list[_TableWork]] = {}
        for one in requested:
            work = self._work(one, live)
            if isinstance(work, InternalTable):
                yield work
            else:
                by_question.setdefault(work.question, []).append(work)
        for question, sharing in by_question.items():
            load_parts(self.server, self.shorter, question, [p for work in sharing for p in work.periods], self.cache)
            for work in sharing:
                yield self._compared(work)
            self.cache.drop(PARTS, PERIODS, ROLLED, MATCHED, LONGER)

    def _work(self, requested: PeriodsToCompare, live: Mapping[str, LiveTable]) -> _TableWork | InternalTable:
        """Return how a table is compared with its intervals, or that it cannot be."""
        spec, shorter = requested.spec, self.shorter
        result = InternalTable(self.role, spec.name, spec.grain.archive, shorter.name, InternalState.NOTHING)
        lacking = next((name for name in (spec.name, shorter.name) if name not in live), "")
        if lacking:
            state = InternalState.NOTHING if lacking == spec.name else InternalState.NOT_COMPARABLE
            return replace(result, state=state, problem=f"there is no table {lacking}")
        columns = tuple(as_compared(spec, column, None) for column in live[spec.name].columns)
        question, unknown = rollup_question(spec, shorter, columns, live[shorter.name].names)
        if question is None:
            why = "it lacks a column that says which ACD, time or key group a row is of"
            return replace(result, state=InternalState.NOT_COMPARABLE, problem=why)
        result = replace(result, not_recomputed=unknown)
        return _TableWork(result, spec, question, requested.periods) if requested.periods else result

    def _compared(self, work: _TableWork) -> InternalTable:
        """Compare one table's periods with `parts`."""
        cache, question = self.cache, work.question
        load_periods(work.periods, cache)
        cache.run(f"CREATE OR REPLACE TABLE {ROLLED} AS {rolled_statement(question)}")
        with_retries(partial(self._load_longer, work))
        cache.run(f"CREATE OR REPLACE TABLE {MATCHED} AS {matched_statement(question, LONGER)}")
        archive = work.result.archive
        disagreements, repeated, groups = [], [], 0
        for acd, first, total, most, differing, lacking, extra, *counts in cache.rows(counts_statement(question)):
            period = Period(archive, acd, first)
            groups += total
            columns = zip((one.name for one in question.columns), counts, strict=True)
            wrong = tuple((name, count) for name, count in columns if count)
            if differing:
                disagreements.append(PeriodDisagreement(period, differing, lacking, extra, wrong))
            if most is not None and most > 1:
                repeated.append(period)
        spans = [period.span for period in work.periods]
        return replace(
            work.result,
            state=InternalState.COMPARED,
            window=Window(min(span.start for span in spans), max(span.stop for span in spans)),
            periods=len(work.periods),
            groups=groups,
            columns=tuple(one.name for one in question.columns),
            disagreements=tuple(disagreements),
            repeated=tuple(repeated),
            samples=tuple(self._samples(work)) if disagreements else (),
        )

    def _load_longer(self, work: _TableWork) -> None:
        first, last = min(p.row_date for p in work.periods), max(p.row_date for p in work.periods)
        selection = Selection(
            work.spec.name, BucketColumns.of(work.spec), dates=(first, last + DAY), acds=_acds(work.periods)
        )
        self.cache.load(LONGER, self.server.read(ReadQuery(selection, work.question.read_longer)))

    def _samples(self, work: _TableWork) -> Iterator[RolledGroup]:
        names, keys = [one.name for one in work.question.columns], [key.name for key in work.question.key]
        for acd, first, *rest in self.cache.rows(samples_statement(work.question, self.samples)):
            has_own, rolled, *triples = rest[len(keys) :]
            values = tuple(
                RolledValue(name, own, made)
                for name, own, made, differs in zip(names, triples[::3], triples[1::3], triples[2::3], strict=True)
                if differs
            )
            key = tuple(zip(keys, rest[: len(keys)], strict=True))
            yield RolledGroup(Period(work.result.archive, acd, first), key, has_own, rolled, values)


@dataclass(frozen=True, slots=True)
class _TableWork:
    """One longer table to compare: its result so far, and how it follows from the intervals."""

    result: InternalTable
    spec: TableSpec
    question: RollupQuestion
    periods: tuple[Period, ...]


def load_periods(periods: Sequence[Period], cache: Cache) -> None:
    """Fill the table `periods`."""
    columns = {
        "acd": pa.array([period.acd for period in periods], pa.int32()),
        "first": pa.array([period.row_date for period in periods], pa.date32()),
        "past": pa.array([period.span.stop.date() for period in periods], pa.date32()),
    }
    cache.load(PERIODS, pa.table(columns).to_reader())


def _acds(periods: Iterable[Period]) -> tuple[int, ...]:
    return tuple(sorted({period.acd for period in periods}))


def load_parts(
    server: Server, shorter: TableSpec, question: RollupQuestion, periods: Sequence[Period], cache: Cache
) -> None:
    """Fill the table `parts` from the intervals of some periods, a few days at a time."""
    days = sorted({day for period in periods for day in period.span.days()})
    begun = False
    for first, past in _runs(days):
        selection = Selection(shorter.name, BucketColumns.of(shorter), dates=(first, past), acds=_acds(periods))
        with_retries(partial(_load, server, ReadQuery(selection, question.read), cache))
        statement = parts_statement(question, INTERVALS)
        cache.run(f"INSERT INTO {PARTS} {statement}" if begun else f"CREATE OR REPLACE TABLE {PARTS} AS {statement}")
        begun = True
    cache.drop(INTERVALS)


def _load(server: Server, query: ReadQuery, cache: Cache) -> None:
    cache.load(INTERVALS, server.read(query))


def _runs(days: Sequence[date]) -> Iterator[tuple[date, date]]:
    """Yield runs of neighbouring days, as first day and the one after the last."""
    begin = 0
    for at in range(1, len(days) + 1):
        ends = at == len(days) or days[at] != days[at - 1] + DAY or at - begin == SLICE_DAYS
        if ends:
            yield days[begin], days[at - 1] + DAY
            begin = at
