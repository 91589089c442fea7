"""Small worlds whose servers the product really repairs, for the tests of the judges of rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from syncengine.app import open_pair, table_settings
from syncengine.app.pair import Pair
from syncengine.model.plan import Plan
from syncengine.model.verified_run import VerifiedRun
from syncengine.servers.duckdb import server as duckdb_server
from tests.world.collection import recorded, views
from tests.world.databases import WorldDuckDB
from tests.world.ending import Ending
from tests.world.history import history
from tests.world.life import Site
from tests.world.tables import world_catalogue
from tests.world.values import SERVERS, Bag, Command, Recorded, Scenario, Server, Snapshot, View


@dataclass
class Scene:
    """A world that a test leads by hand."""

    scenario: Scenario
    site: Site
    records: dict[Server, tuple[Recorded, ...]]
    perfect: dict[Server, tuple[Recorded, ...]]
    views: dict[Server, View]
    endings: list[Ending] = field(default_factory=list)
    tally: Any = field(default_factory=lambda: SimpleNamespace(checks=Counter()))

    def pair(self) -> Pair:
        """Open the pair, as of the second of the world."""
        file = self.site.pair_file.with_name("judged.toml")
        shown = self.scenario.clock.shown(self.site.now)
        file.write_text(f"as_of = {shown:%Y-%m-%dT%H:%M:%S}\n{self.site.pair_file.read_text()}")
        return open_pair(file)

    def executed(self, plan: Plan | None, *words: str, code: int | None = None) -> Ending:
        """Execute a plan, and return how it ended."""
        before = self.site.snapshot()
        run = self.pair().execute(plan) if plan is not None and plan.steps else None
        return self.ended(before, run, (plan,) if plan is not None else (), words, code)

    def ended(
        self,
        before: Snapshot,
        run: VerifiedRun | None,
        plans: tuple[Plan, ...],
        words: tuple[str, ...],
        code: int | None = None,
    ) -> Ending:
        """Return how a command ended, and remember it."""
        if code is None:
            code = 0 if run is None or run.outcome.done else 5
        ending = Ending(
            len(self.endings),
            Command(self.site.now, words[0], words[1:], typed=False),
            words,
            before,
            self.site.snapshot(),
            code,
            run,
            plans=plans,
            run_id=self.pair().runs()[-1].id if run is not None else "",
        )
        self.endings.append(ending)
        return ending


@contextmanager
def scene_of(scenario: Scenario) -> Iterator[Scene]:
    """Make the world of a scenario as it begins, with the product's ways to it."""
    switch, seen = history(scenario), views(scenario)
    records = {server: recorded(scenario, switch, seen[server]) for server in SERVERS}
    perfect = {server: recorded(scenario, switch, seen[server].perfect) for server in SERVERS}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="world-")))
        site = Site(scenario, folder, records)
        stack.callback(site.close)
        stack.enter_context(patch.object(duckdb_server, "duckdb", WorldDuckDB(site.databases)))
        stack.enter_context(
            patch.object(table_settings, "load_catalogue", lambda *_, **__: world_catalogue(scenario.whole))
        )
        yield Scene(scenario, site, records, perfect, seen)


def with_rows(ending: Ending, server: Server, table: str, rows: Bag) -> Ending:
    """Return an ending after which a table of a server holds other rows."""
    bags: dict[Server, Mapping[str, Bag]] = dict(ending.after.bags)
    bags[server] = {**bags[server], table: rows}
    return replace(ending, after=replace(ending.after, bags=bags))
