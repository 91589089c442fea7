"""Rule 9 in both directions: reconcile takes each interval from the server that recorded it completely."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from syncengine.model.pair import Role
from syncengine.model.plan import SkipReason
from syncengine.model.refusals import TooManyDeletionsError
from tests.builders import Files, build_files, row
from tests.scenes import code, outage, plan_of, resync, skipped, storage, trunk, trunks

WINDOW = "2000-06-05 05:00..05:59"


def crossed(folder: Path, **options: Any) -> Files:
    """Build a pair of which each server has one broken interval: the primary 5:00, the secondary 5:30."""
    return build_files(
        folder,
        ["htrunk", "hcwc"],
        both={"htrunk": [*trunks(400, 500), *trunks(600, 700)]},
        primary={"htrunk": [*trunks(500, 530, incalls=1, incomplete=1), *trunks(530, 600)], "hcwc": [code(530)]},
        secondary={"htrunk": [*trunks(500, 530), *trunks(530, 600, incalls=1, incomplete=1)], "hcwc": [code(500)]},
        **options,
    )


def test_each_broken_interval_is_copied_from_the_other_server(tmp_path: Path) -> None:
    """The primary's broken 5:00 comes from the secondary and the secondary's broken 5:30 from the primary."""
    files = crossed(tmp_path)

    done = resync(files, window=WINDOW, tables=("htrunk", "hcwc"), policy="reconcile")

    assert done.plan.writes_to == {Role.PRIMARY, Role.SECONDARY}
    assert files.run("primary", "SELECT DISTINCT incalls, incomplete FROM htrunk") == [(5, 0)]
    assert files.bag("primary", "htrunk") == files.bag("secondary", "htrunk")
    assert done.after is not None
    assert done.after.in_sync


def test_one_decision_holds_for_all_interval_tables(tmp_path: Path) -> None:
    """Call work codes mark nothing incomplete here; they follow the trunks, which do."""
    files = crossed(tmp_path)

    resync(files, window=WINDOW, tables=("htrunk", "hcwc"), policy="reconcile")

    assert [one[1] for one in files.bag("primary", "hcwc")] == [500, 530]
    assert [one[1] for one in files.bag("secondary", "hcwc")] == [500, 530]


def test_equal_marks_and_different_rows_are_undecided(tmp_path: Path) -> None:
    """Where neither server's rows are marked broken nothing shows who is right: listed, and both stay."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": [*trunks(400, 500), *trunks(530, 700)]},
        primary={"htrunk": [trunk(500, incalls=4)]},
        secondary={"htrunk": [trunk(500, incalls=6)]},
    )
    before = files.bag("primary", "htrunk"), files.bag("secondary", "htrunk")

    done = resync(files, window=WINDOW, tables=("htrunk",), policy="reconcile")

    assert skipped(done.plan)["htrunk", 1] == (SkipReason.UNDECIDED, "05:00-05:29")
    assert (files.bag("primary", "htrunk"), files.bag("secondary", "htrunk")) == before


def test_what_is_broken_alike_is_lost(tmp_path: Path) -> None:
    """Where both servers' rows are broken the interval is listed as lost, and both stay."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": [*trunks(400, 500), *trunks(530, 700)]},
        primary={"htrunk": [trunk(500, incalls=4, incomplete=1)]},
        secondary={"htrunk": [trunk(500, incalls=6, incomplete=1)]},
    )
    before = files.bag("primary", "htrunk"), files.bag("secondary", "htrunk")

    done = resync(files, window=WINDOW, tables=("htrunk",), policy="reconcile")

    assert skipped(done.plan)["htrunk", 1] == (SkipReason.LOST, "05:00-05:29")
    assert (files.bag("primary", "htrunk"), files.bag("secondary", "htrunk")) == before


def test_parts_on_both_servers_are_undecided(tmp_path: Path) -> None:
    """Where the two servers hold different key groups of one interval, each holds a part and neither wins."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": [*trunks(400, 500), *trunks(530, 700)]},
        primary={"htrunk": [trunk(500, 1, incomplete=1), trunk(500, 2, incomplete=1)]},
        secondary={"htrunk": [trunk(500, 3, incomplete=2), trunk(500, 4, incomplete=2)]},
    )
    before = files.bag("primary", "htrunk"), files.bag("secondary", "htrunk")

    done = resync(files, window=WINDOW, tables=("htrunk",), policy="reconcile")

    assert skipped(done.plan)["htrunk", 1] == (SkipReason.UNDECIDED, "05:00-05:29")
    assert (files.bag("primary", "htrunk"), files.bag("secondary", "htrunk")) == before


def test_no_rows_lose_only_against_a_server_that_was_watching(tmp_path: Path) -> None:
    """A table empty on one server, which saw the interval whole, is undecided; one of a blind server is filled."""
    files = build_files(
        tmp_path,
        ["htrunk", "hcwc"],
        both={"htrunk": [*trunks(400, 530), *trunks(600, 700)]},
        secondary={"htrunk": trunks(530, 600), "hcwc": [code(500), code(530)]},
    )

    done = resync(files, window=WINDOW, tables=("htrunk", "hcwc"), policy="reconcile")

    assert skipped(done.plan)["hcwc", 1] == (SkipReason.UNDECIDED, "05:00-05:29")
    assert [one[1] for one in files.bag("primary", "hcwc")] == [530]
    assert len(files.bag("secondary", "hcwc")) == 2


def codes(folder: Path, source: dict[str, Any], target: dict[str, Any], **rows: Any) -> Files:
    """Build a pair with a call work code of 5:00 that differs, and no trunks of that interval but those given."""
    both = {"htrunk": [*trunks(400, 500), *trunks(530, 700)]}
    primary, secondary = rows.get("primary", {}), rows.get("secondary", {})
    return build_files(
        folder,
        ["htrunk", "hcwc"],
        both=both,
        primary={"hcwc": [code(500, **source)], **primary},
        secondary={"hcwc": [code(500, **target)], **secondary},
    )


@pytest.mark.parametrize("broken", [0, 1])
def test_an_interval_without_evidence_is_undecided(tmp_path: Path, broken: int) -> None:
    """Without trunks or splits on either server nothing tells who was looking: that is not lost, and both stay."""
    files = codes(tmp_path, {"acdcalls": 4, "incomplete": broken}, {"acdcalls": 6, "incomplete": broken})
    before = files.bag("primary", "hcwc"), files.bag("secondary", "hcwc")

    done = resync(files, window=WINDOW, tables=("hcwc",), policy="reconcile")

    assert skipped(done.plan)["hcwc", 1] == (SkipReason.UNDECIDED, "05:00-05:29")
    assert done.plan.skipped[0].detail == "neither server has rows of a table that always has some"
    assert (files.bag("primary", "hcwc"), files.bag("secondary", "hcwc")) == before


@pytest.mark.parametrize("incomplete", [0, 3])
def test_a_diary_that_shows_an_outage_loses_without_trunks(tmp_path: Path, incomplete: int) -> None:
    """Where no server has trunks the one with an outage in its diary loses, and never to more broken rows."""
    files = codes(
        tmp_path, {"acdcalls": 4}, {"acdcalls": 6, "incomplete": incomplete}, primary={"linkex": [outage(513, 360)]}
    )

    planned = plan_of(files, window=WINDOW, tables=("hcwc",), policy="reconcile")

    assert planned.writes_to == (frozenset() if incomplete else {Role.PRIMARY})
    assert bool(skipped(planned)) is bool(incomplete)


def test_outages_on_both_servers_are_lost(tmp_path: Path) -> None:
    """Where both diaries show an outage and no server has trunks the interval is lost."""
    down = {"linkex": [outage(513, 360)]}
    files = codes(tmp_path, {"acdcalls": 4}, {"acdcalls": 6}, primary=down, secondary=down)

    planned = plan_of(files, window=WINDOW, tables=("hcwc",), policy="reconcile")

    assert skipped(planned)["hcwc", 1] == (SkipReason.LOST, "05:00-05:29")


@pytest.mark.parametrize(("incomplete", "own", "taken"), [(0, 0, True), (1, 0, False), (1, 2, True)])
def test_whole_rows_without_trunks_do_not_lose_to_broken_ones(
    tmp_path: Path, incomplete: int, own: int, taken: bool
) -> None:
    """A server without trunks loses to one that has them, unless its own rows are the less broken."""
    seen = {"htrunk": trunks(500, 530, incomplete=incomplete)}
    files = codes(tmp_path, {"acdcalls": 4, "incomplete": own}, {"acdcalls": 6}, secondary=seen)

    planned = plan_of(files, window=WINDOW, tables=("hcwc",), policy="reconcile")

    assert planned.writes_to == ({Role.PRIMARY} if taken else frozenset())
    assert taken or skipped(planned)["hcwc", 1] == (SkipReason.UNDECIDED, "05:00-05:29")


def test_broken_rows_fill_where_there_are_none(tmp_path: Path) -> None:
    """A server without trunks and codes gets the other's broken ones: some are better than none."""
    files = codes(tmp_path, {}, {}, secondary={"htrunk": trunks(500, 530, incomplete=1)})
    files.run("primary", "DELETE FROM hcwc")

    resync(files, window=WINDOW, tables=("hcwc",), policy="reconcile")

    assert files.bag("primary", "hcwc") == files.bag("secondary", "hcwc")
    assert len(files.bag("primary", "hcwc")) == 1


def test_outages_of_any_length_and_order_are_found(tmp_path: Path) -> None:
    """A long outage hidden behind a short later one still counts, one that ends as the interval begins does not."""
    diary = [outage(400, 30, seqno=1), outage(405, 4500, seqno=2), outage(410, 60, seqno=3), outage(430, 1800, seqno=4)]
    files = codes(tmp_path, {"acdcalls": 4}, {"acdcalls": 6}, primary={"linkex": diary})
    assert plan_of(files, window=WINDOW, tables=("hcwc",), policy="reconcile").writes_to == {Role.PRIMARY}

    files.run("primary", "DELETE FROM linkex WHERE seqno = 2")
    assert plan_of(files, window=WINDOW, tables=("hcwc",), policy="reconcile").steps == ()


def test_unlike_interval_lengths_are_reconciled_as_one(tmp_path: Path) -> None:
    """Where one server has quarters and the other half hours, whole half hours take the place of broken quarters."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        primary={"htrunk": trunks(400, 700, minutes=15, incomplete=1)},
        secondary={"htrunk": trunks(400, 700, minutes=30)},
    )

    planned = plan_of(files, window=WINDOW, tables=("htrunk",), policy="reconcile")

    assert planned.skipped == ()
    assert planned.writes_to == {Role.PRIMARY}


def test_event_tables_are_only_filled(tmp_path: Path) -> None:
    """Events the server with the outage lacks are added from the other; none of its own are deleted."""

    def event(time: int, seqno: int) -> dict[str, Any]:
        return row("agex", row_time=time, seqno=seqno, extype=1, logid="4001", split=1)

    files = build_files(
        tmp_path,
        ["agex", "htrunk"],
        both={"dcalloc": [storage("exceptions")], "htrunk": trunks(400, 700), "agex": [event(435, 1), event(600, 2)]},
        primary={"agex": [event(505, 3), event(514, 4)]},
        secondary={"agex": [event(507, 3)], "linkex": [outage(513, 360)]},
    )

    resync(files, window=WINDOW, tables=("agex",), policy="reconcile")

    assert [one[2] for one in files.bag("secondary", "agex", "1 = 1")] == [435, 505, 507, 514, 600]
    assert [one[2] for one in files.bag("primary", "agex", "1 = 1")] == [435, 505, 514, 600]


def test_each_direction_has_a_ceiling_of_its_own(tmp_path: Path) -> None:
    """Two rows deleted on each server are within a ceiling of two, and one more on either is refused."""
    files = crossed(tmp_path, settings="limits = { deletions = 2 }")
    files.add("primary", "htrunk", trunk(500, 3, incomplete=1), trunk(500, 4, incomplete=1))
    files.add("secondary", "htrunk", trunk(530, 3, incomplete=1), trunk(530, 4, incomplete=1))

    assert plan_of(files, window=WINDOW, tables=("htrunk",), policy="reconcile").deletions == 4
    files.add("primary", "htrunk", trunk(500, 5, incomplete=1))
    with pytest.raises(TooManyDeletionsError, match="delete 3 rows that only primary has") as refused:
        plan_of(files, window=WINDOW, tables=("htrunk",), policy="reconcile")
    assert (refused.value.into, refused.value.count) == ("primary", 3)
