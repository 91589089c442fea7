"""A resync of history: what differs in a time, planned from one server to the other."""

from __future__ import annotations

from dataclasses import dataclass, replace

from syncengine.catalogue import Catalogue
from syncengine.jobs.archive_wait import awaited
from syncengine.jobs.connections import Connections
from syncengine.jobs.observation import Observer, refuse_nothing_held
from syncengine.jobs.rollups.repair import MendingRollups
from syncengine.jobs.surroundings import planned, surrounded
from syncengine.model.allowed import NOTHING, Allowed
from syncengine.model.pair import Limits, PairSettings, Role
from syncengine.model.plan import Plan
from syncengine.model.plan_kind import Resync
from syncengine.model.progress import Progress
from syncengine.model.spec import TableSpec
from syncengine.model.window import Window
from syncengine.planning.plan import Wishes


@dataclass(frozen=True, slots=True)
class ResyncWishes:
    """What of history is to be copied, and how."""

    specs: tuple[TableSpec, ...]
    window: Window
    source: Role
    acds: tuple[int, ...]
    kind: Resync
    limits: Limits
    take_broken: bool
    named: frozenset[str] = frozenset()
    """The tables that were asked for by name."""
    excluded: frozenset[str] = frozenset()
    """The tables that are left out, also where days, weeks and months follow."""
    allowed: Allowed = NOTHING


@dataclass(frozen=True, slots=True)
class Resyncing:
    """Plans the resyncs of one pair."""

    settings: PairSettings
    catalogue: Catalogue
    connections: Connections
    observer: Observer
    rollups: MendingRollups
    progress: Progress

    def plan(self, wishes: ResyncWishes, *, wait: bool) -> Plan:
        """Return the plan, writing nothing; with `wait` once the archive lets it be made.

        Raises `RefusedError` where a rule forbids it.
        """
        return awaited(lambda: self._plan(wishes), wishes.limits, self.progress, wait=wait)

    def _plan(self, wishes: ResyncWishes) -> Plan:
        settings = self.settings
        how = Wishes(wishes.kind, wishes.limits, wishes.take_broken, settings.hooks, settings.call_history)
        request = self.observer.request(wishes.specs, wishes.window, wishes.acds, wishes.source, every_row=False)
        with self.connections.servers(frozenset()) as servers:
            observation = self.observer.observe(servers, replace(request, for_writing=True, named=wishes.named))
            made = planned(observation, self.catalogue, how, servers)
            # Only then: what is not archived yet holds nothing either, and --wait knows what to wait for.
            refuse_nothing_held(observation)
            return surrounded(
                self.rollups.foretold(servers, made, wishes.kind, wishes.excluded), servers, wishes.allowed
            )
