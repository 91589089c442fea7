"""Rule 9: `incomplete` decides which side is right; the smaller wins, and halves are never added up."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncengine.model.plan import SkipReason
from tests.builders import Files, build_files
from tests.scenes import code, outage, plan_of, resync, skipped, trunk, trunks


def broken(folder: Path, source: int, target: int) -> Files:
    """Build a pair that differs at 5:00, where each side's rows are broken as said."""
    return build_files(
        folder,
        ["htrunk"],
        both={"htrunk": [*trunks(430, 500), *trunks(530, 600)]},
        primary={"htrunk": [trunk(500, 1, incalls=9, incomplete=source), trunk(500, 2, incomplete=source)]},
        secondary={"htrunk": [trunk(500, 1, incalls=4, incomplete=target), trunk(500, 3, incomplete=target)]},
    )


@pytest.mark.parametrize(("source", "target"), [(0, 0), (0, 1), (1, 3)])
def test_the_less_broken_source_is_copied_as_a_whole(tmp_path: Path, source: int, target: int) -> None:
    """A source that is no more broken replaces the whole interval: no row of the target's is left beside it."""
    files = broken(tmp_path, source, target)

    resync(files, tables=("htrunk",))

    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")


@pytest.mark.parametrize(("source", "target"), [(1, 0), (3, 1)])
def test_a_broken_source_never_replaces_a_better_target(tmp_path: Path, source: int, target: int) -> None:
    """Where the source's rows are the more broken ones the target's stay, and the interval is named."""
    files = broken(tmp_path, source, target)
    before = files.bag("secondary", "htrunk")

    done = resync(files, tables=("htrunk",))

    assert skipped(done.plan)["htrunk", 1] == (SkipReason.SOURCE_BROKEN, "05:00-05:29")
    assert files.bag("secondary", "htrunk") == before


def test_what_is_broken_on_both_is_lost(tmp_path: Path) -> None:
    """Rows broken alike on both servers are reported as lost, and nothing is copied."""
    files = broken(tmp_path, 1, 1)
    before = files.bag("secondary", "htrunk")

    done = resync(files, tables=("htrunk",))

    assert skipped(done.plan)["htrunk", 1] == (SkipReason.LOST, "05:00-05:29")
    assert files.bag("secondary", "htrunk") == before


def test_take_broken_replaces_a_whole_interval_by_a_broken_one(tmp_path: Path) -> None:
    """A user who wants the source's broken rows all the same gets them with --take-broken."""
    files = broken(tmp_path, 1, 0)

    resync(files, tables=("htrunk",), take_broken=True)

    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")


def test_take_broken_does_not_bring_back_what_is_lost(tmp_path: Path) -> None:
    """What is broken on both servers stays lost: --take-broken only lifts the preference for a whole target."""
    files = broken(tmp_path, 1, 1)
    before = files.bag("secondary", "htrunk")

    done = resync(files, tables=("htrunk",), take_broken=True)

    assert skipped(done.plan)["htrunk", 1][0] is SkipReason.LOST
    assert files.bag("secondary", "htrunk") == before


def test_broken_rows_are_better_than_none(tmp_path: Path) -> None:
    """An interval the target lacks altogether is added though the source's rows of it are broken."""
    files = broken(tmp_path, 1, 0)
    files.run("secondary", "DELETE FROM htrunk WHERE starttime = 500")

    resync(files, tables=("htrunk",))

    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")


def test_the_diary_of_the_source_counts_where_rows_do_not_show_it(tmp_path: Path) -> None:
    """An outage in the source's linkex makes its rows of that interval broken, though incomplete says 0."""
    files = broken(tmp_path, 0, 0)
    files.add("primary", "linkex", outage(513, 360))

    planned = plan_of(files, tables=("htrunk",))

    assert skipped(planned)["htrunk", 1] == (SkipReason.SOURCE_BROKEN, "05:00-05:29")


def test_one_interval_is_decided_by_its_own_figures(tmp_path: Path) -> None:
    """A broken 5:00 of the source is skipped while its whole 5:30 is copied in the same run."""
    files = build_files(
        tmp_path,
        ["htrunk", "hcwc"],
        both={"htrunk": trunks(430, 630)},
        primary={"hcwc": [code(500, incomplete=1), code(530)]},
        secondary={"hcwc": [code(500, acdcalls=9), code(530, acdcalls=9)]},
    )

    done = resync(files, window="2000-06-05 05:00..05:59", tables=("hcwc",))

    assert skipped(done.plan)["hcwc", 1] == (SkipReason.SOURCE_BROKEN, "05:00-05:29")
    assert files.run("secondary", "SELECT starttime, acdcalls FROM hcwc ORDER BY ALL") == [(500, 9), (530, 3)]
