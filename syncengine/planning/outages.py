"""Finds the times in which a server did not see an ACD whole, and what came of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from syncengine.model.bucket import Bucket
from syncengine.model.drift import Counts, Observation, TableObservation
from syncengine.model.facts import ClockReset, IntervalCoverage, LinkDown, ServerFacts
from syncengine.model.grain import Archive
from syncengine.model.interval import at_label, floor_to
from syncengine.model.outages import REASON_UNKNOWN, REASONS, BlindSide, BlindTime, OutageFinding, Outlook, TableToll
from syncengine.model.pair import Role
from syncengine.model.plan import KeptBack, KeptWhy, Plan, written_by
from syncengine.model.window import Window
from syncengine.planning.plan import not_compared
from syncengine.planning.witnesses import Seeing, Sight


@dataclass(frozen=True, slots=True)
class _Seen:
    """One server: what it saw, from when on it has rows at all, and how far it has archived."""

    role: Role
    seeing: Seeing
    first: Mapping[int, datetime]
    until: Mapping[int, datetime]
    links_down: str
    """What says that its links are down at this moment, of whatever ACD; empty where nothing does."""
    down: Mapping[int, LinkDown]
    """Links that its diary has as down, and after which it has no rows."""

    @classmethod
    def of(cls, facts: ServerFacts, lengths: Mapping[int, int], links_down: str = "") -> _Seen:
        """Index what one server says of itself."""
        first: dict[int, datetime] = {}
        for one in facts.coverage:
            start = at_label(one.row_date, one.label)
            first[one.acd] = min(first.get(one.acd, start), start)
        archived = {
            acd: facts.archived(acd, Archive.INTERVAL).before_this_run(length) for acd, length in lengths.items()
        }
        last = {one.acd: at_label(one.row_date, one.label) for one in sorted(facts.coverage, key=_moment)}
        down = {one.acd: one for one in facts.down if one.acd not in last or last[one.acd] < one.since}
        until = {acd: until for acd, until in archived.items() if until}
        return cls(facts.role, Seeing(facts), first, until, links_down, down)

    def archived(self, acd: int, interval: Window) -> bool:
        """Say whether it has archived an interval to its end."""
        return acd in self.until and self.until[acd] >= interval.stop

    def expected(self, acd: int, interval: Window) -> bool:
        """Say whether rows must be there: before its first one a server may have been installed only later."""
        return self.archived(acd, interval) and acd in self.first and self.first[acd] <= interval.start

    def down_now(self, acd: int, interval: Window, now: datetime) -> str:
        """Return what says that its link is down at this moment and was in an interval, or nothing."""
        told = self.down.get(acd)
        if told is not None and told.since < interval.stop:
            why = REASONS.get(told.reason, REASON_UNKNOWN)
            since = f"link down since {told.since:%H:%M}, {why} ({told.reason})"
            return f"{since}, and its diary does not tell that it is back"
        # How long they have been down nobody tells: at least now.
        return self.links_down if interval.start <= now < interval.stop else ""


def _moment(seen: IntervalCoverage) -> datetime:
    return at_label(seen.row_date, seen.label)


def blind_times(
    facts: Iterable[ServerFacts],
    lengths: Mapping[int, int],
    looked: Window,
    acds: tuple[int, ...] = (),
    links_down: Mapping[Role, str] | None = None,
) -> tuple[BlindTime, ...]:
    """Return when which server did not see which ACD whole, neighbouring intervals joined, in order.

    `facts` must hold the coverage of every interval of `looked`. An interval counts where the server's diary has
    an outage in it (rule 6: the whole interval is taken), where it has no rows though it has some before it, or
    where its rows are marked incomplete (rule 9). The interval in which `looked` ends counts as well: a link that is
    back already has cut it all the same. `links_down` is what else says that a server's links are down then.
    """
    servers = [_Seen.of(one, lengths, (links_down or {}).get(one.role, "")) for one in facts]
    found: list[BlindTime] = []
    for acd, length in lengths.items():
        if acds and acd not in acds:
            continue
        open_time: BlindTime | None = None
        for interval in _intervals(servers, acd, length, looked):
            time = _blind(servers, acd, interval, looked.stop)
            if time is not None and open_time is not None and _goes_on(open_time, time):
                open_time = _joined(open_time, time)
                continue
            if open_time is not None:
                found.append(open_time)
            open_time = time
        if open_time is not None:
            found.append(open_time)
    return tuple(sorted(found, key=lambda time: (time.span.start, time.acd)))


def _intervals(servers: list[_Seen], acd: int, length: int, looked: Window) -> Iterator[Window]:
    """Yield the whole intervals of the time looked at, from the first that a server can tell of to that under way."""
    under_way = floor_to(looked.stop, length)
    starts = [under_way for server in servers if server.links_down]
    starts += [server.down[acd].since for server in servers if acd in server.down]
    starts += [server.first[acd] for server in servers if acd in server.first]
    starts += [outage.span.start for server in servers for outage in server.seeing.facts.outages if outage.acd == acd]
    if not starts:
        return
    # An interval that the time begins in is looked at whole (rule 5): the link may have gone down just then.
    start = max(floor_to(min(starts), length), floor_to(looked.start, length))
    stop = under_way + timedelta(minutes=length)
    if start < stop:
        yield from Window(start, stop).cut(timedelta(minutes=length))


def _blind(servers: list[_Seen], acd: int, interval: Window, now: datetime) -> BlindTime | None:
    sides = tuple(side for server in servers if (side := _side(server, acd, interval, now)) is not None)
    if not sides or _never_was(servers, sides, acd, interval):
        return None
    archived = all(server.archived(acd, interval) for server in servers)
    return BlindTime(acd, interval, sides, archived, not any(server.seeing.facts.archives_unread for server in servers))


def _never_was(servers: list[_Seen], sides: tuple[BlindSide, ...], acd: int, interval: Window) -> bool:
    """Say whether an interval that neither server has was skipped by a clock set forward (rule 17)."""
    telling = [server for server in servers if server.seeing.facts.tells_coverage]
    if any(not (side.unexplained and side.missing) for side in sides):
        return False
    # A server that has not archived it misses nothing, and has no rows of it either.
    if any(server.seeing.at(acd, interval).has_rows for server in telling):
        return False
    # One switch tells both servers the time: that one diary has it is enough.
    return any(
        reset.acd in (0, acd) and at_label(reset.day, reset.label) <= interval.start < _an_hour_after(reset)
        for server in servers
        for reset in server.seeing.facts.clock_resets
    )


def _an_hour_after(reset: ClockReset) -> datetime:
    return at_label(reset.day, reset.label) + timedelta(hours=1)


def _side(server: _Seen, acd: int, interval: Window, now: datetime) -> BlindSide | None:
    sight: Sight = server.seeing.at(acd, interval)
    missing = not sight.has_rows and server.expected(acd, interval)
    incomplete = sight.has_rows and sight.incomplete > 0
    down_now = server.down_now(acd, interval, now)
    if not (sight.outage or missing or incomplete or down_now):
        return None
    links = tuple(
        outage
        for outage in server.seeing.facts.outages
        if outage.acd == acd and outage.span.clipped(interval) is not None
    )
    return BlindSide(server.role, links, int(missing), int(incomplete), server.seeing.facts.tells_links, down_now)


def _goes_on(one: BlindTime, other: BlindTime) -> bool:
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
            here.tells_links,
            there.down_now or here.down_now,
        )
        for here, there in zip(one.sides, other.sides, strict=True)
    )
    return replace(one, span=Window(one.span.start, other.span.stop), sides=sides)


def going_on(
    times: Iterable[BlindTime], facts: Iterable[ServerFacts], lengths: Mapping[int, int], now: datetime
) -> Iterator[str]:
    """Yield where nothing tells that a blind time is over, as sentences without their ends.

    Once its rows are copied from the other server they look like its own: give facts without them (`seen_itself`).
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
                    f"{side.role} has no rows of its own of ACD {time.acd} up to {last}, and "
                    "nothing tells that this is over: see that its links are up, also before users work there"
                )


def narrowed(observation: Observation, times: Iterable[BlindTime]) -> Observation:
    """Return an observation with only that drift that lies in blind times of its own ACD, or is of what they cut."""
    times = tuple(times)
    spans: dict[int, list[Window]] = {}
    for time in times:
        spans.setdefault(time.acd, []).append(time.span)
    every = [span for of_acd in spans.values() for span in of_acd]
    tables = []
    for table in observation.tables:
        kept = []
        cut = {bucket for time in times for bucket in _cut_by(time, table)}
        for drift in table.differing:
            span = drift.span
            near = every if drift.bucket.acd is None else spans.get(drift.bucket.acd, [])
            if drift.only_cuts or (span is not None and any(span.clipped(one) for one in near)):
                kept.append(drift)
            elif drift.bucket in cut:
                # It was compared for being near; what else differs in it is no matter of the outage.
                kept.append(replace(drift, only_cuts=True))
        tables.append(replace(table, differing=tuple(kept)))
    return replace(observation, tables=tuple(tables))


def findings_of(
    times: Iterable[BlindTime], plan: Plan | None, observation: Observation | None, *, passes: bool = False
) -> Iterator[OutageFinding]:
    """Yield what came of each blind time.

    `plan` is that which repairs them all, None where a rule forbids it, for a while only if that `passes`;
    `observation` what was found in them, None where none is archived.
    """
    for time in times:
        tolls = tuple(_tolls(time, plan, observation)) if plan and observation else ()
        kept = tuple(one for one in plan.kept if _touches(one, time)) if plan else ()
        refused = plan is None and observation is not None and _differs(time, observation)
        lost = tuple(not_compared(observation)) if observation is not None and time.archived else ()
        outlook = _outlook(time, tolls, kept, refused=refused)
        if passes and outlook is Outlook.REFUSED:
            outlook = Outlook.WAITING
        if lost and outlook is Outlook.ALIKE:
            outlook = Outlook.UNKNOWN
        yield OutageFinding(time, outlook, tolls, tuple(sorted((*kept, *lost), key=lambda one: (one.table, one.why))))


def _differs(time: BlindTime, observation: Observation) -> bool:
    """Say whether any row of a blind time differs."""
    return any(
        drift.bucket.acd in (None, time.acd) and drift.span is not None and drift.span.clipped(time.span) is not None
        for table in observation.tables
        for drift in table.differing
    )


def _tolls(time: BlindTime, plan: Plan, observation: Observation) -> Iterator[TableToll]:
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
        yield TableToll(*place, buckets, total.missing, total.changed, total.extra, place in of_no_acd)


def _cut_by(time: BlindTime, table: TableObservation) -> Iterator[Bucket]:
    """Yield the buckets that hold parts of what the outages of a blind time have cut, whenever they are."""
    for cut in table.cuts:
        if cut.acd == time.acd and any(outage.clipped(time.span) for outage in cut.outages):
            yield from cut.buckets


def _touches(kept: KeptBack, time: BlindTime) -> bool:
    """Say whether what is kept is of a blind time. A table that could not be compared is of no time."""
    return kept.acd in (None, time.acd) and any(span.clipped(time.span) is not None for span in kept.spans)


def _outlook(time: BlindTime, tolls: tuple[TableToll, ...], kept: tuple[KeptBack, ...], *, refused: bool) -> Outlook:
    if not time.archived and not time.tells_archives:
        return Outlook.UNARCHIVED
    if time.lost:
        # Whatever is copied, it stays so: the same is said before that and afterwards.
        return Outlook.LOST
    if not time.archived:
        return Outlook.WAITING
    if tolls:
        return Outlook.REPAIR
    if any(one.why in (KeptWhy.LOST, KeptWhy.CUT_ON_BOTH) for one in kept):
        return Outlook.LOST
    if kept and all(one.why is KeptWhy.UNARCHIVED for one in kept):
        return Outlook.WAITING
    if any(one.why is KeptWhy.CUT_NOT_OVER for one in kept):
        return Outlook.NOT_OVER
    if kept and all(one.why is KeptWhy.UNWRITABLE for one in kept):
        return Outlook.REFUSED
    if kept:
        return Outlook.UNDECIDED
    return Outlook.REFUSED if refused else Outlook.ALIKE
