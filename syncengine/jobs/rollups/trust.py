"""Which stale periods can be recomputed: a roll-up must first reproduce periods no run has written (rule 10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from syncengine.catalogue import Catalogue
from syncengine.model.errors import ServerError
from syncengine.model.facts import ServerFacts
from syncengine.model.grain import SUNDAY, Archive
from syncengine.model.pair import PairSettings, Role
from syncengine.model.plan import StaleRollup, places_of
from syncengine.model.policy import Rollups
from syncengine.model.rollups import InternalState, InternalTable, Period
from syncengine.model.sentences import listed
from syncengine.model.spec import TableSpec
from syncengine.observe.rollups.comparison import IntervalSource, PeriodsToCompare
from syncengine.observe.rollups.summarised import SummarisedPeriods
from syncengine.planning.rollup_repair import IntervalEvidence, span_of_stale, unread_reason, with_outcome
from syncengine.servers.protocol import Server
from syncengine.staging.cache import Cache

DAYS_CHECKED, PERIODS_CHECKED = 3, 1
"""How many unwritten days, or longer periods, of each ACD a roll-up must reproduce, the newest."""
COLUMNS_SHOWN = 4


@dataclass(frozen=True, slots=True)
class PeriodJudge:
    """Judges stale periods before their intervals are repaired. Reads only."""

    settings: PairSettings
    catalogue: Catalogue
    as_of: datetime
    servers: Mapping[Role, Server]
    facts: Mapping[Role, ServerFacts]
    evidence: IntervalEvidence
    cache: Cache
    unread: dict[str, str] = field(default_factory=dict)
    """Roll-up tables that could not be read while they were judged, and why."""

    def judged(self, stale: Sequence[StaleRollup]) -> Iterator[StaleRollup]:
        """Yield each period with its repair: recomputed, or left to Data Summarizing, with the reason."""
        for into in Role:
            ones = [one for one in stale if one.into is into]
            summarised = SummarisedPeriods(self.servers[into], self.facts[into], self.settings, self.as_of)
            possible: dict[TableSpec, list[StaleRollup]] = {}
            for one in ones:
                spec = self.catalogue.table(one.table)
                why = self._impossible_or_unread(one, spec, summarised)
                if why:
                    yield with_outcome(one, Rollups.LIST, why)
                else:
                    possible.setdefault(spec, []).append(one)
            for spec, members in possible.items():
                why, partly = self._why_not_recomputed(into, spec, members, summarised)
                for one in members:
                    yield with_outcome(one, Rollups.LIST, why) if why else with_outcome(one, Rollups.RECOMPUTE, partly)

    def _impossible_or_unread(self, one: StaleRollup, spec: TableSpec, summarised: SummarisedPeriods) -> str:
        """Return why a period cannot be recomputed; a table that cannot be read does not end the others."""
        try:
            return self._impossible(one, spec, summarised)
        except ServerError as error:
            if error.of_whole_server:
                raise
            return self._unread(spec, error)

    def _unread(self, spec: TableSpec, error: ServerError) -> str:
        self.unread[spec.name] = error.message
        return unread_reason(spec.name, error.message)

    def _impossible(self, one: StaleRollup, spec: TableSpec, summarised: SummarisedPeriods) -> str:
        shorter = self.catalogue.table(spec.rolled_from or "")
        acd = one.acd or 0
        if summarised.week_starts(spec, acd) != SUNDAY:
            return f"weeks of {one.into} do not begin on Sunday"
        since = summarised.complete_since(shorter, acd)
        if since is None or since > span_of_stale(one).start:
            return f"{one.into} no longer has all its intervals"
        return self.evidence.not_whole(one, spec)

    def _why_not_recomputed(
        self, into: Role, spec: TableSpec, stale: Sequence[StaleRollup], summarised: SummarisedPeriods
    ) -> tuple[str, str]:
        """Return why a table is not recomputed, or which of its columns are not.

        Where a table has no unwritten period of its own, as with months, the days of its family are checked instead.
        """
        if self.evidence.uncertain_run:
            return f"run {self.evidence.uncertain_run} is damaged, and it is not known which periods it has written", ""
        shorter = self.catalogue.table(spec.rolled_from or "")
        acds = {one.acd for one in stale if one.acd is not None}
        daily = [
            one
            for one in self.catalogue.tables
            if one.rolled_from == spec.rolled_from and one.archive is Archive.DAILY and one is not spec
        ]
        interval_source = IntervalSource(self.servers[into], into, shorter, self.cache, samples=1)
        why = "there is no period without writes to check its roll-up with"
        for one in (spec, *daily):
            try:
                periods = tuple(self._untouched(into, one, shorter, acds, summarised))
                found = tuple(interval_source.tables([PeriodsToCompare(one, periods)])) if periods else ()
            except ServerError as error:
                if error.of_whole_server:
                    raise
                if one is spec:
                    return self._unread(spec, error), ""
                # Days that cannot be read check nothing; where they are stale they are reported themselves.
                why = unread_reason(one.name, error.message)
                continue
            for table in found:
                if table.state is InternalState.NOT_COMPARABLE:
                    return table.problem, ""
                if table.groups:
                    return _disagreeing(table), _partly(table)
        return why, ""

    def _untouched(
        self, into: Role, spec: TableSpec, shorter: TableSpec, acds: Iterable[int], summarised: SummarisedPeriods
    ) -> Iterator[Period]:
        """Yield the newest whole periods of each ACD that no run has written to, nor to their intervals."""
        written = places_of(self.evidence.plan.steps) | self.evidence.written
        blind = [time for time in self.evidence.blind if any(side.role is into for side in time.sides)]
        names = (shorter.name, spec.name)
        for acd in sorted(acds):
            clean = [
                period
                for period in summarised.periods(spec, shorter, (acd,))
                if not any((into, name, acd, day) in written for day in period.span.days() for name in names)
                and not any(time.acd == acd and time.span.clipped(period.span) for time in blind)
            ]
            yield from clean[-(PERIODS_CHECKED if spec.grain.long else DAYS_CHECKED) :]


def _disagreeing(table: InternalTable) -> str:
    """Return how the server's own rows differ from our roll-up of unwritten days; empty where they agree."""
    if table.agrees:
        return ""
    period = table.disagreements[0].period
    where = f"unwritten {table.table} of {period.row_date}, ACD {period.acd}"
    columns = table.wrong_columns
    if not columns:
        return f"its roll-up is not known for certain: {where} has other rows than its intervals add up to"
    return f"{table.role} computes {listed(columns, COLUMNS_SHOWN)} differently: see {where}"


def _partly(table: InternalTable) -> str:
    busy = [name for name, why in table.not_recomputed if "busy hour" in why]
    others = [name for name, why in table.not_recomputed if "busy hour" not in why]
    parts = [f"{busy[0]} and the other columns of its busy hour"] if busy else []
    if others:
        parts.append(f"{listed(others, COLUMNS_SHOWN)}, which no rule covers")
    return f"but not {' nor '.join(parts)}" if parts else ""
