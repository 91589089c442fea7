"""What a server does not tell is not known: it is never taken for a time in which the server saw nothing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.errors import ServerError
from syncengine.model.outages import Outlook
from syncengine.model.pair import Role
from syncengine.model.plan import SkipReason
from syncengine.model.policy import Rollups
from tests.builders import Files, build_files, row
from tests.cli.terminal import Typing
from tests.interference import Interference, interfere
from tests.jobs.test_outages import OPEN, link
from tests.scenes import code, plan_of, skipped, trunks

SET_FORWARD = row("linkex", row_time=500, duration=0, reason=96)
WHOLE = trunks(400, 700)


def silent(monkeypatch: pytest.MonkeyPatch, tables: Collection[str], role: Role = Role.SECONDARY) -> None:
    """Let a server refuse to read some tables."""

    def asked(name: str) -> None:
        if name in tables:
            raise ServerError(f"{role}: {name} cannot be read")

    interfere(monkeypatch, role, Interference(before_query=asked))


@pytest.mark.soak("linkex", "htrunk")
@pytest.mark.parametrize("lost", [("htrunk",), ("linkex",), ("htrunk", "linkex")], ids=" ".join)
def test_no_hole_is_made_of_an_hour_that_the_clock_skipped(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch, lost: tuple[str, ...]
) -> None:
    """Where one server tells nothing of its intervals or links, the other's skipped hour stays one (rule 17)."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": OPEN, "linkex": [SET_FORWARD]})
    silent(monkeypatch, lost)

    assert files.open().outages().findings == ()
    assert "and no outage in the diary of links explains it" not in typed("status", "--pair", files.pair_file).text


def test_a_hole_of_a_server_that_tells_is_one_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the other server does not tell excuses nothing that no clock explains."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": OPEN}, primary={"linkex": [link(300, 60)]})
    silent(monkeypatch, ("htrunk",))

    told = [(str(one.time.span)[11:], one.outlook) for one in files.open().outages().findings]

    assert told == [("03:00-03:29", Outlook.UNKNOWN), ("05:00-05:59", Outlook.UNKNOWN)]


def test_a_diary_that_cannot_be_read_is_not_said_to_explain_nothing(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hole beside an unreadable diary is told with that, and not as one that nothing in it explains."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": OPEN}, primary={"htrunk": trunks(500, 600)})
    silent(monkeypatch, ("linkex",))

    said = typed("outages", "--pair", files.pair_file)

    assert "its diary of links cannot be read" in said.text
    assert "nothing in its diary" not in said.text
    assert "and the diary of links cannot be read." in typed("status", "--pair", files.pair_file).text


def coded(folder: Path, **secondary: list[dict[str, Any]]) -> Files:
    """Build a pair whose primary alone has a call work code, in an interval that both saw."""
    return build_files(
        folder,
        ["htrunk", "hcwc"],
        both={"htrunk": WHOLE, "hcwc": [code(430)]},
        primary={"hcwc": [code(500)]},
        secondary=secondary,
    )


def test_a_server_whose_sight_is_not_known_does_not_lose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With reconcile a server without a row loses where it was blind, not where nobody knows what it saw (rule 9)."""
    files = coded(tmp_path)
    silent(monkeypatch, ("htrunk",))

    plan = plan_of(files, tables=("hcwc",), policy="reconcile")

    assert plan.steps == ()
    assert skipped(plan)["hcwc", 1][0] is SkipReason.UNDECIDED
    assert plan.skipped[0].detail == "nobody knows what secondary saw: none of its tables tells"


@pytest.mark.soak
def test_its_diary_still_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its links were down it loses, whatever its other tables would tell."""
    files = coded(tmp_path, linkex=[link(513, 360)])
    silent(monkeypatch, ("htrunk",))

    assert plan_of(files, tables=("hcwc",), policy="reconcile").writes_to == {Role.SECONDARY}
    assert [one.outlook for one in files.open().outages().findings] == [Outlook.REPAIR]


@pytest.mark.soak("copy")
@pytest.mark.parametrize("how", ["recompute", "copy"])
def test_days_are_not_made_of_intervals_that_nobody_knows_to_be_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Where no table tells what a server saw, its days are left to Data Summarizing (rule 10)."""
    sunday = date(2000, 6, 4)
    day = row("dcwc", row_date=sunday, cwc="7", acdcalls=3)
    files = build_files(
        tmp_path,
        ["htrunk", "hcwc", "dcwc"],
        both={"htrunk": trunks(0, 2400, row_date=sunday), "hcwc": [code(430, row_date=sunday)], "dcwc": [day]},
        primary={"hcwc": [code(500, row_date=sunday)]},
    )
    silent(monkeypatch, ("htrunk",), Role.SECONDARY if how == "recompute" else Role.PRIMARY)

    plan = plan_of(files, window="2000-06-04 05:00..05:29", tables=("hcwc",), rollups=how)

    assert [one.then for one in plan.stale] == [Rollups.LIST]
    assert "none of its tables tells" in plan.stale[0].why
