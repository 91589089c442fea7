"""Windows and their alignment, for any times."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from syncengine.model.interval import LENGTHS, ceil_to, floor_to, shared_length
from syncengine.model.window import Window
from syncengine.model.window_syntax import parse_window
from tests.examples import examples

MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2068, 12, 31)).map(lambda m: m.replace(microsecond=0))
MINUTES = MOMENTS.map(lambda m: m.replace(second=0))
SPANS = st.one_of(st.integers(1, 200), st.integers(1, 60 * 24 * 70)).map(lambda n: timedelta(minutes=n))
WINDOWS = st.builds(lambda start, span: Window(start, start + span), MOMENTS, SPANS)
LENGTH = st.sampled_from(LENGTHS)
STEPS = st.sampled_from([timedelta(minutes=15), timedelta(hours=5), timedelta(days=1), timedelta(days=7)])


def tiles(pieces: list[Window], whole: Window) -> bool:
    """Say whether pieces are a window without gap or overlap."""
    ends = [whole.start, *(piece.stop for piece in pieces)]
    return [piece.start for piece in pieces] == ends[:-1] and ends[-1] == whole.stop


@examples(200)
@given(WINDOWS, STEPS)
def test_a_window_cut_is_the_window(window: Window, step: timedelta) -> None:
    """The pieces of a window tile it, and none is longer than requested."""
    pieces = list(window.cut(step))

    assert tiles(pieces, window)
    assert all(piece.stop - piece.start <= step for piece in pieces)


@examples(200)
@given(WINDOWS, st.integers(1, 30))
def test_a_window_cut_into_days_is_cut_at_midnight(window: Window, days: int) -> None:
    """Where a window is cut into days, every inner edge is a midnight."""
    edges = [piece.stop for piece in window.cut(timedelta(days=days))][:-1]

    assert all((edge.hour, edge.minute, edge.second) == (0, 0, 0) for edge in edges)


@examples(200)
@given(WINDOWS, LENGTH)
def test_intervals_tile_the_aligned_window(window: Window, minutes: int) -> None:
    """The intervals a window touches are whole, tile it once aligned, and each holds a moment of it."""
    intervals = list(window.intervals(minutes)) if window.stop - window.start < timedelta(days=8) else []

    if intervals:
        assert tiles(intervals, window.aligned(minutes))
        assert all(one.stop - one.start == timedelta(minutes=minutes) for one in intervals)
        assert all(one.clipped(window) is not None for one in intervals)


@examples(200)
@given(WINDOWS, LENGTH)
def test_alignment_covers_is_idempotent_and_adds_less_than_an_interval(window: Window, minutes: int) -> None:
    """An aligned window includes the window, no more than it must, and is not widened a second time."""
    aligned = window.aligned(minutes)

    assert aligned.start <= window.start
    assert window.stop <= aligned.stop
    assert window.start - aligned.start < timedelta(minutes=minutes)
    assert aligned.stop - window.stop < timedelta(minutes=minutes)
    assert aligned.aligned(minutes) == aligned


@examples(200)
@given(WINDOWS, st.tuples(LENGTH, LENGTH))
def test_shared_boundaries_are_boundaries_of_both(window: Window, lengths: tuple[int, int]) -> None:
    """A window aligned to what two lengths share is aligned for each of them, whichever comes first."""
    aligned = window.aligned(shared_length(lengths))

    assert all(aligned.aligned(length) == aligned for length in lengths)
    assert aligned == window.aligned(shared_length(lengths[::-1]))


@examples(200)
@given(MOMENTS, LENGTH)
def test_floor_and_ceiling_enclose_a_moment(moment: datetime, minutes: int) -> None:
    """The interval of a moment begins at a whole number of intervals from midnight and holds it."""
    floor, ceiling = floor_to(moment, minutes), ceil_to(moment, minutes)

    assert floor <= moment <= ceiling
    assert ceiling - floor in (timedelta(0), timedelta(minutes=minutes))
    assert (floor.hour * 60 + floor.minute) % minutes == 0
    assert floor.second == 0


@examples(200)
@given(WINDOWS, WINDOWS, MOMENTS)
def test_clipping_keeps_what_both_hold(first: Window, second: Window, moment: datetime) -> None:
    """A moment lies in the clipped window if and only if it lies in both; before and since part a window."""
    both = first.clipped(second)
    parts = [part for part in (first.before(moment), first.since(moment)) if part is not None]

    for probe in (moment, first.start, second.start, first.stop, second.stop):
        assert (both is not None and both.contains(probe)) == (first.contains(probe) and second.contains(probe))
    assert tiles(parts, first)


@examples(200)
@given(MINUTES, SPANS)
def test_what_is_typed_is_what_is_meant(start: datetime, span: timedelta) -> None:
    """Both ways of writing a window's first and last minute give that window back."""
    last = start + span - timedelta(minutes=1)
    ways = [f"{start:%Y-%m-%d %H:%M}..{last:%Y-%m-%d %H:%M}", f"{start:%m/%d/%y %H:%M}..{last:%m/%d/%y %H:%M}"]

    assert {parse_window(way) for way in ways} == {Window(start, start + span)}
