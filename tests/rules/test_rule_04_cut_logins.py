"""Rule 4: a login that an outage has cut belongs to the range, and is repaired as a whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.cuts import CutState
from syncengine.model.outages import Outlook
from syncengine.model.pair import Role
from syncengine.model.plan import SkipReason
from syncengine.model.spec import Pieces
from tests.builders import Files, build_files, catalogue, row
from tests.cli.terminal import Typing
from tests.jobs.test_outages import broken, link
from tests.scenes import resync, table_of, trunks

SEEN = [*trunks(400, 500), *trunks(530, 700)]
"""Both servers but for the half hour of the outage, which the primary saw."""
ACDS = {1: 30, 2: 30}
HELD = "logid, login, logout, inflag, outflag"


def epoch(clock: str, day: int = 5) -> int:
    """Return the epoch second of a time like 04:03 or 04:03:20."""
    hour, minute, second = (int(part) for part in f"{clock}:00".split(":")[:3])
    return int(datetime(2000, 6, day, hour, minute, second, tzinfo=UTC).timestamp())


def login(begin: str, end: str | None, *, agent: str = "4001", day: int = 5, **values: Any) -> dict[str, Any]:
    """Return a haglog row; `<` before its beginning and `>` after its end say that these were cut."""
    inflag, outflag = "<" if begin.startswith("<") else None, ">" if end and end.endswith(">") else None
    flags: dict[str, Any] = {
        "inflag": inflag,
        "outflag": outflag,
        "row_date": datetime(2000, 6, day, tzinfo=UTC).date(),
    }
    flags |= {"login": epoch(begin.lstrip("<"), day), "logout": epoch(end.rstrip(">"), day) if end else None}
    return row("haglog", **{"logid": agent, "extn": "200", "split": 1, **flags, **values})


def pair(
    folder: Path,
    primary: list[dict[str, Any]],
    secondary: list[dict[str, Any]],
    *,
    downs: tuple[tuple[int, int], ...] = ((513, 360),),
    primary_downs: tuple[tuple[int, int], ...] = (),
    **options: Any,
) -> Files:
    """Build a pair whose secondary was blind from 05:13 to 05:19, with these logins."""
    return build_files(
        folder,
        ["htrunk", "haglog"],
        both={"htrunk": SEEN, "haglog": [login("00:10", "00:20", agent="4000")]},
        primary={
            "htrunk": trunks(500, 530),
            "haglog": primary,
            "linkex": [link(down, seconds) for down, seconds in primary_downs],
        },
        secondary={
            "htrunk": broken(500, 530),
            "haglog": secondary,
            "linkex": [link(down, seconds) for down, seconds in downs],
        },
        **options,
    )


def rows_of(files: Files, role: str = "secondary") -> list[tuple[Any, ...]]:
    """Return the logins of a server, except for an old one that both have."""
    return files.run(role, f"SELECT {HELD} FROM haglog WHERE RTRIM(logid) <> '4000' ORDER BY ALL")


OUTLOOKS = {
    SkipReason.CUT_NOT_OVER: Outlook.NOT_OVER,
    SkipReason.CUT_NO_WHOLE: Outlook.UNDECIDED,
    SkipReason.CUT_ON_BOTH: Outlook.LOST,
    SkipReason.CUT_UNCLEAR: Outlook.UNDECIDED,
    SkipReason.UNARCHIVED: Outlook.WAITING,
}
"""What is said of an outage whose logins are left for a reason."""
WHOLE = login("04:03", "05:58")
PIECES = [login("04:03", "05:13>"), login("<05:19", "05:58")]


@pytest.mark.soak("2000-06-05 04:00..05:59")
@pytest.mark.parametrize("window", ["2000-06-05 05:13..05:19", "2000-06-05 04:00..04:29", "2000-06-05 04:00..05:59"])
def test_the_whole_takes_the_place_of_its_pieces(tmp_path: Path, window: str) -> None:
    """Whichever part of it is in the window, the login is whole afterwards, once, and an undo restores both pieces."""
    files = pair(tmp_path, [WHOLE], PIECES)
    before = rows_of(files)

    done = resync(files, window=window, tables=("htrunk", "haglog"))

    assert done.outcome.done
    assert rows_of(files) == rows_of(files, "primary")
    opened = files.open()
    assert opened.execute(opened.plan_undo()).outcome.done
    assert rows_of(files) == before


def test_outages_repairs_it(tmp_path: Path) -> None:
    """--outages writes the whole and deletes the pieces, and then finds nothing that differs."""
    files = pair(tmp_path, [WHOLE], PIECES)
    opened = files.open()

    plan = opened.plan_outages()
    assert plan is not None
    done = opened.execute(plan)

    assert done.outcome.done
    assert rows_of(files) == rows_of(files, "primary")
    assert [one.outlook for one in files.open().outages().findings] == [Outlook.ALIKE]
    assert plan.deletions == 0


def test_both_pieces_are_restored_in_one_step(tmp_path: Path) -> None:
    """The undo takes the whole away and puts the pieces back in one transaction that is never divided."""
    files = pair(tmp_path, [WHOLE], PIECES)
    resync(files, tables=("haglog", "htrunk"))

    steps = [step for step in files.open().plan_undo().steps if step.parts[0].table == "haglog"]

    assert [len(part.buckets) for step in steps for part in step.parts] == [2]
    assert all(part.whole for step in steps for part in step.parts)
    # One row goes and two come back, and that is what the plan counts.
    (counts,) = [part.counts for step in steps for part in step.parts]
    assert (counts.missing, counts.extra, counts.changed) == (1, 0, 1)


@pytest.mark.soak("primary0", "primary1", "primary3", "primary4")
@pytest.mark.parametrize(
    ("primary", "secondary", "state", "why"),
    [
        (
            [login("04:03", None)],
            [login("04:03", "05:13>"), login("<05:19", None)],
            CutState.NOT_OVER,
            SkipReason.CUT_NOT_OVER,
        ),
        ([], PIECES, CutState.NO_WHOLE, SkipReason.CUT_NO_WHOLE),
        (
            [login("04:03", "05:35>"), login("<05:42", "05:58")],
            PIECES,
            CutState.ON_BOTH,
            SkipReason.CUT_ON_BOTH,
        ),
        ([WHOLE], [login("04:03", "05:11>"), login("<05:19", "05:58")], CutState.UNCLEAR, SkipReason.CUT_UNCLEAR),
        (
            [login("04:03", "06:58")],
            [login("04:03", "05:13>"), login("<05:19", "06:58")],
            CutState.WHOLE,
            SkipReason.UNARCHIVED,
        ),
    ],
)
def test_what_may_be_incomplete_is_skipped_and_named(
    tmp_path: Path, primary: list[dict[str, Any]], secondary: list[dict[str, Any]], state: CutState, why: SkipReason
) -> None:
    """Still logged on, dropped, cut on both, not as an outage leaves it, not archived: both stay as they were."""
    both = ((535, 420),) if state is CutState.ON_BOTH else ()
    files = pair(tmp_path, primary, secondary, primary_downs=both, archived=datetime(2000, 6, 5, 6, 30))
    before = rows_of(files, "primary"), rows_of(files)
    opened = files.open()

    plan = opened.plan_outages()
    assert plan is not None
    opened.execute(plan)
    forced = opened.plan_resync(window="2000-06-05 04:00..05:59", tables=("haglog", "htrunk"))
    opened.execute(forced)

    assert (rows_of(files, "primary"), rows_of(files)) == before
    assert next(one.outlook for one in opened.outages().findings) is OUTLOOKS[why]
    for one in (plan, forced):
        assert [one_skipped.reason for one_skipped in one.skipped if one_skipped.table == "haglog"] == [why]
    (cut,) = table_of(opened.verify(tables=("haglog",)), "haglog").cuts
    assert cut.state is state


def test_a_piece_is_never_written_beside_its_whole(tmp_path: Path) -> None:
    """From the server that was blind nothing of the login is copied, nor is the whole deleted."""
    files = pair(tmp_path, [WHOLE], PIECES)
    before = rows_of(files, "primary")

    done = resync(files, source="secondary", tables=("haglog",), window="2000-06-05 04:00..05:59", take_broken=True)

    assert rows_of(files, "primary") == before
    assert [one.reason for one in done.plan.skipped if one.table == "haglog"] == [SkipReason.CUT_ON_SOURCE]


def test_fill_adds_no_whole_beside_a_piece(tmp_path: Path) -> None:
    """On at 05:14 while the link was down: fill does not add the whole beside the piece that begins at 05:19."""
    files = pair(tmp_path, [login("05:14", "05:58")], [login("<05:19", "05:58")])
    before = rows_of(files)

    resync(files, policy="fill", tables=("haglog", "htrunk"))
    assert rows_of(files) == before

    resync(files, tables=("haglog", "htrunk"))
    assert rows_of(files) == rows_of(files, "primary")


@pytest.mark.soak("downs2", "downs5", "downs6")
@pytest.mark.parametrize(
    ("primary", "secondary", "downs"),
    [
        ([login("04:03", "05:16")], [login("04:03", "05:13>")], ((513, 360),)),
        ([login("05:15", "05:58")], [login("<05:19", "05:58")], ((513, 360),)),
        (
            [login("04:03", "06:20")],
            [login("04:03", "05:13>"), login("<05:19", "05:35>"), login("<05:42", "06:20")],
            ((513, 360), (535, 420)),
        ),
        ([login("05:14", "05:16"), WHOLE], [*PIECES], ((513, 360),)),
        ([WHOLE, WHOLE], [*PIECES, *PIECES], ((513, 360),)),
        (
            [WHOLE, login("04:03", "05:58", agent="4002")],
            [*PIECES, login("04:03", "05:13>", agent="4002"), login("<05:19", "05:58", agent="4002")],
            ((513, 360),),
        ),
        (
            [login("04:03:20", "05:58:41")],
            [login("04:03:20", "05:13:44>"), login("<05:19:50", "05:58:41")],
            ((513, 366),),
        ),
    ],
)
def test_what_the_outage_left_becomes_what_was(
    tmp_path: Path, primary: list[dict[str, Any]], secondary: list[dict[str, Any]], downs: tuple[tuple[int, int], ...]
) -> None:
    """Off or on during it, two outages in one login, off and on again in it, twice the same, seconds: all is whole."""
    files = pair(tmp_path, primary, secondary, downs=downs)
    opened = files.open()

    plan = opened.plan_outages()
    assert plan is not None
    assert opened.execute(plan).outcome.done

    assert rows_of(files) == rows_of(files, "primary")
    assert table_of(files.open().verify(tables=("haglog",)), "haglog").in_sync


def test_a_login_over_midnight(tmp_path: Path) -> None:
    """On before midnight and cut after it: the whole and its pieces are of two days, and are one step."""
    day_before: dict[str, Any] = {"row_date": datetime(2000, 6, 4, tzinfo=UTC).date(), "login": epoch("23:40", 4)}
    files = pair(
        tmp_path,
        [login("04:03", "05:58", **day_before)],
        [login("04:03", "05:13>", **day_before), login("<05:19", "05:58")],
    )

    assert resync(files, tables=("haglog", "htrunk")).outcome.done

    assert rows_of(files) == rows_of(files, "primary")


def test_other_logins_of_the_same_quarters_are_left(tmp_path: Path) -> None:
    """Outside the range only what the outage cut is written: another login that differs there stays."""
    mine = login("04:04", "04:50", agent="4009")
    files = pair(tmp_path, [WHOLE], [*PIECES, mine])

    resync(files, tables=("haglog", "htrunk"))

    assert [(agent, begin) for agent, begin, *_ in rows_of(files)] == [
        ("4001".ljust(10), epoch("04:03")),
        ("4009".ljust(10), epoch("04:04")),
    ]


def test_verify_counts_pieces_as_changed(tmp_path: Path) -> None:
    """Two rows for one: nothing is called extra, so that rule 13's ceiling is not for pieces."""
    files = pair(tmp_path, [WHOLE], PIECES, settings="limits.deletions = 0\n")

    table = table_of(files.open().verify(tables=("haglog",)), "haglog")

    assert (table.counts.missing, table.counts.extra, table.counts.changed) == (0, 0, 2)
    assert resync(files, tables=("haglog", "htrunk")).outcome.done


def test_verify_and_plan_say_what_was_cut(tmp_path: Path, typed: Typing) -> None:
    """Both name the login, on which server it was cut, and how many rows stand for one."""
    files = pair(tmp_path, [WHOLE], PIECES)

    verdict = typed("verify", "--pair", files.pair_file, "--table", "haglog")
    tables = ("--table", "haglog", "--table", "htrunk")
    plan = typed("resync", "--pair", files.pair_file, "--window", "2000-06-05 05:13..05:19", *tables, "--dry-run")

    for result in (verdict, plan):
        assert "haglog: 1 login cut on secondary, 2 rows for 1" in result.out


def test_verify_as_json_marks_buckets_that_only_have_parts_of_a_login(tmp_path: Path, typed: Typing) -> None:
    """A bucket before the window that counts only what the outage cut has `only_cuts`; one in the window has not."""
    files = pair(tmp_path, [WHOLE], PIECES)

    verdict = typed(
        "verify", "--pair", files.pair_file, "--window", "2000-06-05 05:13..05:19", "-t", "haglog", "--json"
    )

    (table,) = verdict.document["tables"]
    assert {one["slot"]: one["only_cuts"] for one in table["buckets"]} == {epoch("04:00"): True, epoch("05:15"): False}


@pytest.mark.soak("replace")
@pytest.mark.parametrize("policy", ["replace", "fill", "rows"])
def test_pieces_of_a_login_are_copied_where_there_is_nothing(tmp_path: Path, policy: str) -> None:
    """A server without any piece of a login gets the pieces of the other, each once."""
    files = pair(tmp_path, PIECES, [], downs=(), primary_downs=((513, 360),))

    resync(files, policy=policy, tables=("haglog", "htrunk"), window="2000-06-05 04:00..05:59")

    assert rows_of(files) == rows_of(files, "primary")


CALLS = Pieces("call", ("callid", "segment"), "segstart", end="segstop", longest_hours=12)
STATES = Pieces("state", ("logid", "workmode"), "starttime", lasts="duration")


def call(begin: str, end: str) -> dict[str, Any]:
    """Return a call record."""
    hour, minute = begin.split(":")[:2]
    times = {"row_time": int(hour + minute), "segstart": epoch(begin), "segstop": epoch(end)}
    return row("call_rec", callid=7, segment=1, duration=epoch(end) - epoch(begin), **times)


def state(begin: str, end: str) -> dict[str, Any]:
    """Return a row of the agent trace."""
    return row("ag_actv", logid="4001", workmode=3, starttime=epoch(begin), duration=epoch(end) - epoch(begin))


@pytest.mark.soak("states", "05:12")
@pytest.mark.parametrize(
    ("table", "pieces", "made"), [("call_rec", CALLS, call), ("ag_actv", STATES, state)], ids=["calls", "states"]
)
@pytest.mark.parametrize("ends", ["05:13", "05:12"])
def test_without_flags_the_diary_decides(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    table: str,
    pieces: Pieces,
    made: Callable[[str, str], dict[str, Any]],
    ends: str,
) -> None:
    """A row that ends when the link went down, and one that begins when it was back, become the whole; others stay."""
    whole = catalogue()
    specs = tuple(replace(spec, pieces=pieces) if spec.name == table else spec for spec in whole.tables)
    monkeypatch.setattr("syncengine.app.table_settings.load_catalogue", lambda *_: replace(whole, tables=specs))
    files = build_files(
        tmp_path,
        ["htrunk", table],
        both={"htrunk": SEEN, table: [made("00:10", "00:20")]},
        primary={"htrunk": trunks(500, 530), table: [made("04:58", "05:25")]},
        secondary={
            "htrunk": broken(500, 530),
            table: [made("04:58", ends), made("05:19", "05:25")],
            "linkex": [link(513, 360)],
        },
        whole=True,
    )
    before = files.bag("secondary", table)
    opened = files.open()

    plan = opened.plan_outages()
    assert plan is not None
    assert opened.execute(plan).outcome.done

    after = [files.run(role, f"SELECT {pieces.begin}, duration FROM {table} ORDER BY ALL") for role in Role]
    assert after[0] == after[1] if ends == "05:13" else files.bag("secondary", table) == before


@pytest.mark.parametrize("duration", [None, 0])
def test_a_source_whose_link_is_still_down_is_blind_since_then(tmp_path: Path, duration: int | None) -> None:
    """An outage that is not over cuts like one that is: no piece takes the place of a whole, no row is deleted."""
    files = build_files(
        tmp_path,
        ["htrunk", "call_rec"],
        both={"htrunk": trunks(400, 500), "call_rec": [call("00:10", "00:20")]},
        primary={"htrunk": trunks(500, 700), "call_rec": [call("04:58", "05:25"), call("05:20", "05:28")]},
        secondary={
            "htrunk": broken(500, 530),
            "call_rec": [call("04:58", "05:13")],
            "linkex": [link(513, 0) | {"duration": duration}],
        },
        whole=True,
    )
    before = files.bag("primary", "call_rec")

    done = resync(files, source="secondary", window="2000-06-05 04:30..06:29")

    assert files.bag("primary", "call_rec") == before
    assert SkipReason.CUT_ON_SOURCE in {one.reason for one in done.plan.skipped if one.table == "call_rec"}


@pytest.mark.soak("begin")
@pytest.mark.parametrize(
    ("primary", "secondary"),
    [
        ([("04:58", "05:19")], [("04:58", "05:13")]),
        ([("04:58", "05:19"), ("05:24", "05:29")], [("04:58", "05:13"), ("05:20", "05:29")]),
    ],
    ids=["begin", "all"],
)
def test_a_call_that_both_servers_cut_stays_as_both_have_it(
    tmp_path: Path, primary: list[tuple[str, str]], secondary: list[tuple[str, str]]
) -> None:
    """The longer piece of two is no whole: neither is written over the other, and what each lacks is reported."""
    files = build_files(
        tmp_path,
        ["htrunk", "call_rec"],
        both={"htrunk": SEEN, "call_rec": [call("00:10", "00:20")]},
        primary={"htrunk": broken(500, 530), "call_rec": [call(*one) for one in primary], "linkex": [link(519, 300)]},
        secondary={
            "htrunk": broken(500, 530),
            "call_rec": [call(*one) for one in secondary],
            "linkex": [link(513, 420)],
        },
        whole=True,
    )
    before = [files.bag(role, "call_rec") for role in Role]
    opened = files.open()

    outages = opened.plan_outages()
    window = opened.plan_resync(window="2000-06-05 04:30..05:29", tables=("call_rec",), take_broken=True)

    for plan in (outages, window):
        assert plan is not None
        assert SkipReason.CUT_ON_BOTH in {one.reason for one in plan.skipped}
        assert not plan.steps or opened.execute(plan).outcome.done
    assert [files.bag(role, "call_rec") for role in Role] == before


def test_only_logins_of_the_requested_acds_are_repaired(tmp_path: Path) -> None:
    """With --acd the login of another ACD that an outage of its own has cut stays, with its pieces."""
    files = pair(tmp_path, [WHOLE, {**WHOLE, "acd": 2}], [*PIECES, *({**one, "acd": 2} for one in PIECES)], acds=ACDS)
    files.add("secondary", "linkex", link(513, 360, acd=2))
    for role in ("primary", "secondary"):
        files.add(role, "htrunk", *({**one, "acd": 2} for one in SEEN))
    pieces = files.bag("secondary", "haglog", "acd = 2")

    done = resync(files, tables=("haglog",), acds=1)

    assert done.outcome.done
    of_one = f"SELECT {HELD} FROM haglog WHERE acd = 1 ORDER BY ALL"
    assert files.run("secondary", of_one) == files.run("primary", of_one)
    assert files.bag("secondary", "haglog", "acd = 2") == pieces


def test_a_clock_set_between_does_not_keep_a_login_from_being_whole(tmp_path: Path) -> None:
    """Beginnings and ends are epoch seconds, so that a clock set while the agent was on changes nothing."""
    files = pair(tmp_path, [WHOLE], PIECES)
    for role in ("primary", "secondary"):
        files.add(role, "linkex", row("linkex", row_time=445, reason=96, duration=0, seqno=9))

    done = resync(files, tables=("haglog",))

    assert done.outcome.done
    assert rows_of(files) == rows_of(files, "primary")


def test_one_interval_may_have_logins_to_repair_on_both_servers(tmp_path: Path) -> None:
    """Each server may have one of two logins of an interval whole: one run repairs both, and an undo restores both."""
    early, late = login("03:50", "04:50"), login("04:40", "06:00", agent="4002")
    early_cut = [login("03:50", "04:35>"), login("<04:36", "04:50")]
    late_cut = [login("04:40", "05:13>", agent="4002"), login("<05:19", "06:00", agent="4002")]
    files = pair(tmp_path, [*early_cut, late], [early, *late_cut], primary_downs=((435, 60),))
    before = [rows_of(files, role) for role in Role]
    opened = files.open()

    plan = opened.plan_outages()
    assert plan is not None
    done = opened.execute(plan)

    assert done.outcome.done
    assert [len(rows_of(files, role)) for role in Role] == [2, 2]
    assert rows_of(files, "primary") == rows_of(files, "secondary")
    assert opened.execute(opened.plan_undo()).outcome.done
    assert [rows_of(files, role) for role in Role] == before


@pytest.mark.parametrize("stopped_before", [1, 2])
def test_a_repair_of_one_interval_on_both_servers_is_resumed(
    tmp_path: Path, before_batch: Callable[[int, BaseException], None], stopped_before: int
) -> None:
    """Rows that one step has written already are copied the other way as they were planned, also by a resume."""
    early, late = login("03:50", "04:50"), login("04:40", "06:00", agent="4002")
    early_cut = [login("03:50", "04:35>"), login("<04:36", "04:50")]
    late_cut = [login("04:40", "05:13>", agent="4002"), login("<05:19", "06:00", agent="4002")]
    files = pair(tmp_path, [*early_cut, late], [early, *late_cut], primary_downs=((435, 60),))
    opened = files.open()
    plan = opened.plan_outages()
    assert plan is not None
    assert [part.table for step in plan.steps for part in step.parts].count("haglog") == 2

    before_batch(stopped_before, KeyboardInterrupt())
    assert not opened.execute(plan).outcome.done
    assert files.open().resume().outcome.done

    assert [len(rows_of(files, role)) for role in Role] == [2, 2]
    assert rows_of(files, "primary") == rows_of(files, "secondary")
