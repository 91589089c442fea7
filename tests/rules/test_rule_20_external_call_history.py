"""Rule 20: External Call History goes on at one server before it goes off at the other, and only where that applies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from syncengine.model.pair import Role
from syncengine.model.plan import Plan
from tests.builders import Files, build_files, row
from tests.cli.terminal import Typing
from tests.rules.hooked import fails, hook, notes, python, with_hooks
from tests.scenes import trunks

PRIMARY = 'external_call_history = "primary"'
ON, OFF = "external-call-history-on", "external-call-history-off"
DOWN = row("linkex", acd=1, row_time=500, duration=1740, reason=97, seqno=1)
"""The first ACD's link of the primary, down from 5:00 to 5:29."""


def built(folder: Path, *, acds: int = 1, blind: int = 1, down: Role = Role.PRIMARY, settings: str = PRIMARY) -> Files:
    """Build a pair of which one server did not see some ACDs from 5:00 to 5:29."""
    numbers = range(1, acds + 1)
    seen = [one for acd in numbers for one in [*trunks(400, 500, acd=acd), *trunks(530, 700, acd=acd)]]
    hours: dict[str, Any] = {
        down.value: [one for acd in numbers if acd > blind for one in trunks(500, 530, acd=acd)],
        down.other.value: [one for acd in numbers for one in trunks(500, 530, acd=acd)],
    }
    diary = {down.value: [{**DOWN, "acd": acd} for acd in numbers if acd <= blind], down.other.value: []}
    sides = {side: {"htrunk": hours[side], "linkex": diary[side]} for side in hours}
    return build_files(
        folder,
        ["htrunk", "synonyms", "agroups"],
        both={"htrunk": seen},
        primary=sides["primary"],
        secondary=sides["secondary"],
        acds=dict.fromkeys(numbers, 30),
        settings=settings,
    )


def lines(plan: Plan | None) -> list[tuple[str, str]]:
    """Return the kinds and servers of the lines about External Call History, in order."""
    assert plan is not None
    return [(line.kind, line.server) for line in plan.checklist.after if line.kind in (ON, OFF)]


BACK = [(ON, "primary"), (OFF, "secondary")]


def test_it_is_switched_over_while_one_works_on_the_secondary(tmp_path: Path, typed: Typing) -> None:
    """Without its primary the daily check says: on at the secondary, with what is buffered, then off at the primary."""
    files = built(tmp_path)
    files.database(Role.PRIMARY).unlink()

    result = typed("status", "--pair", files.pair_file)
    document = typed("status", "--pair", files.pair_file, "--json").document["daily"]

    on = "Turn External Call History on at secondary, and answer Yes to sending the buffered data."
    off = "Then turn External Call History off at primary"
    links = "Check that the links of secondary are up"
    places = [result.out.index(text) for text in ("Work on the secondary", links, on, off)]
    assert places == sorted(places)
    assert "may arrive twice" in result.out
    kinds = [(line["kind"], line["server"]) for line in document["by_hand"]]
    assert [one for one in kinds if one[0] in (ON, OFF)] == [(ON, "secondary"), (OFF, "primary")]


def test_links_that_are_down_at_the_primary_alone(tmp_path: Path, typed: Typing) -> None:
    """Where the hook for links says so, one works on the secondary, and it is switched over (Appendix E)."""
    files = with_hooks(built(tmp_path), hook("links", fails("ACD 1 is down"), "primary"))

    result = typed("status", "--pair", files.pair_file)

    assert result.code == 3
    assert "Work on the secondary: links of the primary are down." in result.out
    assert "primary: links not fine: ACD 1 is down" in result.out
    assert "External Call History on at secondary" in result.out


def test_a_secondary_whose_links_are_down_takes_nothing_over(tmp_path: Path, typed: Typing) -> None:
    """Without its primary, and with the secondary's links down, nothing is switched over: nobody would send."""
    files = with_hooks(built(tmp_path), hook("links", fails("ACD 1 is down"), "secondary"))
    files.database(Role.PRIMARY).unlink()

    result = typed("status", "--pair", files.pair_file)

    assert "Call support: " in result.out
    assert "Work on" not in result.out
    assert "External Call History" not in result.out


def test_links_that_are_down_at_both(tmp_path: Path, typed: Typing) -> None:
    """Where both servers' links are down there is nobody to switch over to."""
    files = with_hooks(built(tmp_path), hook("links", fails("ACD 1 is down")))

    result = typed("status", "--pair", files.pair_file)

    assert "Call support: links of both servers are down." in result.out
    assert "Work on" not in result.out
    assert "External Call History" not in result.out


def test_a_takeover_mentions_it_where_the_pair_file_does_not(tmp_path: Path, typed: Typing) -> None:
    """A key that nobody has written is no word that it is not installed: it is asked for, and not left out."""
    files = built(tmp_path, settings="")
    files.database(Role.PRIMARY).unlink()

    result = typed("status", "--pair", files.pair_file)

    assert (
        "on at secondary (if it is installed, and not on at both: the pair file does not say), and answer Yes"
        in result.text
    )


@pytest.mark.parametrize("settings", ['external_call_history = "none"', 'external_call_history = "both"'])
def test_it_is_not_mentioned_where_there_is_nothing_to_switch(tmp_path: Path, typed: Typing, settings: str) -> None:
    """Not installed, or on at both: neither the daily check nor a plan says anything of it."""
    files = built(tmp_path, settings=settings)

    plan = files.open().plan_outages()
    files.database(Role.PRIMARY).unlink()

    assert lines(plan) == []
    assert "External Call History" not in typed("status", "--pair", files.pair_file).out


def test_it_is_not_mentioned_while_all_is_well(tmp_path: Path, typed: Typing) -> None:
    """While one works on the primary the daily check does not say anything of it."""
    files = built(tmp_path, blind=0)

    assert "External Call History" not in typed("status", "--pair", files.pair_file).out


@pytest.mark.parametrize("acds", [1, 2])
def test_it_is_switched_back_when_the_primary_was_down(tmp_path: Path, acds: int) -> None:
    """A plan that brings the primary up to date ends with: on at the primary, then off at the secondary."""
    files = built(tmp_path, acds=acds, blind=acds)
    pair = files.open()
    window = "2000-06-05 05:00..05:29"

    assert lines(pair.plan_outages()) == BACK
    assert lines(pair.plan_resync(tables="htrunk", window=window, source="secondary")) == BACK


def test_a_link_of_one_acd_among_several_is_reason_enough(tmp_path: Path) -> None:
    """The guide switches over where one link of several is down, so a plan that repairs that says to switch back."""
    plan = built(tmp_path, acds=2, blind=1).open().plan_outages()

    assert lines(plan) == BACK


def test_figures_that_differ_are_no_reason(tmp_path: Path) -> None:
    """The primary saw the interval: nobody has switched over, and nothing is switched back."""
    files = built(tmp_path, blind=0)
    files.run("secondary", "UPDATE htrunk SET incalls = 77 WHERE starttime = 500")
    window = "2000-06-05 05:00..05:29"

    plan = files.open().plan_resync(tables="htrunk", window=window, source="secondary")

    assert plan.writes_to == {Role.PRIMARY}
    assert lines(plan) == []


def test_an_outage_of_the_secondary_is_no_reason(tmp_path: Path) -> None:
    """The primary has sent all the while."""
    plan = built(tmp_path, down=Role.SECONDARY).open().plan_outages()

    assert plan is not None
    assert plan.writes_to == {Role.SECONDARY}
    assert lines(plan) == []


def test_administration_that_goes_back_follows_the_return_of_the_primary(tmp_path: Path) -> None:
    """Names made on the secondary meanwhile are copied back: the primary had been down."""
    files = built(tmp_path, blind=0)
    files.add("secondary", "synonyms", row("synonyms", item_type="split", value="7", item_name="meanwhile"))

    assert lines(files.open().plan_sync(sets="synonyms", source="secondary")) == BACK


def test_an_undo_does_not_speak_of_it(tmp_path: Path) -> None:
    """Taking rows back does not bring a server down or up."""
    pair = built(tmp_path).open()
    plan = pair.plan_outages()
    assert plan is not None
    pair.execute(plan)

    assert lines(pair.plan_undo()) == []


@pytest.mark.parametrize(
    ("on", "done", "remaining"),
    [
        (hook(ON), [ON, OFF], []),
        (hook(ON, fails()), [ON], [ON, OFF]),
        (hook(ON, python("sys.exit(1)"), "secondary"), [], [ON, OFF]),
        ("", [], [ON, OFF]),
    ],
)
def test_it_is_not_turned_off_before_it_is_on(tmp_path: Path, on: str, done: list[str], remaining: list[str]) -> None:
    """The hook that turns it off runs only after one has turned it on at the other server."""
    files = with_hooks(built(tmp_path), on, hook(OFF))
    pair = files.open()
    plan = pair.plan_outages()
    assert plan is not None

    result = pair.execute(plan)

    assert [one["SYNCENGINE_HOOK"] for _, one in notes(files)] == done
    assert [line.kind for line, _ in result.by_hand if line.kind in (ON, OFF)] == remaining
    marked = {line.kind for line in plan.checklist.after if line.hook}
    assert (OFF in marked) == (ON in marked)
