"""Unknown coverage stays unknown: it never counts as a time in which the server recorded no calls."""

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

    def failing(name: str) -> None:
        if name in tables:
            raise ServerError(f"{role}: {name} cannot be read")

    interfere(monkeypatch, role, Interference(before_query=failing))


@pytest.mark.soak("linkex", "htrunk")
@pytest.mark.parametrize("lost", [("htrunk",), ("linkex",), ("htrunk", "linkex")], ids=" ".join)
def test_no_hole_is_made_of_an_hour_that_the_clock_skipped(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch, lost: tuple[str, ...]
) -> None:
    """Where one server has no data on its intervals or links, the other's skipped hour stays one (rule 17)."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": OPEN, "linkex": [SET_FORWARD]})
    silent(monkeypatch, lost)

    assert files.open().outages().findings == ()
    assert "and no outage in the diary of links explains it" not in typed("status", "--pair", files.pair_file).text


def test_a_gap_is_an_outage_where_the_server_reports_its_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing data of the other server excuses no gap that no clock explains."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": OPEN}, primary={"linkex": [link(300, 60)]})
    silent(monkeypatch, ("htrunk",))

    outlooks = [(str(one.time.span)[11:], one.outlook) for one in files.open().outages().findings]

    assert outlooks == [("03:00-03:29", Outlook.UNKNOWN), ("05:00-05:59", Outlook.UNKNOWN)]


def test_an_unreadable_link_diary_is_not_called_empty(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gap with an unreadable link diary is reported with that, and not as unexplained by the diary."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": OPEN}, primary={"htrunk": trunks(500, 600)})
    silent(monkeypatch, ("linkex",))

    output = typed("outages", "--pair", files.pair_file)

    assert "its diary of links cannot be read" in output.text
    assert "nothing in its diary" not in output.text
    assert "and the diary of links cannot be read" in typed("status", "--pair", files.pair_file).text


def coded(folder: Path, **secondary: list[dict[str, Any]]) -> Files:
    """Build a pair whose primary alone has a call work code, in an interval that both saw."""
    return build_files(
        folder,
        ["htrunk", "hcwc"],
        both={"htrunk": WHOLE, "hcwc": [code(430)]},
        primary={"hcwc": [code(500)]},
        secondary=secondary,
    )


def test_a_server_of_unknown_coverage_does_not_lose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With reconcile a server without a row loses where it was blind, not where its coverage is unknown (rule 9)."""
    files = coded(tmp_path)
    silent(monkeypatch, ("htrunk",))

    plan = plan_of(files, tables=("hcwc",), policy="reconcile")

    assert plan.steps == ()
    assert skipped(plan)["hcwc", 1][0] is SkipReason.UNDECIDED
    assert plan.skipped[0].detail == "it is not known what secondary recorded: none of its tables shows it"


@pytest.mark.soak
def test_its_link_diary_still_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its links were down it loses, without regard to its other tables."""
    files = coded(tmp_path, linkex=[link(513, 360)])
    silent(monkeypatch, ("htrunk",))

    assert plan_of(files, tables=("hcwc",), policy="reconcile").writes_to == {Role.SECONDARY}
    assert [one.outlook for one in files.open().outages().findings] == [Outlook.REPAIR]


@pytest.mark.soak("copy")
@pytest.mark.parametrize("how", ["recompute", "copy"])
def test_days_are_not_recomputed_from_intervals_of_unknown_coverage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Where no table shows a server's coverage, its days are left to Data Summarizing (rule 10)."""
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
    assert "none of its tables shows it" in plan.stale[0].why
