"""Rule 8: expected differences are counted and reported, are not drift, and are never written."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from syncengine.cli.main import run_for_code
from syncengine.model.bucket import Bucket
from syncengine.model.drift import Observation
from syncengine.model.expected import ExpectedDifference, ExpectedKind
from tests.builders import Files, build_files, row
from tests.cli.terminal import Typing
from tests.examples import some_of
from tests.scenes import outage, plan_of, resync, storage, sync, table_of, trunk, trunks

ROOM = storage("exceptions")
PSEUDO = 9
"""An ACD that only one server has made up."""


def exception(time: int, seqno: int, **values: Any) -> dict[str, Any]:
    """Return an agex row: an agent exception, numbered by the server that saw it."""
    return row("agex", **{"row_time": time, "seqno": seqno, "extype": 1, "logid": "4001", "split": 1, **values})


def exceptions(folder: Path, primary: list[dict[str, Any]], secondary: list[dict[str, Any]], **more: Any) -> Files:
    """Build a pair with agent exceptions, far from filling their table."""
    return build_files(
        folder,
        ["agex", "htrunk"],
        both={"dcalloc": [ROOM], "htrunk": trunks(400, 700)},
        primary={"agex": primary},
        secondary={"agex": secondary},
        **more,
    )


def expected(observation: Observation, table: str) -> list[tuple[str, str, int | None, int | None, int | None]]:
    """Return what of a table is expected: kind, what, buckets, rows of source and of target."""
    found = table_of(observation, table).expected
    return [(one.kind.value, one.what, one.buckets, one.source_rows, one.target_rows) for one in found]


def test_row_numbers_are_counted_by_bucket(tmp_path: Path, typed: Typing) -> None:
    """Quarters of an hour whose rows differ only in their numbers are counted, separately from drift."""
    mine = [exception(505, 1), exception(512, 2), exception(535, 3), exception(620, 4)]
    theirs = [exception(505, 71), exception(512, 70), exception(535, 3), exception(620, 8)]
    files = exceptions(tmp_path, mine, theirs)

    observation = files.open().verify(tables=("agex",))
    run = typed("verify", "--pair", files.pair_file, "--table", "agex")

    assert (observation.in_sync, run.code) == (True, 0)
    assert expected(observation, "agex") == [("column", "seqno", 2, None, None)]
    assert "Expected, and not counted as drift" in run.out
    assert "  seqno of agex: 2 buckets\n" in run.out
    detailed = typed("verify", "--pair", files.pair_file, "--table", "agex", "-v")
    assert "agex   seqno        2  row number given by each server to itself" in detailed.out


def test_what_drifts_is_not_expected_as_well(tmp_path: Path) -> None:
    """A quarter of an hour that drifts is reported once: its row numbers are not counted beside the drift."""
    files = exceptions(
        tmp_path, [exception(505, 1), exception(535, 2)], [exception(505, 9, extype=2), exception(535, 4)]
    )

    observation = files.open().verify(tables=("agex",))

    assert len(table_of(observation, "agex").differing) == 1
    assert expected(observation, "agex") == [("column", "seqno", 1, None, None)]


def test_each_column_is_counted_by_itself(tmp_path: Path) -> None:
    """The flags of logins are counted where they differ, and are there with 0 where they do not."""
    login = 960178000
    one = row("haglog", logid="4001", extn="2001", login=login, logout=login + 600, loc_id=1, seqnum=1)
    files = build_files(
        tmp_path,
        ["haglog"],
        both={"dcalloc": [storage("agent login/logout")]},
        primary={"haglog": [{**one, "inflag": "<"}]},
        secondary={"haglog": [one]},
    )

    observation = files.open().verify(tables=("haglog",))

    assert {what: buckets for _, what, buckets, _, _ in expected(observation, "haglog")} == {
        "seqnum": 0,
        "inflag": 1,
        "outflag": 0,
    }


@pytest.mark.parametrize("options", [(), ("--full",)])
def test_json_has_every_expected_difference(tmp_path: Path, typed: Typing, options: tuple[str, ...]) -> None:
    """A script gets kind, column, reason and count, of a verify that compares every row too."""
    files = exceptions(tmp_path, [exception(505, 1)], [exception(505, 7)])

    run = typed("verify", "--pair", files.pair_file, "--table", "agex", "--json", *options)

    assert run.document["tables"][0]["expected"] == [
        {
            "kind": "column",
            "what": "seqno",
            "why": "row number given by each server to itself",
            "buckets": 1,
            "source_rows": None,
            "target_rows": None,
        }
    ]


def test_what_never_differs_is_listed_only_with_v(tmp_path: Path, typed: Typing) -> None:
    """A column that could differ and does not is no line of the verdict, but for `-v`."""
    files = exceptions(tmp_path, [exception(505, 1)], [exception(505, 1)])
    command = ("verify", "--pair", files.pair_file, "--table", "agex")

    assert "Expected" not in typed(*command).out
    assert "agex   seqno        ·  row number" in typed(*command, "-v").out


def pseudo(folder: Path, settings: str = f"pseudo_acds = [{PSEUDO}]") -> Files:
    """Build a pair that is alike but for an ACD made up on the primary, with a history and a name of its own."""
    files = build_files(
        folder,
        ["htrunk", "synonyms"],
        both={
            "htrunk": trunks(400, 700),
            "synonyms": [row("synonyms", item_type="split", item_name="Sales", value="1")],
        },
        primary={
            "acds": [row("acds", acd=PSEUDO, intrvl=30)],
            "htrunk": [trunk(500, acd=PSEUDO), trunk(500, 2, acd=PSEUDO), trunk(530, acd=PSEUDO)],
            "synonyms": [row("synonyms", acd_no=PSEUDO, item_type="split", item_name="Try", value="1")],
            "dcalloc": [storage("trunks", acd=PSEUDO)],
            "linkex": [outage(513, 360, acd=PSEUDO)],
        },
    )
    lines = files.pair_file.read_text().replace("[secondary]", f"{settings}\n[secondary]")
    files.pair_file.write_text(lines)
    return files


def test_a_pseudo_acd_of_one_server_is_expected_there(tmp_path: Path, typed: Typing) -> None:
    """Rows of an ACD that the pair file calls made up are counted and no drift, in history and administration."""
    files = pseudo(tmp_path)

    observation = files.open().verify(tables=("htrunk", "synonyms"))
    run = typed("verify", "--pair", files.pair_file, "-t", "htrunk", "-t", "synonyms")

    assert observation.in_sync
    assert expected(observation, "htrunk") == [("pseudo-acd", "ACD 9", 2, 3, 0)]
    assert expected(observation, "synonyms") == [("pseudo-acd", "ACD 9", 1, 1, 0)]
    assert "  ACD 9 of synonyms, htrunk: 3 buckets, 4 rows in primary, 0 rows in secondary\n" in run.out


def test_without_the_setting_its_rows_are_drift(tmp_path: Path) -> None:
    """No table tells a made-up ACD from another: without the setting it is compared like any."""
    assert not pseudo(tmp_path, settings="").open().verify(tables=("htrunk", "synonyms")).in_sync


@pytest.mark.sampled
@pytest.mark.parametrize("source", some_of(["secondary", "primary"], 2))
def test_a_pseudo_acd_is_neither_written_nor_waited_for(tmp_path: Path, source: str) -> None:
    """A resync either way copies and deletes none of its rows, says so, and asks for no archive of it."""
    files = pseudo(tmp_path)
    files.add("secondary", "htrunk", trunk(500, 8))
    files.add("secondary", "synonyms", row("synonyms", item_type="split", item_name="Own", value="2"))
    before = {role: files.bag(role, "htrunk", f"acd = {PSEUDO}") for role in ("primary", "secondary")}
    names = {role: files.bag(role, "synonyms", f"acd_no = {PSEUDO}") for role in ("primary", "secondary")}

    plan = plan_of(files, tables=("htrunk",), source=source)
    resync(files, tables=("htrunk",), source=source)
    sync(files, sets=("dictionary",), source=source)

    assert any("ACD 9 of htrunk stays as it is on both servers" in note for note in plan.notes)
    assert {role: files.bag(role, "htrunk", f"acd = {PSEUDO}") for role in before} == before
    assert {role: files.bag(role, "synonyms", f"acd_no = {PSEUDO}") for role in names} == names
    assert files.open().verify(tables=("htrunk", "synonyms")).in_sync


def test_rows_of_the_other_server_are_counted_too(tmp_path: Path) -> None:
    """Rows of a made-up ACD that the other server has as well stand in the count of that server."""
    files = pseudo(tmp_path)
    files.add("secondary", "htrunk", trunk(600, acd=PSEUDO))

    assert expected(files.open().verify(tables=("htrunk",)), "htrunk") == [("pseudo-acd", "ACD 9", 3, 3, 1)]


def test_a_pseudo_acd_cannot_be_requested(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Naming it with --acd is refused: the message says that it is a pseudo-ACD, and where that is set."""
    files = pseudo(tmp_path)

    code = run_for_code(["verify", "--pair", str(files.pair_file), "-t", "htrunk", "--acd", str(PSEUDO)])

    assert code == 2
    assert "ACD 9 is a pseudo-ACD of primary, as the pair file says, and is not compared." in capsys.readouterr().err


def test_a_pseudo_acd_has_no_outages_and_need_not_be_alike(tmp_path: Path) -> None:
    """`outages` passes over its diary, and `check` notes it where it would else ask for the same ACDs on both."""
    files = pseudo(tmp_path)

    found = files.open().outages()
    says = [finding.message for finding in files.open().check().findings]

    assert found.findings == ()
    assert "ACD 9 is a pseudo-ACD of primary, as the pair file says: it is not compared." in says
    assert not any("only on primary" in one for one in says)
    assert "only on primary" in " ".join(
        finding.message for finding in pseudo(tmp_path / "without", settings="").open().check().findings
    )


def test_a_removed_setting_is_noticed(tmp_path: Path) -> None:
    """What was found equal without a made-up ACD is not called equal once it counts again."""
    files = pseudo(tmp_path)
    day = datetime(2000, 6, 2).date()
    files.add("primary", "htrunk", trunk(500, acd=PSEUDO, row_date=day), trunk(500, row_date=day))
    files.add("secondary", "htrunk", trunk(500, row_date=day))
    assert files.open().verify(tables=("htrunk",)).in_sync

    files.pair_file.write_text(files.pair_file.read_text().replace("pseudo_acds", "# pseudo_acds"))
    observation = files.open().verify(tables=("htrunk",))

    assert Bucket(day, 500, PSEUDO) in [drift.bucket for drift in table_of(observation, "htrunk").differing]


STARTED = """
[[expected]]
table = "agex"
where = { extype = [31, 32], logid = ["4001"] }
why = "counted from the start of CMS on each server"
"""


def started(folder: Path, primary: list[dict[str, Any]], secondary: list[dict[str, Any]]) -> Files:
    """Build a pair on which exceptions of two types are each server's own."""
    files = exceptions(folder, primary, secondary)
    files.pair_file.write_text(files.pair_file.read_text() + STARTED)
    return files


def test_rows_the_pair_file_names_are_counted(tmp_path: Path, typed: Typing) -> None:
    """Rows on one side that are each server's own are counted row by row, on either side, and are no drift."""
    both = exception(505, 1)
    mine = [both, exception(506, 2, extype=31), exception(535, 3, extype=32)]
    theirs = [both, exception(620, 5, extype=31)]
    files = started(tmp_path, mine, theirs)

    observation = files.open().verify(tables=("agex",))
    result = typed("verify", "--pair", files.pair_file, "-t", "agex", "-v").out

    assert observation.in_sync
    assert ("rows", "extype 31 or 32, logid 4001", 3, 2, 1) in expected(observation, "agex")
    assert "counted from the start of CMS on each server" in result


def test_other_values_stay_drift(tmp_path: Path) -> None:
    """Each column named must hold one of its values: others of the same bucket, or type, are drift."""
    mine = [exception(506, 2, extype=31), exception(507, 3, extype=3), exception(535, 4, extype=31, logid="4002")]
    files = started(tmp_path, mine, [])

    agex = table_of(files.open().verify(tables=("agex",)), "agex")

    assert [(drift.bucket.slot, drift.counts.missing) for drift in agex.differing] == [(500, 1), (530, 1)]
    assert ("rows", 1, 1, 0) in [(one.kind, one.buckets, one.source_rows, one.target_rows) for one in agex.expected]


def test_rows_that_are_expected_are_not_written(tmp_path: Path) -> None:
    """A bucket with nothing but such rows to tell apart is left alone by a resync, which says so."""
    files = started(tmp_path, [exception(506, 2, extype=31), exception(520, 3)], [exception(507, 5, extype=32)])

    plan = plan_of(files, tables=("agex",))
    resync(files, tables=("agex",))

    assert [one[2] for one in files.bag("secondary", "agex")] == [507, 520]
    assert any("extype 31 or 32, logid 4001 of agex stays as it is" in note for note in plan.notes)


@pytest.mark.parametrize("policy", ["replace", "rows"])
def test_a_bucket_that_drifts_is_written_with_all_its_rows(tmp_path: Path, policy: str) -> None:
    """Where others drift in the bucket, expected rows are copied and deleted with them, and the plan counts each."""
    mine = [exception(506, 2, extype=31), exception(507, 3, extype=3)]
    files = started(tmp_path, mine, [exception(508, 5, extype=32), exception(509, 6, extype=4)])

    plan = plan_of(files, tables=("agex",), policy=policy)
    resync(files, tables=("agex",), policy=policy)

    assert plan.deletions == 2
    assert not any("stays as it is" in note for note in plan.notes)
    assert [one[2] for one in files.bag("secondary", "agex")] == [506, 507]


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ('table = "agez"\nwhere = { extype = [1] }', "expected.0.table: no spec describes 'agez'"),
        ('table = "linkex"\nwhere = { reason = [1] }', "expected.0.table: linkex is never compared"),
        ('table = "split_pro"\nwhere = { split = [1] }', "expected.0.table: split_pro is administration"),
        ('table = "agex"\nwhere = { exkind = [1] }', "expected.0.where.exkind: agex has no such column"),
        ('table = "agex"\nwhere = { seqno = [1] }', "expected.0.where.seqno: agex does not compare that column"),
        (
            'table = "agex"\nwhere = { extype = ["a"] }',
            "expected.0.where.extype: is whole numbers, of type smallint",
        ),
        ('table = "agex"\nwhere = { logid = [1] }', "expected.0.where.logid: is text, of type char"),
        (
            'table = "agex"\nwhere = { extype = [40000] }',
            "expected.0.where.extype: the number is too large for a column of type smallint",
        ),
        ('table = "agex"\nwhere = { row_date = ["2000-06-05"] }', "expected.0.where.row_date: is of type date"),
    ],
)
def test_rows_that_no_table_has_are_a_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], entry: str, fault: str
) -> None:
    """An expected difference of a table or column that is not compared is refused with its key, and exit 2."""
    files = exceptions(tmp_path, [], [])
    files.pair_file.write_text(f'{files.pair_file.read_text()}\n[[expected]]\n{entry}\nwhy = "w"\n')

    code = run_for_code(["verify", "--pair", str(files.pair_file), "-t", "agex"])

    assert code == 2
    assert fault in " ".join(capsys.readouterr().err.split())


def test_differences_for_the_same_reason_add_up() -> None:
    """Counts are added, and what was not counted on one side does not hide what was on the other."""
    one = ExpectedDifference(ExpectedKind.ROWS, "extype 31", "why", 1, 2, None)

    assert one + ExpectedDifference(ExpectedKind.ROWS, "extype 31", "why", 4, 5, 6) == ExpectedDifference(
        ExpectedKind.ROWS, "extype 31", "why", 5, 7, 6
    )
