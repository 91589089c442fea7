"""A check of a pair: who the two servers are, whether they are set up alike, and what works in a scratch table."""

from __future__ import annotations

from dataclasses import dataclass, replace

from syncengine import machine
from syncengine.catalogue import Catalogue
from syncengine.jobs.connections import Connections, as_of
from syncengine.model.check import PairCheck
from syncengine.model.pair import PairSettings
from syncengine.model.progress import Progress
from syncengine.observe.check.check import check, run_scratch_cases
from syncengine.observe.check.server import InspectionOptions
from syncengine.observe.facts import FACTS
from syncengine.staging.cache import Cache

SCRATCH_LOCK_SECONDS = 2
"""How long a session in a scratch table waits for a lock; one case makes it wait."""


@dataclass(frozen=True, slots=True)
class Check:
    """Checks one pair."""

    settings: PairSettings
    catalogue: Catalogue
    connections: Connections
    progress: Progress

    def set_up(self) -> PairCheck:
        """Return whether both servers are set up alike, by the few tables that show it. Reads only."""
        few = tuple(spec for spec in self.catalogue.tables if spec.witness or spec.set_up or spec.name in FACTS)
        return replace(self, catalogue=replace(self.catalogue, tables=few)).run(scratch=False)

    def run(self, *, scratch: bool) -> PairCheck:
        """Return the results; only with `scratch` is anything written. A server that fails does not raise."""
        questions = InspectionOptions(self.settings, self.catalogue, as_of(self.settings))
        limits = self.settings.limits
        if scratch:
            limits = replace(limits, lock_seconds=min(limits.lock_seconds, SCRATCH_LOCK_SECONDS))
        with self.connections.each(writable=scratch, limits=limits) as (servers, failed):
            found = check(servers, failed, questions, self.progress, seed=machine.seed())
            if not scratch:
                return found
            with Cache.of(self.settings) as cache:
                return run_scratch_cases(
                    found, servers, questions, cache, self.progress, lock_seconds=limits.lock_seconds
                )
