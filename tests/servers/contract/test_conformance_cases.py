"""The cases that `check --scratch` tries on live servers: every kind of server passes them, and each can fail."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from syncengine.model.check import CaseResult, CaseState, ScratchCheck
from syncengine.model.errors import CancelledError
from syncengine.model.pair import Limits
from syncengine.model.selection import Selection
from syncengine.observe.check import conformance
from syncengine.observe.check.conformance import CASES, Case, CaseNote, run_case, run_cases
from syncengine.observe.check.scratch import COLUMNS, Scratch
from syncengine.servers.protocol import Server
from syncengine.staging.cache import Cache
from tests.examples import some_of
from tests.servers.contract.breaking import Broken, BrokenServer, Change
from tests.servers.contract.kinds import Embedded, Place

LOCK_SECONDS = 1
NAMES = [case.name for case in CASES]


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    """Return a cache to fold rows in."""
    with Cache(tmp_path / "staging", memory_mb=64) as made:
        yield made


@contextmanager
def opened(place: Place, broken: Broken) -> Iterator[Server]:
    """Open a server that breaks a promise, or none."""
    server = place.open(writable=True, limits=Limits(lock_seconds=LOCK_SECONDS))
    try:
        yield BrokenServer(server, broken)
    finally:
        server.close()


def results(server: Server, cache: Cache) -> ScratchCheck:
    """Try all cases."""
    return run_cases(server, cache, lock_seconds=LOCK_SECONDS)


def notes_of(found: ScratchCheck, name: str) -> CaseResult:
    """Return what one case showed."""
    return next(case for case in found.cases if case.case == name)


@pytest.mark.soak("informix")
def test_every_kind_of_server_keeps_every_promise(place: Place, cache: Cache) -> None:
    """All cases work on each kind and tell figures, and the scratch table is gone afterwards."""
    broken = Broken()

    with opened(place, broken) as server:
        found = results(server, cache)
        left = server.tables(broken.names)

    # A server that cannot hide uncommitted rows from readers is reported; that is the purpose of the case.
    lacking = () if place.hides_uncommitted else ("uncommitted",)
    assert [case.case for case in found.cases] == ["scratch-table", *NAMES]
    assert [(case.case, case.message) for case in found.failed if case.case not in lacking] == []
    assert len(broken.names) == 1
    assert not left
    assert found.leftover == ""
    measured(found)


def measured(found: ScratchCheck) -> None:
    """Hold that the case that measures tells rows a second both ways, the one of locks how long was waited for."""
    rates, waited = dict(notes_of(found, "rates").figures), dict(notes_of(found, "locks").figures)
    assert set(rates) == {"insert_rows_per_second", "read_rows_per_second"}
    assert all(rate > 0 for rate in rates.values())
    assert 0 <= waited["seconds"] <= LOCK_SECONDS + 5
    assert notes_of(found, "insert").message.startswith("by ")


def of_column(name: str, change: Callable[[Any], Any]) -> Change:
    """Return what changes the values of a column, wherever it is read."""

    def changing(rows: pa.Table) -> pa.Table:
        if name not in rows.schema.names:
            return rows
        place = rows.schema.get_field_index(name)
        values = [change(value) for value in rows.column(place).to_pylist()]
        return rows.set_column(place, rows.schema.field(place), pa.array(values, rows.schema.field(place).type))

    return changing


def shortened(value: str | None) -> str | None:
    """Cut text off before its last character."""
    return None if value is None else value.rstrip()[:9]


def without_groups_of_null(selection: Selection) -> Selection:
    """Match no key group that holds NULL, as `=` would."""
    if selection.groups is None:
        return selection
    whole = tuple(group for group in selection.groups if None not in group)
    return Selection(
        selection.table, selection.columns, group_columns=selection.group_columns, groups=whole or ((99, "no"),)
    )


def once(rows: pa.Table) -> pa.Table:
    """Leave out rows that are there already."""
    return pa.Table.from_pylist(list({repr(row): row for row in rows.to_pylist()}.values()), schema=rows.schema)


BREAKS: dict[str, Broken] = {
    "columns": Broken(retypes=True),
    "whole-numbers": Broken(reading=of_column("n_int8", lambda value: value and round(value, -3))),
    "fractions": Broken(reading=of_column("x_decimal", lambda value: value and abs(value))),
    "dates": Broken(reading=of_column("d_date", lambda day: day and max(day, date(1900, 1, 1)))),
    "text": Broken(reading=of_column("t_char", shortened)),
    "non-ascii": Broken(reading=of_column("t_varchar", lambda text: text and text.encode("ascii", "replace").decode())),
    "nothing": Broken(reading=of_column("n_integer", lambda value: value or 0)),
    "repeated-rows": Broken(inserting=once),
    "fingerprints": Broken(misfolds=True),
    "bounds": Broken(miscounts=1),
    "insert": Broken(miscounts=-1),
    "delete": Broken(miscounts=1),
    "key-groups": Broken(selecting=without_groups_of_null),
    "rollback": Broken(leaves_scratch_rows=True),
    "uncommitted": Broken(commits_at_once=True),
    "locks": Broken(locks_nothing=True),
    "rates": Broken(reading=lambda rows: rows.filter(pc.not_equal(rows.column(0), 7))),
}


def test_every_case_has_a_server_that_fails_it() -> None:
    """No case is without one below."""
    assert sorted(BREAKS) == sorted(NAMES)


@pytest.mark.sampled
@pytest.mark.parametrize("name", some_of(NAMES, 2))
def test_a_case_fails_where_its_promise_is_broken(tmp_path: Path, cache: Cache, name: str) -> None:
    """A server that does one thing otherwise fails the case that is about it, with a sentence of what it did."""
    place = Embedded.make(tmp_path / "one", ())

    with opened(place, BREAKS[name]) as server:
        result = notes_of(results(server, cache), name)

    assert result.state is CaseState.FAILED
    assert len(result.message) > 15


def test_a_refusal_that_says_nothing_fails(tmp_path: Path, cache: Cache) -> None:
    """A refusal has to say what to do; an error without a hint is not enough."""
    with opened(Embedded.make(tmp_path / "one", ()), Broken(gives_no_reason=True)) as server:
        result = notes_of(results(server, cache), "locks")

    assert result.state is CaseState.FAILED
    assert "its error does not say what to do: primary: no." in result.message


@pytest.mark.soak
def test_a_session_that_waits_for_ever_is_given_up(
    tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that lets a second session wait beyond the limit fails the case, and the next one goes on."""
    monkeypatch.setattr(conformance, "EXTRA_WAIT_SECONDS", 0.2)

    with opened(Embedded.make(tmp_path / "one", ()), Broken(hangs=threading.Event())) as server:
        found = results(server, cache)

    assert "still waits after" in notes_of(found, "locks").message
    assert notes_of(found, "rates").state is CaseState.WORKS


def test_what_a_driver_raises_is_reported_and_the_next_case_goes_on(tmp_path: Path, cache: Cache) -> None:
    """An error of any kind is the result of its case alone, secrets masked."""

    def failing(rows: pa.Table) -> pa.Table:
        if "x_float" in rows.schema.names:
            raise RuntimeError("CLI0999E hunter2")
        return rows

    with opened(Embedded.make(tmp_path / "one", ()), Broken(reading=failing)) as server:
        found = run_cases(
            server, cache, lock_seconds=LOCK_SECONDS, mask=lambda text: text.replace("hunter2", "${PASSWORD}")
        )

    assert notes_of(found, "dates").message == "RuntimeError: CLI0999E ${PASSWORD}"
    assert notes_of(found, "key-groups").state is CaseState.WORKS
    assert len(found.cases) == len(CASES) + 1


def test_a_login_that_may_not_make_tables_is_one_failed_case(tmp_path: Path, cache: Cache) -> None:
    """Without a table nothing else is tried, and the sentence says what to grant."""
    with opened(Embedded.make(tmp_path / "one", ()), Broken(cannot_make=True)) as server:
        found = results(server, cache)

    assert [(case.case, case.state) for case in found.cases] == [("scratch-table", CaseState.FAILED)]
    assert found.cases[0].message.endswith("Grant it RESOURCE.")
    assert found.leftover == ""


def test_a_table_that_cannot_be_dropped_is_named(tmp_path: Path, cache: Cache) -> None:
    """A leftover is named with what to do, and the results of the cases stay."""
    broken = Broken(cannot_drop=True)

    with opened(Embedded.make(tmp_path / "one", ()), broken) as server:
        found = results(server, cache)

    assert found.leftover == broken.names[0]
    assert f"The table {found.leftover} is still there: drop it by hand." in found.cases[0].message
    assert [case.case for case in found.failed] == ["scratch-table"]


def test_without_a_log_nothing_is_rolled_back(tmp_path: Path, cache: Cache) -> None:
    """Cases that are about transactions are not tried where there are none, and say so."""
    with opened(Embedded.make(tmp_path / "one", ()), Broken(transactions=False)) as server:
        found = results(server, cache)

    left_out = {case.case: case.message for case in found.cases if case.state is CaseState.NOT_APPLICABLE}
    assert set(left_out) == {"rollback", "uncommitted", "locks"}
    assert all("no transactions" in says for says in left_out.values())
    assert not found.failed


@pytest.mark.parametrize("stop", [KeyboardInterrupt, lambda: CancelledError("Stopped.")])
def test_a_case_that_is_stopped_stops_all_and_drops_the_table(
    tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch, stop: Callable[[], BaseException]
) -> None:
    """Ctrl-C is no result of a case: it passes on, and the table is gone all the same."""

    def stopping(_: Scratch) -> CaseNote:
        raise stop()

    monkeypatch.setattr(conformance, "CASES", (Case("stop", "it stops", stopping), *CASES))
    broken = Broken()

    with opened(Embedded.make(tmp_path / "one", ()), broken) as server:
        with pytest.raises((KeyboardInterrupt, CancelledError)):
            results(server, cache)

        assert not server.tables(broken.names)


def test_a_case_begins_with_an_empty_table(tmp_path: Path, cache: Cache) -> None:
    """What a case left behind does not fail the next one."""

    def leaves_rows(scratch: Scratch) -> CaseNote:
        before = len(scratch.rows())
        scratch.write([{"acd": 1}] * 3)
        return CaseNote(str(before))

    case = Case("leaves-rows", "it leaves rows", leaves_rows)
    with opened(Embedded.make(tmp_path / "one", ()), Broken()) as server, server.scratch(COLUMNS) as name:
        scratch = Scratch(server, name, cache, LOCK_SECONDS)
        results = [run_case(case, scratch) for _ in range(2)]

    assert [result.message for result in results] == ["0", "0"]
