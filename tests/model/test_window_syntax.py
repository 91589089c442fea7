"""Windows as people type them: every form taken, every refusal with its sentence."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from syncengine.model.errors import InputError, WindowError
from syncengine.model.window import Window
from syncengine.model.window_syntax import EXAMPLE, parse_window
from tests.builders import build_files


@pytest.mark.parametrize(
    ("typed", "start", "stop"),
    [
        ("2000-06-05 05:13..05:19", "2000-06-05 05:13", "2000-06-05 05:20"),
        ("2000-06-05T05:13..2000-06-05T05:19", "2000-06-05 05:13", "2000-06-05 05:20"),
        ("2000-06-05 5:13 .. 5:19", "2000-06-05 05:13", "2000-06-05 05:20"),
        ("  2000-06-05   05:13..05:19  ", "2000-06-05 05:13", "2000-06-05 05:20"),
        ("2000-6-5 05:13..05:19", "2000-06-05 05:13", "2000-06-05 05:20"),
        ("06/05/00 05:13..06/05/00 05:19", "2000-06-05 05:13", "2000-06-05 05:20"),
        ("06/05/00 05:13..05:19", "2000-06-05 05:13", "2000-06-05 05:20"),
        ("6/5/2000 05:13..05:19", "2000-06-05 05:13", "2000-06-05 05:20"),
        ("12/31/99 23:50..01/01/00 00:10", "1999-12-31 23:50", "2000-01-01 00:11"),
        ("01/01/70", "1970-01-01 00:00", "1970-01-02 00:00"),
        ("01/01/69", "2069-01-01 00:00", "2069-01-02 00:00"),
        ("2000-06-05 05:13..05:13", "2000-06-05 05:13", "2000-06-05 05:14"),
        ("2000-06-05 00:00..23:59", "2000-06-05 00:00", "2000-06-06 00:00"),
        ("2000-06-05 23:50..00:10", "2000-06-05 23:50", "2000-06-06 00:11"),
        ("2000-12-31 23:50..00:10", "2000-12-31 23:50", "2001-01-01 00:11"),
        ("2000-06-05", "2000-06-05 00:00", "2000-06-06 00:00"),
        ("06/05/00", "2000-06-05 00:00", "2000-06-06 00:00"),
        ("2000-06-05..2000-06-07", "2000-06-05 00:00", "2000-06-08 00:00"),
        ("2000-06-05..2000-06-05", "2000-06-05 00:00", "2000-06-06 00:00"),
        ("2000-06-05 05:13..2000-06-07", "2000-06-05 05:13", "2000-06-08 00:00"),
        ("2000-06-05..2000-06-07 05:13", "2000-06-05 00:00", "2000-06-07 05:14"),
        ("2000-06", "2000-06-01 00:00", "2000-07-01 00:00"),
        ("2000-12", "2000-12-01 00:00", "2001-01-01 00:00"),
        ("2000-02", "2000-02-01 00:00", "2000-03-01 00:00"),
        ("1998-01..2000-06", "1998-01-01 00:00", "2000-07-01 00:00"),
        ("2000-06-05..2000-06", "2000-06-05 00:00", "2000-07-01 00:00"),
        ("2000-02-29", "2000-02-29 00:00", "2000-03-01 00:00"),
    ],
)
def test_a_typed_window_is_understood(typed: str, start: str, stop: str) -> None:
    """Each form people type gives one window; a stop is taken whole."""
    window = parse_window(typed)

    assert (f"{window.start:%Y-%m-%d %H:%M}", f"{window.stop:%Y-%m-%d %H:%M}") == (start, stop)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "'' in the window '' is not a time."),
        ("yesterday", "'yesterday' in the window 'yesterday' is not a time."),
        ("05:13..05:19", "'05:13..05:19' has no day to start on."),
        ("05:13", "'05:13' has no day to start on."),
        ("2000-06-05 05:13", "'2000-06-05 05:13' has no time to stop at."),
        ("2000-06-05 24:00..24:30", "'2000-06-05 24:00' in the window '2000-06-05 24:00..24:30' is not a time of day."),
        ("2000-06-05 05:60..06:10", "'2000-06-05 05:60' in the window '2000-06-05 05:60..06:10' is not a time of day."),
        ("2000-06-05 05:13..25:00", "'25:00' in the window '2000-06-05 05:13..25:00' is not a time of day."),
        ("2000-13", "'2000-13' in the window '2000-13' is not a date."),
        ("2000-00", "'2000-00' in the window '2000-00' is not a date."),
        ("2000-06-31", "'2000-06-31' in the window '2000-06-31' is not a date."),
        ("1900-02-29", "'1900-02-29' in the window '1900-02-29' is not a date."),
        ("13/05/00", "'13/05/00' in the window '13/05/00' is not a date."),
        ("0000-01-01", "'0000-01-01' in the window '0000-01-01' is not a date."),
        ("2000-06 05:13..05:19", "'2000-06 05:13' in the window '2000-06 05:13..05:19' names a month and a time"),
        ("2000-06-05 05:13-05:19", "'2000-06-05 05:13-05:19' in the window '2000-06-05 05:13-05:19' is not a time."),
        ("2000-06-05..2000-06-06..2000-06-07", "'2000-06-06..2000-06-07' in the window"),
        ("06/05/000", "'06/05/000' in the window '06/05/000' is not a time."),
    ],
)
def test_an_invalid_window_is_refused_with_an_example(typed: str, sentence: str) -> None:
    """A refusal repeats what was typed, says what is wrong with it, and shows what to type instead."""
    with pytest.raises(WindowError) as refused:
        parse_window(typed)

    assert refused.value.message.startswith(sentence)
    assert refused.value.hint == EXAMPLE


@pytest.mark.parametrize(
    ("typed", "stop"),
    [
        ("2000-06-05 05:13..04:00", "2000-06-05 04:00"),
        ("2000-06-05 12:00..00:00", "2000-06-05 00:00"),
        ("2000-06-05..2000-06-04", "2000-06-04 23:59"),
        ("2000-06..2000-05", "2000-05-31 23:59"),
        ("06/05/00 05:13..06/04/00 05:19", "2000-06-04 05:19"),
    ],
)
def test_a_window_that_runs_backwards_is_refused(typed: str, stop: str) -> None:
    """A stop before its start is refused with the moment it would stop at, not turned around."""
    with pytest.raises(WindowError) as refused:
        parse_window(typed)

    assert refused.value.message == f"The window {typed!r} runs backwards: it would stop at {stop}, before it starts."
    assert refused.value.hint == "Put the earlier time first. If the stop is on another day, type its date too."


@pytest.mark.parametrize("typed", ["2000-06-05 05:13..", "..05:19", "2000-06-05 ..", ".."])
def test_an_open_end_is_refused(typed: str) -> None:
    """A window with only one end is not guessed at."""
    with pytest.raises(WindowError, match="is not a time"):
        parse_window(typed)


@pytest.mark.parametrize("typed", ["2000-06-0505:13..05:19", "2000-1-15:13..05:19", "06/05/0005:13..05:19"])
def test_a_date_and_a_time_run_together_are_refused(typed: str) -> None:
    """Without a space it is not clear where the day ends and the hour begins: 2000-1-15:13 is not guessed."""
    with pytest.raises(WindowError, match="is not a time"):
        parse_window(typed)


@pytest.mark.parametrize("typed", ["1969-12-31", "2070-01-01", "2000-06-05..2070-01", "06/05/1900", "1900-02-28"])
def test_years_outside_those_of_a_cms_are_refused(typed: str) -> None:
    """Two digits of a year reach from 1970 to 2069, and a window outside them can hold no row."""
    with pytest.raises(WindowError, match="is outside the years 1970 to 2069"):
        parse_window(typed)


@pytest.mark.parametrize("typed", ["9999-12-31", "9999-12", "9999-12-31 23:59..23:59", "2000-06..9999-12"])
def test_the_end_of_the_calendar_is_refused_not_run_over(typed: str) -> None:
    """A window that would stop after the last year there is, is refused as a window is: with a sentence."""
    with pytest.raises(WindowError):
        parse_window(typed)


@pytest.mark.parametrize("typed", ["0001-01-01", "0001-01-01..2000-06-04"])
def test_the_beginning_of_the_calendar_does_not_break_a_verify(tmp_path: Path, typed: str) -> None:
    """A window from the year 1 ends in our error or in an answer, never in an arithmetic one."""
    pair = build_files(tmp_path, ("hsplit", "haglog")).open()

    try:
        answer = pair.verify(tables=("hsplit", "haglog"), window=typed).in_sync
    except InputError as refused:
        answer = bool(refused.message)

    assert answer


def test_a_window_cannot_be_empty() -> None:
    """A window whose start is its stop holds no moment and is refused wherever it is made."""
    moment = datetime(2000, 6, 5, 5, 0)

    with pytest.raises(WindowError, match="2000-06-05 05:00 is not before 2000-06-05 05:00"):
        Window(moment, moment)
