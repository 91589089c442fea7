"""`syncengine demo`: the story of an outage from end to end, on a small pair."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from syncengine.demo import DemoPair, build
from syncengine.demo.build import build_pair
from tests.builders import Files, narrow
from tests.cli.terminal import CommandResult, Typing, contents, suggested, type_in_process

SMALL = ("--days", "2", "--splits", "2", "--agents", "4", "--vdns", "2", "--trunks", "4", "--acds", "1")
REPAIR = ("--window", "2000-06-05 05:13..05:19")


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CommandResult]:
    """Build a small demo pair, stop at the damage, and make its tables narrow; tests work on copies of it."""
    folder = tmp_path_factory.mktemp("demo") / "pair"
    result = type_in_process("demo", "--into", folder, *SMALL, "--no-resync")
    narrow(folder)
    return folder, result


@pytest.mark.soak
def test_the_story_ends_in_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo builds a pair, finds the drift, plans, repairs and proves it; it exits with 0, as the tutorial shows."""

    def built(folder: Path, *given: Any, **named: Any) -> DemoPair:
        pair = build_pair(folder, *given, **named)
        narrow(folder)
        return pair

    monkeypatch.setattr(build, "build_pair", built)
    result = type_in_process("demo", "--into", tmp_path / "pair", *SMALL)

    assert result.code == 0, result.err
    chapters = [
        result.out.index(chapter)
        for chapter in ("1. The pair", "2. The drift", "3. Administration first", "4. Then history")
    ]
    assert chapters == sorted(chapters)
    assert "DRIFT" in result.out
    assert "IN SYNC" in result.out.partition("5. In sync again")[2]
    assert "Traceback" not in result.err


@pytest.mark.soak
def test_without_resync_it_stops_at_the_damage(
    damaged: tuple[Path, CommandResult], tmp_path: Path, typed: Typing
) -> None:
    """--no-resync says what to type next, and that verify finds the drift of the outage alone."""
    folder, built = damaged
    shutil.copytree(folder, tmp_path / "pair")

    result = typed("verify", "--pair", tmp_path / "pair" / "pair.toml", "--json")

    differing = {table["table"]: table for table in result.document["tables"] if not table["in_sync"]}
    assert built.code == 0, built.err
    assert f"syncengine verify --pair {folder / 'pair.toml'}" in built.out
    assert result.code == 3
    assert {"hsplit", "synonyms", "agroups"} <= set(differing)
    assert {bucket["slot"] for bucket in differing["hsplit"]["buckets"]} == {500}
    assert "dsplit" not in differing


@pytest.fixture(scope="module")
def repaired(
    damaged: tuple[Path, CommandResult], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Files, CommandResult]:
    """Copy the damaged pair to another folder and repair it there; tests read it and change nothing."""
    copy = tmp_path_factory.mktemp("elsewhere") / "pair"
    shutil.copytree(damaged[0], copy)
    type_in_process("sync", "--pair", copy / "pair.toml", "--set", "agent-groups", "--yes")
    return Files(copy), type_in_process("resync", "--pair", copy / "pair.toml", *REPAIR, "--yes")


@pytest.mark.soak
def test_a_copied_folder_works(damaged: tuple[Path, CommandResult], repaired: tuple[Files, CommandResult]) -> None:
    """A copy of the folder is a pair of its own: it is repaired there, and the first one stays damaged."""
    first, copy = Files(damaged[0]), repaired[0]

    interval = "row_date = DATE '2000-06-05' AND starttime = 500 AND acd = 1"
    assert repaired[1].code == 0, repaired[1].err
    assert "IN SYNC" in repaired[1].out
    assert copy.bag("secondary", "hsplit", interval) == first.bag("primary", "hsplit", interval)
    assert first.bag("secondary", "hsplit", interval) != first.bag("primary", "hsplit", interval)


@pytest.mark.soak
@pytest.mark.parametrize("tables", [("hsplit",), ("synonyms", "agroups")])
def test_the_command_that_verify_names_repairs_the_pair(
    damaged: tuple[Path, CommandResult], tmp_path: Path, typed: Typing, tables: tuple[str, ...]
) -> None:
    """The command that verify ends with is one that can be typed, and what it names is what to repair."""
    folder, _ = damaged
    shutil.copytree(folder, tmp_path / "pair")
    pair = tmp_path / "pair" / "pair.toml"

    named = [word for table in tables for word in ("--table", table)]

    result = typed("verify", "--pair", pair, *named)
    command = suggested(result.out, "To repair it")[0]

    assert typed(*("--yes" if word == "--dry-run" else word for word in command)).code == 0
    assert typed("verify", "--pair", pair, *named).code == 0


@pytest.mark.soak
def test_a_repair_leaves_all_else_as_it_was(
    damaged: tuple[Path, CommandResult], repaired: tuple[Files, CommandResult]
) -> None:
    """Nothing on the primary and no row of another interval on the secondary changes by the resync."""
    before, after = Files(damaged[0]), repaired[0]
    outside = "row_date <> DATE '2000-06-05' OR starttime <> 500"

    assert after.database("primary").read_bytes() == before.database("primary").read_bytes()
    for table in ("hsplit", "hagent", "hvdn", "htrunk"):
        assert after.bag("secondary", table, outside) == before.bag("secondary", table, outside), table


def test_a_pair_is_never_written_over_another(damaged: tuple[Path, CommandResult], typed: Typing) -> None:
    """A demo into a folder that holds a pair ends with exit 2, names what is there, and leaves it."""
    folder, _ = damaged
    before = contents(folder)

    result = typed("demo", "--into", folder, *SMALL)

    assert result.code == 2
    assert "pair.toml" in result.err
    assert "Name another folder" in result.err
    assert contents(folder) == before


@pytest.mark.parametrize(("option", "value"), [("--days", "63"), ("--acds", "0"), ("--trunks", "-1")])
def test_a_shape_no_cms_has_is_refused(tmp_path: Path, typed: Typing, option: str, value: str) -> None:
    """A number of days, ACDs or trunks that cannot be ends with exit 2, the limits, and no folder."""
    result = typed("demo", "--into", tmp_path / "pair", option, value)

    assert result.code == 2
    assert option.removeprefix("--") in result.err
    assert not (tmp_path / "pair").exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path, typed: Typing) -> None:
    """A demo into a file ends with a sentence and not a trace."""
    (tmp_path / "pair").write_text("mine")

    result = typed("demo", "--into", tmp_path / "pair", *SMALL)

    assert result.code in (1, 2)
    assert str(tmp_path / "pair") in result.err
    assert "Traceback" not in result.err
    assert (tmp_path / "pair").read_text() == "mine"


@pytest.mark.soak
def test_other_files_in_the_folder_are_left_alone(tmp_path: Path, typed: Typing) -> None:
    """A demo into a folder with other things in it builds its pair beside them and changes none of them."""
    (tmp_path / "pair").mkdir()
    (tmp_path / "pair" / "notes.txt").write_text("mine")

    result = typed("demo", "--into", tmp_path / "pair", *SMALL, "--no-resync")

    assert result.code == 0
    assert (tmp_path / "pair" / "notes.txt").read_text() == "mine"
    assert {path.name for path in (tmp_path / "pair").iterdir()} == {
        "notes.txt",
        "pair.toml",
        "primary.duckdb",
        "secondary.duckdb",
    }
