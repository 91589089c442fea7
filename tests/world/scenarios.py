"""Draws scenarios: a call centre, what happens to it, what an operator does, and what goes wrong."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from tests.world.administration import KINDS
from tests.world.clock import DAY, HOUR, MINUTE
from tests.world.commands import (
    ADMINISTERING,
    BADLY_TYPED,
    LATER_UNDOS,
    READING,
    REPAIRING,
    ROLLING_UP,
    UNDOING,
    WAITING,
)
from tests.world.values import (
    BOTH,
    RESTORE_SECONDS,
    Acd,
    Added,
    ClockSet,
    Command,
    Edit,
    Fault,
    FaultKind,
    Happening,
    LengthSet,
    LinkDown,
    OwnObject,
    Restored,
    Scenario,
    Server,
    ServerDown,
    Unreadable,
    Upgraded,
    other,
)

LEVELS = (1, 2, 3, 4)
"""1: intervals, logins and calls, outages on both sides, resync and undo. 2: faults, too. 3: lengths, clocks and
roll-ups, too. 4: administration and all else."""
STARTS = (
    ("UTC", date(2000, 6, 5)),
    ("UTC", date(2000, 6, 30)),
    ("UTC", date(2000, 6, 3)),
    ("America/Denver", date(2000, 4, 1)),
    ("America/Denver", date(2000, 10, 28)),
)
"""Zones and first days: a Monday, the end of a month, the end of a week, a spring and an autumn night."""
TABLES = ("hsplit", "hagent", "haglog", "call_rec", "synonyms", "linkex", "arch_stat", "dsplit")
SERVER: st.SearchStrategy[Server] = st.sampled_from(BOTH)
MOST_HAPPENINGS = 6
CALLS_OF_A_COMMAND = (250, 800)
"""Faults are drawn at one of so many calls: most commands that read have no more than the first, and a repair of one
outage reaches its first commit after that, and its last call before the second."""


@st.composite
def scenarios(draw: st.DrawFn, level: int = max(LEVELS)) -> Scenario:
    """Return a scenario of a level."""
    zone, start = draw(st.sampled_from(STARTS if level > 2 else STARTS[:1]))
    days = draw(st.sampled_from((2, 2, 2, 1, 3, 7 if level > 2 else 2)))
    last = days * DAY
    acds = draw(acds_of_a_world())
    happenings = draw(st.lists(_happening(last, acds, level), min_size=1, max_size=MOST_HAPPENINGS))
    outages = [one for one in happenings if isinstance(one, LinkDown)]
    if outages and len(happenings) < MOST_HAPPENINGS:
        happenings += draw(st.lists(_beside(last, outages), max_size=MOST_HAPPENINGS - len(happenings)))
    if level > 3:
        happenings += draw(_more_of_people(last, happenings))
    ends = tuple(sorted({one.at + one.seconds for one in happenings if isinstance(one, LinkDown | ServerDown)}))
    commands = draw(st.lists(_command(last, ends, level), min_size=2, max_size=8))
    commands += draw(_undone(commands, last))
    faults = draw(st.lists(_fault(len(commands)), max_size=3)) if level > 1 and commands else []
    seed = draw(st.integers(0, 2**31))
    whole = level > 3 and draw(st.integers(0, 49)) == 49
    return Scenario(
        seed=seed,
        start=start,
        zone=zone,
        days=days,
        acds=acds,
        happenings=tuple(sorted(happenings, key=lambda one: (one.at, repr(one)))),
        commands=tuple(sorted(commands, key=lambda one: one.at)),
        faults=tuple(faults),
        whole=whole,
    )


@st.composite
def acds_of_a_world(draw: st.DrawFn) -> tuple[Acd, ...]:
    """Return one ACD or two."""
    number = draw(st.sampled_from((1, 1, 2)))
    return tuple(
        Acd(
            number=place + 1,
            minutes=draw(st.sampled_from((30, 15, 60))),
            splits=draw(st.integers(1, 3)),
            agents=draw(st.integers(1, 5)),
            vdns=draw(st.integers(1, 2)),
            trunk_groups=draw(st.integers(1, 2)),
            calls_an_hour=draw(st.integers(0, 10)),
            quiet=draw(st.sampled_from(((0, 0), (0, 0), (1, 5), (22, 24)))),
        )
        for place in range(number)
    )


def seconds_up_to(longest: int) -> st.SearchStrategy[int]:
    """Return lengths of time: seconds, minutes, or hours, up to the longest."""
    return st.one_of(
        st.integers(1, min(longest, 2 * MINUTE)),
        st.integers(1, min(longest, HOUR)),
        st.integers(1, min(longest, 20 * HOUR)),
        st.integers(1, max(longest // MINUTE, 1)).map(lambda minutes: minutes * MINUTE),
    )


def moments(last: int) -> st.SearchStrategy[int]:
    """Return seconds of the world: any, at, just before or after the beginning of a quarter, or when clocks change."""
    quarter = 15 * MINUTE
    near = st.tuples(st.integers(0, last // quarter - 1), st.sampled_from((0, 0, 1, -1, 59, -59, 60)))
    any_time = st.one_of(
        st.integers(0, last - 1), near.map(lambda one: min(max(one[0] * quarter + one[1], 0), last - 1))
    )
    if last < DAY + 4 * HOUR:
        return any_time
    # The nights of `STARTS` in which clocks are changed are the second of their worlds.
    night = st.integers(0, 8).map(lambda one: DAY + HOUR // 2 + one * quarter)
    return st.one_of(any_time, any_time, any_time, night)


@st.composite
def link_downs(draw: st.DrawFn, last: int, acds: tuple[Acd, ...]) -> LinkDown:
    """Return an outage of either server."""
    at = draw(moments(last))
    seconds = draw(seconds_up_to(max(last - at, 1)))
    acd = draw(st.sampled_from((None, None, *(one.number for one in acds))))
    return LinkDown(draw(SERVER), at, seconds, acd)


@st.composite
def _beside(draw: st.DrawFn, last: int, outages: list[LinkDown]) -> LinkDown:
    """Return an outage that touches or overlaps another one, mostly of the other server: random ones seldom do."""
    near = draw(st.sampled_from(outages))
    end = near.at + near.seconds
    begin = draw(st.sampled_from((near.at, end, near.at + near.seconds // 2, end - 1, end + 1, near.at - 10 * MINUTE)))
    at = min(max(begin, 0), last - 1)
    seconds = min(draw(st.one_of(st.just(near.seconds), seconds_up_to(HOUR))), max(last - at, 1))
    server = draw(st.sampled_from((other(near.server), other(near.server), near.server)))
    return LinkDown(server, at, seconds, near.acd)


@st.composite
def _server_down(draw: st.DrawFn, last: int) -> ServerDown:
    at = draw(moments(last))
    return ServerDown(draw(SERVER), at, draw(seconds_up_to(min(max(last - at, 1), 8 * HOUR))))


@st.composite
def _time(draw: st.DrawFn, last: int, acds: tuple[Acd, ...]) -> Happening:
    at = draw(moments(last))
    if draw(st.booleans()):
        servers = draw(st.sampled_from((BOTH, BOTH[:1], BOTH[1:])))
        return LengthSet(at, draw(st.sampled_from(acds)).number, draw(st.sampled_from((15, 30, 60))), servers)
    return ClockSet(at, draw(st.sampled_from((-HOUR, -MINUTE, -90, 17, 5 * MINUTE, HOUR))))


@st.composite
def _other(draw: st.DrawFn, last: int) -> Happening:
    at, server = draw(moments(last)), draw(SERVER)
    # It is up again before the world ends.
    restored = min(at, last - RESTORE_SECONDS)
    edit = st.builds(
        Edit, server=st.sampled_from((server, "primary")), at=st.just(at), kind=st.sampled_from(KINDS), seed=SEEDS
    )
    happening: Happening = draw(
        st.one_of(
            edit,
            edit,
            st.builds(Restored, server=st.just(server), at=st.just(restored), to=st.integers(0, restored)),
            st.just(Upgraded(server, at)),
            st.builds(
                Added,
                server=st.just(server),
                at=st.just(at),
                table=st.sampled_from(TABLES[:5]),
                what=st.sampled_from(tuple(OwnObject)),
            ),
            st.builds(
                Unreadable,
                server=st.just(server),
                at=st.just(at),
                seconds=seconds_up_to(max(last - at, 1)),
                table=st.sampled_from(TABLES),
            ),
        )
    )
    return happening


@st.composite
def _more_of_people(draw: st.DrawFn, last: int, happenings: list[Happening]) -> list[Happening]:
    """Return several edits, since one alone leaves little to decide; most upgrades are of both servers."""
    found: list[Happening] = []
    if draw(st.booleans()):
        found += draw(
            st.lists(
                st.builds(
                    Edit,
                    server=st.sampled_from(("primary", "primary", "secondary")),
                    at=moments(last),
                    kind=st.sampled_from(KINDS),
                    seed=SEEDS,
                ),
                min_size=1,
                max_size=MOST_HAPPENINGS,
            )
        )
    for one in happenings:
        if isinstance(one, Upgraded) and draw(st.sampled_from((True, True, False))):
            later = draw(st.sampled_from((0, HOUR, DAY // 2)))
            found.append(Upgraded(other(one.server), min(one.at + later, last - 1)))
    return found


SEEDS = st.integers(0, 2**16)


def _happening(last: int, acds: tuple[Acd, ...], level: int) -> st.SearchStrategy[Happening]:
    outage = link_downs(last, acds)
    kinds: list[st.SearchStrategy[Happening]] = [outage, outage]
    if level > 1:
        kinds.append(_server_down(last))
    if level > 2:
        kinds.append(_time(last, acds))
    if level > 3:
        kinds += [_other(last), _other(last)]
    return st.one_of(kinds)


@st.composite
def _command(draw: st.DrawFn, last: int, ends: tuple[int, ...], level: int) -> Command:
    """Return a command at any time, or soon after an outage, as of somebody who is called at night."""
    soon = (
        st.tuples(st.sampled_from(ends), st.one_of(st.integers(0, HOUR), st.integers(0, 5 * HOUR))).map(sum)
        if ends
        else st.nothing()
    )
    at = min(draw(st.one_of(soon, st.integers(0, last - 1), st.integers(last - DAY // 2, last - 1))), last - 1)
    known = [READING, REPAIRING, REPAIRING, UNDOING, BADLY_TYPED]
    if level > 1:
        known += [WAITING, LATER_UNDOS]
    if level > 2:
        known.append(ROLLING_UP)
    if level > 3:
        known += [ADMINISTERING, ADMINISTERING]
    verb, *options = draw(st.sampled_from(draw(st.sampled_from(known))))
    as_document = ("--json",) if draw(st.booleans()) else ()
    return Command(at, verb, (*options, *as_document))


@st.composite
def _undone(draw: st.DrawFn, commands: list[Command], last: int) -> list[Command]:
    """Return an undo soon after a command that writes, and a verify: random ones seldom find what to undo."""
    writing = [one for one in commands if one.verb in ("resync", "sync", "backfill") and "--yes" in one.options]
    if not writing or draw(st.integers(0, 2)):
        return []
    at = min(draw(st.sampled_from(writing)).at + draw(st.integers(1, 2 * HOUR)), last - 2)
    undo = draw(st.sampled_from((("--yes",), ("{run -1}", "--yes"))))
    return [Command(at, "undo", undo), Command(at + 1, "verify")]


@st.composite
def _fault(draw: st.DrawFn, commands: int) -> Fault:
    return Fault(
        command=draw(st.integers(0, commands - 1)),
        call=draw(st.integers(0, draw(st.sampled_from(CALLS_OF_A_COMMAND)))),
        kind=draw(st.sampled_from(tuple(FaultKind))),
        seed=draw(SEEDS),
    )
