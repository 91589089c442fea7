"""Lengths of intervals, clocks and roll-ups."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from tests.world.clock import DAY, HOUR, MINUTE
from tests.world.scenarios import SERVER, acds_of_a_world, moments, seconds_up_to
from tests.world.shapes.shape import Shape
from tests.world.values import (
    Acd,
    ClockSet,
    Command,
    Happening,
    LengthSet,
    LinkDown,
    Scenario,
    Server,
    ServerDown,
    other,
)

SEEDS = st.integers(0, 2**31)
FEW_DAYS, SMALL_TABLES = 1, 2
"""What the seed of a world leaves, divided by 5, where servers store few days or have small tables (`schedule.py`)."""
NIGHTS = (("America/Denver", date(2000, 10, 28)), ("America/Denver", date(2000, 4, 1)))
"""Zones and first days of worlds whose second day begins with an hour that comes twice, or never."""
ROLLUPS: tuple[tuple[str, ...], ...] = (("--rollups", "recompute"), ("--rollups", "copy"), ())
DOWNS = (1, 2, 3, 4, 6)
"""Hours of outages."""


@st.composite
def _summed(draw: st.DrawFn) -> Scenario:
    """Return a day that is summed after an outage or after its repair, and is judged by its own intervals.

    By chance a repair seldom comes after the night of an outage, and seldom are roll-ups asked for then.
    """
    server, acds, days = draw(SERVER), draw(acds_of_a_world()), draw(st.sampled_from((2, 3)))
    at = draw(moments((days - 1) * DAY - HOUR))
    seconds = draw(seconds_up_to(4 * HOUR))
    down: Happening = draw(
        st.sampled_from((LinkDown(server, at, seconds), LinkDown(server, at, seconds, acds[0].number)))
    )
    night = (at // DAY + 1) * DAY
    before, after = at + seconds + HOUR, night + draw(st.integers(HOUR, 23 * HOUR - 3))
    commands = [_repaired(after, other(server), draw(st.sampled_from(ROLLUPS)), draw(st.booleans()))]
    if draw(st.integers(0, 2)) == 0:
        # The intervals are whole before their day is summed, or their day is named, and repaired later.
        commands.insert(0, _repaired(min(before, after - 1), other(server), draw(st.sampled_from(ROLLUPS)), True))
    return Scenario(
        seed=draw(SEEDS),
        days=days,
        acds=acds,
        happenings=(down,),
        commands=(*commands, *_examined(after + 1, draw(SERVER))),
    )


@st.composite
def _summed_unlike(draw: st.DrawFn) -> Scenario:
    """Return outages of both servers in one day, whose roll-ups are then broken on both, by other intervals."""
    acds = draw(acds_of_a_world())
    first: Server = draw(SERVER)
    at, long = draw(st.integers(7 * HOUR, 12 * HOUR)), draw(st.sampled_from(DOWNS)) * HOUR
    later, short = at + long + draw(st.integers(0, 2 * HOUR)), draw(seconds_up_to(2 * HOUR))
    happenings = (LinkDown(first, at, long), LinkDown(other(first), later, short))
    repaired = DAY + draw(st.integers(2 * HOUR, 20 * HOUR))
    commands = [_repaired(repaired, draw(SERVER), draw(st.sampled_from(ROLLUPS)), True)]
    if draw(st.booleans()):
        # Once the intervals are whole on both, only the days differ.
        rest = ("--window", "{days 1 0}", "--from", draw(SERVER), *draw(st.sampled_from(ROLLUPS[:2])), "--yes")
        commands.append(Command(repaired + 1, "resync", rest))
    return Scenario(
        seed=draw(SEEDS),
        acds=acds,
        happenings=happenings,
        commands=(*commands, *_examined(repaired + 2, draw(SERVER))),
    )


@st.composite
def _unlike_lengths(draw: st.DrawFn) -> Scenario:
    """Return an ACD whose intervals have another length on one server for some hours, with outages in them."""
    acds = draw(acds_of_a_world())
    minutes = draw(st.sampled_from([one for one in (15, 30, 60) if one != acds[0].minutes]))
    first: Server = draw(SERVER)
    at = draw(st.integers(5 * HOUR, 14 * HOUR))
    until = at + draw(st.integers(2 * HOUR, 10 * HOUR))
    happenings: list[Happening] = [
        LengthSet(at, acds[0].number, minutes, (first,)),
        LengthSet(until, acds[0].number, minutes, (other(first),)),
    ]
    for _ in range(draw(st.integers(1, 2))):
        down = draw(st.integers(at - HOUR, until))
        happenings.append(LinkDown(draw(SERVER), down, draw(seconds_up_to(3 * HOUR))))
    repaired = 34 * HOUR + draw(st.integers(0, 12 * HOUR))
    source: Server = draw(SERVER)
    return Scenario(
        seed=draw(SEEDS),
        acds=acds,
        happenings=_in_order(happenings),
        commands=(
            _repaired(repaired, source, draw(st.sampled_from(ROLLUPS)), draw(st.booleans())),
            *_examined(repaired + 1, draw(SERVER)),
        ),
    )


@st.composite
def _hour_twice(draw: st.DrawFn) -> Scenario:
    """Return a clock that shows some time twice or never, by its zone or by hand, around an outage."""
    by_zone = draw(st.booleans())
    zone, start = draw(st.sampled_from(NIGHTS)) if by_zone else ("UTC", date(2000, 6, 5))
    night = DAY + 2 * HOUR
    happenings: list[Happening] = []
    if not by_zone:
        by = draw(st.sampled_from((5 * MINUTE, 17 * MINUTE, 30 * MINUTE, HOUR))) * draw(st.sampled_from((-1, 1)))
        set_at = night + draw(st.integers(-HOUR, HOUR))
        happenings.append(ClockSet(set_at, by))
        if draw(st.booleans()):
            happenings.append(ClockSet(set_at + draw(st.integers(MINUTE, 4 * HOUR)), -by))
    down = night + draw(st.integers(-2 * HOUR, 90 * MINUTE))
    server: Server = draw(SERVER)
    happenings.append(LinkDown(server, down, draw(st.one_of(st.just(HOUR), seconds_up_to(3 * HOUR)))))
    if draw(st.integers(0, 3)) == 0:
        happenings.append(LinkDown(other(server), down + HOUR, draw(seconds_up_to(HOUR))))
    repaired = 36 * HOUR + draw(st.integers(0, 10 * HOUR))
    return Scenario(
        seed=draw(SEEDS),
        start=start,
        zone=zone,
        # Somebody has to be there at night.
        acds=(Acd(minutes=draw(st.sampled_from((15, 30, 60))), agents=draw(st.integers(2, 5)), calls_an_hour=8),),
        happenings=_in_order(happenings),
        commands=(
            _repaired(repaired, draw(st.sampled_from((other(server), other(server), server))), (), draw(st.booleans())),
            *_examined(repaired + 1, draw(SERVER)),
        ),
    )


@st.composite
def _full_tables(draw: st.DrawFn) -> Scenario:
    """Return circular tables that are full on one server earlier than on the other, and a repair of what is left."""
    server: Server = draw(SERVER)
    at = draw(st.integers(7 * HOUR, 16 * HOUR))
    happenings: list[Happening] = [LinkDown(server, at, draw(seconds_up_to(5 * HOUR)))]
    if draw(st.booleans()):
        happenings.append(LinkDown(other(server), at + draw(st.integers(0, 6 * HOUR)), draw(seconds_up_to(HOUR))))
    repaired = at + draw(st.integers(6 * HOUR, 20 * HOUR))
    return Scenario(
        seed=5 * draw(st.integers(0, 2**28)) + SMALL_TABLES,
        acds=(Acd(agents=draw(st.integers(2, 5)), calls_an_hour=draw(st.integers(4, 12))),),
        happenings=_in_order(happenings),
        commands=(
            _repaired(repaired, other(server), (), draw(st.booleans())),
            *_examined(repaired + 1, draw(SERVER)),
        ),
    )


@st.composite
def _dropped_days(draw: st.DrawFn) -> Scenario:
    """Return servers that store few days, one of which is down when both are to drop the oldest."""
    days = draw(st.sampled_from((4, 4, 5)))
    late: Server = draw(SERVER)
    night = draw(st.integers(3, days - 1)) * DAY
    begin = night + draw(st.integers(-2 * HOUR, 45 * MINUTE))
    end = night + draw(st.integers(HOUR, 9 * HOUR))
    happenings: list[Happening] = [ServerDown(late, begin, end - begin)]
    # The other one has a rest of the day that is dropped, or an outage in a day that is saved.
    happenings.append(LinkDown(draw(SERVER), draw(moments(night - 3 * HOUR)), draw(seconds_up_to(3 * HOUR))))
    examined = min(end + draw(st.sampled_from((1, MINUTE, 9 * MINUTE, HOUR, 5 * HOUR))), days * DAY - 9)
    window = draw(st.sampled_from(("{days 5 0}", "{days 4 1}", "{days 3 2}", "{days 2 1}")))
    source: Server = draw(SERVER)
    commands = (
        Command(examined, "verify", ("--window", window, "--from", source)),
        draw(
            st.sampled_from(
                (
                    Command(examined + 1, "resync", ("--window", window, "--from", source, "--yes")),
                    Command(examined + 1, "resync", ("--outages", "--yes")),
                    Command(examined + 1, "backfill", ("--window", window, "--from", source, "--yes")),
                )
            )
        ),
        Command(examined + 2, "verify", ("--window", window, "--from", source)),
    )
    return Scenario(
        seed=5 * draw(st.integers(0, 2**28)) + FEW_DAYS,
        days=days,
        acds=(Acd(splits=1, agents=2, calls_an_hour=draw(st.integers(1, 6))),),
        happenings=_in_order(happenings),
        commands=commands,
    )


def _repaired(at: int, source: Server, rollups: tuple[str, ...], outages: bool) -> Command:
    """Return the repair of all outages, or of the last one of the other server from a source."""
    what = ("--outages",) if outages else ("--window", f"{{outage {other(source)} -1}}", "--from", source)
    return Command(at, "resync", (*what, *rollups, "--yes"))


def _examined(at: int, source: Server) -> tuple[Command, ...]:
    """Return what shows whether all is well: both servers compared, and each with its own intervals."""
    return Command(at, "verify", ("--from", source)), Command(at + 1, "verify", ("--internal",))


def _in_order(happenings: list[Happening]) -> tuple[Happening, ...]:
    return tuple(sorted(happenings, key=lambda one: (one.at, repr(one))))


SHAPES = (
    Shape("summed", 3, _summed),
    Shape("summed_unlike", 3, _summed_unlike),
    Shape("unlike_lengths", 3, _unlike_lengths),
    Shape("hour_twice", 3, _hour_twice),
    Shape("full_tables", 3, _full_tables),
    Shape("dropped_days", 3, _dropped_days),
)
