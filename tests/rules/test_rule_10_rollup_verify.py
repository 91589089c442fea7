"""Rule 10: one server's days, weeks and months are what its own intervals make, or it is said where not."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from syncengine.model.errors import InputError, ServerError, WindowError
from syncengine.model.pair import Role
from syncengine.model.rollups import InternalState, InternalTable, InternalVerdict
from tests.builders import Files, build_files, row
from tests.cli.terminal import Typing
from tests.interference import Interference, interfere
from tests.rules.summarised import SATURDAY, SUNDAY, compared_days, intervals, pair, server
from tests.scenes import code, trunk

MAY = date(2000, 5, 1)
LONGER = ("dcwc", "wcwc", "mcwc")


def table_of(verdict: InternalVerdict, name: str, role: Role = Role.SECONDARY) -> InternalTable:
    """Return what was found of one table of one server."""
    return next(table for table in verdict.tables if (table.table, table.role) == (name, role))


def wrong(table: InternalTable) -> dict[date, tuple[str, ...]]:
    """Return the columns that differ, by the first day of the period."""
    return {one.period.row_date: tuple(name for name, _ in one.columns) for one in table.disagreements}


def verify(files: Files, **options: object) -> InternalVerdict:
    """Verify the call work codes of both servers, or what the options say."""
    return files.open().verify_internal(**{"tables": LONGER, **options})  # type: ignore[arg-type]  # as typed


def test_what_was_summed_up_agrees(tmp_path: Path) -> None:
    """Days, weeks and months that another roll-up made of the same intervals agree, on both servers."""
    verdict = verify(pair(tmp_path))

    assert verdict.agrees
    assert {(t.table, t.periods) for t in verdict.tables} == {("dcwc", 35), ("wcwc", 4), ("mcwc", 1)}
    assert all(table.columns == ("acdcalls", "acdtime", "acwtime", "incomplete") for table in verdict.tables)


def test_intervals_repaired_and_never_summarised_are_found(tmp_path: Path) -> None:
    """Rows put in below a day that was summarised are found in day, week and month, with the columns they are of."""
    files = pair(tmp_path, blind={date(2000, 5, 27): 1030})
    files.add("secondary", "hcwc", *[one for one in intervals([date(2000, 5, 27)]) if one["starttime"] == 1030])

    verdict = verify(files)

    columns = ("acdcalls", "acdtime", "acwtime")
    assert wrong(table_of(verdict, "dcwc")) == {date(2000, 5, 27): columns}
    assert wrong(table_of(verdict, "wcwc")) == {date(2000, 5, 21): columns}
    assert wrong(table_of(verdict, "mcwc")) == {MAY: columns}
    assert table_of(verdict, "dcwc", Role.PRIMARY).agrees
    sample = table_of(verdict, "dcwc").samples[0]
    assert [(v.column, v.stored, v.computed) for v in sample.values][:1] == [("acdcalls", 75, 112)]


def test_tables_can_be_left_out(tmp_path: Path) -> None:
    """A longer table by its own name, and all that follow from an interval table by that one's."""
    files = pair(tmp_path)

    verdict = verify(files, tables="hcwc", exclude="dcwc")

    assert {table.table for table in verdict.tables} == {"wcwc", "mcwc"}
    with pytest.raises(InputError, match="left out"):
        verify(files, tables=("hcwc", "dtkgrp"), exclude=("hcwc", "htkgrp"))


def test_intervals_that_cannot_be_read_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: Typing) -> None:
    """Whether days agree with intervals that a server does not let be read nobody knows: exit 1, and no AGREES."""
    files = pair(tmp_path)

    def query(table: str) -> None:
        if table == "hcwc":
            raise ServerError("secondary: this login may not do that")

    interfere(monkeypatch, Role.SECONDARY, Interference(before_query=query))

    said = typed("verify", "--pair", files.pair_file, "--internal", "--table", "dcwc", "--table", "wcwc")

    assert said.code == 1
    assert "dcwc on secondary is not compared: this login may not do that." in said.text
    assert "NOT COMPARED 2 tables. All others agree with their intervals: 2 tables" in said.text
    assert "AGREES" not in said.text


def test_rows_without_intervals_and_intervals_without_rows_are_distinguished(tmp_path: Path) -> None:
    """A code of a day that no interval has is extra, one that only the intervals have is lacking."""
    files = pair(tmp_path)
    files.run("secondary", "DELETE FROM dcwc WHERE row_date = DATE '2000-06-04' AND trim(cwc) = '7'")
    files.add("secondary", "dcwc", row("dcwc", row_date=SUNDAY, cwc="99", acdcalls=1))

    found = table_of(verify(files), "dcwc").disagreements

    assert [(one.period.row_date, one.groups, one.missing, one.extra) for one in found] == [(SUNDAY, 2, 1, 1)]


def test_broken_intervals_are_counted_not_summed(tmp_path: Path) -> None:
    """A day over two broken intervals says 2; whatever else it says disagrees."""
    rows = [{**one, "incomplete": 5 * (one["starttime"] != 1100)} for one in intervals([SUNDAY])]
    files = build_files(
        tmp_path,
        ["htrunk", "hcwc", "dcwc"],
        both={"htrunk": compared_days([SUNDAY]), "hcwc": rows},
        primary={"dcwc": server(rows)["dcwc"]},
        secondary={"dcwc": [{**one, "incomplete": 10} for one in server(rows)["dcwc"]]},
    )

    verdict = verify(files, tables="dcwc")

    assert table_of(verdict, "dcwc", Role.PRIMARY).agrees
    assert wrong(table_of(verdict, "dcwc")) == {SUNDAY: ("incomplete",)}


def test_days_whose_intervals_are_no_longer_all_held_are_not_judged(tmp_path: Path) -> None:
    """What retention has taken from the intervals is no disagreement: such periods are left out."""
    files = pair(tmp_path)
    files.run("secondary", "DELETE FROM hcwc WHERE row_date < DATE '2000-05-20'")
    files.run("secondary", "DELETE FROM htrunk WHERE row_date < DATE '2000-05-20'")

    verdict = verify(files)

    assert verdict.agrees
    assert table_of(verdict, "dcwc").periods == 16
    assert table_of(verdict, "wcwc").periods == 2
    assert table_of(verdict, "mcwc").state is InternalState.NOTHING
    assert table_of(verdict, "mcwc", Role.PRIMARY).periods == 1


def test_a_day_not_yet_summarised_is_not_judged(tmp_path: Path) -> None:
    """Today's intervals have no day yet, which is no disagreement."""
    files = pair(tmp_path)
    files.add("secondary", "hcwc", code(500, acdcalls=9))
    files.add("secondary", "htrunk", trunk(500))

    assert verify(files).agrees


def test_an_agent_who_logged_on_twice_is_added_up(tmp_path: Path) -> None:
    """Two rows of an agent in one interval, alike in their key, are one row of the day."""
    agent = {"row_date": SUNDAY, "logid": "1001", "split": 1, "extension": "2001"}
    twice = [row("hagent", starttime=1000, acdcalls=calls, incomplete=0, **agent) for calls in (3, 4)]
    day = row("dagent", acdcalls=7, **agent)
    files = build_files(
        tmp_path,
        ["htrunk", "hagent", "dagent"],
        both={"htrunk": compared_days([SUNDAY]), "hagent": twice},
        primary={"dagent": [day]},
        secondary={"dagent": [{**day, "acdcalls": 4}]},
    )

    verdict = verify(files, tables="dagent")

    assert table_of(verdict, "dagent", Role.PRIMARY).agrees
    assert wrong(table_of(verdict, "dagent")) == {SUNDAY: ("acdcalls",)}


def test_the_busy_hour_is_named_as_not_recomputed(tmp_path: Path) -> None:
    """What no source defines is not guessed: the columns of the busy hour are named, and never disagree."""
    trunks = [row("htkgrp", row_date=SUNDAY, starttime=label, tkgrp=1, incalls=4) for label in (0, 30)]
    day = row("dtkgrp", row_date=SUNDAY, tkgrp=1, incalls=8, bh_incalls=77)
    files = build_files(tmp_path, ["htkgrp", "dtkgrp"], both={"htkgrp": trunks, "dtkgrp": [day]})

    table = table_of(verify(files, tables="dtkgrp"), "dtkgrp")

    assert table.agrees
    assert ("bh_incalls", "no source defines the busy hour") in table.not_recomputed
    assert "bh_incalls" not in table.columns


def test_one_server_is_verified_while_the_other_is_down(tmp_path: Path, typed: Typing) -> None:
    """With --on the other server is not even opened."""
    files = pair(tmp_path)
    files.database("primary").unlink()

    done = typed("verify", "--internal", "--on", "secondary", "--pair", files.pair_file, "--table", "dcwc")

    assert done.code == 0
    assert "AGREES" in done.out


def test_a_disagreement_ends_with_drift(tmp_path: Path, typed: Typing) -> None:
    """Exit code 3, the periods and columns on the terminal, and the same in JSON."""
    files = pair(tmp_path)
    files.run("secondary", "UPDATE dcwc SET acdtime = 0 WHERE row_date = DATE '2000-06-03'")
    words = ("verify", "--internal", "--pair", files.pair_file, "--table", "hcwc")

    said = typed(*words)
    document = typed(*words, "--json").document

    assert said.code == 3
    assert "2000-06-03" in said.out
    assert "acdtime" in said.out
    assert document["agrees"] is False
    table = next(one for one in document["tables"] if not one["agrees"])
    assert (table["server"], table["table"]) == ("secondary", "dcwc")
    assert table["disagreements"][0]["row_date"] == str(SATURDAY)


def test_a_window_holds_whole_periods(tmp_path: Path) -> None:
    """A window of a week judges its days and the week, and nothing else; one shorter than a day is refused."""
    files = pair(tmp_path)

    verdict = verify(files, window="2000-05-28..2000-06-03")

    assert [(t.table, t.periods) for t in verdict.tables[:3]] == [("dcwc", 7), ("wcwc", 1), ("mcwc", 0)]
    with pytest.raises(WindowError):
        verify(files, window="2000-06-03 10:00..10:29")


def test_what_is_not_rolled_up_is_refused(tmp_path: Path, typed: Typing) -> None:
    """An administration table says nothing of itself, and options that mean nothing here are bad input."""
    files = pair(tmp_path)

    with pytest.raises(InputError, match="not rolled up"):
        verify(files, tables="synonyms")
    for words in (("--internal", "--full"), ("--internal", "--from", "primary"), ("--on", "primary")):
        assert typed("verify", "--pair", files.pair_file, *words).code == 2
