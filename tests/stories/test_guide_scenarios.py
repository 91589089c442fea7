"""The guide's synchronisation scenarios (chapters 3 and 4, Appendix G), each on a pair that ends in sync.

Each runs on embedded servers and on PostgreSQL. Those that write also run with a primary that is reached over DRDA
and a secondary that is PostgreSQL; one, whose steps go both ways, with both reached over DRDA. A pair over DRDA takes
seconds to make, so not every one does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.outages import Outlook
from syncengine.model.pair import Role
from syncengine.model.refusals import NotArchivedError, UnlikeLoadsError
from syncengine.model.run import RunKind
from tests.builders import Files, Openable, build_files, row
from tests.examples import some_of
from tests.jobs.backfill.backfills import DAYS as FOUR_DAYS
from tests.jobs.backfill.backfills import backfill, finished
from tests.jobs.test_outages import broken, link, repair
from tests.rules.summarised import DAYS, SUNDAY
from tests.rules.summarised import pair as summarised_pair
from tests.rules.test_rule_04_cut_logins import PIECES, WHOLE
from tests.rules.test_rule_04_cut_logins import pair as cut_pair
from tests.rules.test_rule_12_old_end import recorded
from tests.scenes import trunks
from tests.stories.servers import MARKS, PASSWORDS, HomedPair

ACDS = (1, 2)
TIMES = ("login", "logout")
BEGUN = ("row_date", "row_time", "callid", "segstart")
TURNED_OFF = 93
"""linkex: data collection was turned off."""


def collected(first: int, past: int) -> list[dict[str, Any]]:
    """Return what a server has of both ACDs in intervals it recorded."""
    return [one for acd in ACDS for one in trunks(first, past, acd=acd)]


def off(first: int, past: int) -> list[dict[str, Any]]:
    """Return what a server has of both ACDs in intervals in which its collection was off for a while."""
    return [{**one, "acd": acd} for acd in ACDS for one in broken(first, past)]


def diary(down: int, seconds: int) -> list[dict[str, Any]]:
    """Return the rows of both ACDs in the diary of a server whose collection was turned off."""
    return [link(down, seconds, reason=TURNED_OFF, acd=acd) for acd in ACDS]


def switched_in_turn(folder: Path, *, hour: int = 500, **options: Any) -> Files:
    """Build a pair whose primary was off for some minutes, and in the next interval its secondary."""
    return build_files(
        folder,
        ["htrunk"],
        both={"htrunk": [*collected(hour - 100, hour), *collected(hour + 100, hour + 200)]},
        primary={"htrunk": [*off(hour, hour + 30), *collected(hour + 30, hour + 100)], "linkex": diary(hour + 13, 360)},
        secondary={
            "htrunk": [*collected(hour, hour + 30), *off(hour + 30, hour + 100)],
            "linkex": diary(hour + 35, 420),
        },
        acds=dict.fromkeys(ACDS, 30),
        **options,
    )


def kinds(*pairs: tuple[str, str]) -> pytest.MarkDecorator:
    """Run a test on pairs of these kinds of servers, primary first; but for the first only in a soak."""

    def marks(pair: tuple[str, str]) -> list[pytest.MarkDecorator]:
        seldom = [] if pair == pairs[0] else [pytest.mark.soak]
        return [MARKS[kind] for kind in dict.fromkeys(pair) if kind in MARKS] + seldom

    cases = [pytest.param(pair, id="-".join(pair), marks=marks(pair)) for pair in pairs]
    return pytest.mark.parametrize("home", cases, indirect=True)


LIKE = (("embedded", "embedded"), ("postgresql", "postgresql"))
MIXED = ("informix", "postgresql")
UNLIKE = (*LIKE, MIXED)
EVERY = (*LIKE, ("informix", "informix"), MIXED)
Home = Callable[[Files], HomedPair]
"""Moves a built pair to servers of the kinds a test runs on."""


@pytest.fixture
def home(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """Move pairs, and remove their servers after the test."""
    made: list[HomedPair] = []
    for name, value in PASSWORDS.items():
        monkeypatch.setenv(name, value)

    def move(files: Files) -> HomedPair:
        made.append(HomedPair.of(files, request.param))
        return made[-1]

    yield move
    for one in made:
        one.end()


def directions(files: Openable) -> list[tuple[int, str, tuple[Role, ...]]]:
    """Return what would repair each outage: ACD, interval, and the servers written to."""
    report = files.open().outages()
    return [(one.time.acd, str(one.time.span)[11:], one.into) for one in report.findings]


@kinds(*EVERY)
def test_collection_off_and_on_in_turn(tmp_path: Path, home: Home) -> None:
    """Primary off 5:13-5:19, secondary 5:35-5:42: each half hour comes from the other, nothing by hand."""
    files = home(switched_in_turn(tmp_path))

    assert directions(files) == [
        (1, "05:00-05:29", (Role.PRIMARY,)),
        (2, "05:00-05:29", (Role.PRIMARY,)),
        (1, "05:30-05:59", (Role.SECONDARY,)),
        (2, "05:30-05:59", (Role.SECONDARY,)),
    ]
    done = repair(files)

    assert done.plan.checklist.before == ()
    assert "single-user" not in " ".join(line.text for line in done.plan.checklist.after)
    assert done.after is not None
    assert done.after.in_sync
    assert files.bag("primary", "htrunk") == files.bag("secondary", "htrunk")
    assert files.values("primary", "htrunk", "incalls", "incomplete") == {("5", "0")}


@kinds(*LIKE)
def test_requested_before_the_archive_has_run(tmp_path: Path, home: Home) -> None:
    """Requested at 5:25, before 5:00-5:29 is archived, the repair is refused (times A and B of chapter 3)."""
    files = home(
        build_files(
            tmp_path,
            ["htrunk"],
            both={"htrunk": collected(400, 500)},
            primary={"linkex": diary(513, 360)},
            acds=dict.fromkeys(ACDS, 30),
            archived=datetime(2000, 6, 5, 5, 0),
            as_of=datetime(2000, 6, 5, 5, 25),
        )
    )

    with pytest.raises(NotArchivedError) as refused:
        files.open().plan_resync(window="2000-06-05 05:13..05:19", tables=("htrunk",), source="secondary")

    assert "`wait=True`" in (refused.value.hint or "")


@kinds(*LIKE)
def test_both_off_in_the_same_interval(tmp_path: Path, home: Home) -> None:
    """Primary off 5:13-5:19 and secondary 5:20-5:25: the half hour is lost on both, so the guide forbids it."""
    files = home(
        build_files(
            tmp_path,
            ["htrunk"],
            both={"htrunk": [*collected(400, 500), *collected(530, 700)]},
            primary={"htrunk": off(500, 530), "linkex": diary(513, 360)},
            secondary={"htrunk": [{**one, "incalls": 3} for one in off(500, 530)], "linkex": diary(520, 300)},
            acds=dict.fromkeys(ACDS, 30),
        )
    )

    assert {finding.outlook for finding in files.open().outages().findings} == {Outlook.LOST}
    assert repair(files).plan.steps == ()


@kinds(*UNLIKE)
def test_a_base_load_upgrade_of_both_in_turn(tmp_path: Path, home: Home) -> None:
    """While the loads differ every write is refused; once they are alike each gets its half hour (Appendix G)."""
    files = home(switched_in_turn(tmp_path, server_settings='load = "r3v8ag.f"'))
    alike = files.pair_file.read_text()
    head, _, tail = alike.partition("[secondary]")
    files.pair_file.write_text(f"{head}[secondary]{tail.replace('r3v8ag.f', 'r3v8ah.a')}")
    before = files.bag("primary", "htrunk"), files.bag("secondary", "htrunk")

    for policy in ("replace", "fill", "rows", "reconcile"):
        with pytest.raises(UnlikeLoadsError):
            files.open().plan_resync(window="2000-06-05 05:13..05:19", tables=("htrunk",), policy=policy)
    with pytest.raises(UnlikeLoadsError):
        files.open().plan_outages()
    report = files.open().outages()
    assert any("CMS loads" in note for note in report.notes)
    assert {finding.outlook for finding in report.findings} == {Outlook.REFUSED}
    assert report.unsettled
    assert (files.bag("primary", "htrunk"), files.bag("secondary", "htrunk")) == before

    files.pair_file.write_text(alike)
    assert repair(files).outcome.done
    assert files.bag("primary", "htrunk") == files.bag("secondary", "htrunk")


@kinds(*UNLIKE)
def test_a_call_profile_change_costs_each_server_its_interval(tmp_path: Path, home: Home) -> None:
    """Changed on the primary 9:10, copied to the secondary 9:40: both half hours are repaired crosswise (chapter 3)."""
    files = home(
        build_files(
            tmp_path,
            ["htrunk"],
            both={"htrunk": [*collected(800, 900), *collected(1000, 1100)]},
            primary={"htrunk": collected(930, 1000)},
            secondary={"htrunk": collected(900, 930)},
            acds=dict.fromkeys(ACDS, 30),
            archived=datetime(2000, 6, 5, 11, 0),
            as_of=datetime(2000, 6, 5, 11, 10),
        )
    )

    assert [(acd, when, into) for acd, when, into in directions(files) if acd == 1] == [
        (1, "09:00-09:29", (Role.PRIMARY,)),
        (1, "09:30-09:59", (Role.SECONDARY,)),
    ]
    repair(files)
    assert files.bag("primary", "htrunk") == files.bag("secondary", "htrunk")


@kinds(*UNLIKE)
@pytest.mark.sampled
@pytest.mark.parametrize(("down", "source"), some_of([(Role.SECONDARY, "primary"), (Role.PRIMARY, "secondary")], 2))
def test_an_unscheduled_outage_of_one_server(tmp_path: Path, down: Role, source: str, home: Home) -> None:
    """Administration done meanwhile is copied back first, then history, and both end in sync (chapter 4)."""
    name = row("synonyms", item_type="split", value="7", item_name="added meanwhile")
    up = down.other
    sides = {
        down.value: {"htrunk": [], "linkex": diary(500, 3600)},
        up.value: {"htrunk": collected(500, 600), "synonyms": [name]},
    }
    files = home(
        build_files(
            tmp_path,
            ["htrunk", "synonyms", "agroups"],
            both={"htrunk": [*collected(400, 500), *collected(600, 700)]},
            acds=dict.fromkeys(ACDS, 30),
            primary=sides["primary"],
            secondary=sides["secondary"],
        )
    )
    pair = files.open()

    names = pair.execute(pair.plan_sync(sets=("synonyms",), source=source))
    history = repair(files)

    assert names.outcome.done
    assert "Visual Vectors" in " ".join(line.text for line in names.plan.checklist.after)
    assert history.plan.writes_to == {down}
    assert history.plan.checklist.before == ()
    for table in ("htrunk", "synonyms"):
        assert files.bag("primary", table) == files.bag("secondary", table)


@kinds(*LIKE)
def test_an_outage_without_administration_needs_no_step_for_it(tmp_path: Path, home: Home) -> None:
    """If nothing was administered meanwhile, the plan for it is empty, and nothing is done by hand (chapter 4)."""
    files = home(
        build_files(
            tmp_path,
            ["htrunk", "synonyms", "agroups"],
            both={"htrunk": collected(400, 500), "synonyms": [row("synonyms", value="1", item_name="as ever")]},
            acds=dict.fromkeys(ACDS, 30),
        )
    )

    plan = files.open().plan_sync(sets=("synonyms", "agent-groups"), source="secondary")

    assert (plan.steps, plan.checklist.before, plan.checklist.after) == ((), (), ())


@kinds(("postgresql", "postgresql"), ("embedded", "informix"), ("informix", "postgresql"))
def test_a_login_that_the_outage_cut_is_whole_again(tmp_path: Path, home: Home) -> None:
    """Its two pieces on the server that was blind become the one row of the other, and an undo restores them."""
    files = home(cut_pair(tmp_path, [WHOLE], PIECES))
    before = files.values("secondary", "haglog", *TIMES)
    opened = files.open()

    plan = opened.plan_outages()
    assert plan is not None
    assert opened.execute(plan).outcome.done

    assert files.values("secondary", "haglog", *TIMES) == files.values("primary", "haglog", *TIMES)
    assert opened.execute(opened.plan_undo()).outcome.done
    assert files.values("secondary", "haglog", *TIMES) == before


@kinds(("postgresql", "postgresql"), ("embedded", "informix"), ("informix", "postgresql"))
def test_an_outage_between_a_change_of_interval_lengths_is_repaired(tmp_path: Path, home: Home) -> None:
    """One server has quarters already, the other half hours: the half hour it was blind in becomes two quarters."""
    files = home(
        build_files(
            tmp_path,
            ["htrunk"],
            both={"htrunk": [*trunks(400, 500), *trunks(530, 700)]},
            primary={"htrunk": trunks(500, 530, minutes=15, incalls=3)},
            secondary={"htrunk": trunks(500, 530, incalls=4, incomplete=1), "linkex": [link(513, 360)]},
        )
    )
    lengths = ("intrvl", "incalls")
    before = files.values("secondary", "htrunk", *lengths)
    opened = files.open()

    plan = opened.plan_outages()
    assert plan is not None
    assert opened.execute(plan).outcome.done

    assert files.values("secondary", "htrunk", *lengths) == files.values("primary", "htrunk", *lengths)
    assert opened.execute(opened.plan_undo()).outcome.done
    assert files.values("secondary", "htrunk", *lengths) == before


@pytest.mark.soak
@kinds(("postgresql", "postgresql"), ("informix", "postgresql"))
def test_days_over_midnight_are_copied_with_their_intervals(tmp_path: Path, home: Home) -> None:
    """Two days of one table come from the server that recorded them, and are removed by the undo of the run."""
    eve, day = DAYS[26], DAYS[27]
    files = home(summarised_pair(tmp_path, blind={eve: 1030, day: 1030}))
    columns = ("row_date", "cwc", "acdcalls")
    before = files.values("secondary", "dcwc", *columns)
    opened = files.open()

    plan = opened.plan_resync(window=f"{eve} 10:30..{day} 10:59", tables=("hcwc",), rollups="copy")
    assert opened.execute(plan).outcome.done

    assert files.values("secondary", "dcwc", *columns) == files.values("primary", "dcwc", *columns) != before
    assert opened.execute(opened.plan_undo()).outcome.done
    assert files.values("secondary", "dcwc", *columns) == before


@pytest.mark.soak
@kinds(("postgresql", "postgresql"), ("embedded", "informix"), ("informix", "postgresql"))
def test_a_backfill_of_calls_is_undone_as_often_as_it_is_done(tmp_path: Path, home: Home) -> None:
    """Each undo removes all calls that filled the secondary, and finds nothing left of an undone backfill."""
    files = home(recorded(tmp_path, FOUR_DAYS))
    calls = files.values("primary", "call_rec", *BEGUN)
    for _ in range(2):
        done = backfill(files, tables=("call_rec",), policy="fill")
        assert finished(done)
        assert [portion.inserted for portion in done.portions] == [3, 3, 3, 3]
        assert files.values("secondary", "call_rec", *BEGUN) == calls
        opened = files.open()

        undone = opened.execute(opened.plan_undo())

        assert (undone.outcome.done, undone.outcome.deleted, undone.plan.skipped, undone.unlike) == (True, 12, (), ())
        assert files.bag("secondary", "call_rec") == []

    for backfilled in (run for run in opened.runs() if run.header.kind is RunKind.BACKFILL):
        again = opened.plan_undo(backfilled.id)
        assert (again.steps, again.skipped) == ((), ())
    assert opened.execute(opened.plan_undo()).outcome.inserted == 12
    assert files.values("secondary", "call_rec", *BEGUN) == calls
    assert len(files.bag("secondary", "call_rec")) == 12


@pytest.mark.soak
@kinds(("postgresql", "postgresql"), ("embedded", "postgresql"), ("embedded", "informix"))
def test_a_column_no_rule_covers_is_not_invented(tmp_path: Path, home: Home) -> None:
    """The day of a code gets its sums, and NULL in a column that no spec describes if its row has to be created."""
    made = summarised_pair(tmp_path, blind={SUNDAY: 1030})
    for role in ("primary", "secondary"):
        for table, value in (("hcwc", 7), ("dcwc", 336)):
            made.run(role, f"ALTER TABLE {table} ADD COLUMN mystery INTEGER DEFAULT {value}")
    made.run("secondary", f"DELETE FROM dcwc WHERE row_date = DATE '{SUNDAY}' AND trim(cwc) = '42'")
    files = home(made)
    files.homes[Role.SECONDARY].run("ALTER TABLE dcwc ALTER COLUMN mystery SET DEFAULT 336")
    opened = files.open()

    plan = opened.plan_resync(
        window=f"{SUNDAY} 10:30..10:59", tables=("hcwc",), rollups="recompute", unknown_columns="null"
    )
    assert opened.execute(plan).outcome.done

    sums = ("row_date", "cwc", "acdcalls")
    assert files.values("secondary", "dcwc", *sums) == files.values("primary", "dcwc", *sums)
    stored = [row for row in files.values("secondary", "dcwc", "row_date", "cwc", "mystery") if row[0] == f"{SUNDAY}"]
    assert sorted(stored) == [(f"{SUNDAY}", "42", None), (f"{SUNDAY}", "7", "336")]
