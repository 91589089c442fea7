"""Finds the times in which a server did not record all of an ACD, and whether they can be repaired. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from syncengine.model.bucket import Bucket
from syncengine.model.drift import Counts, Observation, TableObservation
from syncengine.model.facts import ClockReset, LinkDown, ServerFacts
from syncengine.model.grain import Archive
from syncengine.model.interval import at_label, floor_to
from syncengine.model.outages import REASON_UNKNOWN, REASONS, BlindSide, BlindTime, OutageFinding, Outlook, TableCost
from syncengine.model.pair import Role
from syncengine.model.plan import Plan, Skipped, SkipReason, written_by
from syncengine.model.window import Window
from syncengine.planning.coverage import AcdCoverage, CoverageLookup
from syncengine.planning.plan import not_compared


@dataclass(frozen=True, slots=True)
class _ServerCoverage:
    """One server: its coverage, its first rows, and how far it has archived."""

    role: Role
    lookup: CoverageLookup
    first_rows: Mapping[int, datetime]
    archived_until: Mapping[int, datetime]
    links_down: str
    """Why its links are known to be down now, for all ACDs; empty if they are not."""
    open_outages: Mapping[int, LinkDown]
    """Links that its diary shows as down, without rows since then."""

    @classmethod
    def of(cls, facts: ServerFacts, lengths: Mapping[int, int], links_down: str = "") -> _ServerCoverage:
        """Index the facts of one server."""
        first: dict[int, datetime] = {}
        for one in facts.coverage:
            start = at_label(one.row_date, one.label)
            first[one.acd] = min(first.get(one.acd, start), start)
        archived = {
            acd: facts.archived(acd, Archive.INTERVAL).before_this_run(length) for acd, length in lengths.items()
        }
        down = {one.acd: one for one in facts.still_down()}
        until = {acd: until for acd, until in archived.items() if until}
        return cls(facts.role, CoverageLookup(facts), first, until, links_down, down)

    def archived(self, acd: int, interval: Window) -> bool:
        """Say whether it has archived an interval to its end."""
        return acd in self.archived_until and self.archived_until[acd] >= interval.stop

    def expected(self, acd: int, interval: Window) -> bool:
        """Say whether rows are expected: before its first row a server may not have been installed yet."""
        return self.archived(acd, interval) and acd in self.first_rows and self.first_rows[acd] <= interval.start

    def down_now(self, acd: int, interval: Window, now: datetime) -> str:
        """Return why its link is known to be down now and in an interval, or nothing."""
        link = self.open_outages.get(acd)
        if link is not None and link.since < interval.stop:
            why = REASONS.get(link.reason, REASON_UNKNOWN)
            since = f"link down since {link.since:%H:%M}, {why} ({link.reason})"
            return f"{since}, and its diary does not show it up again"
        # It is not known since when they are down: at least now.
        return self.links_down if interval.start <= now < interval.stop else ""


def blind_times(
    facts: Iterable[ServerFacts],
    lengths: Mapping[int, int],
    window: Window,
    acds: tuple[int, ...] = (),
    links_down: Mapping[Role, str] | None = None,
) -> tuple[BlindTime, ...]:
    """Return the times in which a server did not record all of an ACD, adjacent intervals joined, in order.

    `facts` must have the coverage of every interval of `window`. An interval counts if the server's diary has an outage
    in it (rule 6: the whole interval counts), if it has no rows though it has some before it, or if its rows are marked
    incomplete (rule 9). The interval in which `window` ends counts, too: a link that is back already has cut it all the
    same. `links_down` is why a server's links are otherwise known to be down then.
    """
    servers = [_ServerCoverage.of(one, lengths, (links_down or {}).get(one.role, "")) for one in facts]
    found: list[BlindTime] = []
    for acd, length in lengths.items():
        if acds and acd not in acds:
            continue
        open_time: BlindTime | None = None
        for interval in _intervals(servers, acd, length, window):
            time = _blind(servers, acd, interval, window.stop)
            if time is not None and open_time is not None and _continues(open_time, time):
                open_time = _joined(open_time, time)
                continue
            if open_time is not None:
                found.append(open_time)
            open_time = time
        if open_time is not None:
            found.append(open_time)
    return tuple(sorted(found, key=lambda time: (time.span.start, time.acd)))


def _intervals(servers: list[_ServerCoverage], acd: int, length: int, window: Window) -> Iterator[Window]:
    """Yield the whole intervals of the window, from the first with data of a server to the one under way."""
    under_way = floor_to(window.stop, length)
    starts = [under_way for server in servers if server.links_down]
    starts += [server.open_outages[acd].since for server in servers if acd in server.open_outages]
    starts += [server.first_rows[acd] for server in servers if acd in server.first_rows]
    starts += [outage.span.start for server in servers for outage in server.lookup.facts.outages if outage.acd == acd]
    if not starts:
        return
    # The interval in which the window begins is checked as a whole (rule 5): the link may have gone down just then.
    start = max(floor_to(min(starts), length), floor_to(window.start, length))
    stop = under_way + timedelta(minutes=length)
    if start < stop:
        yield from Window(start, stop).cut(timedelta(minutes=length))


def _blind(servers: list[_ServerCoverage], acd: int, interval: Window, now: datetime) -> BlindTime | None:
    sides = tuple(side for server in servers if (side := _side(server, acd, interval, now)) is not None)
    if not sides or _skipped_by_clock(servers, sides, acd, interval):
        return None
    archived = all(server.archived(acd, interval) for server in servers)
    return BlindTime(acd, interval, sides, archived, not any(server.lookup.facts.archives_unread for server in servers))


def _skipped_by_clock(servers: list[_ServerCoverage], sides: tuple[BlindSide, ...], acd: int, interval: Window) -> bool:
    """Say whether an interval that neither server has was skipped by a clock set forward (rule 17)."""
    with_coverage = [server for server in servers if server.lookup.facts.coverage_known]
    if any(not (side.unexplained and side.missing) for side in sides):
        return False
    # A server that has not archived it lacks nothing, and has no rows of it either.
    if any(server.lookup.at(acd, interval).has_rows for server in with_coverage):
        return False
    # One switch sets the time of both servers: an entry in one diary is enough.
    return any(
        reset.acd in (0, acd) and at_label(reset.day, reset.label) <= interval.start < _an_hour_after(reset)
        for server in servers
        for reset in server.lookup.facts.clock_resets
    )


def _an_hour_after(reset: ClockReset) -> datetime:
    return at_label(reset.day, reset.label) + timedelta(hours=1)


def _side(server: _ServerCoverage, acd: int, interval: Window, now: datetime) -> BlindSide | None:
    coverage: AcdCoverage = server.lookup.at(acd, interval)
    missing = not coverage.has_rows and server.expected(acd, interval)
    incomplete = coverage.has_rows and coverage.incomplete > 0
    down_now = server.down_now(acd, interval, now)
    if not (coverage.outage or missing or incomplete or down_now):
        return None
    links = tuple(
        outage
        for outage in server.lookup.facts.outages
        if outage.acd == acd and outage.span.clipped(interval) is not None
    )
    return BlindSide(server.role, links, int(missing), int(incomplete), server.lookup.facts.links_known, down_now)


def _continues(one: BlindTime, other: BlindTime) -> bool:
    roles = [tuple(side.role for side in time.sides) for time in (one, other)]
    alike = one.archived == other.archived and one.damaged_on_both == other.damaged_on_both
    return one.span.stop == other.span.start and roles[0] == roles[1] and alike


def _joined(one: BlindTime, other: BlindTime) -> BlindTime:
    sides = tuple(
        BlindSide(
            here.role,
            tuple(dict.fromkeys((*here.links, *there.links))),
            here.missing + there.missing,
            here.incomplete + there.incomplete,
            here.links_known,
            there.down_now or here.down_now,
        )
        for here, there in zip(one.sides, other.sides, strict=True)
    )
    return replace(one, span=Window(one.span.start, other.span.stop), sides=sides)


def open_ended(
    times: Iterable[BlindTime], facts: Iterable[ServerFacts], lengths: Mapping[int, int], now: datetime
) -> Iterator[str]:
    """Yield the blind times that are not known to be over, as sentences without their full stop.

    Rows copied from the other server look like its own: give facts without them (`own_coverage`).
    """
    servers = {one.role: one for one in facts}
    for time in (time for time in times if time.archived):
        length = timedelta(minutes=lengths[time.acd])
        for side in time.sides:
            until = servers[side.role].archived(time.acd, Archive.INTERVAL).before_this_run(lengths[time.acd])
            over = any(time.span.stop - length < link.span.stop <= now for link in side.links)
            if side.missing and until is not None and until - time.span.stop < length and not over:
                last = f"{time.span.stop:%Y-%m-%d %H:%M}, its last archive"
                yield (
                    f"{side.role} has no rows of its own of ACD {time.acd} up to {last}, and it is not known "
                    "whether the outage is over: check its links, also before users work there"
                )


def narrowed(observation: Observation, times: Iterable[BlindTime]) -> Observation:
    """Return an observation with only the drift in blind times of its own ACD, or of what they cut."""
    times = tuple(times)
    spans: dict[int, list[Window]] = {}
    for time in times:
        spans.setdefault(time.acd, []).append(time.span)
    every = [span for of_acd in spans.values() for span in of_acd]
    tables = []
    for table in observation.tables:
        selected = []
        cut = {bucket for time in times for bucket in _cut_by(time, table)}
        for drift in table.differing:
            span = drift.span
            near = every if drift.bucket.acd is None else spans.get(drift.bucket.acd, [])
            if drift.only_cuts or (span is not None and any(span.clipped(one) for one in near)):
                selected.append(drift)
            elif drift.bucket in cut:
                # It was compared for a cut in it; its other differences do not come from the outage.
                selected.append(replace(drift, only_cuts=True))
        tables.append(replace(table, differing=tuple(selected)))
    return replace(observation, tables=tuple(tables))


def findings_of(
    times: Iterable[BlindTime], plan: Plan | None, observation: Observation | None, *, temporary: bool = False
) -> Iterator[OutageFinding]:
    """Yield the finding of each blind time.

    `plan` repairs all of them, None if a rule forbids it, which may be `temporary`; `observation` is what differs in
    them, None if none is archived.
    """
    for time in times:
        costs = tuple(_costs(time, plan, observation)) if plan and observation else ()
        skipped = tuple(one for one in plan.skipped if _touches(one, time)) if plan else ()
        refused = plan is None and observation is not None and _differs(time, observation)
        uncompared = tuple(not_compared(observation)) if observation is not None and time.archived else ()
        outlook = _outlook(time, costs, skipped, refused=refused)
        if temporary and outlook is Outlook.REFUSED:
            outlook = Outlook.WAITING
        if uncompared and outlook is Outlook.ALIKE:
            outlook = Outlook.UNKNOWN
        yield OutageFinding(
            time, outlook, costs, tuple(sorted((*skipped, *uncompared), key=lambda one: (one.table, one.reason)))
        )


def _differs(time: BlindTime, observation: Observation) -> bool:
    """Say whether any row of a blind time differs."""
    return any(
        drift.bucket.acd in (None, time.acd) and drift.span is not None and drift.span.clipped(time.span) is not None
        for table in observation.tables
        for drift in table.differing
    )


def _costs(time: BlindTime, plan: Plan, observation: Observation) -> Iterator[TableCost]:
    cut = {table.spec.name: frozenset(_cut_by(time, table)) for table in observation.tables}
    sums: dict[tuple[str, Role], tuple[int, Counts]] = {}
    of_no_acd: set[tuple[str, Role]] = set()
    for step, part, write in written_by(plan.steps):
        within = write.span is not None and write.span.clipped(time.span) is not None
        if write.bucket.acd not in (None, time.acd) or not (within or write.bucket in cut[part.table]):
            continue
        if write.bucket.acd is None:
            of_no_acd.add((part.table, step.into))
        buckets, total = sums.get((part.table, step.into), (0, Counts()))
        sums[part.table, step.into] = (buckets + 1, total + part.effect(write.counts))
    for place, (buckets, total) in sorted(sums.items()):
        yield TableCost(*place, buckets, total.missing, total.changed, total.extra, place in of_no_acd)


def _cut_by(time: BlindTime, table: TableObservation) -> Iterator[Bucket]:
    """Yield the buckets with parts of what the outages of a blind time have cut, whatever their time."""
    for cut in table.cuts:
        if cut.acd == time.acd and any(outage.clipped(time.span) for outage in cut.outages):
            yield from cut.buckets


def _touches(skipped: Skipped, time: BlindTime) -> bool:
    """Say whether a skipped difference is in a blind time. A table that could not be compared is in none."""
    return skipped.acd in (None, time.acd) and any(span.clipped(time.span) is not None for span in skipped.spans)


def _outlook(time: BlindTime, costs: tuple[TableCost, ...], skipped: tuple[Skipped, ...], *, refused: bool) -> Outlook:
    if not time.archived and not time.archives_known:
        return Outlook.UNARCHIVED
    if time.lost:
        # No copy changes that: the finding is the same before a run and after it.
        return Outlook.LOST
    if not time.archived:
        return Outlook.WAITING
    if costs:
        return Outlook.REPAIR
    if any(one.reason in (SkipReason.LOST, SkipReason.CUT_ON_BOTH) for one in skipped):
        return Outlook.LOST
    if skipped and all(one.reason is SkipReason.UNARCHIVED for one in skipped):
        return Outlook.WAITING
    if any(one.reason is SkipReason.CUT_NOT_OVER for one in skipped):
        return Outlook.NOT_OVER
    if skipped and all(one.reason is SkipReason.UNWRITABLE for one in skipped):
        return Outlook.REFUSED
    if skipped:
        return Outlook.UNDECIDED
    return Outlook.REFUSED if refused else Outlook.ALIKE
