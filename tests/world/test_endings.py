"""The judge of endings is silent on how the product ends, and names each ending that is not documented."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.errors import RefusedError, ServerUnreachableError, WindowError
from tests.builders import build_files, half_hours
from tests.scenes import WINDOW, trunks
from tests.world.ending import Ending
from tests.world.oracle.endings import judge_endings
from tests.world.said import FileSite, FileWorld


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> FileWorld:
    """Return a pair whose secondary lacks some intervals."""
    files = build_files(
        tmp_path_factory.mktemp("pair"),
        ("hsplit", "htrunk"),
        both={"hsplit": half_hours(0, 400), "htrunk": trunks(0, 700)},
        primary={"hsplit": half_hours(400, 700)},
    )
    return FileWorld(files)


def _texts(world: FileWorld, ending: Ending) -> list[str]:
    return [one.text for one in judge_endings(world, ending)]


@pytest.mark.parametrize(
    "words",
    [
        ("verify",),
        ("verify", "--json"),
        ("verify", "--window", "yesterday"),
        ("verify", "--window", "yesterday", "--json"),
        ("verify", "--table", "hsplitt", "--json"),
        ("verify", "--tabel", "hsplit"),
        ("resync", "--window", WINDOW),
        ("resync", "--window", WINDOW, "--dry-run", "--json"),
        ("resync", "--window", "2000-06-05", "--yes", "--json"),
        ("resync", "--table", "dcalloc", "--yes"),
        ("sync", "--yes"),
        ("undo", "--yes"),
        ("resume", "--yes"),
        ("report", "--json"),
        ("status", "--json"),
        ("check", "--json"),
        ("outages", "--since", "2000-06-05 05:00", "--json"),
        ("runs",),
    ],
)
def test_nothing_is_wrong_with_how_commands_end(world: FileWorld, words: tuple[str, ...]) -> None:
    """Commands that are right, wrong or refused end as documented."""
    ending = world.type(*words)
    assert _texts(world, ending) == [], ending.said


def test_nothing_is_wrong_with_errors_of_the_python_api(world: FileWorld) -> None:
    """What the Python API raises stands for its exit code, and is a sentence."""
    for arguments in ({"window": "2000-06-05 05:93..05:19"}, {"window": "2000-06-05"}, {"tables": "dcalloc"}):
        ending = world.call("resync", **arguments)
        assert ending.error is not None
        assert _texts(world, ending) == []


BACKWARDS = WindowError("It runs backwards.", hint="Turn it round.")
REFUSED = RefusedError("It is forbidden.")
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a code that is not documented": ({"code": 6}, "is not documented"),
    "a code of another command": ({"code": 5}, "is not documented for it"),
    "a trace": ({"said": "Traceback (most recent call last):\n"}, "a trace"),
    "a fault of our own": ({"said": "This is a fault of syncengine: KeyError"}, "a trace"),
    "an error of another kind": ({"error": KeyError("acd"), "code": 1}, "is not an error of syncengine"),
    "a code of another error": ({"error": BACKWARDS, "code": 1}, "stands for 2"),
    "a refusal with the code of an error": ({"error": REFUSED, "code": 1}, "stands for 4"),
    "a message without a word": ({"error": ServerUnreachableError(" "), "code": 1}, "the message is empty"),
    "a message that is no sentence": ({"error": ServerUnreachableError("gone"), "code": 1}, "no sentence"),
    "nothing to type": ({"error": WindowError("It runs backwards."), "code": 2}, "what to type"),
    "a failure without a reason": ({"code": 1}, "nothing has failed"),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_wrong_ending_is_found(name: str, world: FileWorld) -> None:
    """An ending that is not documented is a violation."""
    changes, text = WRONG[name]
    world.code = 3
    ending = world.call("verify")
    assert _texts(world, ending) == []
    found = _texts(world, replace(ending, **changes))
    assert any(text in one for one in found), found


def test_rows_changed_by_a_refused_command_are_found(world: FileWorld) -> None:
    """Bad input and what is forbidden change no row."""
    ending = world.call("resync", window="2000-06-05")
    assert ending.code == 4
    after = replace(ending.after, bags={**ending.after.bags, "secondary": {"hsplit": Counter()}})
    assert any("hsplit of secondary has changed" in one for one in _texts(world, replace(ending, after=after)))


def test_documents_are_judged(world: FileWorld) -> None:
    """With `--json` there is a document, and that of an error has the exit code."""
    ending = world.type("verify", "--window", "yesterday", "--json")
    assert ending.document is not None
    wrong = replace(ending, document={**ending.document, "code": 1})
    assert any("the document says code 1" in one for one in _texts(world, wrong))
    verified = world.type("verify", "--json")
    assert any("no document" in one for one in _texts(world, replace(verified, document=None)))
    assert any("printed nothing" in one for one in _texts(world, replace(ending, said=" ", code=4)))


def test_a_secret_is_found(tmp_path: Path) -> None:
    """A password of a url is in no message."""
    world = FileWorld(build_files(tmp_path))
    world.site = FileSite(world.files, "postgresql://cms:sesame@host/cms")
    ending = world.type("check")
    assert _texts(world, ending) == []
    assert any("secret" in one for one in _texts(world, replace(ending, said="no connection as cms:sesame.")))
