"""Observes a pair, in this process or in parts that the caller's executor runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import replace
from datetime import date, datetime, timedelta

from syncengine.catalogue import Catalogue
from syncengine.model.drift import Observation
from syncengine.model.interval import at_label
from syncengine.model.merging import merged
from syncengine.model.pair import PairSettings, Role
from syncengine.model.progress import Progress, SilentProgress
from syncengine.model.spec import TableSpec
from syncengine.model.window import Window
from syncengine.observe.observation import observe, questions_of
from syncengine.observe.pair_facts import facts_for
from syncengine.observe.question_executor import open_executor
from syncengine.observe.refusals import refuse_absent, refuse_impossible, refuse_nothing
from syncengine.observe.request import ALL_MONTHS, MonthRange, Request
from syncengine.observe.scopes import EARLIEST, ScopeQuestions, scopes_of
from syncengine.servers.open_servers import executor_of
from syncengine.servers.protocol import LiveTable, Server
from syncengine.staging.cache import Cache
from syncengine.staging.last_synced import LastSynced
from syncengine.staging.remembered_days import Memory

SILENT = SilentProgress()
TABLES_AT_ONCE = 10
"""Tables without time are small."""
MONTHS_APART = 24
"""More than a CMS stores of intervals; everything older is one part."""


def observe_pair(
    servers: Mapping[Role, Server],
    settings: PairSettings,
    catalogue: Catalogue,
    request: Request,
    progress: Progress,
    *,
    synced: bool,
) -> Observation:
    """Return what differs between source and target, read as a whole or in parts at once.

    With `synced`, tables without time are compared with the rows remembered from when both were last alike.
    """
    if executor_of(servers) is None:
        return observe_part(servers, settings, catalogue, request, synced, progress)
    refuse_impossible(request)
    facts = facts_for(servers, settings, catalogue, request)
    questions = questions_of(settings, facts, request)
    with open_executor(servers, settings) as executor:
        names = [spec.name for spec in request.specs]
        live_futures = {role: executor.submit(_tables_on, role, names) for role in servers}
        live = {role: future.result() for role, future in live_futures.items()}
        refuse_absent([name for name in names if name in request.named and not any(name in on for on in live.values())])
        parts = tuple(parts_of(replace(request, facts=facts, live=live), questions))
        futures = {
            executor.submit(observe_part, replace(catalogue, tables=part.specs), part, synced): part for part in parts
        }
        progress.begin("Comparing", sum(len(part.specs) for part in parts))
        try:
            for future in as_completed(futures):
                for table in future.result().tables:
                    progress.advance(1, table.spec.name, rows=table.rows_compared)
        finally:
            progress.end()
    whole = merged([future.result() for future in futures], samples=settings.limits.samples)
    whole = replace(whole, tables=tuple(sorted(whole.tables, key=lambda table: names.index(table.spec.name))))
    refuse_nothing(request, whole.tables, questions)
    return whole


def observe_part(
    servers: Mapping[Role, Server],
    settings: PairSettings,
    catalogue: Catalogue,
    request: Request,
    synced: bool,
    progress: Progress = SILENT,
) -> Observation:
    """Return what differs in a part, which may be the whole. What it shows of its tables is remembered."""
    with Cache.of(settings) as cache, Memory(settings.staging) as memory:
        last = LastSynced(settings.staging) if synced else None
        return observe(servers, settings, catalogue, request, cache, progress, memory, last)


def parts_of(request: Request, questions: ScopeQuestions) -> Iterator[Request]:
    """Yield a part for each table, one for several tables without time, and of history one for each month.

    History is not divided where days are remembered, since these count for a table as a whole, or where a write
    follows: whether it is compared with digests is decided for all of a table.
    """
    without_time = [spec for spec in request.specs if spec.time is None]
    for at in range(0, len(without_time), TABLES_AT_ONCE):
        yield _part(request, without_time[at : at + TABLES_AT_ONCE], ALL_MONTHS)
    whole = request.for_writing or request.may_recall
    for spec in (spec for spec in request.specs if spec.time is not None):
        cut = spec.grain.sliced and not whole
        scopes = scopes_of(spec, questions, questions.lengths, {}) if cut else ()
        windows = [scope.window for scope in scopes if scope.window is not None and scope.window.start > EARLIEST]
        yield from (_part(request, (spec,), months) for months in _months(windows, request.as_of))


def _part(request: Request, specs: Iterable[TableSpec], months: MonthRange) -> Request:
    live = {role: {spec.name: on[spec.name] for spec in specs if spec.name in on} for role, on in request.live.items()}
    return replace(request, specs=tuple(specs), months=months, live=live)


def _months(windows: Sequence[Window], as_of: datetime) -> Iterator[MonthRange]:
    """Yield months that tile all of time: those of some windows one by one, up to a number, and all before as one."""
    begin = min((window.start for window in windows), default=as_of)
    stop = min(max((window.stop for window in windows), default=as_of), as_of)
    edges: list[date | None] = [None]
    month = stop.date().replace(day=1)
    while at_label(month, 0) > begin and len(edges) < MONTHS_APART:
        edges.insert(1, month)
        month = (month - timedelta(days=1)).replace(day=1)
    return map(MonthRange, edges, (*edges[1:], None))


def _tables_on(
    servers: Mapping[Role, Server], settings: PairSettings, role: Role, names: Collection[str]
) -> Mapping[str, LiveTable]:
    del settings
    return servers[role].tables(names)
