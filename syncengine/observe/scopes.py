"""Works out what of each table can be compared: aligned, archived on both servers, not yet dropped by either."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from syncengine.model.bucket import FIRST_DATE, PAST_DATE, BucketColumns, bucket_start
from syncengine.model.drift import Dropped, Scope
from syncengine.model.facts import DayLengths, ServerFacts, StorageAllocation
from syncengine.model.grain import Grain
from syncengine.model.interval import QUANTUM, floor_to, over_before, shared_length
from syncengine.model.pair import PairSettings, Role
from syncengine.model.spec import TableSpec
from syncengine.model.window import Window
from syncengine.servers.protocol import Bounds

DEFAULT_LENGTH = 30
EARLIEST, LATEST = (datetime(day.year, day.month, day.day) for day in (FIRST_DATE, PAST_DATE))
FULL_TENTHS = 9
"""A full circular table drops its oldest tenth: from nine tenths of its capacity on it may have."""


@dataclass(frozen=True, slots=True)
class ScopeQuestions:
    """What every table's scopes depend on."""

    settings: PairSettings
    facts: tuple[ServerFacts, ...]
    as_of: datetime
    requested: Window | None = None
    acds: tuple[int, ...] = ()

    @property
    def lengths(self) -> dict[int, int]:
        """The length in minutes each ACD's intervals are aligned to: boundaries both servers share (rule 5).

        The rows near the window decide, and the pair file where it says longer; else half an hour.
        """
        found: dict[int, int] = {}
        for acd in sorted({acd for facts in self.facts for acd in facts.acds}):
            configured = self.settings.interval(acd)
            reported = [day.longest for facts in self.facts for day in facts.lengths if self._counts(day, acd)]
            # The rows' own length is the truth: the file can only lengthen it.
            found[acd] = (
                shared_length((*reported, configured))
                if configured
                else shared_length(tuple(reported) or (DEFAULT_LENGTH,))
            )
        return found

    def _counts(self, lengths: DayLengths, acd: int) -> bool:
        if lengths.acd != acd:
            return False
        window = self.requested
        return window is None or lengths.day == date.min or window.start.date() <= lengths.day <= window.stop.date()


def scopes_of(
    spec: TableSpec,
    questions: ScopeQuestions,
    lengths: dict[int, int],
    bounds: dict[Role, tuple[Bounds, ...]],
) -> Iterator[Scope]:
    """Yield the scope of each ACD of a historical table, and one for rows of no or unknown ACDs."""
    known = tuple(lengths)
    longest = max(lengths.values(), default=DEFAULT_LENGTH)
    if spec.acd is None:
        # Its rows are of no ACD, so that they are compared once, and only with all ACDs (rule 3).
        if not questions.acds:
            yield _scope(spec, None, longest, questions, bounds)
        return
    for acd in questions.acds or known:
        yield _scope(spec, acd, lengths.get(acd, DEFAULT_LENGTH), questions, bounds)
    if not questions.acds:
        yield _scope(spec, None, longest, questions, bounds)


def _scope(
    spec: TableSpec,
    acd: int | None,
    length: int,
    questions: ScopeQuestions,
    bounds: dict[Role, tuple[Bounds, ...]],
) -> Scope:
    requested = questions.requested.aligned(length) if questions.requested else None
    window: Window | None = requested or Window(EARLIEST, LATEST)
    notes: list[str] = []
    dropped: Dropped | None = None
    if not spec.future_dates:
        # A window too short for a row of the archive has no note about what it would be clipped to.
        selects_rows = spec.grain.selects(requested) if requested else False
        until, why = _closed(spec, acd, length, questions)
        if selects_rows and window is not None and window.stop > until:
            notes.append(f"compared up to {until:%Y-%m-%d %H:%M}: {why}")
        window = window.before(until) if window else None
        floor, why = dropped_before(spec, acd, questions, bounds)
        if (
            (selects_rows or _begins_before(spec, acd, floor, questions, bounds))
            and window is not None
            and window.start < floor
        ):
            dropped = Dropped(floor, why)
            notes.append(dropped.note)
        window = window.since(floor) if window else None
    return Scope(acd, requested, window, tuple(notes), dropped)


def _begins_before(
    spec: TableSpec,
    acd: int | None,
    floor: datetime,
    questions: ScopeQuestions,
    bounds: dict[Role, tuple[Bounds, ...]],
) -> bool:
    """Say whether a server still has rows that the other may have dropped."""
    columns, zone = BucketColumns.of(spec), questions.settings.timezone
    return any(
        bound.first is not None and (start := bucket_start(bound.first, columns, zone)) is not None and start < floor
        for found in bounds.values()
        for bound in found
        if acd is None or bound.acd == acd
    )


def _closed(spec: TableSpec, acd: int | None, length: int, questions: ScopeQuestions) -> tuple[datetime, str]:
    """Return up to when a table can be compared, and why not further."""
    if not spec.at_once:
        return closed_until(spec.grain, acd, length, questions)
    if spec.grain.sliced:
        return over_before(questions.as_of, length), "later rows may not be there yet"
    return floor_to(questions.as_of, 24 * 60), "what is not over is not compared"


def closed_until(grain: Grain, acd: int | None, length: int, questions: ScopeQuestions) -> tuple[datetime, str]:
    """Return up to when both servers have archived, and why not further (rule 6).

    Where a server does not report it, the period before this one counts as not archived, but those before it as
    archived: enough to compare, never to write.
    """
    best: datetime | None = None
    why = ""
    acds = (acd,) if acd is not None else tuple({a for facts in questions.facts for a in facts.acds})
    for facts in questions.facts:
        for one in acds:
            status = facts.archived(one, grain.archive)
            until = status.until
            reason = f"{facts.role} has archived ACD {one} no further"
            if until is None:
                until = grain.last_but_one(questions.as_of, length)
                reason = f"on {facts.role} the {status.archive} archive {status.problem}"
            if grain.sliced:
                until = floor_to(until, length)
            if best is None or until < best:
                best, why = until, reason
    if best is None:
        return grain.last_but_one(questions.as_of, length), "no server names its ACDs"
    return best, why


def dropped_before(
    spec: TableSpec, acd: int | None, questions: ScopeQuestions, bounds: dict[Role, tuple[Bounds, ...]]
) -> tuple[datetime, str]:
    """Return the moment before which either server may have dropped rows, and why (rule 12)."""
    floors = [(EARLIEST, "")]
    for facts in questions.facts:
        if spec.circular:
            floors.append(_wrapped_before(spec, acd, facts, bounds.get(facts.role, ()), questions.settings.timezone))
        elif spec.grain.longest_retention is not None:
            periods, unit = _periods_stored(spec, acd, facts, questions.settings), spec.grain.unit
            floors.append((unit.cutoff(periods, questions.as_of), f"{facts.role} stores {periods} {unit.word}s"))
    return max(floors)


def _periods_stored(spec: TableSpec, acd: int | None, facts: ServerFacts, settings: PairSettings) -> int:
    configured = settings.retention.of(spec.grain.archive)
    if configured is not None:
        return configured
    entries = [one for one in _entries(spec, acd, facts) if one.archive is spec.archive]
    if spec.retention is None or not entries:
        return settings.retention.most(spec.grain)
    return max(one.periods for one in entries)


def _entries(spec: TableSpec, acd: int | None, facts: ServerFacts) -> list[StorageAllocation]:
    return [one for one in facts.storage_allocations if one.item == spec.retention and (acd is None or one.acd == acd)]


def _wrapped_before(
    spec: TableSpec, acd: int | None, facts: ServerFacts, bounds: tuple[Bounds, ...], zone: str
) -> tuple[datetime, str]:
    """Return where a circular table begins, if it has dropped rows already.

    One that is full has wrapped. Where the capacity is not known, one with rows may have.
    """
    latest = (EARLIEST, "")
    capacity = max((one.capacity for one in _entries(spec, acd, facts)), default=0)
    for bound in bounds:
        if bound.first is None or (acd is not None and bound.acd != acd):
            continue
        if bound.rows and 10 * bound.rows >= FULL_TENTHS * capacity:
            start = bucket_start(bound.first, BucketColumns.of(spec), zone)
            if start is not None:
                # The first quarter of an hour may have lost some of its rows.
                latest = max(latest, (start + timedelta(minutes=QUANTUM), f"{facts.role} has nothing older"))
    return latest
