"""What `syncengine outages` says it has looked at is what it has looked at."""

from __future__ import annotations

import shlex
from pathlib import Path

from tests.builders import build_files, half_hours
from tests.cli.terminal import Typing
from tests.jobs.test_outages import guides
from tests.rules.hooked import fails, hook, with_hooks
from tests.scenes import trunks

WHOLE = trunks(400, 700)


def test_rows_lost_without_a_note_are_left_to_verify(tmp_path: Path, typed: Typing) -> None:
    """Where no diary, no empty interval and no mark shows it, no row was compared; the command named finds it."""
    splits = half_hours(400, 700)
    lacking = [one for one in splits if one["starttime"] != 500]
    files = build_files(
        tmp_path,
        ["htrunk", "hsplit"],
        both={"htrunk": WHOLE},
        primary={"hsplit": splits},
        secondary={"hsplit": lacking},
    )
    requested = ("--pair", files.pair_file, "--acd", "1")

    result = typed("outages", *requested)
    compare = typed("outages", *requested, "--json").document["compare"]

    assert result.code == 0
    assert "no diary has one, no interval is without rows, none is marked incomplete." in result.out
    assert f"Rows were not compared.\n\nTo compare every row of the period checked:\n  {compare}\n" in result.out
    assert typed(*shlex.split(compare)[1:]).code == 3
    assert "Rows were not compared" in typed("resync", "--outages", "--yes", *requested).out


def test_an_outage_is_listed_with_what_was_not_compared(tmp_path: Path, typed: Typing) -> None:
    """What differs in an outage is known; the rest takes a verify."""
    result = typed("outages", "--pair", guides(tmp_path).pair_file)

    assert "Rows outside of these outages were not compared." in result.out
    assert "To compare every row of the period checked:\n  syncengine verify " in result.out


def test_a_diary_that_is_not_there_is_not_read(tmp_path: Path, typed: Typing) -> None:
    """Nor is it said to have no outage."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": WHOLE})
    files.run("secondary", "DROP TABLE linkex")

    assert (
        "the diary of links of secondary cannot be read, no interval" in typed("outages", "--pair", files.pair_file).out
    )
    assert typed("outages", "--json", "--pair", files.pair_file).document["diaries"] == ["primary"]


def test_an_acd_of_one_server_alone_is_no_matter_of_the_clock(tmp_path: Path, typed: Typing) -> None:
    """The report says that the other ACDs were checked, and points to the set-up of both servers."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": WHOLE}, acds={1: 30, 2: 30})
    files.add("primary", "htrunk", *trunks(400, 700, acd=2))

    result = typed("outages", "--pair", files.pair_file)

    assert result.code == 3
    assert "Secondary has no rows of ACD 2 at all." in result.out
    assert "but only from 2000-06-05 04:00 to 2000-06-05 07:00, and only ACD 1 could be checked" in result.out
    assert "To check whether both servers are set up alike:\n  syncengine check" in result.out
    assert "is that right?" not in result.out


def test_a_hook_that_cannot_tell_is_no_link_that_is_up(tmp_path: Path, typed: Typing) -> None:
    """Where the state of a link at this moment is not known, a note says so."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": WHOLE})
    with_hooks(files, hook("links", fails("no such host", code=255)))

    result = typed("outages", "--pair", files.pair_file)

    assert "Note: primary: it is not known whether its links are down now: the hook links ended" in result.out
