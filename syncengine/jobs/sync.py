"""Administration from one server to the other: planned by the changes since both were last alike (rule 15)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from syncengine import machine
from syncengine.catalogue import Catalogue
from syncengine.jobs.connections import Connections, as_of
from syncengine.jobs.observation import Observer
from syncengine.jobs.surroundings import plan_with_side_effects, writable_plan
from syncengine.jobs.timetables.schedules import with_missing_schedules
from syncengine.model.names import argument
from syncengine.model.pair import Limits, PairSettings, Role
from syncengine.model.permission import NO_PERMISSION, Permission
from syncengine.model.plan import Plan
from syncengine.model.plan_kind import Sync
from syncengine.model.policy import Policy
from syncengine.model.refusals import ConflictsError
from syncengine.model.spec import TableSpec
from syncengine.observe.request import Request
from syncengine.observe.set_members import specs_without, tables_not_in_set, with_exclusions_noted
from syncengine.planning.administration import AdministrationRequest
from syncengine.planning.plan import PlanRequest
from syncengine.staging.cache import Cache


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """Which administration to copy, and how."""

    specs: tuple[TableSpec, ...]
    source: Role
    acds: tuple[int, ...]
    policy: Policy
    limits: Limits
    administration: AdministrationRequest
    named: frozenset[str] = frozenset()
    """The tables that were requested by name."""
    only_with: Mapping[str, str] = field(default_factory=dict)
    """Tables that count only where a server has them with a column, and that column."""
    allowed: Permission = NO_PERMISSION


@dataclass(frozen=True, slots=True)
class SyncPlanner:
    """Plans the synchronising of administration of one pair."""

    settings: PairSettings
    catalogue: Catalogue
    connections: Connections
    observer: Observer

    def plan(self, request: SyncRequest) -> Plan:
        """Return the plan; a conflict stays open where the request does not say which version wins.

        Reads the servers, and remembers what is alike. Raises `RefusedError` where a rule forbids the plan.
        """
        comparison = Request(
            specs=request.specs,
            source=request.source,
            as_of=as_of(self.settings),
            seed=machine.seed(),
            acds=request.acds,
            for_writing=True,
            named=request.named,
        )
        kind = Sync(request.policy)
        plan_request = PlanRequest(
            kind,
            request.limits,
            hooks=self.settings.hooks,
            call_history=self.settings.call_history,
            administration=request.administration,
        )
        with self.connections.servers(frozenset()) as servers:
            without_column = tables_not_in_set(request.specs, request.only_with, servers)
            comparison = replace(comparison, specs=specs_without(request.specs, without_column))
            observation = self.observer.observe(servers, comparison, synced=True)
            observation = with_exclusions_noted(observation, without_column)
            made = writable_plan(observation, self.catalogue, plan_request, servers)
            with Cache.of(self.settings) as cache:
                made = with_missing_schedules(made, kind, observation, servers, self.settings, self.catalogue, cache)
            return plan_with_side_effects(made, servers, request.allowed)


def refuse_conflicts(made: Plan) -> None:
    """Refuse to write while a conflict is open: which version wins must be said (rule 15)."""
    conflicts = made.conflicts
    if not conflicts:
        return
    tables = ", ".join(dict.fromkeys(change.table for change in conflicts))
    count = len(conflicts)
    raise ConflictsError(
        f"{count:,} key group{' of ' if count == 1 else 's of '}{tables} {'was' if count == 1 else 'were'} changed on "
        f"{made.target} since both servers were last alike, and copying {made.source} would undo that.",
        changes=conflicts,
        hint=f"The plan shows both versions. Add {argument('prefer', made.source)} to write {made.source}'s, "
        f"or {argument('prefer', made.target)} to leave {made.target}'s (`syncengine sync --from {made.target}` copies "
        f"them to {made.source}).",
    )
