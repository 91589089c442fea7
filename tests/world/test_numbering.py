"""Servers of a world number their rows as a SERIAL column does, in some worlds by the highest number that is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from syncengine.servers.protocol import Server, WriteSession
from tests.world.clock import HOUR
from tests.world.numbering import FIRST_NUMBERS, NumberedServer, Numbers, reuses_numbers
from tests.world.values import Acd, Command, LinkDown, Scenario
from tests.world.world import World

COUNTED, REUSED = Scenario(seed=4), Scenario(seed=3)


def test_a_share_of_the_worlds_reuses_numbers() -> None:
    """In four of five worlds servers count."""
    assert sum(reuses_numbers(Scenario(seed=seed)) for seed in range(100)) == 20


def test_a_counter_never_goes_back() -> None:
    """The number of a row that is gone again is not given twice."""
    numbers = Numbers(COUNTED, "secondary")
    assert numbers.taken("haglog", 3, None) == FIRST_NUMBERS["secondary"] == 4
    assert numbers.taken("haglog", 1, 4) == 7
    numbers.used("haglog", 20)
    numbers.used("haglog", 9)
    assert numbers.taken("haglog", 1, None) == 21
    assert numbers.taken("call_rec", 1, None) == 4


def test_a_number_that_is_there_is_never_given() -> None:
    """Rows that nobody has noticed are passed too, in both kinds of worlds."""
    for scenario in (COUNTED, REUSED):
        assert Numbers(scenario, "primary").taken("haglog", 2, 12) == 13


def test_numbers_of_rows_that_are_gone_come_again_in_a_share() -> None:
    """There the next number follows from the rows alone."""
    numbers = Numbers(REUSED, "primary")
    assert numbers.taken("haglog", 5, None) == 1
    numbers.used("haglog", 20)
    assert numbers.taken("haglog", 1, 3) == 4
    assert numbers.taken("haglog", 1, None) == 1


def test_a_tape_has_the_counter_of_its_time() -> None:
    """A server that is restored gives the numbers again that it gave since then."""
    numbers = Numbers(COUNTED, "primary")
    numbers.taken("haglog", 5, None)
    numbers.save(0)
    numbers.taken("haglog", 5, None)
    numbers.restore(0)
    assert numbers.taken("haglog", 1, 5) == 6


def test_a_transaction_that_is_done_again_takes_its_numbers_once() -> None:
    """What another session forbids is done later, with the numbers that it would have had."""
    numbers = Numbers(COUNTED, "primary")

    def busy() -> None:
        with numbers.undone_by(ValueError):
            numbers.taken("haglog", 5, None)
            raise ValueError("busy")

    with pytest.raises(ValueError, match="busy"):
        busy()
    assert numbers.taken("haglog", 1, None) == 1


class _Session:
    id = "1"

    def insert(self, table: str, rows: pa.RecordBatchReader) -> int:
        """Take all rows."""
        del table
        return sum(batch.num_rows for batch in rows)


class _Server:
    @contextmanager
    def begin(self) -> Iterator[Any]:
        """Open a transaction."""
        yield _Session()


def test_numbers_that_the_product_inserts_are_noticed() -> None:
    """The highest number of each batch moves the counter, as it is inserted; no row is lost."""
    used: list[tuple[str, int]] = []
    inner: Any = _Server()
    server: Server = NumberedServer(inner, lambda table, number: used.append((table, number)))
    rows = pa.table({"acd": [1, 1, 1], "seqnum": [7, 31, None]})
    unnumbered = pa.table({"acd": [1]})
    session: WriteSession
    with server.begin() as session:
        assert session.insert("haglog", pa.RecordBatchReader.from_batches(rows.schema, rows.to_batches(2))) == 3
        assert session.insert("hsplit", unnumbered.to_reader()) == 1
    assert used == [("haglog", 31)]


def test_a_server_moves_past_the_numbers_of_a_run(tmp_path: Path) -> None:
    """What a run inserted and an undo deleted again is not given by the server afterwards."""
    repair = Command(14 * HOUR, "resync", ("--outages", "--yes"))
    commands = (repair, Command(14 * HOUR + 1, "undo", ("--yes",)))
    scenario = Scenario(
        seed=4,
        days=1,
        acds=(Acd(agents=2, splits=1),),
        happenings=(LinkDown("secondary", 10 * HOUR, HOUR),),
        commands=commands,
    )
    world = World(scenario, tmp_path)
    try:
        for number, command in enumerate(commands):
            world.carry_out(command, number)
        place = world.site.databases["secondary"].columns("haglog").index("seqnum")
        repaired, undone = (max(row[place] for row in one.after.bags["secondary"]["haglog"]) for one in world.endings)
        assert undone < repaired
        world.site.advance(scenario.last)
        own, _ = world.site.changes("secondary", "haglog", 14 * HOUR + 1, scenario.last)
        assert min(row[place] for row in own) == repaired + 1
    finally:
        world.close()
