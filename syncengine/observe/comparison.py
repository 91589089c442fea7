"""Compares one table: fingerprints on both sides at once, rows only of the buckets that differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import timedelta

from syncengine.diffing.bag_difference import (
    BagQuestion,
    counts_statement,
    removal_statement,
    surplus_statement,
)
from syncengine.diffing.buckets import MOST_BUCKETS, BucketPair, differing, paired, portions, whole_days
from syncengine.diffing.stretches import overlaps_statement, stretches
from syncengine.model.bucket import EMPTY, Bucket, BucketColumns, BucketState
from syncengine.model.clock import clock_was_set, repeats
from syncengine.model.drift import BucketDrift, BucketExtent, Counts, KeyGroupDrift, Strength
from syncengine.model.facts import ServerFacts
from syncengine.model.fingerprint import FingerprintColumn, FingerprintQuery, group_key
from syncengine.model.interval import LENGTHS
from syncengine.model.pair import Limits
from syncengine.model.selection import KeyGroups, ReadQuery, Selection
from syncengine.model.sides import Sides
from syncengine.model.spec import TableSpec, TimeColumns
from syncengine.model.stretch import Overlap, Stretch
from syncengine.model.window import Window
from syncengine.observe.columns import ColumnsVerdict
from syncengine.observe.expected_differences import Expectations, ExpectedCounts
from syncengine.observe.slices import Slice
from syncengine.observe.surplus_groups import groups_of_surplus
from syncengine.servers.protocol import Server
from syncengine.servers.retry import with_retries
from syncengine.servers.sql.buckets import bucket_terms
from syncengine.staging.cache import Cache

LONGEST = timedelta(minutes=max(LENGTHS))
"""Of the intervals a CMS can be set to."""
ATTEMPTS = 3
"""How often a bucket is read that is different each time, before it is reported as changing."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything one table's comparison needs. `source` and `target` are servers, by role in this run."""

    spec: TableSpec
    verdict: ColumnsVerdict
    source: Server
    target: Server
    facts: Sides[ServerFacts]
    cache: Cache
    pool: Executor
    limits: Limits
    seed: int
    every_row: bool
    zone: str
    """The time zone of the switch's clock."""
    excluded: KeyGroups | None = None
    """Rows that are each server's own."""
    expectations: Expectations = field(default_factory=Expectations)

    @property
    def buckets(self) -> BucketColumns:
        """The table's bucket columns."""
        return BucketColumns.of(self.spec)

    @property
    def strength(self) -> Strength:
        """Rows decide where the user wants it or a column cannot be folded in."""
        return Strength.EVERY_ROW if self.every_row or self.verdict.uncovered else Strength.FINGERPRINT

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that, with the bucket, make a key group."""
        return group_key(self.spec, self.verdict.compared)


@dataclass(slots=True)
class Findings:
    """What was found so far."""

    expected: ExpectedCounts
    buckets: int = 0
    rows: int = 0
    source_rows: int = 0
    target_rows: int = 0
    differing: list[BucketDrift] = field(default_factory=list)
    extents: dict[int | None, BucketExtent] = field(default_factory=dict)
    overlaps: list[Overlap] = field(default_factory=list)
    shown: dict[Bucket, list[KeyGroupDrift]] = field(default_factory=dict)
    """The first key groups of buckets that differ, where their rows were read: as many as are shown."""


def compare(
    comparison: Comparison,
    slices: Iterable[Slice],
    advance: Callable[[int, int], None] | None = None,
    record: Callable[[tuple[BucketPair, ...]], None] | None = None,
) -> Findings:
    """Compare the slices one after the other; `advance` is called for each, with the number of its rows.

    `record` gets the fingerprints of each as they were first read.
    """
    findings = Findings(ExpectedCounts(comparison.expectations))
    for one in slices:
        seen, found = _pairs_and_stretches(comparison, one)
        pairs = tuple(findings.expected.without_pseudo_acds(seen))
        _count(findings, pairs)
        if record is not None:
            record(pairs)
        candidates = tuple(differing(pairs, every_row=bool(comparison.strength is Strength.EVERY_ROW)))
        overlaps = tuple(_overlaps(comparison, found))
        twice = tuple(overlap for _, overlap in overlaps)
        found = {
            bucket: _with_tiling(stretch, bucket.acd, twice, comparison.facts) for bucket, stretch in found.items()
        }
        mine = {pair.bucket for pair in pairs}
        findings.overlaps += (overlap for bucket, overlap in overlaps if bucket in mine)
        for portion in portions(candidates, comparison.limits.compare_rows):
            confirmed = _confirmed(comparison, portion, findings)
            findings.differing += (_in_stretch(drift, found.get(drift.bucket)) for drift in confirmed)
        _count_own_columns(comparison, one.selection, findings)
        if advance is not None:
            advance(1, sum(pair.rows for pair in pairs))
    return findings


def _pairs_and_stretches(comparison: Comparison, one: Slice) -> tuple[tuple[BucketPair, ...], Mapping[Bucket, Stretch]]:
    """Return the buckets of a slice, and the stretches that lie in it in part, with all of their buckets.

    Buckets before and after the slice are read as far as a stretch may reach.
    """
    columns, window, run = comparison.verdict.compared, one.selection.window, one.run
    if window is None or run is None:
        return tuple(fingerprints(comparison, one.selection, columns)), {}
    beside = LONGEST
    while True:
        wide = Window(max(run.start, window.start - beside), min(run.stop, window.stop + beside))
        seen = tuple(fingerprints(comparison, replace(one.selection, window=wide), columns))
        pairs = tuple(pair for pair in seen if one.contains(pair.bucket))
        found = stretches(seen)
        mine = {(pair.bucket.acd, found[pair.bucket].span) for pair in pairs if pair.bucket in found}
        early = wide.start > run.start and any(span.start < wide.start + LONGEST for _, span in mine)
        late = wide.stop < run.stop and any(span.stop > wide.stop for _, span in mine)
        if not (early or late):
            return pairs, {bucket: stretch for bucket, stretch in found.items() if (bucket.acd, stretch.span) in mine}
        beside *= 24


def _count_own_columns(comparison: Comparison, selection: Selection, findings: Findings) -> None:
    """Count in how many buckets that do not drift each server has its own values in a column (rule 8)."""
    if not comparison.expectations.columns:
        return
    drifting = {drift.bucket for drift in findings.differing}
    for column in comparison.expectations.columns:
        findings.expected.count_column(column, fingerprints(comparison, selection, (column,)), drifting)


def fingerprints(
    comparison: Comparison, selection: Selection, columns: tuple[FingerprintColumn, ...]
) -> Iterator[BucketPair]:
    """Yield the buckets of a selection as both servers have them, read from both at once."""
    time = comparison.spec.time
    query = FingerprintQuery(
        selection=selection,
        columns=columns,
        seed=comparison.seed,
        incomplete=time.incomplete if time else None,
        interval=time.interval if time else None,
    )

    def query_server(server: Server) -> Mapping[Bucket, BucketState]:
        return dict(server.fingerprint(query))

    other = comparison.pool.submit(query_server, comparison.target)
    source = query_server(comparison.source)
    return paired(source, other.result())


def _count(findings: Findings, pairs: tuple[BucketPair, ...]) -> None:
    for pair in pairs:
        findings.buckets += 1
        findings.rows += pair.rows
        findings.source_rows += pair.source.rows
        findings.target_rows += pair.target.rows
        if pair.source.rows:
            acd = pair.bucket.acd
            extent = findings.extents.get(acd)
            if extent is None:
                findings.extents[acd] = BucketExtent(acd, 1, pair.bucket, pair.bucket)
            else:
                findings.extents[acd] = BucketExtent(
                    acd,
                    extent.buckets + 1,
                    min(extent.first, pair.bucket, key=lambda b: b.order),
                    max(extent.last, pair.bucket, key=lambda b: b.order),
                )


def _confirmed(comparison: Comparison, portion: tuple[BucketPair, ...], findings: Findings) -> Iterator[BucketDrift]:
    """Compare rows, and read buckets that changed meanwhile again before reporting them as drift."""
    pending = portion
    for _ in range(ATTEMPTS):
        counts = compare_rows(comparison, pending, findings.expected)
        drifting = tuple(
            pair for pair in pending if pair.bucket in counts or not pair.source.same_rows(pair.target) if pair.rows
        )
        if not drifting:
            return
        now = {
            pair.bucket: pair
            for pair in fingerprints(comparison, selection_of(comparison, drifting), comparison.verdict.compared)
        }
        changed: list[BucketPair] = []
        for pair in drifting:
            again = now.get(pair.bucket, BucketPair(pair.bucket, EMPTY, EMPTY))
            if again != pair:
                changed.append(again)
            elif pair.bucket in counts:
                yield _drift(pair, counts[pair.bucket])
        if not changed:
            _save_samples(comparison, drifting, findings)
            return
        pending = tuple(changed)
    for pair in pending:
        yield replace(_drift(pair, Counts()), changing=True)


def _save_samples(comparison: Comparison, drifting: tuple[BucketPair, ...], findings: Findings) -> None:
    """Save the first key groups of the surplus just found, where none of the buckets has changed since."""
    most, before = comparison.limits.samples, drifting[0].bucket.order
    if sum(len(groups) for bucket, groups in findings.shown.items() if bucket.order < before) >= most:
        return
    expected_rows = comparison.expectations.rows
    if expected_rows or any(pair.source.rows and pair.target.rows for pair in drifting):
        for group in groups_of_surplus(comparison.cache, question_of(comparison), most):
            findings.shown.setdefault(group.bucket, []).append(group)


def compare_rows(
    comparison: Comparison, pairs: tuple[BucketPair, ...], expected: ExpectedCounts
) -> dict[Bucket, Counts]:
    """Fetch and compare rows; those that are expected are removed.

    Buckets that only one server has are counted without, unless some rows are expected.
    """
    expected_rows = comparison.expectations.rows
    counts = {
        pair.bucket: Counts(missing=pair.source.rows, extra=pair.target.rows, in_missing_groups=pair.source.rows)
        for pair in pairs
        if not expected_rows and not (pair.source.rows and pair.target.rows)
    }
    fetched = tuple(pair for pair in pairs if pair.bucket not in counts)
    if not fetched:
        return counts
    find_surplus(comparison, fetched)
    counts |= _counts(comparison)
    if expected_rows:
        expected.forget({pair.bucket for pair in pairs})
        remove_expected(comparison, expected)
        whole, counts = counts, _counts(comparison)
        if comparison.expectations.written:
            expected.forget(counts.keys())
            counts = {bucket: whole[bucket] for bucket in counts}
    comparison.cache.drop("source_rows", "target_rows")
    return counts


def find_surplus(comparison: Comparison, pairs: tuple[BucketPair, ...]) -> None:
    """Fetch the rows of some buckets, and find those of which one server has more."""
    columns = tuple(column.name for column in comparison.verdict.all_columns)
    question, query = question_of(comparison), ReadQuery(selection_of(comparison, pairs), columns)
    for name, server in ((question.source, comparison.source), (question.target, comparison.target)):
        fetch(comparison.cache, name, server, query)
    comparison.cache.run(surplus_statement(question))


def remove_expected(comparison: Comparison, expected: ExpectedCounts) -> None:
    """Remove the rows that are expected from those that differ."""
    for one in comparison.expectations.rows:
        names, values = zip(*one.where, strict=True)
        statement = removal_statement(names, tuple(map(len, values)))
        expected.count_rows(one, comparison.cache.rows(statement, [value for some in values for value in some]))


def _counts(comparison: Comparison) -> dict[Bucket, Counts]:
    rows = comparison.cache.rows(counts_statement(question_of(comparison)))
    return {Bucket(row_date, slot, acd): Counts(*figures) for row_date, slot, acd, *figures in rows}


def fetch(cache: Cache, name: str, server: Server, query: ReadQuery) -> None:
    """Load the rows of a query into a table; a stream that breaks is started again and replaces them."""
    with_retries(lambda: cache.load(name, server.read(query)))


def question_of(comparison: Comparison) -> BagQuestion:
    """Return how the rows fetched of both servers are compared."""
    bucket = bucket_terms(comparison.buckets)
    return BagQuestion("source_rows", "target_rows", comparison.verdict.compared, bucket, comparison.key)


def selection_of(comparison: Comparison, pairs: tuple[BucketPair, ...]) -> Selection:
    """Return the rows of some buckets."""
    buckets = tuple(pair.bucket for pair in pairs)
    return Selection(comparison.spec.name, comparison.buckets, buckets=buckets, excluded=comparison.excluded)


def _drift(pair: BucketPair, counts: Counts) -> BucketDrift:
    return BucketDrift(pair.bucket, pair.source, pair.target, counts)


def _in_stretch(drift: BucketDrift, stretch: Stretch | None) -> BucketDrift:
    """Return a drift with its stretch, in which rows of other lengths than the source's count as changed."""
    if stretch is None:
        return drift
    missing, extra, changed = drift.counts.missing, drift.counts.extra, drift.counts.changed
    missing_only = max(missing - extra, 0)
    counts = Counts(missing_only, 0, changed + extra, min(missing_only, drift.counts.in_missing_groups))
    return replace(drift, stretch=stretch, counts=counts)


def _with_tiling(stretch: Stretch, acd: int | None, overlaps: Iterable[Overlap], facts: Sides[ServerFacts]) -> Stretch:
    """Return a stretch with whether the rows of a key overlap in it, on either server."""
    twice = {one.server for one in overlaps if (one.acd, one.span) == (acd, stretch.span)}
    return replace(stretch, source_tiles=facts.source_role not in twice, target_tiles=facts.target_role not in twice)


def _overlaps(comparison: Comparison, found: Mapping[Bucket, Stretch]) -> Iterator[tuple[Bucket, Overlap]]:
    """Yield the rows that begin inside another of the same key, where the lengths of a server's intervals allow it.

    Each comes with its bucket. A row is compared with those of its day, which are read at once.
    """
    time, facts = comparison.spec.time, comparison.facts
    question = question_of(comparison)
    names = tuple(column.name for column in comparison.verdict.all_columns)
    of_source = [bucket for bucket, stretch in found.items() if not stretch.source_tiles]
    of_target = [bucket for bucket, stretch in found.items() if not stretch.target_tiles]
    for server, role, buckets in (
        (comparison.source, facts.source_role, of_source),
        (comparison.target, facts.target_role, of_target),
    ):
        for some in whole_days(buckets, MOST_BUCKETS):
            selection = Selection(comparison.spec.name, comparison.buckets, buckets=some, excluded=comparison.excluded)
            fetch(comparison.cache, question.source, server, ReadQuery(selection, names))
            statement = overlaps_statement(question, question.source, time or TimeColumns(""))
            for row_date, slot, acd, rows in comparison.cache.rows(statement):
                bucket = Bucket(row_date, slot, acd)
                span = found[bucket].span
                if not (repeats(span, comparison.zone) or clock_was_set(span, acd, facts)):
                    yield bucket, Overlap(role, acd, span, rows)
            comparison.cache.drop(question.source)
