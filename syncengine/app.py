"""The only wiring: a pair as one object with the things people do to it. This is the Python API."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from syncengine.catalogue import Catalogue, load_catalogue
from syncengine.execute.executing import execute
from syncengine.model.check import PairCheck
from syncengine.model.drift import Observation
from syncengine.model.errors import InputError, RefusedError, ServerError, ServerReadOnlyError, SyncError
from syncengine.model.outcome import RunOutcome
from syncengine.model.pair import Limits, PairSettings, Role
from syncengine.model.plan import Plan, Policy
from syncengine.model.progress import Progress, Silent
from syncengine.model.spec import DataClass, TableSpec
from syncengine.model.window import Window
from syncengine.model.window_text import parse_window
from syncengine.observe.checking import check, try_out
from syncengine.observe.looking import LookQuestions
from syncengine.observe.observing import Request, observe
from syncengine.pair_file import read_pair_file
from syncengine.planning.planning import Wishes, plan
from syncengine.report.plan_json import plan_as_json
from syncengine.servers.opening import open_server
from syncengine.servers.protocol import Server
from syncengine.staging.cache import Cache
from syncengine.staging.folder import Staging

ROW_BYTES = 600
"""About what a row of the widest tables takes on disk, staged and journalled, before compression."""
WAIT_SECONDS = 30.0
"""Seconds between two looks at the archive status."""
ARCHIVE_RULE = 6
SCRATCH_LOCK_SECONDS = 2
"""How long a session in a scratch table waits for a lock, which one case lets it do."""
VERIFIED = (DataClass.SYSTEM, DataClass.ACD, DataClass.HISTORICAL, DataClass.CUSTOM)


Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a pair is asked about."""

    tables: tuple[str, ...]
    sets: tuple[str, ...]
    acds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Resync:
    """A run and what a fresh look at the pair found after it."""

    plan: Plan
    outcome: RunOutcome
    after: Observation | None


class Pair:
    """A High Availability pair. Use `open_pair` to get one."""

    def __init__(self, settings: PairSettings, catalogue: Catalogue, progress: Progress) -> None:
        self.settings = settings
        self.catalogue = catalogue
        self.progress = progress

    def verify(
        self,
        *,
        tables: str | Iterable[str] = (),
        sets: str | Iterable[str] = (),
        acds: int | Iterable[int] = (),
        window: str | Window | None = None,
        source: Role | str = Role.PRIMARY,
        every_row: bool = False,
    ) -> Observation:
        """Say what differs. Without tables or sets, everything but local administration is compared.

        Reads only. Raises `InputError` for what cannot be meant and `ServerError` where a server fails.
        """
        asked = Asked(names_of(tables), names_of(sets), numbers_of(acds))
        specs = self._specs(asked) or self.catalogue.of_class(*VERIFIED)
        request = self._request(specs, window, asked.acds, choice(Role, source, "source"), every_row=every_row)
        with self._servers(frozenset()) as servers:
            observation = self._observe(servers, request)
        return replace(observation, notes=(*self._files_beside(asked), *_unlike_loads(observation)))

    def check(self, *, scratch: bool = False) -> PairCheck:
        """Say who the two servers are, what they hold, and whether they are set up alike.

        Reads only, unless `scratch` is true: then it tries what each server does in a table that it makes and drops.
        A server that fails does not raise; its sentence stands in the result.
        """
        questions = LookQuestions(self.settings, self.catalogue, self._as_of())
        limits = self.settings.limits
        if scratch:
            limits = replace(limits, lock_seconds=min(limits.lock_seconds, SCRATCH_LOCK_SECONDS))
        with ExitStack() as stack:
            servers: dict[Role, Server] = {}
            failed: dict[Role, ServerError] = {}
            for role in Role:
                try:
                    servers[role] = self._opened(role, writable=scratch, limits=limits)
                except ServerError as error:
                    failed[role] = error
                else:
                    stack.callback(servers[role].close)
            if not failed:
                _refuse_one_server(servers)
            cache = stack.enter_context(self._cache())
            found = check(servers, failed, questions, cache, self.progress, seed=secrets.randbits(63))
            if not scratch:
                return found
            return try_out(found, servers, questions, cache, self.progress, lock_seconds=limits.lock_seconds)

    def plan_resync(
        self,
        *,
        window: str | Window | None = None,
        tables: str | Iterable[str] = (),
        sets: str | Iterable[str] = (),
        acds: int | Iterable[int] = (),
        source: Role | str = Role.PRIMARY,
        policy: Policy | str = Policy.REPLACE,
        allow_deletions: int | None = None,
        take_broken: bool = False,
        wait: bool = False,
    ) -> Plan:
        """Say what a resync would do, writing nothing. Without tables or sets, all historical tables.

        Raises `RefusedError` where a rule forbids it.
        """
        asked = Asked(names_of(tables), names_of(sets), numbers_of(acds))
        specs = self._with_companions(self._specs(asked) or self.catalogue.of_class(DataClass.HISTORICAL))
        self._refuse_local(specs)
        self._refuse_whole_tables(specs, asked)
        timed = [spec.name for spec in specs if spec.time is not None]
        if window is None and timed:
            raise InputError(
                f"A resync of historical tables ({timed[0]}{', ...' if len(timed) > 1 else ''}) needs a window.",
                hint="Add --window '2000-06-05 05:13..05:19', the time the link was down.",
            )
        limits = self.settings.limits
        if allow_deletions is not None:
            limits = replace(limits, deletions=allow_deletions)
        wishes = Wishes(choice(Policy, policy, "policy"), limits, take_broken)
        side = choice(Role, source, "source")
        deadline = time.monotonic() + 60 * limits.wait_minutes
        while True:
            request = replace(self._request(specs, window, asked.acds, side, every_row=False), for_writing=True)
            try:
                with self._servers(frozenset()) as servers:
                    made = plan(self._observe(servers, request), self.catalogue, wishes)
                return replace(made, notes=(*made.notes, *self._files_beside(asked)))
            except RefusedError as refusal:
                if not wait or refusal.rule != ARCHIVE_RULE or time.monotonic() > deadline:
                    raise
            # The servers are closed meanwhile: an embedded one could not be written to.
            self.progress.begin(f"Waiting for the archive, at most {limits.wait_minutes} minutes", 1)
            try:
                time.sleep(WAIT_SECONDS)
            finally:
                self.progress.end()

    def execute(self, plan: Plan) -> Resync:
        """Do what a plan says, then verify every table it names again (rule: only that says "in sync")."""
        with self._servers(plan.writes_to) as servers, self._cache() as cache:
            _refuse_read_only(servers, plan.writes_to)
            self._refuse_unlogged(servers, plan.writes_to)
            if not plan.steps:
                return Resync(plan, RunOutcome("", ()), self._observe(servers, self._again(plan)))
            rows = sum(step.rows for step in plan.steps)
            with Staging(self.settings.staging).run(plan_as_json(plan), needs_bytes=rows * ROW_BYTES) as run:
                outcome = execute(plan, servers, cache, run, self.progress)
            after: Observation | None = None
            if not outcome.cancelled:
                try:
                    after = self._observe(servers, self._again(plan))
                except KeyboardInterrupt:
                    outcome = replace(outcome, cancelled=True, stopped="the check after it was stopped: run verify")
                except SyncError as error:
                    outcome = replace(outcome, stopped=outcome.stopped or f"the check after it failed: {error}")
        return Resync(plan, outcome, after)

    def _again(self, plan: Plan) -> Request:
        specs = tuple(self.catalogue.table(name) for name in plan.tables)
        return self._request(specs, plan.requested, plan.acds, plan.source, every_row=False)

    def _observe(self, servers: Mapping[Role, Server], request: Request) -> Observation:
        with self._cache() as cache:
            return observe(servers, self.settings, self.catalogue, request, cache, self.progress)

    def _request(
        self,
        specs: tuple[TableSpec, ...],
        window: str | Window | None,
        acds: tuple[int, ...],
        source: Role,
        *,
        every_row: bool,
    ) -> Request:
        return Request(
            specs=specs,
            source=source,
            as_of=self._as_of(),
            seed=secrets.randbits(63),
            window=parse_window(window) if isinstance(window, str) else window,
            acds=acds,
            every_row=every_row,
        )

    def _specs(self, asked: Asked) -> tuple[TableSpec, ...]:
        """Return the specs asked for; refuses sets that are only files, and single ACDs of sets that have none."""
        for table_set in (self.catalogue.set(name) for name in asked.sets):
            if not table_set.tables:
                files = [file for file in self.catalogue.files if table_set.name in file.sets]
                named = "; ".join(f"{file.path}: {file.advice}" for file in files)
                raise InputError(
                    f"The set {table_set.name} holds no table, only files, which cannot be compared here.",
                    hint=f"Leave it out, and by hand: {named}.",
                )
            if table_set.every_acd and asked.acds:
                raise InputError(
                    f"The set {table_set.name} is always of all ACDs (High Availability guide, chapter 3).",
                    hint="Leave --acd out, or name single tables with --table.",
                )
        return self.catalogue.select(asked.tables, asked.sets)

    def _files_beside(self, asked: Asked) -> Iterator[str]:
        """Yield what of the sets asked for lies in files, which no table copy carries."""
        for file in self.catalogue.files:
            if set(file.sets) & set(asked.sets):
                yield f"{file.path} ({file.holds}) is a file and is not compared: {file.advice}"

    def _with_companions(self, specs: tuple[TableSpec, ...]) -> tuple[TableSpec, ...]:
        """Add synonyms to agroups, which is never written without it (High Availability guide, chapter 3)."""
        names = {spec.name for spec in specs}
        if "agroups" in names and "synonyms" not in names:
            return self.catalogue.select([*names, "synonyms"])
        return specs

    def _refuse_whole_tables(self, specs: tuple[TableSpec, ...], asked: Asked) -> None:
        whole = [spec.name for spec in specs if spec.acd is None and spec.time is None]
        if whole and asked.acds:
            raise InputError(
                f"{', '.join(whole)}: rows that belong to no ACD are only copied with all ACDs.",
                hint="Leave --acd out, or leave these tables out.",
            )

    def _refuse_local(self, specs: tuple[TableSpec, ...]) -> None:
        local = [spec.name for spec in specs if spec.data_class is DataClass.LOCAL]
        if local:
            raise RefusedError(
                f"{', '.join(local)}: local administration belongs to one server and is never copied.",
                rule=1,
                hint="Leave it out; no option lifts this.",
            )

    def _refuse_unlogged(self, servers: Mapping[Role, Server], roles: Iterable[Role]) -> None:
        """Refuse steps that could not be rolled back, unless the user has taken that on."""
        for role in roles:
            transactions = servers[role].describe().capabilities.transactions
            if not transactions and not self.settings.server(role).without_transactions:
                raise RefusedError(
                    f"{role}: the database keeps no transaction log, so that a step that is cut short cannot be rolled "
                    "back, only put back from its journal.",
                    rule=13,
                    hint=f"Set {role}.without_transactions = true in the pair file to write it all the same.",
                )

    @contextmanager
    def _servers(self, writable: frozenset[Role]) -> Iterator[Mapping[Role, Server]]:
        opened: dict[Role, Server] = {}
        try:
            for role in Role:
                opened[role] = self._opened(role, writable=role in writable, limits=self.settings.limits)
            _refuse_one_server(opened)
            yield opened
        finally:
            for server in opened.values():
                server.close()

    def _opened(self, role: Role, *, writable: bool, limits: Limits) -> Server:
        return open_server(self.settings.server(role), self.settings.file.parent, writable=writable, limits=limits)

    def _as_of(self) -> datetime:
        return self.settings.as_of or _wall_clock(self.settings.clock_zone)

    def _cache(self) -> Cache:
        return Cache(self.settings.staging, memory_mb=self.settings.limits.memory_mb)


def open_pair(
    pair_file: str | Path,
    *,
    specs: tuple[Path, ...] = (),
    progress: Progress | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Pair:
    """Return the pair a file describes; `specs` are folders of table specs of one's own."""
    settings = read_pair_file(Path(pair_file), environment)
    catalogue = load_catalogue(*settings.specs, *specs)
    return Pair(settings, catalogue, progress or Silent())


def names_of(names: str | Iterable[str]) -> tuple[str, ...]:
    """Return names given as one or as many."""
    return (names,) if isinstance(names, str) else tuple(names)


def numbers_of(numbers: int | Iterable[int]) -> tuple[int, ...]:
    """Return numbers given as one or as many."""
    return (numbers,) if isinstance(numbers, int) else tuple(numbers)


def choice(choices: type[Choice], value: str, what: str) -> Choice:
    """Return one of the choices by its name; raises `InputError` that lists them."""
    try:
        return choices(value)
    except ValueError:
        raise InputError(f"{value!r} is no {what}.", hint=f"Choose {' or '.join(choices)}.") from None


def _wall_clock(zone: str | None) -> datetime:
    """Return what the switch's clock shows now."""
    return datetime.now(ZoneInfo(zone)).replace(tzinfo=None) if zone else datetime.now()


def _unlike_loads(observation: Observation) -> Iterator[str]:
    source, target = observation.facts
    if source.load and target.load and source.load != target.load:
        loads = f"{source.role} {source.load}, {target.role} {target.load}"
        yield f"the servers run different CMS loads ({loads}): nothing can be copied until they are alike"


def _refuse_read_only(servers: Mapping[Role, Server], roles: Iterable[Role]) -> None:
    """Refuse before anything is staged."""
    for role in roles:
        if not servers[role].describe().capabilities.writable:
            raise ServerReadOnlyError(
                f"{role}: the database is open for reading only.", hint="Remove read_only from the pair file."
            )


def _refuse_one_server(opened: Mapping[Role, Server]) -> None:
    identities = {server.describe().identity for server in opened.values()}
    if len(identities) == 1:
        raise InputError(
            f"Primary and secondary are the same server ({identities.pop()}).",
            hint="A pair is two: correct a url in the pair file.",
        )
