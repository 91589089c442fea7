"""Outages that are listed as soon as they are over, and times that cannot be checked: scheduled jobs rely on it."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from pathlib import Path

import pytest

from syncengine import machine
from tests.builders import Files, build_files
from tests.cli.terminal import Typing
from tests.jobs.test_outages import broken, guides, link
from tests.rules.hooked import fails, hook, with_hooks
from tests.scenes import trunks

JUST_BACK = datetime(2000, 6, 5, 5, 25)
"""The link was down from 05:13 to 05:19, within the interval under way."""
WAITING = "ACD 1  2000-06-05 05:00-05:29  can be repaired once archived"
RESYNC = ("resync", "--outages", "--yes")


def just_back(folder: Path) -> Files:
    """Build the guide's pair six minutes after the link has returned: the half hour is not archived yet."""
    return build_files(
        folder,
        ["htrunk"],
        both={"htrunk": trunks(400, 500)},
        secondary={"linkex": [link(513, 360)]},
        archived=datetime(2000, 6, 5, 5, 0),
        as_of=JUST_BACK,
    )


def test_an_outage_is_listed_just_after_the_link_returns(tmp_path: Path, typed: Typing) -> None:
    """At 05:25 the outage of the interval under way is named, with 3; its repair is refused with 4, not passed over."""
    files = just_back(tmp_path)

    result = typed("outages", "--pair", files.pair_file)
    refused = typed(*RESYNC, "--pair", files.pair_file)

    assert result.code == 3
    assert WAITING in result.out
    assert "secondary: link down 05:13 to 05:19" in result.out
    assert "No outage" not in result.out
    assert f"  syncengine resync --pair {files.pair_file} --outages --acd 1 --wait\n" in result.out
    assert refused.code == 4
    assert "The outage of ACD 1 at 2000-06-05 05:00-05:29 has not been archived" in refused.err
    assert "--wait" in refused.err


def test_waiting_repairs_an_outage_of_the_interval_under_way(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job started at 05:25 with --wait waits until the half hour is archived, repairs it, and ends with 0."""
    files = just_back(tmp_path)
    pair_file = files.pair_file.read_text()
    files.pair_file.write_text(pair_file.replace("as_of = 2000-06-05T05:25:00\n", ""))
    waited: list[float] = []

    def now(zone: tzinfo | None = None) -> datetime:
        """Return what the clock on the wall shows: it goes on while a command waits."""
        return datetime(2000, 6, 5, 5, 36 if waited else 25, tzinfo=zone)

    def archive(seconds: float) -> None:
        """Let ten minutes pass, in which both servers archive the half hour."""
        files.add("primary", "htrunk", *trunks(500, 530))
        files.add("secondary", "htrunk", *broken(500, 530))
        for role in ("primary", "secondary"):
            files.run(role, "UPDATE arch_stat SET last_time = '06/05/00 05:30' WHERE trim(arch_type) = '1'")
        waited.append(seconds)

    monkeypatch.setattr(machine, "now", now)
    monkeypatch.setattr(machine, "sleep", archive)

    result = typed(*RESYNC, "--wait", "--pair", files.pair_file)

    assert len(waited) == 1
    assert result.code == 0
    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")


def test_a_link_that_its_diary_has_as_down_still(tmp_path: Path, typed: Typing) -> None:
    """A diary that ends with a link going down tells of an outage under way, from that moment on."""
    files = just_back(tmp_path)
    files.run("secondary", "UPDATE linkex SET duration = NULL")

    result = typed("outages", "--pair", files.pair_file)

    assert (result.code, WAITING in result.out) == (3, True)
    assert "link down since 05:13, the session was down (97), and its diary does not show it up again" in result.out
    assert "left out" not in result.out
    # Rows of a later interval tell that it is.
    for role in ("primary", "secondary"):
        files.add(role, "htrunk", *trunks(500, 600))
        files.run(role, "UPDATE arch_stat SET last_time = '06/05/00 06:00' WHERE trim(arch_type) = '1'")
    files.pair_file.write_text(files.pair_file.read_text().replace("T05:25:00", "T06:10:00"))
    assert typed("outages", "--pair", files.pair_file).code == 0


def test_a_link_that_a_hook_says_is_down(tmp_path: Path, typed: Typing) -> None:
    """What the hook `links` says of this moment is an outage under way; a hook that could not tell is none."""
    down = build_files(tmp_path / "down", ["htrunk"], both={"htrunk": trunks(400, 700)})
    with_hooks(down, hook("links", fails("link 1: down"), "secondary"))
    mute = build_files(tmp_path / "mute", ["htrunk"], both={"htrunk": trunks(400, 700)})
    with_hooks(mute, hook("links", fails("no route to host", 255), "secondary"))

    result = typed("outages", "--pair", down.pair_file)
    (outage,) = typed("outages", "--json", "--pair", down.pair_file).document["outages"]

    assert (result.code, "ACD 1  2000-06-05 07:00-07:29  can be repaired once archived" in result.out) == (3, True)
    assert (
        "secondary: links are down now: the hook links ended with exit code 3, and printed: link 1: down" in result.out
    )
    assert outage["blind"][0]["down_now"].startswith("links are down now")
    assert typed(*RESYNC, "--pair", down.pair_file).code == 4
    assert typed("outages", "--pair", mute.pair_file).code == 0


def test_an_outage_that_is_too_early_is_left_and_ends_with_3(tmp_path: Path, typed: Typing) -> None:
    """Without --wait what is archived is repaired, and what is not is named; that is never 0."""
    files = guides(tmp_path)
    files.add("secondary", "linkex", link(702, 60))

    listed = typed("resync", "--outages", "--dry-run", "--json", "--pair", files.pair_file)
    result = typed(*RESYNC, "--pair", files.pair_file)

    assert listed.document["not_included"] == [
        "ACD 1 2000-06-05 07:00-07:29 is not archived on both servers yet: skipped"
    ]
    assert result.code == 3
    assert result.out.count("Not included: ACD 1 2000-06-05 07:00-07:29 is not archived on both servers yet") == 2
    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")
    again = typed(*RESYNC, "--pair", files.pair_file)
    assert (again.code, again.out.count("Not included: ")) == (3, 1)
    assert typed("resync", "--outages", "--dry-run", "--pair", files.pair_file).code == 3


def set_clock(files: Files, moment: str) -> None:
    """Fix the clock of a pair at another moment."""
    files.pair_file.write_text(files.pair_file.read_text().replace("2000-06-05T07:10:00", moment))


def test_nothing_was_seen(tmp_path: Path, typed: Typing) -> None:
    """Where a server holds no row of the time, that is said with its newest row and 3, and a repair is refused."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": trunks(400, 700)}, acds={1: 30, 2: 30})

    def output(*words: str) -> str:
        result = typed("outages", *words, "--pair", files.pair_file)
        refused = typed(*RESYNC, *words, "--pair", files.pair_file)
        assert (result.code, refused.code) == (3, 4)
        assert "No outage is known" not in result.text
        assert "No outage is there" not in refused.text
        assert "It is not known whether there was an outage" in refused.err
        return result.text

    # An ACD that is set up and was never used is no alarm by itself, but where it is asked for.
    used = typed("outages", "--pair", files.pair_file)
    assert (used.code, "Primary has no rows of ACD 2 at all." in used.out) == (0, True)
    assert "known from 2000-06-05 04:00 to 2000-06-05 07:00: " in used.text
    assert "Primary has no rows of ACD 2 at all." in output("--acd", "2")
    # Rows begin somewhere: that is said where the time before was requested.
    early = output("--since", "2000-06-01")
    assert "Secondary has rows of ACD 1 only from 2000-06-05 04:00 on; the time before is unknown." in early
    assert "only from 2000-06-05 04:00 to 2000-06-05 07:00 could be checked on both servers" in early
    # A clock that is wrong by a year, either way.
    set_clock(files, "2001-06-05T07:10:00")
    late = output()
    assert "Primary has no rows of ACD 1 of that time: its newest is of 2000-06-05 06:30." in late
    assert "syncengine takes the time to be 2001-06-05 07:10: is that right?" in late
    files.pair_file.write_text(files.pair_file.read_text().replace("2001-06-05", "1999-06-05"))
    assert "its first is of 2000-06-05 04:00, which is in the future." in output()


def test_one_server_that_saw_nothing(tmp_path: Path, typed: Typing) -> None:
    """A server without rows of an ACD that the other has, or far behind with archiving, is named, and ends with 3."""
    files = build_files(tmp_path, ["htrunk"], primary={"htrunk": trunks(400, 700)})
    behind = build_files(
        tmp_path / "behind",
        ["htrunk"],
        both={"htrunk": trunks(400, 700)},
        archived={"primary": datetime(2000, 6, 5, 7, 0), "secondary": datetime(2000, 6, 5, 5, 0)},
    )

    result = typed("outages", "--pair", files.pair_file)
    late = typed("outages", "--json", "--pair", behind.pair_file)
    refused = typed(*RESYNC, "--pair", behind.pair_file)

    assert (result.code, "Secondary has no rows of ACD 1 at all." in result.out) == (3, True)
    assert "at no time do both servers show what they recorded" in result.text
    (one,) = [one for one in late.document["unknown_coverage"] if one["open"]]
    assert (late.code, one["server"], one["acd"], one["reason"]) == (3, "secondary", 1, "not-archived")
    assert late.document["covered"]["shown"] == "2000-06-05 04:00-04:59"
    assert refused.code == 4
    assert "secondary has archived ACD 1 only up to 2000-06-05 05:00" in refused.err
    assert "--wait" in refused.err


def test_an_unknown_time_stays_open_where_something_else_is_repaired(tmp_path: Path, typed: Typing) -> None:
    """A repair that was to reach further back than the rows do what it can, says so, and ends with 3."""
    files = guides(tmp_path)

    result = typed(*RESYNC, "--since", "2000-06-01", "--pair", files.pair_file)

    assert result.code == 3
    assert "Not included: secondary has rows of ACD 1 only from 2000-06-05 04:00 on" in result.text
    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")


def test_a_diary_alone_is_no_all_clear(tmp_path: Path, typed: Typing) -> None:
    """Where no table tells of a server's intervals its diary is not enough to say that it saw all of them."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": trunks(400, 700)})
    files.run("secondary", "DROP TABLE htrunk")

    result = typed("outages", "--pair", files.pair_file)

    assert result.code == 3
    assert "Secondary has only its diary of links" in result.out
    assert typed(*RESYNC, "--pair", files.pair_file).code == 4


def test_a_link_that_went_down_and_has_rows_since_is_not_down(tmp_path: Path, typed: Typing) -> None:
    """A last row of the diary without a duration that rows have followed is no link that is down."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": trunks(400, 700)})
    files.add("secondary", "linkex", link(1100, 0, row_date=date(2000, 6, 1)))

    assert typed("outages", "--pair", files.pair_file).code == 0
