"""Observes a pair: compares both servers as a request says, using remembered results where they still hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from syncengine import machine
from syncengine.catalogue import Catalogue
from syncengine.jobs.connections import as_of
from syncengine.model.drift import Observation, TableState
from syncengine.model.errors import WindowError
from syncengine.model.facts import ServerFacts
from syncengine.model.pair import PairSettings, Role
from syncengine.model.plan import Plan
from syncengine.model.progress import Progress
from syncengine.model.run import RunState
from syncengine.model.sides import Sides
from syncengine.model.spec import CompanionFile, DataClass, TableSpec
from syncengine.model.window import Window
from syncengine.observe.parts import observe_pair
from syncengine.observe.request import Request
from syncengine.servers.protocol import Server
from syncengine.staging.ledger import Ledger

VERIFIED = (DataClass.SYSTEM, DataClass.ACD, DataClass.HISTORICAL, DataClass.CUSTOM)


@dataclass(frozen=True, slots=True)
class Observer:
    """Observes one pair. Reads only."""

    settings: PairSettings
    catalogue: Catalogue
    ledger: Ledger
    progress: Progress

    def compare_all(self, servers: Mapping[Role, Server], window: Window) -> Observation:
        """Compare all tables that may differ, of a window."""
        specs = self.catalogue.of_class(*VERIFIED)
        return self.verify(servers, self.request(specs, window, (), Role.PRIMARY, every_row=False))

    def verify(self, servers: Mapping[Role, Server], request: Request) -> Observation:
        """Compare what was requested; remembered days are not read again, and new results are remembered."""
        # A session that a crash left behind may yet commit: nothing is remembered until that is known.
        unsure = any(run.unresolved or run.state is RunState.DAMAGED for run in self.ledger.runs())
        observation = self.observe(servers, replace(request, now=None if unsure else machine.now()))
        refuse_no_rows(observation)
        return observation

    def of_files(self, files: tuple[CompanionFile, ...], source: Role) -> Observation:
        """Return an observation that only names files to compare by hand; no server is queried."""
        return Observation(
            as_of=as_of(self.settings),
            seed=0,
            requested=None,
            facts=Sides(source, _no_facts(source), _no_facts(source.other)),
            tables=(),
            zone=self.settings.timezone,
            acds=(),
            files=files,
            interval_lengths=(),
        )

    def compare_again(self, servers: Mapping[Role, Server], plan: Plan) -> Observation:
        """Compare again what a plan was made for, with nothing remembered."""
        specs = tuple(self.catalogue.table(name) for name in plan.tables)
        request = self.request(specs, plan.requested, plan.acds, plan.source, every_row=False)
        request = replace(request, fresh=True, as_of=not_before(request.as_of, plan))
        return self.observe(servers, request, synced=plan.remembers)

    def observe(
        self,
        servers: Mapping[Role, Server],
        request: Request,
        progress: Progress | None = None,
        *,
        synced: bool = False,
    ) -> Observation:
        """Compare what a request names, using remembered results where it allows them.

        With `synced`, find what administration each server has changed since both were last alike.
        """
        return observe_pair(servers, self.settings, self.catalogue, request, progress or self.progress, synced=synced)

    def request(
        self,
        specs: tuple[TableSpec, ...],
        window: Window | None,
        acds: tuple[int, ...],
        source: Role,
        *,
        every_row: bool,
    ) -> Request:
        """Return the request to compare some tables of a window."""
        return Request(
            specs=specs,
            source=source,
            as_of=as_of(self.settings),
            seed=machine.seed(),
            window=window,
            acds=acds,
            every_row=every_row,
        )


def not_before(now: datetime, plan: Plan) -> datetime:
    """Return what the clock shows, but no earlier time than a plan was made at: a clock may be set back meanwhile."""
    return max(now, plan.as_of)


def _no_facts(role: Role) -> ServerFacts:
    return ServerFacts(role, identity="", kind="", load=None, acds=())


def refuse_no_rows(observation: Observation) -> None:
    """Refuse a window without a row on either server: "in sync" would be true and of no use."""
    tables = [table for table in observation.tables if table.state is TableState.COMPARED]
    if observation.requested is None or not tables or any(table.spec.time is None for table in tables):
        return
    if not any(table.buckets_compared or table.remembered.buckets or table.differing for table in tables):
        raise WindowError(
            f"Neither server has a row of {observation.requested} in the requested tables: nothing was compared.",
            hint="Check the year. `syncengine verify` without `window=` compares all they have.",
        )


def unlike_loads(observation: Observation) -> Iterator[str]:
    """Yield a note where the servers run different loads (rule 14)."""
    source, target = observation.facts
    if source.load and target.load and source.load != target.load:
        loads = f"{source.role} {source.load}, {target.role} {target.load}"
        yield f"the servers run different CMS loads ({loads}): nothing can be copied until they are alike"
