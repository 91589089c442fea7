"""Imitates triggers and references on the secondary, which tables of embedded servers do not have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from syncengine.execute.transaction import BatchWriter
from syncengine.model.pair import Role
from syncengine.model.surroundings import (
    Surroundings,
    TableSideEffect,
    Trigger,
    Write,
)
from syncengine.servers.duckdb.server import DuckDBServer
from tests.builders import Files, build_files
from tests.scenes import code, trunks

COUNTS = Trigger("c_counting", (Write.INSERT,))
ON_DELETE = Trigger("c_deleting", (Write.DELETE,))
REAL_SURROUNDINGS = DuckDBServer.surroundings
BOTH = ("htrunk", "hcwc")


class Imitation:
    """What the secondary reports around tables, beyond what embedded servers have; it can change during a run."""

    def __init__(self) -> None:
        self.around: dict[str, dict[str, Any]] = {}

    def have(self, table: str, **around: Any) -> None:
        """Let a table have something around it from now on, or nothing."""
        self.around[table] = around

    def surroundings(self, server: DuckDBServer, names: Collection[str]) -> Mapping[str, Surroundings]:
        """Answer as the server does."""
        found = dict(REAL_SURROUNDINGS(server, names))
        if server.describe().role is Role.SECONDARY:
            found |= {name: replace(found[name], **more) for name, more in self.around.items() if name in found}
        return found


@pytest.fixture
def imitation(monkeypatch: pytest.MonkeyPatch) -> Imitation:
    """Give the imitation, nothing around any table yet."""
    made = Imitation()

    def surroundings(self: DuckDBServer, names: Collection[str]) -> Mapping[str, Surroundings]:
        return made.surroundings(self, names)

    monkeypatch.setattr(DuckDBServer, "surroundings", surroundings)
    return made


@contextmanager
def once_written(table: str, then: Callable[[], None]) -> Iterator[None]:
    """Do something as soon as a batch of a table is written."""
    write = BatchWriter.write

    def written(self: BatchWriter, batch: Any, prepared: Any, **how: Any) -> None:
        write(self, batch, prepared, **how)
        if batch.parts[0].table == table:
            then()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BatchWriter, "write", written)
        yield


def stop() -> None:
    """Stop as Ctrl-C does."""
    raise KeyboardInterrupt


def two_tables(folder: Path, **more: Any) -> Files:
    """Build a pair of which two tables differ in the guide's half hour: hcwc is written first."""
    return build_files(
        folder,
        BOTH,
        both={"htrunk": [*trunks(400, 500), *trunks(530, 700)]},
        primary={"htrunk": trunks(500, 530, incalls=9), "hcwc": [code(500, acdcalls=9)]},
        secondary={"htrunk": trunks(500, 530), "hcwc": [code(500)]},
        **more,
    )


def names(side_effects: Collection[TableSideEffect]) -> list[tuple[str, str]]:
    """Return the table and the trigger or reference of each."""
    return [(one.table, one.effect.name) for one in side_effects]
