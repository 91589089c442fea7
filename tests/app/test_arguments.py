"""An invalid argument is refused with its name, its value, and what to give instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import syncengine
from syncengine import InputError, Pair, Window, WindowError
from tests.builders import Files, build_files
from tests.scenes import trunks

WINDOW = "2000-06-05 05:00..05:59"
START = datetime(2000, 6, 5, 5)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Build a pair with one table that differs, which tests only read."""
    folder = tmp_path_factory.mktemp("arguments")
    return build_files(folder, ["htrunk"], both={"htrunk": trunks(400, 500)}, primary={"htrunk": trunks(500, 600)})


@pytest.fixture(scope="module")
def pair(files: Files) -> Pair:
    """Open the pair."""
    return files.open()


def call(name: str, /, **given: Any) -> Callable[[Pair], object]:
    """Return a function that calls a method of a pair."""
    return lambda pair: getattr(pair, name)(**given)


@pytest.mark.parametrize(
    ("called", "message", "instead"),
    [
        (call("verify", acds="1"), "`acds='1'`", "Give a whole number, or several"),
        (call("verify", acds=[1, "2"]), "`acds=[1, '2']`", "Give a whole number, or several"),
        (call("verify", acds=True), "`acds=True`", "Give a whole number, or several"),
        (call("verify", acds=1.5), "`acds=1.5`", "Give a whole number, or several"),
        (call("verify", acds=None), "`acds=None`", "leave it out for none"),
        (call("verify", tables=None), "`tables=None`", "leave it out for none"),
        (call("verify", tables=[1]), "`tables=(1,)`", "1 is not a name"),
        (call("verify", tables=b"htrunk"), "`tables=b'htrunk'`", "Give a name, or several"),
        (call("verify", sets={"history": 1}), "`sets={'history': 1}`", "Give a name, or several"),
        (
            call("verify", window=START),
            "`window=datetime.datetime(2000, 6, 5, 5, 0)`",
            "syncengine.Window(start, stop)",
        ),
        (call("verify", window=("2000", "2001")), "`window=('2000', '2001')`", "Give text like"),
        (call("verify", source="left"), "`source='left'`", "Choose primary or secondary."),
        (call("verify", source=None), "`source=None`", "Choose primary or secondary."),
        (call("verify", every_row="no"), "`every_row='no'`", "Give True or False."),
        (call("verify_internal", on="left"), "`on='left'`", "Choose primary or secondary."),
        (call("check", scratch=1), "`scratch=1`", "Give True or False."),
        (call("status", since=date(2000, 6, 5)), "`since=datetime.date(2000, 6, 5)`", "or a datetime without"),
        (call("outages", since=datetime(2000, 6, 5, tzinfo=UTC)), "`since=datetime", "without a time zone"),
        (call("checklist", name="nightly", tick="1"), "`tick='1'`", "Give a whole number, or several"),
        (call("checklist", name=5), "`name=5`", "Give text."),
        (call("plan_resync", window=WINDOW, policy="all"), "`policy='all'`", "Choose replace or fill or rows"),
        (call("plan_resync", window=WINDOW, rollups=1), "`rollups=1`", "Choose list or recompute or copy."),
        (call("plan_resync", window=WINDOW, allow_deletions=-1), "`allow_deletions=-1`", "0 or more"),
        (call("plan_resync", window=WINDOW, allow_triggers=5), "`allow_triggers=5`", "Give a name, or several"),
        (call("plan_resync", window=WINDOW, wait="no"), "`wait='no'`", "Give True or False."),
        (call("plan_sync", sets="dictionary", policy="rows"), "`policy='rows'`", "Choose replace or fill."),
        (call("plan_backfill", window=None), "`window=None`", "Give text like"),
        (
            call("plan_backfill", window=WINDOW, policy="rows"),
            "`policy='rows'`",
            "Choose replace or fill or reconcile.",
        ),
        (call("plan_backfill", window=WINDOW, portion_rows=-1), "`portion_rows=-1`", "1 or more"),
        (call("plan_backfill", window=WINDOW, rows_per_second=0), "`rows_per_second=0`", "1 or more"),
        (call("plan_backfill", window=WINDOW, hours=22), "`hours=22`", "Give text."),
        (call("plan_run_on", run_on="all", owners="x"), "`run_on='all'`", "Choose this or any."),
        (call("plan_undo", run_id=5), "`run_id=5`", "Give text."),
        (call("execute", plan=None), "`plan=None`", "Give what a method named plan_... returned"),
        (call("execute", plan="resync"), "`plan='resync'`", "Give what a method named plan_... returned"),
        (call("portion_plans", plan=None), "`plan=None`", "Give what plan_backfill returned."),
        (call("plans", run="last"), "`run='last'`", "Give what run or runs returned."),
        (call("remove_run", run_id=None), "`run_id=None`", "Give text."),
        (call("rows", observation=None, table=None, drift=None), "`observation=None`", "Give what verify returned."),
    ],
)
def test_invalid_arguments_are_refused(
    pair: Pair, called: Callable[[Pair], object], message: str, instead: str
) -> None:
    """Each is an InputError that names the argument, its value, and what to give instead."""
    with pytest.raises(InputError) as refused:
        called(pair)

    assert refused.value.message.startswith(message)
    assert instead in refused.value.hint


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"pair_file": b"pair.toml"}, "`pair_file=b'pair.toml'`"),
        ({"pair_file": None}, "`pair_file=None`"),
        ({"pair_file": "pair\0.toml"}, "`pair_file='pair\\x00.toml'`"),
        ({"specs": 5}, "`specs=5`"),
        ({"specs": [None]}, "`specs=None`"),
        ({"progress": 5}, "`progress=5`"),
        ({"environment": "HOME"}, "`environment=<class 'str'>`"),
        ({"environment": {"PASSWORD": 5}}, "`environment=<class 'dict'>`"),
        ({"executor": 4}, "`executor=4`"),
    ],
)
def test_invalid_arguments_of_open_pair_are_refused(files: Files, given: Any, message: str) -> None:
    """The arguments of `open_pair` are refused in the same way."""
    with pytest.raises(InputError) as refused:
        syncengine.open_pair(**{"pair_file": files.pair_file, **given})

    assert refused.value.message.startswith(message)


@pytest.mark.parametrize(
    ("called", "message"),
    [
        (call("status", since="x"), "'x' is not a time. Write it like '2000-06-05' or '2000-06-05 05:13'."),
        (call("outages", since="2000-06-05..2000-06-06"), "'2000-06-05..2000-06-06' is not a time."),
        (call("status", since="1969-12-31"), "'1969-12-31' is outside the years 1970 to 2069"),
        (call("outages", since=datetime(1, 1, 1)), "'0001-01-01 00:00' is outside the years 1970 to 2069"),
        (
            call("checklist", name="takeover", tick=1, at=datetime(1, 1, 1)),
            "'0001-01-01 00:00' is outside the years 1970 to 2069",
        ),
    ],
)
def test_a_moment_is_no_window(pair: Pair, called: Callable[[Pair], object], message: str) -> None:
    """Text that is no moment is refused with how to write one, and no CMS has the year 1."""
    with pytest.raises(WindowError, match=re.escape(message)):
        called(pair)


@pytest.mark.parametrize("name", [None, 5])
def test_the_catalogue_is_queried_by_name(pair: Pair, name: Any) -> None:
    """A name of another type is refused like any other mistake of the caller."""
    for query in (pair.catalogue.table, pair.catalogue.set):
        with pytest.raises(InputError, match=f"{name} is not a name of a table or set. Give text."):
            query(name)


def test_any_limit_of_rows_is_one(pair: Pair) -> None:
    """A limit that no server can count to is no limit."""
    observation = pair.verify(tables="htrunk")
    [table] = observation.differing

    assert len(pair.rows(observation, table, table.differing[0], limit=10**30).missing) == 2


def test_one_folder_of_specs_is_one(files: Files, tmp_path: Path) -> None:
    """A folder of specs may be given as text or as a path, alone or among others; a missing one is named."""
    with pytest.raises(syncengine.SpecError, match="x"):
        syncengine.open_pair(files.pair_file, specs="x")
    folder = tmp_path / "specs"
    folder.mkdir()

    for specs in (folder, str(folder), [folder], (str(folder),)):
        assert syncengine.open_pair(str(files.pair_file), specs=specs).catalogue.table("htrunk")


def test_one_value_stands_for_several(pair: Pair) -> None:
    """A name and a number mean the same alone and in any iterable."""
    fields = [
        pair.verify(tables="htrunk", acds=1, window=WINDOW),
        pair.verify(tables=["htrunk"], acds=(1,), window=Window(START, datetime(2000, 6, 5, 6))),
        pair.verify(tables=iter(("htrunk",)), acds=range(1, 2), window=WINDOW),
    ]

    assert {(one.acds, one.requested, one.tables[0].counts.missing) for one in fields} == {
        ((1,), Window(START, datetime(2000, 6, 5, 6)), 4)
    }


@pytest.mark.parametrize("moment", [datetime(2000, 6, 6, tzinfo=UTC), date(2000, 6, 6), "2000-06-06"])
def test_a_window_has_no_time_zone(moment: Any) -> None:
    """A window is of the switch's wall clock: a time with a time zone, or no time, is refused."""
    with pytest.raises(WindowError, match="is not a time of the switch's wall clock"):
        Window(START, moment)


def test_a_message_names_arguments_as_they_are_given(pair: Pair) -> None:
    """A hint of the Python API names arguments, not the options of a command."""
    with pytest.raises(InputError) as no_window:
        pair.plan_resync(tables="htrunk")
    with pytest.raises(InputError) as both:
        pair.verify(tables="htrunk", exclude="htrunk")

    assert "Add `window='2000-06-05 05:13..05:19'`" in no_window.value.hint
    assert both.value.hint == "Leave out one of `tables=` and `exclude=`."


def test_a_pair_has_no_settings_of_its_own(pair: Pair) -> None:
    """A mistyped attribute is an error: it would have no effect."""
    with pytest.raises(AttributeError):
        pair.sorce = "secondary"  # type: ignore[attr-defined]
    assert not [name for name in vars(type(pair)) if not name.startswith("_")]
