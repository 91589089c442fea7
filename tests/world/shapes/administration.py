"""Administration on both servers."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.world.administration import KINDS, sequences
from tests.world.clock import DAY, HOUR, MINUTE
from tests.world.scenarios import SEEDS, SERVER, acds_of_a_world
from tests.world.shapes.shape import Shape
from tests.world.values import Command, Edit, Happening, Scenario, Server, other

SETS: dict[str, tuple[str, ...]] = {
    "synonyms": ("add name", "change name", "describe name", "long name", "remove name", "double name"),
    "agent-groups": ("add agent group", "change agent group", "remove agent group", "change name"),
    "dictionary": ("change name", "add calculation", "change calculation", "remove calculation"),
    "users": ("add user", "change user", "change permission", "remove user"),
    "timetables": ("add timetable", "change timetable", "remove timetable", "schedule", "unschedule"),
    "call-profiles": ("change call profile",),
    "administration": (*KINDS, "change acd", "change call profile"),
}
"""Sets, and the edits that a sync of each meets."""
WORDS: tuple[tuple[str, ...], ...] = (
    (),
    (),
    (),
    ("--allow-deletions", "1000"),
    ("--policy", "fill"),
    ("--include-manual",),
)
ROUNDS = 4


@st.composite
def _administered(draw: st.DrawFn) -> Scenario:
    """Return rounds of edits of the same set on both servers, and syncs of it that remember the one before.

    By chance a sync seldom meets what was edited, and seldom is anything remembered when both sides have changed.
    """
    acds = draw(acds_of_a_world())
    happenings: list[Happening] = []
    commands = [Command(HOUR, "sync", ("--set", "administration", "--dry-run"))]
    name = draw(st.sampled_from(tuple(SETS)))
    for number in range(draw(st.integers(1, ROUNDS))):
        at = (2 + 4 * number) * HOUR
        if draw(st.integers(0, 3)) == 0:
            name = draw(st.sampled_from(tuple(SETS)))
        happenings += draw(_edits(at, SETS[name]))
        commands += draw(_synced(at + HOUR, name))
    return Scenario(
        seed=draw(st.integers(0, 2**31)),
        days=1,
        acds=acds,
        happenings=tuple(sorted(happenings, key=lambda one: (one.at, repr(one)))),
        commands=tuple(commands),
    )


@st.composite
def _edits(draw: st.DrawFn, at: int, kinds: tuple[str, ...]) -> list[Happening]:
    """Return edits of one server or both, often of the same kind: those choose the same entry now and then."""
    first: Server = draw(SERVER)
    found: list[Happening] = []
    for place in range(draw(st.integers(1, 3))):
        kind, seed = draw(st.sampled_from(kinds)), draw(st.integers(0, 4))
        found.append(Edit(first, at + 2 * place * MINUTE, kind, seed))
        if draw(st.integers(0, 2)) == 0:
            found.append(Edit(other(first), at + (2 * place + 1) * MINUTE, kind, draw(st.integers(0, 4))))
    if draw(st.integers(0, 7)) == 0:
        found.append(Edit(draw(SERVER), at + 30 * MINUTE, "remove all names", draw(SEEDS)))
    return found


@st.composite
def _synced(draw: st.DrawFn, at: int, name: str) -> list[Command]:
    """Return a sync of a set, whose conflicts are decided after it, and perhaps its undo and the next sync."""
    source: Server = draw(st.sampled_from(("primary", "primary", "secondary")))
    more = draw(st.sampled_from(WORDS))
    if name == "users" and draw(st.booleans()):
        more = (*more, "--remove-users")
    if name in ("synonyms", "dictionary", "call-profiles") and draw(st.integers(0, 3)) == 0:
        more = (*more, "--acd", "1")
    sync = ("--set", name, "--from", source, *more)
    found = [Command(at, "sync", (*sync, "--yes"))]
    if draw(st.booleans()):
        found.append(Command(at + MINUTE, "sync", (*sync, "--prefer", draw(SERVER), "--yes")))
    if draw(st.integers(0, 2)) == 0:
        found.append(Command(at + 2 * MINUTE, "undo", ("{run -1}", "--yes")))
        again = sync if draw(st.booleans()) else ("--set", name, "--from", other(source))
        found.append(Command(at + 3 * MINUTE, "sync", (*again, "--yes")))
    found.append(Command(at + 4 * MINUTE, "verify", ("--set", name)))
    return found


@st.composite
def _taken_over(draw: st.DrawFn) -> Scenario:
    """Return edits and commands that the pages describe: conflicts, takeover and return, undo, an emptied source."""
    steps = [*draw(st.sampled_from(sequences(HOUR))), *draw(st.sampled_from(sequences(DAY // 2)))]
    happenings = [one for one in steps if isinstance(one, Edit)]
    commands = [one for one in steps if isinstance(one, Command)]
    return Scenario(
        seed=draw(st.integers(0, 2**31)),
        days=1,
        acds=draw(acds_of_a_world()),
        happenings=tuple(sorted(happenings, key=lambda one: (one.at, repr(one)))),
        commands=tuple(sorted(commands, key=lambda one: one.at)),
    )


SHAPES = (Shape("administered", 4, _administered), Shape("taken_over", 4, _taken_over))
