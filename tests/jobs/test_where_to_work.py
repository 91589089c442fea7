"""Where users work, and what they have to do (High Availability guide, Appendix E and chapter 4)."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from syncengine.model.pair import Role
from syncengine.report.daily_check import daily_document, print_daily
from tests.builders import Files, build_files
from tests.cli.terminal import Typing
from tests.jobs.test_outages import link
from tests.rules.hooked import fails, hook, with_hooks
from tests.scenes import trunks

ECH = 'external_call_history = "primary"\n'
SUPPORT = """[support]
helpline = "Customer Care Helpline, (800) 242-2121"
installation = "0001234567"
contract = "24 hours a day"
contact = "Anna Berg, +1 303 555 0100"
"""
ON, OFF = "external-call-history-on", "external-call-history-off"
SWITCHED = [(ON, "secondary"), (OFF, "primary")]
LOGGED_ON_AT_SECONDARY = [("log-off", "primary"), ("log-on", "secondary")]
WHOLE = trunks(400, 700)


def built(folder: Path, *, settings: str = ECH, acds: int = 1, **sides: list[dict[str, Any]]) -> Files:
    """Build a pair of which each server has the given rows of htrunk and linkex, or saw all of it, at 7:10."""
    rows = {}
    for side in ("primary", "secondary"):
        rows[side] = {"htrunk": sides.get(side, WHOLE), "linkex": sides.get(f"{side}_links", [])}
    return build_files(
        folder,
        ["htrunk"],
        primary=rows["primary"],
        secondary=rows["secondary"],
        settings=settings,
        acds=dict.fromkeys(range(1, acds + 1), 30),
    )


def without(files: Files, *roles: Role) -> Files:
    """Take servers away: they do not answer any more."""
    for role in roles:
        files.database(role).unlink()
    return files


def failing(files: Files, role: str, archive: str = "1") -> Files:
    """Let an archive of a server end in failure."""
    files.run(role, "UPDATE arch_stat SET status = '3' WHERE trim(arch_type) = ?", [archive])
    return files


@dataclass(frozen=True)
class CheckOutput:
    """The output of one daily check, in JSON and on a screen."""

    daily: dict[str, Any]
    text: str
    """Lines joined."""

    @property
    def lines(self) -> list[tuple[str, str]]:
        """Kinds and servers of the lines to do now, in order, without those of each day."""
        lines = [(one["kind"], one["server"]) for one in self.daily["by_hand"]]
        return lines[: next((place for place, (kind, _) in enumerate(lines) if kind == "backups"), len(lines))]

    def cells(self, label: str) -> list[str]:
        """Return what stands in a row of the table, word by word."""
        return self.text.partition(f" {label} ")[2].split()


def checked(files: Files) -> CheckOutput:
    """Check a pair once."""
    found = files.open().status().daily
    assert found is not None
    screen = io.StringIO()
    print_daily(Console(file=screen, width=200), found, "pair.toml")
    return CheckOutput(daily_document(found, "pair.toml"), " ".join(screen.getvalue().split()))


def test_point_2_both_servers_down_is_a_call_to_support(tmp_path: Path, typed: Typing) -> None:
    """Where neither server can be reached, the output says to call support and what is lost, and names no server."""
    files = without(built(tmp_path, settings=ECH), *Role)

    check = checked(files)

    assert typed("status", "--pair", files.pair_file).code == 1
    assert "Call support: neither server can be reached from here." in check.text
    assert "What neither server records is lost: High Availability is no disaster recovery." in check.text
    assert "Work on" not in check.text
    assert check.daily["work_on"] is None
    assert check.lines == [("support", "primary")]


def test_point_2_both_links_down_is_a_call_to_support(tmp_path: Path) -> None:
    """Where a hook reports so of both, and where both have no rows until now: no advice to work on the primary."""
    files = built(tmp_path, primary=trunks(400, 530), secondary=trunks(400, 600))
    by_rows = checked(files)
    with_hooks(files, hook("links", fails("ACD 1 is down")))

    check = checked(files)

    assert by_rows.daily["work_on"] is None
    assert "Call support: calls of ACD 1 have not been recorded by the primary" in by_rows.text
    assert by_rows.lines == [("links", "primary"), ("links", "secondary"), ("support", "primary")]
    assert not check.daily["healthy"]
    assert "Call support: links of both servers are down, and calls of ACD 1" in check.text
    assert "is lost" in check.text
    assert "Work on" not in check.text
    assert "External Call History" not in check.text


def test_point_2_a_blind_primary_sends_users_to_the_secondary(tmp_path: Path) -> None:
    """No rows since 4:30 though it archives: check the other links, switch users and calls over, call support."""
    files = built(tmp_path, primary=trunks(400, 430))

    check = checked(files)

    assert not check.daily["healthy"]
    assert (
        "Work on the secondary: calls of ACD 1 have not been recorded by the primary since 2000-06-05 04:30."
        in check.text
    )
    assert check.daily["work_on"] == "secondary"
    assert check.lines == [("links", "secondary"), *LOGGED_ON_AT_SECONDARY, *SWITCHED, ("support", "primary")]
    assert check.daily["troubles"][0]["since"] == "2000-06-05T04:30:00"
    assert check.cells("collecting")[:7] == ["ACD", "1", "not", "since", "06-05", "04:30", "yes"]
    assert "nobody is logged in to secondary" not in check.text
    assert "To go through the takeover step by step: syncengine checklist takeover --pair pair.toml" in check.text
    # The outage continues: nothing advises to wait for its end.
    files.run("secondary", "UPDATE arch_stat SET last_time = '06/05/00 06:30' WHERE trim(arch_type) = '1'")
    behind = checked(files)
    assert behind.daily["waiting"]
    assert "Too early to repair" not in behind.text


def test_point_2_a_primary_whose_archives_fail_sends_users_to_the_secondary(tmp_path: Path) -> None:
    """Missing archive intervals are a problem of the server: users move, and External Call History stays."""
    files = failing(built(tmp_path), "primary")

    check = checked(files)

    assert check.daily["work_on"] == "secondary"
    assert "intervals of ACD 1 have not been archived on the primary" in check.daily["work_on_because"]
    assert check.lines == [("links", "secondary"), *LOGGED_ON_AT_SECONDARY, ("support", "primary")]


def test_point_2_collection_that_is_off_is_reported_with_its_server(tmp_path: Path) -> None:
    """`dcadmin` shows that data collection is off: turn it on again, and work on the other server meanwhile."""
    files = built(tmp_path)
    for role in Role:
        on = "n" if role is Role.PRIMARY else "y"
        files.run(role, "CREATE TABLE dcadmin (acd SMALLINT, link_no SMALLINT, collection_on CHAR(1))")
        files.run(role, "INSERT INTO dcadmin VALUES (1, 1, ?)", [on])

    check = checked(files)
    files.run("primary", "INSERT INTO dcadmin VALUES (1, 0, 'y'), (1, 2, 'n')")
    one_link = checked(files)

    assert not check.daily["healthy"]
    assert check.cells("collecting")[:4] == ["ACD", "1", "off", "yes"]
    assert check.daily["work_on"] == "secondary"
    assert check.lines[:2] == [("links", "secondary"), ("collection-on", "primary")]
    assert one_link.daily["work_on"] == "primary"
    assert check.lines[-1] == ("support", "primary")


def test_point_2_links_come_before_external_call_history(tmp_path: Path) -> None:
    """Without its primary: first whether the secondary's links are up, then users, then the switch over."""
    files = without(built(tmp_path), Role.PRIMARY)

    first = checked(files).lines
    with_hooks(files, hook("links", fails(code=255), "secondary"))
    without_answer = checked(files)
    with_hooks(files, hook("links", key="secondary"))
    lines = checked(files).lines

    assert first == [("links", "secondary"), *LOGGED_ON_AT_SECONDARY, *SWITCHED, ("support", "primary")]
    assert without_answer.lines == first
    assert not any(line["hook"] for line in without_answer.daily["by_hand"])
    assert lines == first[1:]


def test_point_2_a_primary_that_is_back_waits_for_its_history(tmp_path: Path, typed: Typing) -> None:
    """Users go back last (chapter 4): after the repair, and only then, one works on the primary again."""
    files = built(tmp_path, primary=[*trunks(400, 430), *trunks(600, 700)], primary_links=[link(435, 4800)])

    check = checked(files)
    repaired = typed("resync", "--pair", files.pair_file, "--outages", "--yes")
    after = checked(files)

    assert not check.daily["healthy"]
    assert "The primary is back, but its history is not: ACD 1 2000-06-05 04:30-05:59." in check.text
    assert "resync --pair" in check.text
    assert check.daily["work_on"] == "secondary"
    back = [(ON, "primary"), (OFF, "secondary"), ("log-off", "secondary"), ("log-on", "primary")]
    assert check.lines == [("support", "primary"), *back]
    assert "that the primary was down, for ACD 1 2000-06-05 04:30-05:59, and is back." in check.text
    assert "Where: primary, since 2000-06-05 04:35, ACD 1" in check.text
    first, then, steps, *_ = (one["command"] for one in check.daily["next"])
    # What was administered on the primary alone is not to be written over unseen.
    assert first.endswith("--from secondary --dry-run")
    assert then.endswith("--outages --wait")
    assert steps == "syncengine checklist return --pair pair.toml"
    assert repaired.code == 0, repaired.text
    assert (after.daily["work_on"], after.lines) == ("primary", [])


def test_point_2_a_repair_hides_no_link_that_is_down(tmp_path: Path, typed: Typing) -> None:
    """Copied rows are no sign that a server records calls; one interval of its own is, even against its diary."""
    files = built(tmp_path, primary=trunks(400, 600))

    # Nothing shows its end: a line to check by hand.
    assert typed("resync", "--pair", files.pair_file, "--outages", "--yes").code == 3
    assert files.bag("primary", "htrunk") == files.bag("secondary", "htrunk")
    repaired, outages = checked(files), typed("outages", "--pair", files.pair_file)
    for role in Role:
        files.add(role, "htrunk", *trunks(700, 730))
        files.run(role, "UPDATE arch_stat SET last_time = '06/05/00 07:30' WHERE trim(arch_type) = '1'")
    files.pair_file.write_text(files.pair_file.read_text().replace("T07:10", "T07:35"))
    back = checked(files)

    assert outages.code == 3
    assert "primary has no rows of its own of ACD 1 up to 2000-06-05 07:00, its last archive" in outages.text
    assert typed("outages", "--pair", files.pair_file).code == 0
    assert repaired.daily["work_on"] == "secondary"
    assert not repaired.daily["healthy"]
    assert "calls of ACD 1 have not been recorded by the primary since 2000-06-05 06:00" in repaired.text
    assert (back.daily["work_on"], back.daily["troubles"], back.daily["healthy"]) == ("primary", [], True)


def test_point_2_a_primary_that_is_back_and_repaired_is_well(tmp_path: Path, typed: Typing) -> None:
    """Its diary shows the end of the outage: users stay until its next archive, which is waited for."""
    files = built(tmp_path, primary=trunks(400, 600), primary_links=[link(605, 3300)])

    assert typed("resync", "--pair", files.pair_file, "--outages", "--yes").code == 0
    check = checked(files)

    assert (check.daily["work_on"], check.daily["troubles"]) == ("primary", [])


def test_point_2_a_primary_that_has_just_come_back(tmp_path: Path) -> None:
    """Its archives are behind since it was away: that is no failure, and users stay where they are."""
    files = built(tmp_path, primary=trunks(400, 500), primary_links=[link(505, 7200)])
    files.run("primary", "UPDATE arch_stat SET last_time = '06/05/00 05:00' WHERE trim(arch_type) = '1'")

    check = checked(files)

    assert check.daily["work_on"] == "secondary"
    assert check.daily["work_on_because"].startswith(
        "The primary is back, but its history is not: ACD 1 2000-06-05 05:05"
    )
    assert "have not been archived" not in check.text
    assert "Where: primary, since 2000-06-05 05:05, ACD 1" in check.text


def test_point_2_a_link_that_was_down_for_minutes_moves_no_users(tmp_path: Path) -> None:
    """The guide moves users only where it lasts: what six minutes cost is repaired, and one works on the primary."""
    cut = trunks(500, 530, incalls=1, incomplete=1)
    files = built(tmp_path, primary=[*trunks(400, 500), *cut, *trunks(530, 700)], primary_links=[link(513, 360)])

    assert checked(files).daily["work_on"] == "primary"


@pytest.mark.parametrize("way", ["down", "blind", "links"])
def test_point_2_a_secondary_that_fails_is_a_call_to_support(tmp_path: Path, way: str) -> None:
    """Users work on the primary, check that its links are up, and call support about the secondary."""
    files = built(tmp_path, secondary=trunks(400, 430) if way == "blind" else WHOLE)
    if way == "down":
        without(files, Role.SECONDARY)
    if way == "links":
        with_hooks(files, hook("links", fails(), "secondary"))

    check = checked(files)

    assert check.daily["work_on"] == "primary"
    assert not check.daily["healthy"]
    assert check.lines == [("links", "primary"), ("support", "secondary")]
    assert check.daily["next"][0]["command"] == "syncengine checklist secondary-return --pair pair.toml"
    assert "only the primary records calls" in check.daily["work_on_because"]


def test_point_2_calls_neither_server_records_are_lost(tmp_path: Path) -> None:
    """Without the primary, the ACD that the secondary does not record is lost, and users work there for the others."""
    files = built(tmp_path, acds=2, secondary=[*trunks(400, 430), *trunks(400, 700, acd=2)])
    without(files, Role.PRIMARY)

    check = checked(files)

    assert check.daily["work_on"] == "secondary"
    assert "What neither server records is lost: ACD 1." in check.text
    assert check.lines[-1] == ("support", "primary")
    assert "Where: primary and secondary, since 2000-06-05 04:30" in check.text


def test_point_2_a_hole_of_both_owes_nothing(tmp_path: Path) -> None:
    """What the secondary lacks as well cannot be had from there, so users need not wait for it."""
    hole = [*trunks(400, 430), *trunks(600, 700)]

    check = checked(built(tmp_path, primary=hole, secondary=hole))

    assert (check.daily["work_on"], check.lines) == ("primary", [])


def test_point_2_nothing_seen_is_first_a_matter_of_the_clock(tmp_path: Path) -> None:
    """With a clock that is a year off neither server has a row of yesterday: reported so, not as in sync."""
    files = built(tmp_path)
    files.pair_file.write_text(files.pair_file.read_text().replace("2000-06-05T", "2001-06-05T"))

    check = checked(files)

    assert not check.daily["healthy"]
    assert "First check that the clock is right (`as_of` and `timezone` in the pair file)" in check.text
    assert "Work on" not in check.text


def test_point_2_archives_late_on_both_may_be_the_clock(tmp_path: Path) -> None:
    """On a machine in another zone than the switch both servers seem hours behind: check the clock first."""
    files = built(tmp_path)
    files.pair_file.write_text(files.pair_file.read_text().replace("T07:10", "T13:10"))

    check = checked(files)

    assert check.daily["work_on"] is None
    assert "since 2000-06-05 07:00. First check that the clock is right (`as_of` and `timezone`" in check.text


def test_point_2_the_details_support_needs_are_shown(tmp_path: Path) -> None:
    """The line has what is known, from the pair file and the servers, and where to find what is not."""
    files = built(tmp_path, primary=trunks(400, 430))
    files.pair_file.write_text(files.pair_file.read_text() + SUPPORT)

    check = checked(files)
    support = next(one for one in check.daily["by_hand"] if one["kind"] == "support")

    assert (
        "Call support (Customer Care Helpline, (800) 242-2121): say that this is a CMS High Availability pair"
        in (support["text"])
    )
    assert {
        "Caller: Anna Berg, +1 303 555 0100",
        "Installation (IL) number: 0001234567",
        "CMS load: primary r3v8ag.f, secondary r3v8ag.f",
        "Where: primary, since 2000-06-05 04:30, ACD 1",
        "Service contract: 24 hours a day",
        "Organization: its name ([support] organization)",
        "Processors of primary: `psrinfo -v` on primary shows them ([support] primary_machine)",
    } <= set(support["details"])
    assert all(detail in check.text for detail in support["details"])


def test_point_2_lines_that_a_hook_can_do_are_marked(tmp_path: Path) -> None:
    """Moving the address, users and tickets can be done by hooks; the check marks them and runs none of them."""
    files = with_hooks(built(tmp_path, primary=trunks(400, 430)), *map(hook, ("support", "host-alias", "log-on")))

    check = checked(files)
    hooked = [line["kind"] for line in check.daily["by_hand"] if line.get("hook")]

    assert check.lines[1:4] == [("log-off", "primary"), ("host-alias", "secondary"), ("log-on", "secondary")]
    assert hooked == ["host-alias", "log-on", "support"]
    assert not (files.folder / "notes.jsonl").exists()
    assert "this check does not run it" in check.text


def test_point_2_each_server_lacks_an_acd_of_its_own(tmp_path: Path) -> None:
    """Moving users gains nothing then, and nothing is lost: support is called about both."""
    one, two = trunks(400, 700), trunks(400, 700, acd=2)
    short = trunks(400, 430)
    files = built(tmp_path, acds=2, primary=[*short, *two], secondary=[*one, *[{**line, "acd": 2} for line in short]])

    check = checked(files)

    assert check.daily["work_on"] is None
    assert "lost" not in check.daily["work_on_because"]
    assert check.lines[-1] == ("support", "primary")
    assert [(trouble["server"], trouble["acds"]) for trouble in check.daily["troubles"]] == [
        ("primary", [1]),
        ("secondary", [2]),
    ]
