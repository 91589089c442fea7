"""A healthy pair is in order at any minute: while it archives, and in the night in which the clock is set."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from syncengine.model.clock import with_shared_resets
from syncengine.model.facts import ClockReset, ServerFacts
from syncengine.model.outages import Outlook
from syncengine.model.pair import Role
from syncengine.model.refusals import NotArchivedError
from syncengine.model.window import Window
from tests.builders import Files, build_files
from tests.cli.terminal import Typing
from tests.jobs.test_outages import found, guides, link
from tests.scenes import trunks

ARCHIVING = "UPDATE arch_stat SET status = '4' WHERE trim(arch_type) = '1'"
SKIPPED = [*trunks(400, 500), *trunks(600, 700)]
"""Rows of a server whose clock was set from 5:00 to 6:00."""


def archiving(files: Files) -> Files:
    """Let the interval archives of both servers run, as they do for a while after each interval."""
    for role in Role:
        files.run(role, ARCHIVING)
    return files


def test_while_it_archives_a_healthy_pair_has_no_outage(tmp_path: Path, typed: Typing) -> None:
    """A running archive does not change what is archived: no command raises an alarm or refuses to compare."""
    repaired = {"linkex": [link(513, 360)]}
    files = archiving(build_files(tmp_path, ["htrunk"], both={"htrunk": trunks(400, 700)}, secondary=repaired))

    output = typed("outages", "-v", "--pair", files.pair_file)

    assert (output.code, "05:00-05:29  nothing differs" in output.out) == (0, True), output.text
    assert "nothing can be repaired now" not in output.text
    assert typed("resync", "--outages", "--yes", "--pair", files.pair_file).code == 0
    assert typed("status", "--pair", files.pair_file).code == 0


def test_while_it_archives_an_outage_waits(tmp_path: Path) -> None:
    """Drift is not copied then (rule 6), and is reported as waiting: it can be repaired a little later."""
    files = archiving(guides(tmp_path))

    assert found(files.open().outages()) == [("05:00-05:29", ("secondary",), Outlook.WAITING)]
    with pytest.raises(NotArchivedError) as refused:
        files.open().plan_outages()
    assert refused.value.temporary


def test_while_it_archives_missing_rows_are_missed_all_the_same(tmp_path: Path) -> None:
    """A gap of this morning is reported even in the minute in which an archive runs."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": SKIPPED}, primary={"htrunk": trunks(500, 600)})

    assert found(archiving(files).open().outages()) == [("05:00-05:59", ("secondary",), Outlook.WAITING)]


@pytest.mark.parametrize(("over", "code"), [(False, 3), pytest.param(True, 0, marks=pytest.mark.soak)])
def test_an_outage_that_may_continue_is_not_repaired(tmp_path: Path, typed: Typing, over: bool, code: int) -> None:
    """Rows missing up to the last archive are copied, which hides that a link is down: a note reports it."""
    lost = {"htrunk": trunks(400, 600), "linkex": [link(600, 3600)] if over else []}
    files = build_files(tmp_path, ["htrunk"], primary=lost, secondary={"htrunk": trunks(400, 700)})

    found = typed("outages", "--pair", files.pair_file)
    repaired = typed("resync", "--outages", "--yes", "--pair", files.pair_file)

    says = "primary has no rows of its own of ACD 1 up to 2000-06-05 07:00, its last archive, and it is not known "
    assert (f"Not over: {says}" in found.out) is not over
    assert (f"Not included: {says}" in repaired.out) is not over
    assert "1 of 1 step done" in repaired.out
    assert repaired.code == code


def test_a_clock_that_one_diary_alone_has_set(tmp_path: Path, typed: Typing) -> None:
    """Both servers have the switch's clock: an hour that neither has is no loss, in whichever diary it is."""
    reset = {"linkex": [link(500, 0, reason=96)]}
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": SKIPPED}, secondary=reset)

    assert files.open().outages().findings == ()
    assert typed("status", "--pair", files.pair_file).code == 0


def test_an_hour_that_the_zone_skips_needs_no_diary() -> None:
    """A clock change in either diary counts for both servers, as does the hour that the zone skips in spring."""
    reset = ClockReset("secondary", 1, date(2000, 4, 5), 100)
    facts = (
        ServerFacts(Role.PRIMARY, "", "", None, (1,)),
        ServerFacts(Role.SECONDARY, "", "", None, (1,), clock_resets=(reset,)),
    )
    week = Window(datetime(2000, 4, 1), datetime(2000, 4, 8))

    for zone, skipped in (("UTC", []), ("America/Denver", [ClockReset("", 0, date(2000, 4, 2), 200)])):
        assert [one.clock_resets for one in with_shared_resets(facts, week, zone)] == [(*skipped, reset)] * 2
    autumn = Window(datetime(2000, 10, 28), datetime(2000, 10, 31))
    assert with_shared_resets(facts[:1], autumn, "America/Denver")[0].clock_resets == ()


def test_in_the_hour_after_a_skipped_one_no_archive_is_behind(tmp_path: Path, typed: Typing) -> None:
    """At 6:02, an hour of labels after 5:00, what was archived at 5:00 is the last interval there was."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": trunks(400, 430)},
        secondary={"linkex": [link(500, 0, reason=96)]},
        archived=datetime(2000, 6, 5, 4, 30),
        as_of=datetime(2000, 6, 5, 6, 2),
    )

    assert typed("outages", "--pair", files.pair_file).code == 0
    assert typed("status", "--pair", files.pair_file).code == 0
