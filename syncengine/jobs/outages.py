"""Outages, found in the tables: when which server was blind, what it cost, and the plan that repairs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from syncengine import machine
from syncengine.catalogue import Catalogue
from syncengine.jobs.connections import Connections, as_of
from syncengine.jobs.hook_commands import HookCommands
from syncengine.jobs.observation import Observer
from syncengine.jobs.surroundings import plan_with_side_effects, with_all_side_effects, writable_plan
from syncengine.model.clock import with_shared_resets
from syncengine.model.drift import Observation, TableState
from syncengine.model.errors import RefusedError, ServerError, WindowError
from syncengine.model.facts import ServerFacts
from syncengine.model.grain import INTERVAL
from syncengine.model.names import argument
from syncengine.model.outages import BlindTime, IntervalExtent, OutageReport, Outlook, UnknownCoverage
from syncengine.model.pair import Limits, PairSettings, Role
from syncengine.model.permission import Permission
from syncengine.model.plan import Plan
from syncengine.model.plan_kind import Resync
from syncengine.model.policy import Policy
from syncengine.model.sides import Sides
from syncengine.model.spans import joined
from syncengine.model.spec import DataClass, SyncedBy, TableSpec
from syncengine.model.window import Window
from syncengine.observe.facts import FactQuestions
from syncengine.observe.interval_extents import interval_extents
from syncengine.observe.pair_facts import facts_of
from syncengine.observe.request import Request
from syncengine.observe.scopes import ScopeQuestions
from syncengine.planning.outages import blind_times, findings_of, narrowed, open_ended
from syncengine.planning.own_coverage import own_coverage
from syncengine.planning.plan import PlanRequest
from syncengine.planning.ranges import requested_ranges
from syncengine.planning.refusals import refuse_early, refuse_unknown_coverage, refuse_unread
from syncengine.planning.unknown_coverage import CheckedScope
from syncengine.servers.protocol import Server
from syncengine.staging.ledger import Ledger

UNBOUNDED = 2**62
"""Deletions that a report may name; a run has the pair's limit."""
ANY_OUTAGE = Resync(Policy.RECONCILE)
NEAR = timedelta(hours=6)
"""Outages no further apart are compared as one: a few hours cost less to read than another query for each table."""


@dataclass(frozen=True, slots=True)
class Outages:
    """Finds the outages of one pair, and plans their repair."""

    settings: PairSettings
    catalogue: Catalogue
    connections: Connections
    observer: Observer
    commands: HookCommands
    ledger: Ledger

    def report(self, since: datetime | None, acds: tuple[int, ...], specs: tuple[TableSpec, ...]) -> OutageReport:
        """Report when which server was blind and what it cost, in the tables of `specs`. Reads only."""
        limits = replace(self.settings.limits, deletions=UNBOUNDED)
        window = self._window(since)
        links = self.commands.check_links()
        with self.connections.servers(frozenset()) as servers:
            facts = self._facts(servers, window, acds)
            times, notes = (
                blind_times_in(facts, self.settings, window, acds, links.down),
                (*_notes(facts), *links.unknown),
            )
            scope = self._scope(facts, window, acds, since_given=since is not None)
            empty = OutageReport(
                window.stop,
                window,
                (),
                unknown_coverage=self._unseen(servers, scope),
                covered=scope.covered,
                covered_acds=scope.covered_acds,
                diaries=tuple(one.role for one in facts if one.links_known),
                ongoing=self._maybe_ongoing(facts, window, acds),
            )
            archived = tuple(time for time in times if time.archived)
            if not archived:
                return replace(empty, findings=tuple(findings_of(times, None, None)), notes=notes)
            observation = self._observed(servers, facts, archived, acds, specs)
            made, refusal = self._planned(observation, limits, servers)
        found = tuple(findings_of(times, made, observation, temporary=refusal is not None and refusal.temporary))
        if refusal is not None and not (refusal.temporary and all(one.outlook is not Outlook.WAITING for one in found)):
            notes = (*notes, f"nothing can be repaired now: {refusal.message.rstrip('.')}")
        not_compared = tuple(sorted((table.spec.name, table.problem) for table in observation.not_compared))
        return replace(empty, findings=found, notes=notes, plan=made, not_compared=not_compared)

    def plan(
        self,
        since: datetime | None,
        acds: tuple[int, ...],
        limits: Limits,
        allowed: Permission,
        specs: tuple[TableSpec, ...],
        kind: Resync,
        *,
        wait: bool,
    ) -> Plan | None:
        """Return the plan that repairs every outage from the better server, in both directions; None where none is.

        An interval that is not archived on both servers is skipped, and named; with `wait` it is refused instead
        (rule 6), so that the caller waits. A time of unknown coverage is refused where there is nothing else to
        repair. Raises `RefusedError` where a rule forbids the plan.
        """
        window = self._window(since)
        links = self.commands.check_links()
        with self.connections.servers(frozenset()) as servers:
            facts = self._facts(servers, window, acds)
            times = blind_times_in(facts, self.settings, window, acds, links.down)
            unseen = self._unseen(servers, self._scope(facts, window, acds, since_given=since is not None))
            early = tuple(time for time in times if not time.archived)
            archived = tuple(time for time in times if time.archived)
            if early and (wait or not archived):
                refuse_unread(facts)
                refuse_early(early)
            if not archived:
                refuse_unknown_coverage(unseen)
                return None
            observation = self._observed(servers, facts, archived, acds, specs)
            try:
                made = writable_plan(observation, self.catalogue, self._plan_request(limits, kind), servers)
            except RefusedError as refusal:
                if not refusal.temporary or observation.differing or observation.not_compared:
                    raise
                # An archive is running, and without `wait` its end is not waited for.
                refuse_early(early)
                refuse_unknown_coverage(unseen)
                return None
            made = plan_with_side_effects(made, servers, allowed)
        skipped = [f"ACD {time.acd} {time.span} is not archived on both servers yet: skipped" for time in early]
        skipped += [one.message for one in unseen if one.open]
        skipped += open_ended(archived, facts, interval_lengths_in(facts, self.settings, window), window.stop)
        lost = [
            f"ACD {found.time.acd} {found.time.span} is lost: neither server saw it whole"
            for found in findings_of(archived, made, observation)
            if found.outlook is Outlook.LOST
        ]
        ranges = tuple(requested_ranges(made.ranges, [(time.acd, time.span) for time in archived]))
        notes = (*made.notes, *_notes(facts), *links.unknown, *lost)
        return replace(made, notes=notes, not_included=tuple(skipped), ranges=ranges)

    def _maybe_ongoing(self, facts: tuple[ServerFacts, ...], window: Window, acds: tuple[int, ...]) -> tuple[str, ...]:
        """Return the outages that may continue: only rows a server recorded itself show their end, not copied ones."""
        runs = self.ledger.runs()
        own = tuple(own_coverage(one, runs) for one in facts)
        lengths = interval_lengths_in(facts, self.settings, window)
        return tuple(open_ended(blind_times(own, lengths, window, acds), own, lengths, window.stop))

    def _window(self, since: datetime | None) -> Window:
        now = as_of(self.settings)
        return window_since(now, since or INTERVAL.unit.cutoff(self.settings.retention.most(INTERVAL), now))

    def _facts(self, servers: Mapping[Role, Server], window: Window, acds: tuple[int, ...]) -> tuple[ServerFacts, ...]:
        questions = FactQuestions(self.settings, self.catalogue, window, coverage=True)
        return tuple(facts_of(servers, questions, acds).values())

    def _scope(
        self, facts: tuple[ServerFacts, ...], window: Window, acds: tuple[int, ...], *, since_given: bool
    ) -> CheckedScope:
        lengths = ScopeQuestions(self.settings, facts, window.stop, window).lengths
        requested = {acd: length for acd, length in lengths.items() if not acds or acd in acds}
        facts_of_both = with_shared_resets(facts, window, self.settings.timezone)
        return CheckedScope(facts_of_both, requested, window, acds, start_requested=since_given)

    def _unseen(self, servers: Mapping[Role, Server], scope: CheckedScope) -> tuple[UnknownCoverage, ...]:
        """Return the times of unknown coverage; servers without a row of the window are queried for all they have."""
        extents: dict[tuple[Role, int], IntervalExtent] = {}
        for role in dict.fromkeys(role for role, _ in scope.without_rows):
            of_role = interval_extents(servers[role], self.catalogue, self.settings.timezone)
            extents |= {(role, acd): one for acd, one in of_role.items()}
        return tuple(scope.unknown(extents))

    def _observed(
        self,
        servers: Mapping[Role, Server],
        facts: tuple[ServerFacts, ...],
        times: tuple[BlindTime, ...],
        acds: tuple[int, ...],
        specs: tuple[TableSpec, ...],
    ) -> Observation:
        """Compare the tables of all blind times; roll-ups come later (rule 10)."""
        parts = compared_parts(time.span for time in times)
        request = Request(
            specs=specs,
            source=Role.PRIMARY,
            as_of=as_of(self.settings),
            seed=machine.seed(),
            window=Window(parts[0].start, parts[-1].stop),
            parts=parts,
            acds=acds,
            for_writing=True,
            facts=Sides.by_role(Role.PRIMARY, {one.role: one for one in facts}),
        )
        return narrowed(self.observer.observe(servers, request), times)

    def _plan_request(self, limits: Limits, kind: Resync = ANY_OUTAGE) -> PlanRequest:
        settings = self.settings
        return PlanRequest(kind, limits, hooks=settings.hooks, call_history=settings.call_history)

    def _planned(
        self, observation: Observation, limits: Limits, servers: Mapping[Role, Server]
    ) -> tuple[Plan | None, RefusedError | None]:
        """Return the plan with all its side effects, allowed or not, or the refusal."""
        try:
            return with_all_side_effects(
                writable_plan(observation, self.catalogue, self._plan_request(limits), servers), servers
            ), None
        except RefusedError as refusal:
            return None, refusal
        except ServerError:
            if any(table.state is TableState.COMPARED for table in observation.tables):
                raise
            # Planning only raises that no table could be compared, and the report names each with its reason.
            return None, None


def compared_in(catalogue: Catalogue) -> tuple[TableSpec, ...]:
    """Return the tables that outages are compared in: intervals and events synchronised by copying, no roll-ups."""
    return tuple(
        spec
        for spec in catalogue.of_class(DataClass.HISTORICAL)
        if spec.time is not None and spec.grain.sliced and spec.synced_by is SyncedBy.COPYING and not spec.future_dates
    )


def compared_parts(spans: Iterable[Window]) -> tuple[Window, ...]:
    """Return the times to compare: the blind times, those near each other as one."""
    parts: list[Window] = []
    for span in joined(spans):
        if parts and span.start - parts[-1].stop <= NEAR:
            parts[-1] = Window(parts[-1].start, span.stop)
        else:
            parts.append(span)
    return tuple(parts)


def window_since(now: datetime, since: datetime) -> Window:
    """Return the window from a moment until now; raises `WindowError` for a moment in the future."""
    if since >= now:
        raise WindowError(
            f"{argument('since', f'{since:%Y-%m-%d %H:%M}')} lies in the future: it is {now:%Y-%m-%d %H:%M} now.",
            hint="Give a time that has passed.",
        )
    return Window(since, now)


def blind_times_in(
    facts: tuple[ServerFacts, ...],
    settings: PairSettings,
    window: Window,
    acds: tuple[int, ...] = (),
    links_down: Mapping[Role, str] | None = None,
) -> tuple[BlindTime, ...]:
    """Return when which server was blind to which ACD, by facts with the coverage of the window."""
    facts_of_both = with_shared_resets(facts, window, settings.timezone)
    return blind_times(facts_of_both, interval_lengths_in(facts, settings, window), window, acds, links_down)


def interval_lengths_in(facts: tuple[ServerFacts, ...], settings: PairSettings, window: Window) -> dict[int, int]:
    """Return the minutes of an interval of each ACD, by the facts of the servers."""
    return ScopeQuestions(settings, facts, window.stop, window).lengths


def _notes(facts: tuple[ServerFacts, ...]) -> tuple[str, ...]:
    return tuple(note for one in facts for note in one.notes)
