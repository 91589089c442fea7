"""Outages found, not typed: when which server was blind, what it cost, and the plan that repairs it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from syncengine.catalogue import Catalogue
from syncengine.jobs.connections import Connections, as_of
from syncengine.jobs.hook_commands import Commands
from syncengine.jobs.observation import Observer
from syncengine.jobs.surroundings import planned, surrounded, with_all_met
from syncengine.model.allowed import Allowed
from syncengine.model.clock import known_to_both
from syncengine.model.drift import Observation, TableState
from syncengine.model.errors import RefusedError, ServerError, WindowError
from syncengine.model.facts import ServerFacts
from syncengine.model.grain import INTERVAL
from syncengine.model.names import argument
from syncengine.model.outages import BlindTime, Held, OutageReport, Outlook, Unseen
from syncengine.model.pair import Limits, PairSettings, Role
from syncengine.model.plan import Plan
from syncengine.model.plan_kind import Resync
from syncengine.model.policy import Policy
from syncengine.model.sides import Sides
from syncengine.model.spans import joined
from syncengine.model.spec import DataClass, Kept, TableSpec
from syncengine.model.window import Window
from syncengine.observe.facts import FactQuestions
from syncengine.observe.held import held_by
from syncengine.observe.pair_facts import facts_of
from syncengine.observe.request import Request
from syncengine.observe.scopes import ScopeQuestions
from syncengine.planning.copied import seen_itself
from syncengine.planning.outages import blind_times, findings_of, going_on, narrowed
from syncengine.planning.plan import Wishes
from syncengine.planning.ranges import ranges_asked_for
from syncengine.planning.refusals import refuse_early, refuse_unread, refuse_unseen
from syncengine.planning.unseen import Looking
from syncengine.servers.protocol import Server
from syncengine.staging.ledger import Ledger

UNBOUNDED = 2**62
"""Deletions that a report may name; a run keeps to the pair's limit."""
ANY_OUTAGE = Resync(Policy.RECONCILE)
NEAR = timedelta(hours=6)
"""Outages no further apart are compared as one: a few hours cost less to read than each table's query once more."""


@dataclass(frozen=True, slots=True)
class Outages:
    """Looks for outages of one pair, and plans their repair."""

    settings: PairSettings
    catalogue: Catalogue
    connections: Connections
    observer: Observer
    commands: Commands
    ledger: Ledger

    def report(self, since: datetime | None, acds: tuple[int, ...], specs: tuple[TableSpec, ...]) -> OutageReport:
        """Say when which server was blind and what came of it, in the tables of `specs`. Reads only."""
        limits = replace(self.settings.limits, deletions=UNBOUNDED)
        looked = self._looked(since)
        links = self.commands.links_now()
        with self.connections.servers(frozenset()) as servers:
            facts = self._facts(servers, looked, acds)
            times, notes = blind_in(facts, self.settings, looked, acds, links.down), (*_notes(facts), *links.untold)
            looking = self._looking(facts, looked, acds, since_told=since is not None)
            nothing = OutageReport(
                looked.stop,
                looked,
                (),
                unseen=self._unseen(servers, looking),
                seen=looking.seen,
                seen_acds=looking.seen_acds,
                diaries=tuple(one.role for one in facts if one.tells_links),
                going_on=self._going_on(facts, looked, acds),
            )
            archived = tuple(time for time in times if time.archived)
            if not archived:
                return replace(nothing, findings=tuple(findings_of(times, None, None)), notes=notes)
            observation = self._observed(servers, facts, archived, acds, specs)
            made, refusal = self._planned(observation, limits, servers)
        found = tuple(findings_of(times, made, observation, passes=refusal is not None and refusal.passes))
        if refusal is not None and not (refusal.passes and all(one.outlook is not Outlook.WAITING for one in found)):
            notes = (*notes, f"nothing can be repaired now: {refusal.message.rstrip('.')}")
        lost = tuple(sorted((table.spec.name, table.problem) for table in observation.not_compared))
        return replace(nothing, findings=found, notes=notes, plan=made, not_compared=lost)

    def plan(
        self,
        since: datetime | None,
        acds: tuple[int, ...],
        limits: Limits,
        allowed: Allowed,
        specs: tuple[TableSpec, ...],
        kind: Resync,
        *,
        wait: bool,
    ) -> Plan | None:
        """Return the plan that repairs every outage from the better server, in both directions; None where none is.

        An interval that is not archived on both servers is left, and named; with `wait` it is refused instead
        (rule 6), so that the caller waits. So is a time of which nothing shows what a server saw, where
        nothing else is there to repair. Raises `RefusedError` where a rule forbids the plan.
        """
        looked = self._looked(since)
        links = self.commands.links_now()
        with self.connections.servers(frozenset()) as servers:
            facts = self._facts(servers, looked, acds)
            times = blind_in(facts, self.settings, looked, acds, links.down)
            unseen = self._unseen(servers, self._looking(facts, looked, acds, since_told=since is not None))
            early = tuple(time for time in times if not time.archived)
            archived = tuple(time for time in times if time.archived)
            if early and (wait or not archived):
                refuse_unread(facts)
                refuse_early(early)
            if not archived:
                refuse_unseen(unseen)
                return None
            observation = self._observed(servers, facts, archived, acds, specs)
            try:
                made = planned(observation, self.catalogue, self._wishes(limits, kind), servers)
            except RefusedError as refusal:
                if not refusal.passes or observation.differing or observation.not_compared:
                    raise
                # An archive is running, and nothing waits for its end.
                refuse_early(early)
                refuse_unseen(unseen)
                return None
            made = surrounded(made, servers, allowed)
        left = [f"ACD {time.acd} {time.span} is not archived on both servers yet, and is left" for time in early]
        left += [one.says for one in unseen if one.open]
        left += going_on(archived, facts, lengths_in(facts, self.settings, looked), looked.stop)
        lost = [
            f"ACD {found.time.acd} {found.time.span} is lost: neither server saw it whole"
            for found in findings_of(archived, made, observation)
            if found.outlook is Outlook.LOST
        ]
        ranges = tuple(ranges_asked_for(made.ranges, [(time.acd, time.span) for time in archived]))
        notes = (*made.notes, *_notes(facts), *links.untold, *lost)
        return replace(made, notes=notes, left=tuple(left), ranges=ranges)

    def _going_on(self, facts: tuple[ServerFacts, ...], looked: Window, acds: tuple[int, ...]) -> tuple[str, ...]:
        """Return where nothing tells that a server records calls again, whatever a repair has copied to it."""
        runs = self.ledger.runs()
        own = tuple(seen_itself(one, runs) for one in facts)
        lengths = lengths_in(facts, self.settings, looked)
        return tuple(going_on(blind_times(own, lengths, looked, acds), own, lengths, looked.stop))

    def _looked(self, since: datetime | None) -> Window:
        now = as_of(self.settings)
        return looked_back(now, since or INTERVAL.unit.back(self.settings.retention.most(INTERVAL), now))

    def _facts(self, servers: Mapping[Role, Server], looked: Window, acds: tuple[int, ...]) -> tuple[ServerFacts, ...]:
        questions = FactQuestions(self.settings, self.catalogue, looked, coverage=True)
        return tuple(facts_of(servers, questions, acds).values())

    def _looking(
        self, facts: tuple[ServerFacts, ...], looked: Window, acds: tuple[int, ...], *, since_told: bool
    ) -> Looking:
        lengths = ScopeQuestions(self.settings, facts, looked.stop, looked).lengths
        asked = {acd: length for acd, length in lengths.items() if not acds or acd in acds}
        told = known_to_both(facts, looked, self.settings.timezone)
        return Looking(told, asked, looked, acds, since_told=since_told)

    def _unseen(self, servers: Mapping[Role, Server], looking: Looking) -> tuple[Unseen, ...]:
        """Return what nobody can tell of; servers without a row of the time are asked what they hold at all."""
        held: dict[tuple[Role, int], Held] = {}
        for role in dict.fromkeys(role for role, _ in looking.blank):
            of_role = held_by(servers[role], self.catalogue, self.settings.timezone)
            held |= {(role, acd): one for acd, one in of_role.items()}
        return tuple(looking.unseen(held))

    def _observed(
        self,
        servers: Mapping[Role, Server],
        facts: tuple[ServerFacts, ...],
        times: tuple[BlindTime, ...],
        acds: tuple[int, ...],
        specs: tuple[TableSpec, ...],
    ) -> Observation:
        """Compare the tables of all blind times; roll-ups follow (rule 10)."""
        parts = compared_parts(time.span for time in times)
        request = Request(
            specs=specs,
            source=Role.PRIMARY,
            as_of=as_of(self.settings),
            seed=secrets.randbits(63),
            window=Window(parts[0].start, parts[-1].stop),
            parts=parts,
            acds=acds,
            for_writing=True,
            facts=Sides.by_role(Role.PRIMARY, {one.role: one for one in facts}),
        )
        return narrowed(self.observer.observe(servers, request), times)

    def _wishes(self, limits: Limits, kind: Resync = ANY_OUTAGE) -> Wishes:
        settings = self.settings
        return Wishes(kind, limits, hooks=settings.hooks, call_history=settings.call_history)

    def _planned(
        self, observation: Observation, limits: Limits, servers: Mapping[Role, Server]
    ) -> tuple[Plan | None, RefusedError | None]:
        """Return the plan with all that it meets, whether or not that is allowed, or why there is none."""
        try:
            return with_all_met(planned(observation, self.catalogue, self._wishes(limits), servers), servers), None
        except RefusedError as refusal:
            return None, refusal
        except ServerError:
            if any(table.state is TableState.COMPARED for table in observation.tables):
                raise
            # Planning only says that no table could be compared, and each is named with why.
            return None, None


def compared_in(catalogue: Catalogue) -> tuple[TableSpec, ...]:
    """Return the tables that outages are compared in: intervals and events that are copied; roll-ups follow."""
    return tuple(
        spec
        for spec in catalogue.of_class(DataClass.HISTORICAL)
        if spec.time is not None and spec.grain.sliced and spec.kept is Kept.COPYING and not spec.future_dates
    )


def compared_parts(spans: Iterable[Window]) -> tuple[Window, ...]:
    """Return the times that blind times are compared in: theirs, those near each other as one."""
    parts: list[Window] = []
    for span in joined(spans):
        if parts and span.start - parts[-1].stop <= NEAR:
            parts[-1] = Window(parts[-1].start, span.stop)
        else:
            parts.append(span)
    return tuple(parts)


def looked_back(now: datetime, since: datetime) -> Window:
    """Return the time from a moment until now; raises `WindowError` for one that has not come."""
    if since >= now:
        raise WindowError(
            f"{argument('since', f'{since:%Y-%m-%d %H:%M}')} lies in the future: it is {now:%Y-%m-%d %H:%M} now.",
            hint="Give a time that has passed.",
        )
    return Window(since, now)


def blind_in(
    facts: tuple[ServerFacts, ...],
    settings: PairSettings,
    looked: Window,
    acds: tuple[int, ...] = (),
    links_down: Mapping[Role, str] | None = None,
) -> tuple[BlindTime, ...]:
    """Return when which server did not see which ACD whole, by facts with the coverage of the time looked at."""
    told = known_to_both(facts, looked, settings.timezone)
    return blind_times(told, lengths_in(facts, settings, looked), looked, acds, links_down)


def lengths_in(facts: tuple[ServerFacts, ...], settings: PairSettings, looked: Window) -> dict[int, int]:
    """Return how many minutes the intervals of each ACD have, by the servers that answer."""
    return ScopeQuestions(settings, facts, looked.stop, looked).lengths


def _notes(facts: tuple[ServerFacts, ...]) -> tuple[str, ...]:
    return tuple(note for one in facts for note in one.notes)
