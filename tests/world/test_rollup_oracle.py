"""The oracle of roll-ups is silent on a right ending, and speaks of each kind of wrong one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest

from syncengine.app import open_pair
from syncengine.servers.duckdb import server as duckdb_server
from tests.world.clock import DAY, HOUR
from tests.world.collection import recorded, views
from tests.world.databases import WorldDuckDB
from tests.world.ending import Ending
from tests.world.history import history
from tests.world.life import Site
from tests.world.oracle.rollups import judge_rollups
from tests.world.tables import world_catalogue
from tests.world.values import SERVERS, Acd, Command, LinkDown, Scenario, Snapshot

DOWN = Scenario(
    seed=4,
    start=date(2000, 6, 3),
    days=3,
    acds=(Acd(agents=3),),
    happenings=(LinkDown("secondary", 10 * HOUR + 777, 2 * HOUR),),
)
WORDS = ("resync", "--window", "2000-06-03 10:00..12:30", "--table", "hsplit", "--table", "hagent")


@contextmanager
def repaired(rollups: str) -> Iterator[tuple[Any, Ending]]:
    """Repair an outage of the day before, and give the world and the ending."""
    switch, seen = history(DOWN), views(DOWN)
    records = {server: recorded(DOWN, switch, seen[server]) for server in SERVERS}
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("syncengine.app.table_settings.load_catalogue", lambda *_: world_catalogue())
        site = Site(DOWN, Path(folder), records)
        patch.setattr(duckdb_server, "duckdb", WorldDuckDB(site.databases))
        try:
            site.pair_file.write_text(f"as_of = 2000-06-05T10:00:00\n{site.pair_file.read_text()}")
            site.advance(2 * DAY + 10 * HOUR)
            perfect = {server: recorded(DOWN, switch, seen[server].perfect) for server in SERVERS}
            world = SimpleNamespace(scenario=DOWN, site=site, perfect=perfect, views=seen, endings=[])
            before = site.snapshot()
            pair = open_pair(site.pair_file)
            plan = pair.plan_resync(window="2000-06-03 10:00..12:30", tables=["hsplit", "hagent"], rollups=rollups)
            result = pair.execute(plan)
            command = Command(site.now, "resync", WORDS[1:])
            yield world, Ending(0, command, WORDS, before, site.snapshot(), code=0, result=result, plans=(plan,))
        finally:
            site.close()


def with_one_more(ending: Ending, table: str, *, written: bool = True) -> Ending:
    """Return an ending after which a row of the secondary has another number of calls, or is as before."""
    before, after = ending.before.bags["secondary"][table], Counter(ending.after.bags["secondary"][table])
    names = [column.name for column in world_catalogue().table(table).columns]
    calls = names.index("acdcalls")
    wrong = min(after - before, key=repr)
    after[wrong] -= 1
    if written:
        after[(*wrong[:calls], wrong[calls] + 1, *wrong[calls + 1 :])] += 1
    bags = {**ending.after.bags, "secondary": {**ending.after.bags["secondary"], table: +after}}
    return replace(ending, after=Snapshot(ending.after.at, bags))


def test_recomputed_days_are_the_truth() -> None:
    """A day that was recomputed from repaired intervals is right; one call more is not."""
    with repaired("recompute") as (world, ending):
        assert ending.before.bags["secondary"]["dsplit"] != ending.after.bags["secondary"]["dsplit"]
        assert list(judge_rollups(world, ending)) == []
        for table in ("dsplit", "dagent"):
            said = [one.text for one in judge_rollups(world, with_one_more(ending, table))]
            assert any(f"secondary {table} ACD 1 2000-06-03 was recomputed and is not the truth" in one for one in said)
            assert any("is not what its intervals make" in one for one in said)


def test_days_that_are_left_are_named() -> None:
    """A day that was summed from broken intervals is named in the plan; one that is not is found."""
    with repaired("list") as (world, ending):
        assert ending.before.bags["secondary"]["dsplit"] == ending.after.bags["secondary"]["dsplit"]
        assert list(judge_rollups(world, ending)) == []
        (plan,) = ending.plans
        silent = replace(ending, plans=(replace(plan, stale=()),))
        said = [one.text for one in judge_rollups(world, silent)]
        assert any("dsplit ACD 1 2000-06-03 is neither recomputed nor named" in one for one in said)
        assert any("dagent ACD 1 2000-06-03 is neither recomputed nor named" in one for one in said)
