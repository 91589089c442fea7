"""Finds the logins, calls and states that an outage has cut, and reads what each server has of them (rule 4)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from syncengine.diffing.buckets import BucketPair, differing, portions
from syncengine.diffing.cut_question import CutQuestion, cut_statement, names_statement
from syncengine.diffing.cut_rows import NamedRows, cuts_of
from syncengine.model.bucket import EMPTY, FIRST_EPOCH, PAST_EPOCH, Bucket, bucket_start
from syncengine.model.cuts import Cut, CutRow, CutState
from syncengine.model.drift import BucketDrift, Counts, Scope
from syncengine.model.facts import ServerFacts
from syncengine.model.interval import QUANTUM
from syncengine.model.names import quoted
from syncengine.model.pair import Role
from syncengine.model.selection import ReadQuery, Value, epochs_of, select_window
from syncengine.model.spans import joined
from syncengine.model.spec import Pieces
from syncengine.model.window import DAY, Window
from syncengine.observe.comparison import Comparison, compare, fetch, fingerprints, question_of, selection_of
from syncengine.observe.request import ALL_MONTHS, MonthRange
from syncengine.observe.slices import Slice

NAMES_AT_ONCE = 100
"""Names that one statement reads the rows of."""
SIDES = ("source_rows", "target_rows")
MINUTE = timedelta(minutes=1)
Name = tuple[Value, ...]
"""The ACD and what else names a login or a call."""


@dataclass(frozen=True, slots=True)
class RelevantOutages:
    """Which outages matter: those that reach into the times compared, by ACD."""

    scopes: tuple[Scope, ...]
    parts: tuple[Window, ...]
    """The parts of the scopes that are compared; none means all."""
    zone: str
    as_of: datetime
    months: MonthRange = ALL_MONTHS
    """Those that are compared of the parts."""

    def outages(self, facts: ServerFacts, far: timedelta) -> dict[int, tuple[Window, ...]]:
        """Return a server's outages that are no further than so from what is compared."""
        found: dict[int, list[Window]] = defaultdict(list)
        for outage in (*facts.outages, *facts.outages_under_way(self.as_of)):
            near = Window(outage.span.start - far, outage.span.stop + far)
            if any(near.clipped(time) for time in self._times(outage.acd)):
                found[outage.acd].append(outage.span)
        return {acd: tuple(sorted(set(spans))) for acd, spans in found.items()}

    def touched(self, acd: int, outages: Iterable[Window]) -> tuple[Window, ...]:
        """Return those outages that reach into what is compared."""
        times = self._times(acd)
        return tuple(outage for outage in outages if any(outage.clipped(time) for time in times))

    def compared(self, acd: int) -> tuple[Window, ...]:
        """Return the times in which an ACD's rows are compared anyway."""
        scope = self._scope(acd)
        return self._in_parts(scope.window) if scope is not None else ()

    def _times(self, acd: int) -> tuple[Window, ...]:
        scope = self._scope(acd)
        return self._in_parts(scope.requested or scope.window) if scope is not None else ()

    def _scope(self, acd: int) -> Scope | None:
        return next((one for one in self.scopes if one.acd == acd), None)

    def _in_parts(self, whole: Window | None) -> tuple[Window, ...]:
        if whole is None or not self.parts:
            return (whole,) if whole is not None else ()
        return tuple(both for part in self.parts if (both := part.clipped(whole)))


def with_cuts(
    comparison: Comparison, relevant: RelevantOutages, drifts: list[BucketDrift]
) -> tuple[list[BucketDrift], tuple[Cut, ...]]:
    """Return the drift of a table with what outages have cut, and the cuts: none where the table records none."""
    pieces = comparison.spec.pieces
    names = {column.name for column in comparison.verdict.all_columns}
    if pieces is None or not set(pieces.columns) <= names:
        return drifts, ()
    return _CutSearch(comparison, relevant, pieces).find(drifts)


@dataclass(slots=True)
class _CutSearch:
    """The search through one table; raises the errors of its servers."""

    comparison: Comparison
    relevant: RelevantOutages
    pieces: Pieces
    _outages: dict[Role, dict[int, tuple[Window, ...]]] = field(init=False)

    def __post_init__(self) -> None:
        far = timedelta(hours=self.pieces.longest_hours)
        self._outages = {facts.role: self.relevant.outages(facts, far) for facts in self.comparison.facts}

    def find(self, drifts: list[BucketDrift]) -> tuple[list[BucketDrift], tuple[Cut, ...]]:
        """Return the drift, with the buckets elsewhere that have parts of what was cut, and the cuts.

        A login that an outage in the range has cut belongs to the range, and so does one that lies in it in part: it is
        repaired as a whole, whichever of its rows the range has. A piece that its whole replaces counts as changed.

        A cut belongs to the months in which it begins. The search reaches beyond them as far as a cut may, so that the
        same cuts are found wherever months are divided.
        """
        own = {drift.bucket for drift in drifts}
        known = {drift.bucket: drift for drift in drifts}
        pairs: dict[Bucket, BucketPair] = {}
        cuts: list[Cut] = []
        for acd in sorted({acd for of_server in self._outages.values() for acd in of_server}):
            windows = self._search_windows(self._outages_of(acd))
            inside = self.relevant.touched(acd, self._outages_of(acd))
            known |= {drift.bucket: drift for drift in self._drift_beyond(acd, windows)}
            around = outside(self._search_windows(inside), self.relevant.compared(acd))
            searched = {pair.bucket: pair for pair in self._differing(acd, clipped(around, self._search_months))}
            pairs |= searched
            mine = (BucketPair(one.bucket, one.source, one.target) for one in known.values() if one.bucket.acd == acd)
            searched |= {pair.bucket: pair for pair in mine}
            cuts += (
                cut
                for cut in self._cuts(acd, windows, self._names(acd, tuple(searched.values())))
                if set(cut.outages) & set(inside) or cut.buckets & known.keys()
                if any(row.bucket in searched and self._suggests_cut(acd, row) for row in (*cut.pieces, *cut.others))
            )
        elsewhere = {bucket for cut in cuts for bucket in cut.buckets if self._belongs(bucket)} - known.keys()
        pairs |= self._states(elsewhere - pairs.keys())
        found = self._drift_with_cuts(cuts, known, {bucket: pairs[bucket] for bucket in elsewhere})
        mine_too = own | elsewhere
        return [one for one in found if one.bucket in mine_too], tuple(cut for cut in cuts if self._belongs(cut.first))

    def _belongs(self, bucket: Bucket) -> bool:
        """Say whether what begins with a bucket belongs to the months that are compared."""
        start = bucket_start(bucket, self.comparison.buckets, self.relevant.zone)
        return self.relevant.months.contains(start.date() if start is not None else None)

    @property
    def _search_months(self) -> MonthRange:
        """The months, and before and after them as much time as lies between two rows of what was cut at most.

        Both begin no further than the longest from the same row, and their labels lie no further from that.
        """
        longest = timedelta(hours=self.pieces.longest_hours)
        return self.relevant.months.widened((2 if self.comparison.buckets.epoch else 4) * longest + 2 * DAY)

    def _drift_beyond(self, acd: int, windows: Iterable[Window]) -> list[BucketDrift]:
        """Return what differs near outages in what is compared just before and after the months."""
        times = (both for time in self.relevant.compared(acd) for one in windows if (both := one.clipped(time)))
        beyond = (rest for time in clipped(times, self._search_months) for rest in self.relevant.months.outside(time))
        found = (select_window(self.comparison.spec, one, zone=self.relevant.zone, acds=(acd,)) for one in beyond)
        # Expected differences are not counted here.
        comparison = replace(self.comparison, expectations=replace(self.comparison.expectations, columns=()))
        return compare(comparison, (Slice(one) for one in found if one is not None)).differing

    def _suggests_cut(self, acd: int, row: CutRow) -> bool:
        """Say whether a row alone is a reason to search for cuts of its name: see `_cut_here`."""
        if self.pieces.begin_flag is not None and self.pieces.end_flag is not None:
            return row.begin_cut or row.end_cut
        edges = ((outage.start, outage.stop) for outage in self._outages_of(acd))
        return any(_within(row.end, start) or _within(row.begin, stop) for start, stop in edges)

    def _drift_with_cuts(
        self, cuts: Iterable[Cut], known: Mapping[Bucket, BucketDrift], pairs: Mapping[Bucket, BucketPair]
    ) -> Iterator[BucketDrift]:
        """Yield the drift that is known, pieces counted as changed, and that of what was cut in some other buckets."""
        missing: Counter[Bucket] = Counter()
        extra: Counter[Bucket] = Counter()
        replaced: Counter[Bucket] = Counter()
        for cut in cuts:
            for role, row in cut.differing:
                (extra if role is self._target else missing)[row.bucket] += row.rows
                if role is self._target is cut.cut_on and cut.state is CutState.WHOLE:
                    replaced[row.bucket] += row.rows
        for bucket, drift in known.items():
            yield replace(drift, counts=as_changed(drift.counts, replaced[bucket]))
        for bucket, pair in pairs.items():
            counts = cut_counts(missing[bucket], extra[bucket], replaced[bucket])
            yield BucketDrift(bucket, pair.source, pair.target, counts, only_cuts=True)

    def _outages_of(self, acd: int) -> tuple[Window, ...]:
        return tuple(span for of_server in self._outages.values() for span in of_server.get(acd, ()))

    def _states(self, buckets: set[Bucket]) -> dict[Bucket, BucketPair]:
        """Return what both servers have of buckets that have not been read."""
        if not buckets:
            return {}
        comparison = self.comparison
        pairs = tuple(BucketPair(bucket, EMPTY, EMPTY) for bucket in sorted(buckets, key=lambda one: one.order))
        found = fingerprints(comparison, selection_of(comparison, pairs), comparison.verdict.compared)
        return {pair.bucket: pair for pair in found}

    @property
    def _target(self) -> Role:
        return self.comparison.facts.target_role

    def _search_windows(self, outages: Iterable[Window]) -> tuple[Window, ...]:
        """Return how far around outages pieces and wholes may lie."""
        far = timedelta(hours=self.pieces.longest_hours)
        # Buckets are read whole.
        wide = (Window(span.start - far, span.stop + far).aligned(QUANTUM) for span in outages)
        return joined(one for span in wide if (one := span.before(self.relevant.as_of)) is not None)

    def _differing(self, acd: int, windows: Iterable[Window]) -> Iterator[BucketPair]:
        """Yield the buckets of an ACD that differ in some times, by fingerprint."""
        comparison = self.comparison
        for window in windows:
            selection = select_window(comparison.spec, window, zone=self.relevant.zone, acds=(acd,))
            if selection is not None:
                yield from differing(
                    tuple(fingerprints(comparison, selection, comparison.verdict.compared)), every_row=False
                )

    def _names(self, acd: int, pairs: tuple[BucketPair, ...]) -> list[Name]:
        """Return the names of rows in some buckets that are, or may be, pieces."""
        comparison, pieces = self.comparison, self.pieces
        columns = tuple(dict.fromkeys((*self._key, *pieces.columns)))
        where, values = self._cut_here(acd)
        names: set[Name] = set()
        for portion in portions(pairs, comparison.limits.compare_rows):
            query = ReadQuery(selection_of(comparison, portion), columns)
            for side, server in zip(SIDES, (comparison.source, comparison.target), strict=True):
                fetch(comparison.cache, side, server, query)
                names |= set(comparison.cache.rows(names_statement(self._key, side, where), values))
        comparison.cache.drop(*SIDES)
        return sorted(names, key=repr)

    @property
    def _key(self) -> tuple[str, ...]:
        return (self.comparison.spec.acd or "", *self.pieces.same)

    def _cut_here(self, acd: int) -> tuple[str, list[Value]]:
        """Return the condition that a row begins or ends where an outage cut it, and what to bind."""
        pieces = self.pieces
        if pieces.begin_flag is not None and pieces.end_flag is not None:
            return " OR ".join(f"RTRIM({quoted(name)}, ' ') <> ''" for name in (pieces.begin_flag, pieces.end_flag)), []
        conditions, values = ["FALSE"], list[Value]()
        for of_server in self._outages.values():
            for outage in of_server.get(acd, ()):
                for moment, text in ((outage.start, self._end), (outage.stop, quoted(pieces.begin))):
                    for low, high in epochs_of(_minutes(moment), self.relevant.zone):
                        conditions.append(f"({text} >= ? AND {text} < ?)")
                        values += [low, high]
        return " OR ".join(conditions), values

    @property
    def _end(self) -> str:
        pieces = self.pieces
        if pieces.end is not None:
            return f"NULLIF({quoted(pieces.end)}, 0)"
        return f"({quoted(pieces.begin)} + {quoted(pieces.lasts or '')})"

    def _cuts(self, acd: int, windows: Iterable[Window], names: list[Name]) -> Iterator[Cut]:
        """Yield what was cut of some names, by all the rows both servers have of them nearby."""
        comparison, pieces = self.comparison, self.pieces
        columns = tuple(column.name for column in comparison.verdict.all_columns)
        for at in range(0, len(names), NAMES_AT_ONCE):
            some = tuple(names[at : at + NAMES_AT_ONCE])
            rows: dict[Name, dict[Role, list[CutRow]]] = defaultdict(lambda: {role: [] for role in Role})
            for window in windows:
                selection = select_window(comparison.spec, window, zone=self.relevant.zone, acds=(acd,))
                if selection is None:
                    continue
                chosen = replace(selection, group_columns=self._key, groups=some)
                for side, server in zip(SIDES, (comparison.source, comparison.target), strict=True):
                    fetch(comparison.cache, side, server, ReadQuery(chosen, columns))
                for name, role, row in self._rows():
                    rows[name][role].append(row)
            comparison.cache.drop(*SIDES)
            for found in rows.values():
                named = NamedRows(
                    acd,
                    {role: tuple(ones) for role, ones in found.items()},
                    {role: of_server.get(acd, ()) for role, of_server in self._outages.items()},
                    flagged=pieces.begin_flag is not None,
                    longest=pieces.longest_hours * 3600,
                )
                yield from cuts_of(named)

    def _rows(self) -> Iterator[tuple[Name, Role, CutRow]]:
        """Yield the rows fetched, equal ones together, with the server that has them."""
        comparison, width = self.comparison, len(self._key)
        places = width + len(comparison.key)
        question = CutQuestion(question_of(comparison), self._key, self.pieces.begin, self._end, self._flags)
        for row_date, slot, acd, *rest in comparison.cache.rows(cut_statement(question)):
            name, place = tuple(rest[:width]), tuple(rest[width:places])
            begin, end, of_source, of_target, *flags = rest[places:]
            begun, bucket, over = self._wall_time(begin), Bucket(row_date, slot, acd), self._wall_time(end)
            start = bucket_start(bucket, comparison.buckets, self.relevant.zone)
            if begun is None or start is None or abs(start - begun) > timedelta(hours=self.pieces.longest_hours):
                # Its label and its seconds contradict each other.
                continue
            both = min(of_source, of_target)
            for side, (role, rows) in enumerate(zip(comparison.facts.roles, (of_source, of_target), strict=True)):
                cut = (bool(flags[2 * side]), bool(flags[2 * side + 1]))
                if both:
                    yield name, role, CutRow(bucket, place, begun, over, begin, end, *cut, both, on_both=True)
                if rows > both:
                    yield name, role, CutRow(bucket, place, begun, over, begin, end, *cut, rows - both)

    @property
    def _flags(self) -> tuple[str, str] | None:
        begin, end = self.pieces.begin_flag, self.pieces.end_flag
        return (begin, end) if begin is not None and end is not None else None

    def _wall_time(self, epoch: int | None) -> datetime | None:
        """Return the wall clock's time of an epoch second."""
        if epoch is None or not FIRST_EPOCH <= epoch < PAST_EPOCH:
            return None
        return datetime.fromtimestamp(epoch, UTC).astimezone(ZoneInfo(self.relevant.zone)).replace(tzinfo=None)


def _minutes(moment: datetime) -> Window:
    """Return the minute of an edge of an outage, and the next: a diary has no seconds."""
    minute = moment.replace(second=0, microsecond=0)
    return Window(minute, minute + 2 * MINUTE)


def _within(moment: datetime | None, edge: datetime) -> bool:
    return moment is not None and _minutes(edge).contains(moment)


def clipped(times: Iterable[Window], months: MonthRange) -> Iterator[Window]:
    """Yield what of some times lies in some months."""
    return (one for time in times if (one := months.clipped(time)) is not None)


def outside(times: Iterable[Window], compared: Iterable[Window]) -> Iterator[Window]:
    """Yield what of some times is not compared anyway."""
    remaining = list(times)
    for one in compared:
        remaining = [
            part for time in remaining for part in (time.before(one.start), time.since(one.stop)) if part is not None
        ]
    yield from remaining


def as_changed(counts: Counts, pieces: int) -> Counts:
    """Return counts in which so many rows that only the target has count as changed: their whole replaces them."""
    replaced = min(counts.extra, pieces)
    return replace(counts, extra=counts.extra - replaced, changed=counts.changed + replaced)


def cut_counts(missing: int, extra: int, replaced: int) -> Counts:
    """Return the counts of a bucket of which only cut rows matter: a whole replaces a piece in it."""
    alone = max(missing - replaced, 0)
    return Counts(missing=alone, extra=extra - replaced, changed=replaced, in_missing_groups=alone)
