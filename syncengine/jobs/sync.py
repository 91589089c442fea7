"""Administration from one server to the other: planned against what both had when they were last alike (rule 15)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from syncengine.catalogue import Catalogue
from syncengine.jobs.connections import Connections, as_of
from syncengine.jobs.observation import Observer
from syncengine.jobs.surroundings import planned, surrounded
from syncengine.jobs.timetables.schedules import with_missing_schedules
from syncengine.model.allowed import NOTHING, Allowed
from syncengine.model.names import argument
from syncengine.model.pair import Limits, PairSettings, Role
from syncengine.model.plan import Plan
from syncengine.model.plan_kind import Sync
from syncengine.model.policy import Policy
from syncengine.model.refusals import ConflictsError
from syncengine.model.spec import TableSpec
from syncengine.observe.belonging import not_belonging, with_left_named, without
from syncengine.observe.request import Request
from syncengine.planning.administration import AdministrationWishes
from syncengine.planning.plan import Wishes
from syncengine.staging.cache import Cache


@dataclass(frozen=True, slots=True)
class SyncWishes:
    """What of administration is to be copied, and how."""

    specs: tuple[TableSpec, ...]
    source: Role
    acds: tuple[int, ...]
    policy: Policy
    limits: Limits
    administration: AdministrationWishes
    named: frozenset[str] = frozenset()
    """The tables that were asked for by name."""
    only_with: Mapping[str, str] = field(default_factory=dict)
    """Tables that are meant only where a server has them with a column, and that column."""
    allowed: Allowed = NOTHING


@dataclass(frozen=True, slots=True)
class Syncing:
    """Plans the copying of administration of one pair."""

    settings: PairSettings
    catalogue: Catalogue
    connections: Connections
    observer: Observer

    def plan(self, wishes: SyncWishes) -> Plan:
        """Return the plan, its conflicts not decided where nobody has said which version wins.

        Reads the servers, and remembers what they have alike. Raises `RefusedError` where a rule forbids the plan.
        """
        request = Request(
            specs=wishes.specs,
            source=wishes.source,
            as_of=as_of(self.settings),
            seed=secrets.randbits(63),
            acds=wishes.acds,
            for_writing=True,
            named=wishes.named,
        )
        kind = Sync(wishes.policy)
        how = Wishes(
            kind,
            wishes.limits,
            hooks=self.settings.hooks,
            call_history=self.settings.call_history,
            administration=wishes.administration,
        )
        with self.connections.servers(frozenset()) as servers:
            left = not_belonging(wishes.specs, wishes.only_with, servers)
            request = replace(request, specs=without(wishes.specs, left))
            observation = self.observer.observe(servers, request, synced=True)
            observation = with_left_named(observation, left)
            made = planned(observation, self.catalogue, how, servers)
            with Cache.of(self.settings) as cache:
                made = with_missing_schedules(made, kind, observation, servers, self.settings, self.catalogue, cache)
            return surrounded(made, servers, wishes.allowed)


def refuse_conflicts(made: Plan) -> None:
    """Refuse to write while nobody has said which version of what both servers changed is to win (rule 15)."""
    conflicts = made.conflicts
    if not conflicts:
        return
    tables = ", ".join(dict.fromkeys(change.table for change in conflicts))
    count = len(conflicts)
    raise ConflictsError(
        f"{count:,} key group{' of ' if count == 1 else 's of '}{tables} {'was' if count == 1 else 'were'} changed on "
        f"{made.target} since both servers were last alike, and copying {made.source} would undo that.",
        changes=conflicts,
        hint=f"Look at both versions in the plan; then add {argument('prefer', made.source)} to write {made.source}'s, "
        f"or {argument('prefer', made.target)} to leave {made.target}'s (`syncengine sync --from {made.target}` copies "
        "them back).",
    )
