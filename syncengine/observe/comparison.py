"""Compares one table: fingerprints on both sides at once, rows only of the buckets that differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial

from syncengine.diffing.bag_difference import (
    BagQuestion,
    counts_statement,
    surplus_statement,
    taking_statement,
)
from syncengine.diffing.buckets import MOST_BUCKETS, BucketPair, differing, paired, portions
from syncengine.diffing.stretches import overlaps_statement, stretches
from syncengine.model.bucket import EMPTY, Bucket, BucketColumns, BucketState
from syncengine.model.clock import repeats, was_set
from syncengine.model.drift import BucketDrift, Counts, Held, KeyGroupDrift, Scope, Strength
from syncengine.model.facts import ServerFacts
from syncengine.model.fingerprint import FingerprintColumn, FingerprintQuery, group_key
from syncengine.model.pair import Limits
from syncengine.model.selection import KeyGroups, ReadQuery, Selection, select_window
from syncengine.model.sides import Sides
from syncengine.model.spec import Archive, TableSpec, TimeColumns
from syncengine.model.stretch import Overlap, Stretch
from syncengine.model.window import Window
from syncengine.observe.columns import ColumnsVerdict
from syncengine.observe.expected_differences import Expectations, ExpectedSoFar
from syncengine.observe.samples import sample_groups
from syncengine.servers.protocol import Server
from syncengine.servers.retry import tried
from syncengine.servers.sql.buckets import bucket_terms
from syncengine.staging.cache import Cache

SLICE = timedelta(days=31)
"""How much of an interval or event table one fingerprint query covers.

Planning a query over 172 columns takes as long as running it over 30,000 rows, so slices are not small;
they bound the number of buckets held at once.
"""
LOOKS = 3
"""How often a bucket that keeps changing is looked at before it is called moving."""


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
    """Whose clock the switch's is."""
    left_out: KeyGroups | None = None
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

    expected: ExpectedSoFar
    buckets: int = 0
    rows: int = 0
    source_rows: int = 0
    target_rows: int = 0
    differing: list[BucketDrift] = field(default_factory=list)
    samples: list[KeyGroupDrift] = field(default_factory=list)
    held: dict[int | None, Held] = field(default_factory=dict)
    overlaps: list[Overlap] = field(default_factory=list)


def selections_of(
    spec: TableSpec,
    scopes: tuple[Scope, ...],
    *,
    zone: str,
    untimed: bool = False,
    skipped: frozenset[date] = frozenset(),
    parts: tuple[Window, ...] = (),
    left_out: KeyGroups | None = None,
) -> tuple[Selection, ...]:
    """Return the slices that together are the table's scopes, but for the days skipped: no gap, no overlap.

    ACDs with the same window are asked about together. `untimed` adds the rows no window can select. Of
    intervals and events only those in `parts` are selected, where there are any; they must not overlap. `left_out`
    are rows of a table without time that are each server's own.
    """
    if spec.time is None:
        return (Selection(spec.name, BucketColumns.of(spec), left_out=left_out),)
    named = tuple(scope.acd for scope in scopes if scope.acd is not None)
    all_acds = any(scope.acd is None for scope in scopes)
    selections: list[Selection] = []
    windows = {scope.window for scope in scopes}
    cut = partial(_cut, spec, skipped=skipped, parts=parts, zone=zone)
    if all_acds and len(windows) == 1:
        selections += cut(scopes[0].window)
    else:
        for window in dict.fromkeys(scope.window for scope in scopes if scope.acd is not None):
            acds = tuple(scope.acd for scope in scopes if scope.window == window and scope.acd is not None)
            selections += cut(window, acds=acds)
        for scope in scopes:
            if scope.acd is None:
                selections += cut(scope.window, except_acds=named)
    if untimed:
        acds_asked = None if all_acds else named
        selections.append(Selection(spec.name, BucketColumns.of(spec), untimed=True, acds=acds_asked))
    return tuple(selections)


def _cut(
    spec: TableSpec,
    window: Window | None,
    *,
    skipped: frozenset[date],
    parts: tuple[Window, ...],
    zone: str,
    acds: tuple[int, ...] | None = None,
    except_acds: tuple[int, ...] | None = None,
) -> Iterator[Selection]:
    if window is None:
        return
    # Weeks and months must not be cut in two; their buckets are few.
    sliced = spec.archive in (Archive.INTERVAL, Archive.EVENT)
    runs = tuple(_runs(window, skipped))
    if parts:
        runs = tuple(both for run in runs for part in parts if (both := run.clipped(part)))
    pieces = (piece for run in runs for piece in run.cut(SLICE)) if sliced else iter((window,))
    for piece in pieces:
        selection = select_window(spec, piece, zone=zone, acds=acds, except_acds=except_acds)
        if selection is not None:
            yield selection


def _runs(window: Window, skipped: frozenset[date]) -> Iterator[Window]:
    """Yield what is left of a window without some days, those that follow each other as one."""
    if not skipped:
        yield window
        return
    start: datetime | None = None
    for day in window.days():
        midnight = datetime(day.year, day.month, day.day)
        if day not in skipped:
            start = start or max(midnight, window.start)
        elif start is not None:
            yield Window(start, midnight)
            start = None
    if start is not None:
        yield Window(start, window.stop)


def compare(
    comparison: Comparison,
    selections: tuple[Selection, ...],
    advance: Callable[[int, int], None],
    saw: Callable[[tuple[BucketPair, ...]], None] | None = None,
) -> Findings:
    """Compare the slices one after the other; `advance` is told of each, and of the rows in it.

    `saw` is told of the fingerprints of each, as they were at first sight.
    """
    findings = Findings(ExpectedSoFar(comparison.expectations))
    for selection in selections:
        pairs = tuple(findings.expected.parted(fingerprints(comparison, selection, comparison.verdict.compared)))
        _count(findings, pairs)
        if saw is not None:
            saw(pairs)
        candidates = tuple(differing(pairs, every_row=bool(comparison.strength is Strength.EVERY_ROW)))
        found = stretches(pairs) if comparison.spec.archive is Archive.INTERVAL else {}
        overlaps = tuple(_overlaps(comparison, found))
        found = {bucket: _tiled(stretch, bucket.acd, overlaps, comparison.facts) for bucket, stretch in found.items()}
        findings.overlaps += overlaps
        for portion in portions(candidates, comparison.limits.compare_rows):
            settled = _settled(comparison, portion, findings)
            findings.differing += (_in_stretch(drift, found.get(drift.bucket)) for drift in settled)
        _count_own_columns(comparison, selection, findings)
        advance(1, sum(pair.rows for pair in pairs))
    return findings


def _count_own_columns(comparison: Comparison, selection: Selection, findings: Findings) -> None:
    """Count in how many buckets that do not drift each server has its own values in a column (rule 8)."""
    if not comparison.expectations.columns:
        return
    drifting = {drift.bucket for drift in findings.differing}
    for column in comparison.expectations.columns:
        findings.expected.count(column, fingerprints(comparison, selection, (column,)), drifting)


def fingerprints(
    comparison: Comparison, selection: Selection, columns: tuple[FingerprintColumn, ...]
) -> Iterator[BucketPair]:
    """Yield the buckets of a selection as both servers have them, both asked at once."""
    time = comparison.spec.time
    query = FingerprintQuery(
        selection=selection,
        columns=columns,
        seed=comparison.seed,
        incomplete=time.incomplete if time else None,
        interval=time.interval if time else None,
    )

    def ask(server: Server) -> Mapping[Bucket, BucketState]:
        return dict(server.fingerprint(query))

    other = comparison.pool.submit(ask, comparison.target)
    source = ask(comparison.source)
    return paired(source, other.result())


def _count(findings: Findings, pairs: tuple[BucketPair, ...]) -> None:
    for pair in pairs:
        findings.buckets += 1
        findings.rows += pair.rows
        findings.source_rows += pair.source.rows
        findings.target_rows += pair.target.rows
        if pair.source.rows:
            acd = pair.bucket.acd
            held = findings.held.get(acd)
            if held is None:
                findings.held[acd] = Held(acd, 1, pair.bucket, pair.bucket)
            else:
                findings.held[acd] = Held(
                    acd,
                    held.buckets + 1,
                    min(held.first, pair.bucket, key=lambda b: b.order),
                    max(held.last, pair.bucket, key=lambda b: b.order),
                )


def _settled(comparison: Comparison, portion: tuple[BucketPair, ...], findings: Findings) -> Iterator[BucketDrift]:
    """Compare rows, and look again at buckets that changed meanwhile before calling them drift."""
    pending = portion
    for look in range(LOOKS):
        room = comparison.limits.samples - len(findings.samples) if look == 0 else 0
        counts = compare_rows(comparison, pending, findings.expected, samples=room)
        drifting = tuple(
            pair for pair in pending if pair.bucket in counts or not pair.source.same_rows(pair.target) if pair.rows
        )
        if not drifting:
            return
        now = {
            pair.bucket: pair
            for pair in fingerprints(comparison, selection_of(comparison, drifting), comparison.verdict.compared)
        }
        moved: list[BucketPair] = []
        for pair in drifting:
            again = now.get(pair.bucket, BucketPair(pair.bucket, EMPTY, EMPTY))
            if again != pair:
                moved.append(again)
            elif pair.bucket in counts:
                yield _drift(pair, counts[pair.bucket])
        if room > 0:
            findings.samples += sample_groups(comparison.cache, question_of(comparison), room)
        if not moved:
            return
        pending = tuple(moved)
    for pair in pending:
        yield replace(_drift(pair, Counts()), moving=True)


def compare_rows(
    comparison: Comparison, pairs: tuple[BucketPair, ...], expected: ExpectedSoFar, *, samples: int
) -> dict[Bucket, Counts]:
    """Fetch and compare rows; those that are expected are taken out.

    Buckets that only one server has are counted without, but for a few to show, unless some rows are expected.
    """
    meant = comparison.expectations.rows
    one_sided = [pair for pair in pairs if not meant and not (pair.source.rows and pair.target.rows)]
    counted = {pair.bucket for pair in one_sided[samples:]}
    fetched = tuple(pair for pair in pairs if pair.bucket not in counted)
    counts = {
        pair.bucket: Counts(missing=pair.source.rows, extra=pair.target.rows, lacking=pair.source.rows)
        for pair in one_sided
    }
    if not fetched:
        return counts
    query = ReadQuery(
        selection_of(comparison, fetched), tuple(column.name for column in comparison.verdict.all_columns)
    )
    for name, server in (("source_rows", comparison.source), ("target_rows", comparison.target)):
        fetch(comparison.cache, name, server, query)
    comparison.cache.run(surplus_statement(question_of(comparison)))
    counts |= _counts(comparison)
    if meant:
        expected.forget({pair.bucket for pair in pairs})
        whole, counts = counts, _without_expected(comparison, expected)
        if comparison.expectations.written:
            expected.forget(counts.keys())
            counts = {bucket: whole[bucket] for bucket in counts}
    comparison.cache.drop("source_rows", "target_rows")
    return counts


def _without_expected(comparison: Comparison, expected: ExpectedSoFar) -> dict[Bucket, Counts]:
    """Take the rows that are expected out of what differs, and count the others."""
    for one in comparison.expectations.rows:
        names, values = zip(*one.where, strict=True)
        taking = taking_statement(names, tuple(map(len, values)))
        expected.take(one, comparison.cache.rows(taking, [value for some in values for value in some]))
    return _counts(comparison)


def _counts(comparison: Comparison) -> dict[Bucket, Counts]:
    rows = comparison.cache.rows(counts_statement(question_of(comparison)))
    return {Bucket(row_date, slot, acd): Counts(*figures) for row_date, slot, acd, *figures in rows}


def fetch(cache: Cache, name: str, server: Server, query: ReadQuery) -> None:
    """Keep the rows of a query as a table; a stream that breaks is begun anew, and replaces what came of it."""
    tried(lambda: cache.load(name, server.read(query)))


def question_of(comparison: Comparison) -> BagQuestion:
    """Return how the rows fetched of both servers are compared."""
    bucket = bucket_terms(comparison.buckets)
    return BagQuestion("source_rows", "target_rows", comparison.verdict.compared, bucket, comparison.key)


def selection_of(comparison: Comparison, pairs: tuple[BucketPair, ...]) -> Selection:
    """Return the rows of some buckets."""
    buckets = tuple(pair.bucket for pair in pairs)
    return Selection(comparison.spec.name, comparison.buckets, buckets=buckets, left_out=comparison.left_out)


def _drift(pair: BucketPair, counts: Counts) -> BucketDrift:
    return BucketDrift(pair.bucket, pair.source, pair.target, counts)


def _in_stretch(drift: BucketDrift, stretch: Stretch | None) -> BucketDrift:
    """Return a drift with its stretch, in which rows of other lengths than the source's count as changed."""
    if stretch is None:
        return drift
    missing, extra, changed = drift.counts.missing, drift.counts.extra, drift.counts.changed
    left = max(missing - extra, 0)
    counts = Counts(left, 0, changed + extra, min(left, drift.counts.lacking))
    return replace(drift, stretch=stretch, counts=counts)


def _tiled(stretch: Stretch, acd: int | None, overlaps: Iterable[Overlap], facts: Sides[ServerFacts]) -> Stretch:
    """Return a stretch with whether the rows of a key overlap in it, on either server."""
    twice = {one.server for one in overlaps if (one.acd, one.span) == (acd, stretch.span)}
    return replace(stretch, source_tiles=facts.source_role not in twice, target_tiles=facts.target_role not in twice)


def _overlaps(comparison: Comparison, found: Mapping[Bucket, Stretch]) -> Iterator[Overlap]:
    """Yield the rows that begin inside another of the same key, where the lengths of a server's intervals let them."""
    time, facts = comparison.spec.time, comparison.facts
    question = question_of(comparison)
    names = tuple(column.name for column in comparison.verdict.all_columns)
    of_source = tuple(bucket for bucket, stretch in found.items() if not stretch.source_tiles)
    of_target = tuple(bucket for bucket, stretch in found.items() if not stretch.target_tiles)
    for server, role, buckets in (
        (comparison.source, facts.source_role, of_source),
        (comparison.target, facts.target_role, of_target),
    ):
        for some in (buckets[at : at + MOST_BUCKETS] for at in range(0, len(buckets), MOST_BUCKETS)):
            selection = Selection(comparison.spec.name, comparison.buckets, buckets=some, left_out=comparison.left_out)
            fetch(comparison.cache, question.source, server, ReadQuery(selection, names))
            statement = overlaps_statement(question, question.source, time or TimeColumns(""))
            for row_date, slot, acd, rows in comparison.cache.rows(statement):
                span = found[Bucket(row_date, slot, acd)].span
                if not (repeats(span, comparison.zone) or was_set(span, acd, facts)):
                    yield Overlap(role, acd, span, rows)
            comparison.cache.drop(question.source)
