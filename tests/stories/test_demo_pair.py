"""The story of `make demo` on pairs of live servers, and on pairs of unlike ones: the same drift, repaired the same."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from syncengine.demo import DemoShape, build_pair
from syncengine.model.pair import Role
from tests.cli.terminal import CommandResult, type_in_process
from tests.stories.servers import HOMES, MARKS, PASSWORDS, Bag, Home, as_text

pytestmark = pytest.mark.soak
SHAPE = DemoShape(days=3, acds=2, splits=3, agents=12, vdns=6, trunks=10)
SYNC = ("--set", "agent-groups", "--yes")
REPAIR = ("--window", "2000-06-05 05:13..05:19", "--yes")
PAIRS = (
    ("informix", "informix"),
    ("postgresql", "postgresql"),
    ("informix", "embedded"),
    ("postgresql", "informix"),
    ("embedded", "postgresql"),
)
WRITTEN = ("hsplit", "hagent", "hvdn", "htrunk", "htkgrp", "hvector", "hcwc", "synonyms", "agroups", "haglog", "agex")
"""Tables that the repair writes, or might write."""


@dataclass(frozen=True)
class Embedded:
    """The damaged pair as files, and the rows of a copy that was repaired."""

    folder: Path
    verdict: dict[str, Any]
    repaired: Mapping[str, Bag]


def differing(document: dict[str, Any]) -> dict[str, Any]:
    """Return what differs in each table, by bucket, without what depends on the kind of server."""
    return {table["table"]: table["buckets"] for table in document["tables"] if table["buckets"]}


def compared(document: dict[str, Any]) -> dict[str, Any]:
    """Return how much of each table was compared, and how strongly."""
    names = ("state", "strength", "buckets_compared", "rows_compared")
    return {table["table"]: [table.get(name) for name in names] for table in document["tables"]}


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Embedded:
    """Build the damaged pair, and repair a copy of it, on embedded servers: the others are compared with it."""
    folder = tmp_path_factory.mktemp("story") / "pair"
    build_pair(folder, SHAPE)
    copy = folder.parent / "repaired"
    shutil.copytree(folder, copy)
    before = type_in_process("verify", "--pair", copy / "pair.toml", "--json").document
    for command, words in (("sync", SYNC), ("resync", REPAIR)):
        assert type_in_process(command, "--pair", copy / "pair.toml", *words).code == 0
    home = HOMES["embedded"](copy / "secondary.duckdb")
    return Embedded(folder, before, {table: as_text(home.rows(table)) for table in WRITTEN})


@dataclass(frozen=True)
class CommandRun:
    """What the commands printed for a pair, and the rows of its secondary afterwards."""

    before: CommandResult
    sync: CommandResult
    resync: CommandResult
    after: CommandResult
    target: Mapping[str, Bag]
    messages: str


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(pair, id="-".join(pair), marks=[MARKS[kind] for kind in dict.fromkeys(pair) if kind in MARKS])
        for pair in PAIRS
    ],
)
def command_run(
    request: pytest.FixtureRequest, embedded: Embedded, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CommandRun]:
    """Copy the damaged pair to two servers and do there what the demo does."""
    folder = tmp_path_factory.mktemp("kinds")
    shutil.copytree(embedded.folder, folder, dirs_exist_ok=True)
    homes: dict[Role, Home] = {}
    text = (folder / "pair.toml").read_text()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in PASSWORDS.items():
            patch.setenv(name, value)
        try:
            for role, kind in zip(Role, request.param, strict=True):
                homes[role] = HOMES[kind](folder / f"{role}.duckdb")
                text = text.replace(f"duckdb:///{role}.duckdb", homes[role].url)
            (folder / "pair.toml").write_text(text)
            verify = ("verify", "--pair", folder / "pair.toml", "--json")
            before = type_in_process(*verify)
            sync = type_in_process("sync", "--pair", folder / "pair.toml", *SYNC)
            resync = type_in_process("resync", "--pair", folder / "pair.toml", *REPAIR)
            after = type_in_process(*verify)
            target = {table: as_text(homes[Role.SECONDARY].rows(table)) for table in WRITTEN}
            printed = "".join(one.out + one.err for one in (before, sync, resync, after))
            saved = [file for file in (folder / "pair.staging").rglob("*") if file.suffix in (".json", ".jsonl")]
            yield CommandRun(before, sync, resync, after, target, printed + "".join(file.read_text() for file in saved))
        finally:
            for home in homes.values():
                home.end()


def test_the_same_drift_is_found(command_run: CommandRun, embedded: Embedded) -> None:
    """Every bucket that differs between the files differs between the servers, with the same counts, and no other."""
    assert command_run.before.code == 3, command_run.before.err
    assert differing(command_run.before.document) == differing(embedded.verdict)
    assert compared(command_run.before.document) == compared(embedded.verdict)


def test_it_is_repaired(command_run: CommandRun) -> None:
    """The resync writes what its plan says and ends in sync with exit 0."""
    assert command_run.sync.code == 0, command_run.sync.text
    assert command_run.resync.code == 0, command_run.resync.text
    assert re.search(r"\d+ of \d+ steps done", command_run.resync.out)
    assert "IN SYNC" in command_run.resync.out


def test_the_target_equals_a_repaired_file(command_run: CommandRun, embedded: Embedded) -> None:
    """Row by row the secondary is as the embedded one after its resync: dates, decimals, padding and NULL."""
    for table in WRITTEN:
        assert command_run.target[table] == embedded.repaired[table], table


def test_everything_is_in_sync_after_it(command_run: CommandRun) -> None:
    """A fresh verify of all tables finds no drift."""
    assert command_run.after.code == 0, command_run.after.text
    assert differing(command_run.after.document) == {}


def test_no_password_is_printed(command_run: CommandRun) -> None:
    """Neither the commands nor what is saved in the staging folder shows a password."""
    for password in PASSWORDS.values():
        assert password not in command_run.messages
