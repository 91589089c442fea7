"""Rule 8: per-server row numbers and flags are never drift, and some tables are never copied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from syncengine.cli.main import run_for_code
from syncengine.model.drift import TableState
from tests.builders import Files, build_files, row
from tests.examples import some_of
from tests.scenes import outage, resync, storage, sync, table_of, trunks


def exception(time: int, seqno: int, **values: Any) -> dict[str, Any]:
    """Return an agex row: an agent exception, numbered by the server that saw it."""
    return row("agex", row_time=time, seqno=seqno, extype=1, logid="4001", split=1, **values)


def exceptions(folder: Path, primary: list[dict[str, Any]], secondary: list[dict[str, Any]]) -> Files:
    """Build a pair with agent exceptions, far from filling their table."""
    return build_files(
        folder,
        ["agex", "htrunk"],
        both={"dcalloc": [storage("exceptions")], "htrunk": trunks(400, 700)},
        primary={"agex": primary},
        secondary={"agex": secondary},
    )


def test_row_numbers_are_no_drift(tmp_path: Path) -> None:
    """The same exceptions under each server's own numbers are in sync."""
    files = exceptions(tmp_path, [exception(505, 1), exception(512, 2)], [exception(505, 71), exception(512, 70)])

    assert files.open().verify(tables=("agex",)).in_sync


@pytest.mark.parametrize("policy", ["replace", "rows", "fill"])
def test_copied_rows_are_numbered_on_from_the_highest_of_the_target(tmp_path: Path, policy: str) -> None:
    """Rows that are copied take the target's next numbers, so that each number stays there once."""
    files = exceptions(
        tmp_path,
        [exception(435, 1), exception(505, 2), exception(506, 3), exception(600, 4)],
        [exception(435, 2), exception(600, 3)],
    )

    done = resync(files, tables=("agex",), policy=policy)

    assert files.run("secondary", "SELECT row_time, seqno FROM agex ORDER BY ALL") == [
        (435, 2),
        (505, 4),
        (506, 5),
        (600, 3),
    ]
    assert done.after is not None
    assert done.after.in_sync


def test_link_outage_flags_are_no_drift(tmp_path: Path) -> None:
    """The flags of logins seen across an outage of one server are its own; every other column counts."""
    login = 960178000
    one = row("haglog", logid="4001", extn="2001", login=login, logout=login + 600, loc_id=1)
    files = build_files(
        tmp_path,
        ["haglog"],
        both={"dcalloc": [storage("agent login/logout")]},
        primary={"haglog": [{**one, "seqnum": 1, "inflag": "<"}]},
        secondary={"haglog": [{**one, "seqnum": 9, "outflag": ">"}]},
    )

    assert files.open().verify(tables=("haglog",)).in_sync
    files.run("secondary", "UPDATE haglog SET logout = logout + 1")
    assert not files.open().verify(tables=("haglog",)).in_sync


NEVER = {
    "linkex": outage(513, 360),
    "arch_stat": row("arch_stat", arch_type="9", last_time="06/01/00 00:00", status="3"),
    "dbstatus": row("dbstatus"),
    "f_status": row("f_status"),
    "sys_info": row("sys_info", item="host", value="alpha"),
}


@pytest.mark.sampled
@pytest.mark.parametrize("table", some_of(sorted(NEVER), 2))
def test_state_of_one_server_is_never_copied(tmp_path: Path, table: str) -> None:
    """Each server's own diary and state are no drift, and a resync that names them leaves them alone."""
    history = table == "linkex"
    beside = "htrunk" if history else "synonyms"
    rows = {"htrunk": trunks()} if history else {}
    files = build_files(tmp_path, [table, beside], both=rows, primary={table: [NEVER[table]]})
    before = files.bag("secondary", table)

    observation = files.open().verify(tables=(table, beside))
    (resync if history else sync)(files, tables=(table, beside))

    assert table_of(observation, table).state is TableState.NEVER
    assert observation.in_sync
    assert files.bag("secondary", table) == before


@pytest.mark.parametrize(
    ("table", "values", "says"),
    [
        ("split_pro", {"split": 1, "servicelevel": 20}, "administered on each server"),
        ("vdns", {"vdn": "5001", "skill1": 3}, "the switch sends it to both servers"),
    ],
)
def test_what_is_synchronised_another_way_is_verified_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str, values: dict[str, Any], says: str
) -> None:
    """Data synchronised by hand or by the switch is verified; a resync names it, says how, and writes none of it."""
    files = build_files(tmp_path, [table], primary={table: [row(table, **values)]})

    verified = run_for_code(["verify", "--pair", str(files.pair_file), "--table", table])
    capsys.readouterr()
    code = run_for_code(["sync", "--pair", str(files.pair_file), "--table", table, "--yes"])

    result = capsys.readouterr().out
    assert (verified, code) == (3, 3)
    assert says in result
    assert files.bag("secondary", table) == []


def test_schedules_of_timetables_are_reported_and_not_written(tmp_path: Path) -> None:
    """Where a timetable runs is each server's state: the set of timetables copies tasks and leaves schedules."""
    files = build_files(
        tmp_path,
        ["ttsched", "ttsctasks", "ttsc"],
        primary={"ttsched": [row("ttsched")], "ttsc": [row("ttsc")]},
    )

    sync(files, sets=("timetables",))

    assert files.bag("secondary", "ttsched") == []
    assert files.bag("secondary", "ttsc") == files.bag("primary", "ttsc")
