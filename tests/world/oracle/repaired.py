"""Oracle 4: what either server saw whole is on both once it is repaired, and nothing is lost, doubled or invented."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from syncengine.model.grain import Archive
from syncengine.model.plan import SkipReason
from syncengine.model.spec import Rollup, TableSpec
from tests.world.ending import Ending
from tests.world.oracle import Violation
from tests.world.oracle.tables import Judged, Layout, Place, history, layout_of, rows_of
from tests.world.oracle.truth import (
    QUARTER,
    Known,
    Recordings,
    Unit,
    Whole,
    length_of,
    recordings_of,
    restored,
    units_of,
)
from tests.world.values import (
    SERVERS,
    Added,
    OwnObject,
    Server,
    Snapshot,
    Span,
    Upgraded,
    other,
)

ORACLE = 4
EVERYTHING = frozenset({"--outages", "--yes", "-y", "--wait", "--json", "--full", "-v"})
"""Options with which a command still repairs or compares everything."""
WITH_VALUES = frozenset({"--rollups", "--allow-deletions", "--unknown-columns", "--pair"})


def judge_repaired(world: Judged, ending: Ending) -> Iterator[Violation]:
    """Yield what a command that said all is repaired has left otherwise than one of the servers saw it."""
    if not claims_all(ending) or overruled(world, ending):
        return
    found = units_of(world)
    for spec in history(world):
        recordings = recordings_of(world, layout_of(world, spec))
        if spec.archive is Archive.INTERVAL:
            yield from _units(ending, recordings, found)
        elif spec.pieces is not None:
            yield from _whole(world, ending, recordings)


def judge_nothing_lost(world: Judged, ending: Ending) -> Iterator[Violation]:
    """Yield what is never right: rows that no server wrote, overlaps, lost or doubled minutes, too high totals."""
    found = units_of(world)
    for spec in history(world):
        recordings = recordings_of(world, layout_of(world, spec))
        most = _most(world, recordings, ending)
        for server in SERVERS:
            bag = recordings.bag_of(ending.after, server)
            yield from _invented(recordings, server, bag, most)
            if spec.archive is Archive.INTERVAL:
                yield from _overlaps(recordings, ending, server)
                yield from _totals(recordings, ending, server, found)
            elif spec.pieces is not None:
                yield from _minutes(world, recordings, ending, server, bag)


def claims_all(ending: Ending) -> bool:
    """Say whether a command said that every outage is repaired but for what it names, or that all is in sync."""
    verb, words = ending.command.verb, list(ending.words[1:])
    if verb == "verify" and ending.code != 0:
        return False
    if verb == "resync" and (
        ending.code not in (0, 3) or "--outages" not in words or any(one.not_included for one in ending.plans)
    ):
        return False
    if verb not in ("resync", "verify"):
        return False
    while words:
        word = words.pop(0)
        if word in WITH_VALUES:
            words = words[1:]
        elif word not in EVERYTHING and word.partition("=")[0] not in WITH_VALUES:
            return False
    return True


def named(ending: Ending, table: str, acd: int, begin: datetime, end: datetime) -> bool:
    """Say whether a plan names a time of a table among what it skips, for a reason that leaves an outage as it is."""
    return ending.code != 0 and any(
        one.table == table
        and one.acd in (None, acd)
        and one.reason is not SkipReason.FILL_ONLY
        and (not one.spans or any(span.start <= end and begin < span.stop for span in one.spans))
        for plan in ending.plans
        for one in plan.skipped
    )


def overruled(world: Judged, ending: Ending) -> str:
    """Say why the servers need not have what they saw, if an operator or somebody else has overruled it."""
    for one in [*world.endings, ending]:
        if "--take-broken" in one.words and one.code != 2:
            return "broken rows were taken on purpose"
    if any(restored(world, ending.after.at)):
        return "a server was restored from a tape"
    for happening in world.scenario.happenings:
        if happening.at > ending.after.at:
            continue
        if isinstance(happening, Upgraded) or (isinstance(happening, Added) and happening.what is OwnObject.COLUMN):
            return "the servers have not the same columns"
    return ""


def _units(ending: Ending, recordings: Recordings, found: tuple[Unit, ...]) -> Iterator[Violation]:
    layout = recordings.layout
    judged = [
        unit
        for unit in found
        if unit.ready <= ending.before.at and not unit.unclear and any(unit.whole.values()) > all(unit.whole.values())
    ]
    if not judged:
        return
    now = {server: _by_day(_by_place(recordings, ending.after, server)) for server in SERVERS}
    own = {server: _by_day(_recorded_by_place(recordings, server, ending.before.at)) for server in SERVERS}
    # Where another session wrote, a server has not what either of the two saw: `rows.judge_beside` judges that.
    beside = {layout.place(line) for server in SERVERS for line in recordings.beside(server, -1, ending.after.at)}
    for unit in judged:
        if _dropped(recordings, ending, unit.day):
            continue
        if any(unit.holds(*place) for place in beside):
            continue
        for server in SERVERS:
            if unit.whole[server] or not unit.whole[other(server)]:
                continue
            after, mine, theirs = (_of_unit(places, unit) for places in (now[server], own[server], own[other(server)]))
            begin = datetime(unit.day.year, unit.day.month, unit.day.day) + timedelta(minutes=QUARTER * unit.first)
            end = begin + timedelta(minutes=QUARTER * (unit.past - unit.first) - 1)
            if after != theirs and not named(ending, layout.spec.name, unit.acd, begin, end):
                what = "as it was broken" if after == mine else "neither its own rows nor those of the other"
                yield Violation(
                    ORACLE,
                    f"{server}: {layout.spec.name}, {unit.named}, which only the other server recorded whole, is "
                    f"{what}: {_change(theirs, after)}",
                )


Day = tuple[int | None, Any]
ByDay = dict[Day, dict[Place, Counter[Known]]]


def _by_day(places: dict[Place, Counter[Known]]) -> ByDay:
    found: ByDay = {}
    for place, rows in places.items():
        found.setdefault(place[:2], {})[place] = rows
    return found


def _of_unit(days: ByDay, unit: Unit) -> Counter[Known]:
    found: Counter[Known] = Counter()
    for (acd, day, label), rows in days.get((unit.acd, unit.day), {}).items():
        if unit.holds(acd, day, label):
            found += rows
    return found


def _by_place(recordings: Recordings, snapshot: Snapshot, server: Server) -> dict[Place, Counter[Known]]:
    layout = recordings.layout
    return {place: recordings.bag(rows) for place, rows in layout.by_place(rows_of(layout, snapshot, server)).items()}


def _recorded_by_place(recordings: Recordings, server: Server, until: int) -> dict[Place, Counter[Known]]:
    found: dict[Place, Counter[Known]] = {}
    for one in recordings.own[server]:
        if one.at <= until:
            place = (one.acd, one.row["row_date"], one.row["starttime"])
            found.setdefault(place, Counter())[recordings.known_of(one)] += 1
    return found


def _dropped(recordings: Recordings, ending: Ending, day: date) -> bool:
    """Say whether either server has dropped rows of a day by their age: it has none of it or of any day before."""
    layout = recordings.layout
    if layout.spec.time is None:
        return False
    at = layout.at(layout.spec.time.date)
    for server in SERVERS:
        wrote = any(
            one.row[layout.spec.time.date] <= day and one.at <= ending.before.at for one in recordings.own[server]
        )
        if not wrote:
            continue
        days = {line[at] for line in rows_of(layout, ending.after, server)}
        if days and min(days) > day:
            return True
    return False


def _whole(world: Judged, ending: Ending, recordings: Recordings) -> Iterator[Violation]:
    layout = recordings.layout
    logs = {server: _by_itself(world, recordings, ending, server) for server in SERVERS}
    for server in SERVERS:
        bag = recordings.bag_of(ending.after, server)
        for one in recordings.wholes.values():
            if any(piece.at > ending.before.at for role in SERVERS for piece in one.pieces[role]):
                continue
            if any(_purged(recordings, ending, role, one, logs[role]) for role in SERVERS):
                continue
            mine = one.pieces[server]
            if not one.whole_on(other(server), ending.before.at) or not mine or one.whole_on(server, ending.before.at):
                continue
            begin, end = (world.scenario.clock.shown(at) for at in one.perfect.span)
            if _dropped(recordings, ending, begin.date()) or _clock_set(world, one):
                continue
            if named(ending, layout.spec.name, one.perfect.acd, begin, end):
                continue
            full = recordings.known_of(one.pieces[other(server)][0])
            cut = Counter(recordings.known_of(piece) for piece in mine)
            if bag[full] < 1:
                yield Violation(
                    ORACLE, f"{server}: {_piece(layout, one)} is cut, and the other server recorded it whole"
                )
            elif any(bag[piece] for piece in cut if piece != full):
                yield Violation(ORACLE, f"{server}: {_piece(layout, one)} is there whole and in pieces")


def _clock_set(world: Judged, one: Whole) -> bool:
    """Say whether the clock shows the time of a login more than once, or was set in it."""
    clock = world.scenario.clock
    begin, end = one.perfect.span
    for at in (begin, end, *(at for role in SERVERS for piece in one.pieces[role] for at in piece.span)):
        if len(clock.times(clock.shown(at), world.scenario.last + 86400)) != 1:
            return True
    return clock.epoch(end) - clock.epoch(begin) != end - begin or clock.shown(end) - clock.shown(begin) != (
        clock.moment(end) - clock.moment(begin)
    )


def _most(world: Judged, recordings: Recordings, ending: Ending) -> Counter[Known]:
    """Return how often each row may be on a server at most."""
    most: Counter[Known] = Counter()
    for role in SERVERS:
        most |= recordings.written(role, -1, ending.after.at)
        # What people or other programs wrote there is in the log of their server.
        most |= recordings.bag(world.site.changes(role, recordings.layout.spec.name, -1, ending.after.at)[0])
    return most


def _invented(recordings: Recordings, server: Server, bag: Counter[Known], most: Counter[Known]) -> Iterator[Violation]:
    """Yield rows that neither server wrote, and rows that are there more often than either wrote them."""
    for row in sorted(bag - most, key=str)[:3]:
        what = f"{bag[row]} times, written {most[row]} times" if most[row] else "and no server wrote it"
        values = ", ".join(f"{name} {value}" for name, value in zip(recordings.columns, row, strict=True))
        yield Violation(ORACLE, f"{server}: a row of {recordings.layout.spec.name} is there {what}: {values}")


def _overlaps(recordings: Recordings, ending: Ending, server: Server) -> Iterator[Violation]:
    """Yield intervals of one key that overlap, where neither server wrote both."""
    layout = recordings.layout
    time = layout.spec.time
    if time is None or time.interval is None:
        return
    key = [name for name in layout.spec.key if name != time.interval]
    rows = (dict(zip(layout.columns, line, strict=False)) for line in rows_of(layout, ending.after, server))
    overlapping = set(_overlapping(_interval(key, row) for row in rows))
    if not overlapping:
        return
    allowed = {
        pair
        for role in SERVERS
        for pair in _overlapping(_interval(key, one.row) for one in recordings.own[role] if one.at <= ending.after.at)
    }
    for pair in sorted(overlapping - allowed, key=str)[:3]:
        (place, first, length), (_, second, _) = pair
        yield Violation(
            ORACLE,
            f"{server}: {layout.spec.name} {place}: the interval of {second // 60:02d}:{second % 60:02d} begins inside "
            f"that of {first // 60:02d}:{first % 60:02d} with {length} minutes",
        )


Interval = tuple[Any, int, int]


def _interval(key: list[str], row: Any) -> Interval:
    label = int(row["starttime"])
    place = (row["acd"], row["row_date"], *(str(row[name]).rstrip() for name in key if name in row))
    return place, label // 100 * 60 + label % 100, int(row["intrvl"])


def _overlapping(found: Iterator[Interval]) -> Iterator[tuple[Interval, Interval]]:
    of: dict[Any, list[Interval]] = {}
    for one in found:
        of.setdefault(one[0], []).append(one)
    for some in of.values():
        rows = sorted(set(some), key=lambda one: one[1:])
        for at, one in enumerate(rows):
            for two in rows[at + 1 :]:
                if two[1] >= one[1] + one[2]:
                    break
                yield one, two


def _totals(recordings: Recordings, ending: Ending, server: Server, found: tuple[Unit, ...]) -> Iterator[Violation]:
    """Yield totals of a day that are above the truth, which is what a perfect server would have counted."""
    names = [name for name in recordings.columns if _adds_up(recordings.layout.spec, name)]
    at = [recordings.layout.at(name) for name in names]
    most = recordings.highest(tuple(names))
    now: dict[tuple[Any, Any], list[int]] = {}
    layout = recordings.layout
    for line, count in rows_of(layout, ending.after, server).items():
        acd, day, _ = layout.place(line)
        sums = now.setdefault((acd, day), [0] * len(names))
        for place, column in enumerate(at):
            sums[place] += int(line[column] or 0) * count
    unclear = {(unit.acd, unit.day) for unit in found if unit.unclear}
    for day, sums in sorted(now.items(), key=str):
        limit = most.get(day, [0] * len(names))
        above = [name for name, one, two in zip(names, sums, limit, strict=True) if one > two]
        if above and day not in unclear:
            place = names.index(above[0])
            yield Violation(
                ORACLE,
                f"{server}: {layout.spec.name}, ACD {day[0]}, {day[1]}: {above[0]} is {sums[place]} in all, and the "
                f"truth is {limit[place]}",
            )


def _adds_up(spec: TableSpec, name: str) -> bool:
    column = spec.column(name)
    key = {*spec.key, "servicelevel", "trunks", "incomplete"}
    return column is not None and column.rollup is Rollup.SUM and name not in key


def _minutes(
    world: Judged, recordings: Recordings, ending: Ending, server: Server, bag: Counter[Known]
) -> Iterator[Violation]:
    """Yield logins and calls of which a server has less than it wrote itself, or some time twice."""
    if server in set(restored(world, ending.after.at)):
        return
    layout = recordings.layout
    of = recordings.pieces
    now: dict[Hashable, list[tuple[int, int]]] = {}
    for row, count in bag.items():
        if row in of:
            now.setdefault(of[row][0], []).extend([of[row][1].span] * count)
    log = _by_itself(world, recordings, ending, server)
    for what, one in recordings.wholes.items():
        mine = [some.span for some in one.pieces[server] if some.at <= ending.after.at]
        purged = _purged(recordings, ending, server, one, log)
        total, covered = length_of(now.get(what, []))
        if total > covered:
            yield Violation(ORACLE, f"{server}: {_piece(layout, one)}: {total - covered} seconds are there twice")
        lost = length_of([*now.get(what, []), *mine])[1] - covered
        if lost <= length_of(purged)[1]:
            continue
        begun = world.scenario.clock.shown(one.perfect.span[0]).date()
        if not _dropped(recordings, ending, begun):
            yield Violation(ORACLE, f"{server}: {_piece(layout, one)}: {lost} seconds are lost that it had recorded")


def _by_itself(
    world: Judged, recordings: Recordings, ending: Ending, server: Server
) -> tuple[Counter[Known], Counter[Known]]:
    """Return what a server has written by itself and not dropped, and what it has dropped that was copied to it."""
    inserted, deleted = world.site.changes(server, recordings.layout.spec.name, -1, ending.after.at)
    return recordings.bag(inserted), recordings.bag(deleted)


def _purged(
    recordings: Recordings, ending: Ending, server: Server, one: Whole, log: tuple[Counter[Known], Counter[Known]]
) -> list[Span]:
    """Return what a server has dropped by itself of a login, a call or a state, since its circular table was full."""
    if not recordings.layout.spec.circular:
        return []
    stored, dropped = log
    mine = [piece for piece in one.pieces[server] if piece.at <= ending.after.at]
    own = [piece for piece in mine if not stored[recordings.known_of(piece)]]
    copied = [piece for role in SERVERS for piece in one.pieces[role] if dropped[recordings.known_of(piece)]]
    return [piece.span for piece in (*own, *copied)]


def _piece(layout: Layout, one: Whole) -> str:
    spec = layout.spec
    kind = spec.pieces.of if spec.pieces else "row"
    names = spec.pieces.same if spec.pieces else spec.key
    values = ", ".join(f"{name} {one.perfect.row.get(name)}" for name in names)
    return f"{spec.name}: the {kind} of ACD {one.perfect.acd}, {values}, seconds {one.perfect.span}"


def _change(expected: Counter[Known], now: Counter[Known]) -> str:
    missing, more = expected - now, now - expected
    return f"{missing.total()} rows of the other are missing, {more.total()} more are there"
