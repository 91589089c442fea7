"""The judge of verdicts is silent on what the product says of small pairs, and names each wrong word put into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.drift import BucketDrift, Counts, Observation, Scope, TableObservation, TableState
from syncengine.model.verified_run import VerifiedRun
from tests.builders import build_files, half_hours, hsplit
from tests.scenes import WINDOW, outage, trunks
from tests.world.ending import Ending
from tests.world.oracle.claims import judge_claim, judge_outages
from tests.world.oracle.verdicts import judge_verdicts
from tests.world.said import FileWorld
from tests.world.values import LinkDown, Scenario

DAY = "2000-06-05 00:00..06:59"
TABLES = ("hsplit", "htrunk", "haglog", "dsplit", "synonyms")


def _world(folder: Path) -> FileWorld:
    """Return a pair whose secondary lacks two intervals, has one that the primary lacks, and other rows in three."""
    files = build_files(
        folder,
        TABLES,
        both={"hsplit": half_hours(0, 400), "htrunk": trunks(0, 700)},
        primary={"hsplit": [*half_hours(400, 700), hsplit(700)]},
        secondary={"hsplit": [*half_hours(500, 630, acdcalls=7), hsplit(630, 1), hsplit(630, 9)]},
    )
    return FileWorld(files)


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> FileWorld:
    """Return the pair, which no test of this module repairs."""
    return _world(tmp_path_factory.mktemp("damaged"))


@pytest.fixture(scope="module")
def verified(damaged: FileWorld) -> Ending:
    """Return a verify of all of it."""
    damaged.code = 3
    return damaged.call("verify", "--window", DAY, window=DAY)


def _texts(world: FileWorld, ending: Ending) -> Iterator[str]:
    for judge in (judge_verdicts, judge_claim, judge_outages):
        yield from (one.text for one in judge(world, ending))


def test_nothing_is_wrong_with_what_the_product_says(damaged: FileWorld) -> None:
    """Verify, outages, check and status of a damaged pair are judged without a violation."""
    damaged.code = 3
    every: tuple[dict[str, Any], ...] = (
        {},
        {"window": WINDOW},
        {"tables": ("hsplit",)},
        {"acds": 1},
        {"source": "secondary"},
    )
    for arguments in every:
        words = [word for name, value in arguments.items() for word in _option(name, value)]
        assert list(_texts(damaged, damaged.call("verify", *words, **arguments))) == []
    for verb in ("verify", "outages", "check", "status"):
        assert list(_texts(damaged, damaged.type(verb))) == []
    assert list(_texts(damaged, damaged.type("verify", "--json"))) == []


def _option(name: str, value: Any) -> Iterator[str]:
    names = {"window": "--window", "tables": "--table", "acds": "--acd", "source": "--from"}
    for one in value if isinstance(value, tuple) else (value,):
        yield from (names[name], str(one))


def test_nothing_is_wrong_with_a_repair(tmp_path: Path) -> None:
    """A resync, the verify after it, and its undo are judged without a violation."""
    world = _world(tmp_path)
    run = world.call("resync", "--window", DAY, window=DAY, allow_deletions=10)
    assert isinstance(run.result, VerifiedRun)
    assert run.result.outcome.inserted > 0
    assert list(_texts(world, run)) == []
    for ending in (world.call("verify", "--window", DAY, window=DAY), world.call("undo")):
        assert list(_texts(world, ending)) == []


def _first(observation: Observation, change: Callable[[TableObservation], TableObservation]) -> Observation:
    """Return an observation in which the table that differs is another."""
    return replace(observation, tables=tuple(change(one) if one.differing else one for one in observation.tables))


def _drift(one: TableObservation, change: Callable[[BucketDrift], BucketDrift]) -> TableObservation:
    return replace(one, differing=(change(one.differing[0]), *one.differing[1:]))


def _scopes(one: TableObservation, change: Callable[[Scope], Scope]) -> TableObservation:
    return replace(one, scopes=tuple(change(scope) for scope in one.scopes))


WRONG: dict[str, tuple[Callable[[TableObservation], TableObservation], str]] = {
    "drift that is not named": (lambda one: replace(one, differing=one.differing[1:]), "is not named"),
    "no drift at all": (lambda one: replace(one, differing=()), "is not named"),
    "drift where there is none": (
        lambda one: _drift(one, lambda drift: replace(drift, bucket=replace(drift.bucket, slot=0))),
        "does not",
    ),
    "another count": (
        lambda one: _drift(one, lambda drift: replace(drift, counts=Counts(changed=1))),
        "is said to",
    ),
    "a window of nothing": (
        lambda one: _scopes(replace(one, differing=()), lambda scope: replace(scope, window=None)),
        "nothing says so",
    ),
    "a scope that is not there": (lambda one: replace(one, scopes=(), differing=()), "nothing says so"),
    "drift outside of what was compared": (lambda one: replace(one, scopes=()), "outside of what"),
    "a column that is not compared": (lambda one: replace(one, compared=one.compared[:-1]), "was not compared"),
    "a table that cannot be read": (lambda one: replace(one, state=TableState.NOT_READ), "and it can"),
    "a table that cannot be compared": (lambda one: replace(one, state=TableState.NOT_COMPARABLE), "and it can"),
    "a table that is on neither server": (lambda one: replace(one, state=TableState.ABSENT), "one does"),
    "nothing to compare": (lambda one: replace(one, state=TableState.NOTHING, scopes=()), "nothing of it"),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_wrong_word_on_a_table_is_found(name: str, damaged: FileWorld, verified: Ending) -> None:
    """A verdict that says something else of one table is a violation."""
    change, text = WRONG[name]
    assert list(_texts(damaged, verified)) == []
    found = list(_texts(damaged, replace(verified, result=_first(verified.result, change))))
    assert any(text in one for one in found), found


def test_a_table_left_out_is_found(damaged: FileWorld, verified: Ending) -> None:
    """A table that was requested has to be in the verdict."""
    result = replace(verified.result, tables=verified.result.tables[1:])
    name = verified.result.tables[0].spec.name
    assert f"{name} was requested, and nothing is said of it" in _texts(damaged, replace(verified, result=result))


def test_a_note_removed_is_found(damaged: FileWorld) -> None:
    """What is not compared, since it is not archived, has to be named."""
    day = "2000-06-05"
    ending = damaged.call("verify", "--window", day, window=day)
    assert list(_texts(damaged, ending)) == []
    silent = _first(ending.result, lambda one: _scopes(one, lambda scope: replace(scope, notes=())))
    assert any("nothing says so" in one for one in _texts(damaged, replace(ending, result=silent)))


def test_an_exit_code_that_does_not_fit_is_found(damaged: FileWorld, verified: Ending) -> None:
    """Exit code 0 is only for a pair that is in sync, by its words and by its rows."""
    found = list(_texts(damaged, replace(verified, code=0)))
    assert "verify ended with 0, and what it says is 3" in found
    assert any("which both servers have archived" in one for one in found)


def test_a_document_is_judged_as_an_observation(damaged: FileWorld) -> None:
    """Drift that the document of `verify --json` lacks is a violation."""
    ending = damaged.type("verify", "--json")
    assert ending.document is not None
    table = next(one for one in ending.document["tables"] if one["table"] == "hsplit")
    table["buckets"].pop()
    assert any("is not named" in one for one in _texts(damaged, ending))


def test_rows_that_others_write_meanwhile_may_be_either(damaged: FileWorld, verified: Ending) -> None:
    """A bucket that changed during the command may be named or not; all others are judged."""
    repaired = dict(verified.before.bags["secondary"])
    repaired["hsplit"] = verified.before.bags["primary"]["hsplit"]
    after = replace(verified.after, bags={**verified.after.bags, "secondary": repaired})
    assert list(_texts(damaged, replace(verified, after=after))) == []
    nothing = _first(verified.result, lambda one: replace(one, differing=()))
    assert list(_texts(damaged, replace(verified, after=after, code=0, result=nothing))) == []


def test_rows_that_differ_after_a_run_are_found(tmp_path: Path) -> None:
    """A run that ended with 0 is judged by the rows after it."""
    world = _world(tmp_path)
    ending = world.call("resync", "--window", DAY, window=DAY, allow_deletions=10)
    assert list(_texts(world, ending)) == []
    found = list(_texts(world, replace(ending, after=ending.before)))
    assert any("is not named" in one for one in found)
    assert any("resync ended with 0" in one for one in found)


def test_an_outage_that_is_not_repaired_is_found(tmp_path: Path) -> None:
    """Where one server was blind and its rows differ, `outages` cannot say that there is nothing to repair."""
    world = FileWorld(
        build_files(
            tmp_path,
            ("hsplit", "htrunk"),
            both={"htrunk": trunks(0, 700), "hsplit": half_hours(0, 400)},
            primary={"hsplit": half_hours(400, 700)},
            secondary={"linkex": [outage(400, 10_800)]},
        ),
        Scenario(happenings=(LinkDown("secondary", 4 * 3600, 10_800),)),
    )
    ending = world.type("outages")
    assert ending.code == 3
    assert list(_texts(world, ending)) == []
    assert any("one server was blind" in one for one in _texts(world, replace(ending, code=0)))
