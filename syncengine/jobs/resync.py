"""A resync of history: what differs in a window, planned from one server to the other."""

from __future__ import annotations

from dataclasses import dataclass, replace

from syncengine.catalogue import Catalogue
from syncengine.jobs.archive_wait import retry_until_archived
from syncengine.jobs.connections import Connections
from syncengine.jobs.observation import Observer, refuse_no_rows
from syncengine.jobs.rollups.earlier_writes import periods_written_before
from syncengine.jobs.rollups.repair import RollupRepairJob
from syncengine.jobs.surroundings import plan_with_side_effects, writable_plan
from syncengine.model.pair import Limits, PairSettings, Role
from syncengine.model.permission import NO_PERMISSION, Permission
from syncengine.model.plan import Plan
from syncengine.model.plan_kind import Resync
from syncengine.model.progress import Progress
from syncengine.model.spec import TableSpec
from syncengine.model.window import Window
from syncengine.planning.plan import PlanRequest


@dataclass(frozen=True, slots=True)
class ResyncRequest:
    """Which history to copy, and how."""

    specs: tuple[TableSpec, ...]
    window: Window
    source: Role
    acds: tuple[int, ...]
    kind: Resync
    limits: Limits
    take_broken: bool
    named: frozenset[str] = frozenset()
    """The tables that were requested by name."""
    excluded: frozenset[str] = frozenset()
    """The tables that are excluded, also from the repair of days, weeks and months."""
    allowed: Permission = NO_PERMISSION


@dataclass(frozen=True, slots=True)
class ResyncPlanner:
    """Plans the resyncs of one pair."""

    settings: PairSettings
    catalogue: Catalogue
    connections: Connections
    observer: Observer
    rollups: RollupRepairJob
    progress: Progress

    def plan(self, request: ResyncRequest, *, wait: bool) -> Plan:
        """Return the plan, writing nothing; with `wait`, as soon as the archive allows it.

        Raises `RefusedError` where a rule forbids it.
        """
        return retry_until_archived(lambda: self._plan(request), request.limits, self.progress, wait=wait)

    def _plan(self, request: ResyncRequest) -> Plan:
        settings = self.settings
        plan_request = PlanRequest(
            request.kind,
            request.limits,
            request.take_broken,
            settings.hooks,
            settings.call_history,
            runs=periods_written_before(self.observer.ledger, self.catalogue, request.specs),
        )
        comparison = self.observer.request(request.specs, request.window, request.acds, request.source, every_row=False)
        with self.connections.servers(frozenset()) as servers:
            observation = self.observer.observe(servers, replace(comparison, for_writing=True, named=request.named))
            made = writable_plan(observation, self.catalogue, plan_request, servers)
            # Only then: a window that is not archived yet has no rows either, and --wait knows what to wait for.
            refuse_no_rows(observation)
            return plan_with_side_effects(
                self.rollups.with_expected_repairs(servers, made, request.kind, request.excluded),
                servers,
                request.allowed,
            )
