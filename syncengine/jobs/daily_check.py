"""The daily check: how both servers are, and how their rows of the last day differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from syncengine.catalogue import Catalogue
from syncengine.jobs.connections import Connections, as_of
from syncengine.jobs.hook_commands import HookCommands
from syncengine.jobs.observation import Observer
from syncengine.jobs.outages import blind_times_in, interval_lengths_in, window_since
from syncengine.model.archives import ArchiveFault
from syncengine.model.bucket import BucketColumns
from syncengine.model.clock import with_shared_resets
from syncengine.model.daily_check import DailyCheck, HookCheck, ServerDay, TableFill
from syncengine.model.errors import ServerError, SyncError
from syncengine.model.facts import ServerFacts
from syncengine.model.grain import A_DAY
from syncengine.model.hooks import CheckKind
from syncengine.model.pair import PairSettings, Role
from syncengine.model.spec import TableSpec
from syncengine.model.window import Window
from syncengine.observe.facts import FactQuestions, gather_facts
from syncengine.planning.archives import archive_faults, rerun_lines
from syncengine.planning.checklist import mark_hooked
from syncengine.planning.own_coverage import own_coverage
from syncengine.planning.troubles import ServerReport, state_of
from syncengine.planning.where_to_work import where_to_work
from syncengine.servers.protocol import Server
from syncengine.staging.ledger import Ledger


@dataclass(frozen=True, slots=True)
class DailyCheckJob:
    """Checks one pair."""

    settings: PairSettings
    catalogue: Catalogue
    connections: Connections
    observer: Observer
    commands: HookCommands
    ledger: Ledger

    def check(self, since: datetime | None, *, compare: bool = True) -> DailyCheck:
        """Return how both servers are since a moment, or since yesterday. A server that fails is reported, not raised.

        Without `compare` their rows are not compared.
        """
        now = as_of(self.settings)
        window = window_since(now, since or A_DAY.cutoff(1, now))
        observed = self._observe(now, window, compare=compare)
        checks = tuple(self.commands.checks(kind for kind in CheckKind if kind is not CheckKind.USERS))
        found = replace(self._judge(observed, checks, window), checks=checks)
        if found.where.server is Role.PRIMARY:
            # In all other states users belong on the secondary.
            found = replace(found, checks=(*checks, *self.commands.checks((CheckKind.USERS,))))
        return found

    def _observe(self, now: datetime, window: Window, *, compare: bool) -> DailyCheck:
        """Return the facts of both servers, and how they differ where both answer. Each is opened once."""
        with self.connections.each() as (opened, failed):
            days: dict[Role, ServerDay] = {}
            for role in Role:
                try:
                    if role in failed:
                        raise failed[role]
                    days[role] = self._day(opened[role], role, window)
                except ServerError as error:
                    days[role] = ServerDay(role, str(error))
            found = DailyCheck(now, window.start, (days[Role.PRIMARY], days[Role.SECONDARY]))
            facts = [day.facts for day in found.servers if day.facts is not None]
            if found.failed or len(facts) < len(Role):
                return found
            found = replace(found, blind=blind_times_in(tuple(facts), self.settings, window))
            try:
                return replace(found, drift=self.observer.compare_all(opened, window)) if compare else found
            except SyncError as error:
                return replace(found, problem=str(error))

    def _judge(self, found: DailyCheck, checks: Iterable[HookCheck], window: Window) -> DailyCheck:
        """Return it with late archives, and with the server users work on."""
        facts_of_both = with_shared_resets(
            [day.facts for day in found.servers if day.facts is not None], window, self.settings.timezone
        )
        facts = {one.role: one for one in facts_of_both}
        lengths = interval_lengths_in(tuple(facts.values()), self.settings, window)
        days = [
            replace(day, facts=facts.get(day.role), archive_faults=tuple(_late(day.role, facts, window.stop, lengths)))
            for day in found.servers
        ]
        links = {one.role: one.ok for one in checks if one.kind is CheckKind.LINKS and not one.problem}
        runs = self.ledger.runs()
        own = {role: own_coverage(one, runs) for role, one in facts.items()}
        each = [
            ServerReport(day.role, day.problem, own.get(day.role), day.archive_faults, links.get(day.role))
            for day in days
        ]
        state = state_of(each, found.blind, window, lengths)
        loads = {role: facts[role].load if role in facts else self.settings.server(role).load for role in Role}
        where = where_to_work(state, self.settings, loads)
        reruns = (line for day in days for line in rerun_lines(day.role, day.archive_faults))
        marked = tuple(mark_hooked(reruns, self.settings.hooks))
        return replace(found, servers=(days[0], days[1]), state=state, where=where, reruns=marked)

    def _day(self, server: Server, role: Role, window: Window) -> ServerDay:
        facts = gather_facts(
            server, role, FactQuestions(self.settings, self.catalogue, window, coverage=True, collection=True)
        )
        return ServerDay(role, "", facts, tuple(self._table_fills(server, facts)))

    def _table_fills(self, server: Server, facts: ServerFacts) -> Iterator[TableFill]:
        """Yield how full each circular table is whose capacity the server reports."""
        circular = [spec for spec in self.catalogue.tables if spec.circular and spec.retention is not None]
        for spec in circular:
            capacities = {one.acd: one.capacity for one in facts.storage_allocations if one.item == spec.retention}
            filled = _fullest(server, spec, capacities) if any(capacities.values()) else None
            if filled is not None:
                yield filled


def _late(
    role: Role, facts: Mapping[Role, ServerFacts], now: datetime, lengths: Mapping[int, int]
) -> Iterator[ArchiveFault]:
    if role in facts:
        yield from archive_faults(facts[role], facts.get(role.other), now, lengths)


def _fullest(server: Server, spec: TableSpec, capacities: Mapping[int, int]) -> TableFill | None:
    if spec.name not in server.tables((spec.name,)):
        return None
    try:
        bounds = server.bounds(spec.name, BucketColumns.of(spec))
    except ServerError as error:
        if error.of_whole_server:
            raise
        # `check` reports what cannot be read.
        return None
    found = [
        TableFill(spec.name, bound.acd, bound.rows, capacities[bound.acd])
        for bound in bounds
        if bound.acd is not None and capacities.get(bound.acd)
    ]
    return max(found, key=lambda one: one.percent, default=None)
