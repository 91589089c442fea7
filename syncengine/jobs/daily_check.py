"""The daily check: asks both servers about the last day, and compares what they have of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from syncengine.catalogue import Catalogue
from syncengine.jobs.connections import Connections, as_of
from syncengine.jobs.hook_commands import Commands
from syncengine.jobs.observation import Observer
from syncengine.jobs.outages import blind_in, lengths_in, looked_back
from syncengine.model.archives import ArchiveFault
from syncengine.model.bucket import BucketColumns
from syncengine.model.clock import known_to_both
from syncengine.model.daily_check import DailyCheck, Filling, HookCheck, ServerDay
from syncengine.model.errors import ServerError, SyncError
from syncengine.model.facts import ServerFacts
from syncengine.model.grain import A_DAY
from syncengine.model.hooks import CheckKind
from syncengine.model.pair import PairSettings, Role
from syncengine.model.spec import TableSpec
from syncengine.model.window import Window
from syncengine.observe.facts import FactQuestions, gather_facts
from syncengine.planning.archives import archive_faults, rerun_lines
from syncengine.planning.checklist import hooked
from syncengine.planning.copied import seen_itself
from syncengine.planning.troubles import Told, state_of
from syncengine.planning.where_to_work import where_to_work
from syncengine.servers.protocol import Server
from syncengine.staging.ledger import Ledger


@dataclass(frozen=True, slots=True)
class DailyChecking:
    """Checks one pair."""

    settings: PairSettings
    catalogue: Catalogue
    connections: Connections
    observer: Observer
    commands: Commands
    ledger: Ledger

    def check(self, since: datetime | None, *, compare: bool = True) -> DailyCheck:
        """Return how both servers are since a moment, or since yesterday. A server that fails is told, not raised.

        Without `compare` nothing is said of how they differ.
        """
        now = as_of(self.settings)
        looked = looked_back(now, since or A_DAY.back(1, now))
        asked = self._asked(now, looked, compare=compare)
        checks = tuple(self.commands.checks(kind for kind in CheckKind if kind is not CheckKind.USERS))
        found = replace(self._decided(asked, checks, looked), checks=checks)
        if found.where.server is Role.PRIMARY:
            # Elsewhere they are to be on the secondary.
            found = replace(found, checks=(*checks, *self.commands.checks((CheckKind.USERS,))))
        return found

    def _asked(self, now: datetime, looked: Window, *, compare: bool) -> DailyCheck:
        """Return what both servers tell, and how they differ where both answer. Each is opened once."""
        with self.connections.each() as (opened, failed):
            days: dict[Role, ServerDay] = {}
            for role in Role:
                try:
                    if role in failed:
                        raise failed[role]
                    days[role] = self._day(opened[role], role, looked)
                except ServerError as error:
                    days[role] = ServerDay(role, str(error))
            found = DailyCheck(now, looked.start, (days[Role.PRIMARY], days[Role.SECONDARY]))
            facts = [day.facts for day in found.servers if day.facts is not None]
            if found.failed or len(facts) < len(Role):
                return found
            found = replace(found, blind=blind_in(tuple(facts), self.settings, looked))
            try:
                return replace(found, drift=self.observer.at_everything(opened, looked)) if compare else found
            except SyncError as error:
                return replace(found, problem=str(error))

    def _decided(self, found: DailyCheck, checks: Iterable[HookCheck], looked: Window) -> DailyCheck:
        """Return what is found with which archives are late, and where users work."""
        told = known_to_both(
            [day.facts for day in found.servers if day.facts is not None], looked, self.settings.timezone
        )
        facts = {one.role: one for one in told}
        lengths = lengths_in(tuple(facts.values()), self.settings, looked)
        days = [
            replace(day, facts=facts.get(day.role), late=tuple(_late(day.role, facts, looked.stop, lengths)))
            for day in found.servers
        ]
        links = {one.role: one.fine for one in checks if one.kind is CheckKind.LINKS and not one.problem}
        runs = self.ledger.runs()
        own = {role: seen_itself(one, runs) for role, one in facts.items()}
        each = [Told(day.role, day.problem, own.get(day.role), day.late, links.get(day.role)) for day in days]
        state = state_of(each, found.blind, looked, lengths)
        loads = {role: facts[role].load if role in facts else self.settings.server(role).load for role in Role}
        where = where_to_work(state, self.settings, loads)
        reruns = (line for day in days for line in rerun_lines(day.role, day.late))
        marked = tuple(hooked(reruns, self.settings.hooks))
        return replace(found, servers=(days[0], days[1]), state=state, where=where, reruns=marked)

    def _day(self, server: Server, role: Role, looked: Window) -> ServerDay:
        facts = gather_facts(
            server, role, FactQuestions(self.settings, self.catalogue, looked, coverage=True, collection=True)
        )
        return ServerDay(role, "", facts, tuple(self._fillings(server, facts)))

    def _fillings(self, server: Server, facts: ServerFacts) -> Iterator[Filling]:
        """Yield how full each circular table is whose capacity the server tells."""
        circular = [spec for spec in self.catalogue.tables if spec.circular and spec.retention is not None]
        for spec in circular:
            capacities = {kept.acd: kept.capacity for kept in facts.kept if kept.item == spec.retention}
            filled = _fullest(server, spec, capacities) if any(capacities.values()) else None
            if filled is not None:
                yield filled


def _late(
    role: Role, facts: Mapping[Role, ServerFacts], now: datetime, lengths: Mapping[int, int]
) -> Iterator[ArchiveFault]:
    if role in facts:
        yield from archive_faults(facts[role], facts.get(role.other), now, lengths)


def _fullest(server: Server, spec: TableSpec, capacities: Mapping[int, int]) -> Filling | None:
    if spec.name not in server.tables((spec.name,)):
        return None
    try:
        bounds = server.bounds(spec.name, BucketColumns.of(spec))
    except ServerError as error:
        if error.of_whole_server:
            raise
        # What cannot be read is told by `check`.
        return None
    found = [
        Filling(spec.name, bound.acd, bound.rows, capacities[bound.acd])
        for bound in bounds
        if bound.acd is not None and capacities.get(bound.acd)
    ]
    return max(found, key=lambda one: one.percent, default=None)
