"""Verifies each server by itself: whether its days, weeks and months follow from its own intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from syncengine.catalogue import Catalogue
from syncengine.model.errors import ServerError
from syncengine.model.facts import ServerFacts
from syncengine.model.pair import PairSettings, Role
from syncengine.model.progress import Progress
from syncengine.model.rollups import InternalState, InternalTable, InternalVerdict
from syncengine.model.sentences import without_server
from syncengine.model.spec import TableSpec
from syncengine.model.window import Window
from syncengine.observe.facts import FactQuestions
from syncengine.observe.pair_facts import facts_of
from syncengine.observe.rollups.comparison import IntervalSource, PeriodsToCompare
from syncengine.observe.rollups.summarised import SummarisedPeriods, within
from syncengine.servers.protocol import Server
from syncengine.staging.cache import Cache


@dataclass(frozen=True, slots=True)
class InternalQuestions:
    """What to verify: longer tables, ACDs (none means all), and a time (None means as far as intervals are stored)."""

    settings: PairSettings
    catalogue: Catalogue
    as_of: datetime
    specs: tuple[TableSpec, ...]
    acds: tuple[int, ...] = ()
    window: Window | None = None


def verify_rollups(
    servers: Mapping[Role, Server], questions: InternalQuestions, cache: Cache, progress: Progress
) -> InternalVerdict:
    """Return how each server's longer archives compare with its own intervals. Reads only."""
    fact_questions = FactQuestions(questions.settings, questions.catalogue, None, coverage=True)
    facts = facts_of(servers, fact_questions, questions.acds)
    families = _families(questions)
    tables: list[InternalTable] = []
    progress.begin("Rolling up", len(servers) * len(questions.specs))
    try:
        for role, server in servers.items():
            for shorter, longer in families.items():
                source = IntervalSource(server, role, shorter, cache, questions.settings.limits.samples)
                summarised = SummarisedPeriods(server, facts[role], questions.settings, questions.as_of)
                for table in _tables_or_problem(source, summarised, longer, questions):
                    progress.advance(1, table.table, rows=table.groups)
                    tables.append(table)
    finally:
        progress.end()
    order = {spec.name: at for at, spec in enumerate(questions.specs)}
    return InternalVerdict(
        as_of=questions.as_of,
        requested=questions.window,
        acds=questions.acds,
        roles=tuple(servers),
        tables=tuple(sorted(tables, key=lambda table: (tuple(servers).index(table.role), order[table.table]))),
        notes=tuple(note for one in facts.values() for note in one.notes),
    )


def _families(questions: InternalQuestions) -> dict[TableSpec, list[TableSpec]]:
    """Return the requested longer tables, by the interval table they follow from."""
    families: dict[TableSpec, list[TableSpec]] = {}
    for spec in questions.specs:
        if spec.rolled_from is not None:
            families.setdefault(questions.catalogue.table(spec.rolled_from), []).append(spec)
    return families


def _tables_or_problem(
    source: IntervalSource, summarised: SummarisedPeriods, longer: list[TableSpec], questions: InternalQuestions
) -> list[InternalTable]:
    """Compare the tables that follow from one interval table; an error of one of them does not stop the others.

    They are compared together, so that their intervals are read once, and one by one where that fails.
    """
    try:
        return list(_compared_tables(source, summarised, longer, questions))
    except ServerError as error:
        if error.of_whole_server:
            raise
        if len(longer) > 1:
            return [table for spec in longer for table in _tables_or_problem(source, summarised, [spec], questions)]
        (spec,) = longer
        state, shorter = InternalState.NOT_COMPARABLE, source.shorter.name
        return [
            InternalTable(
                source.role, spec.name, spec.grain.archive, shorter, state, without_server(source.role, error.message)
            )
        ]


def _compared_tables(
    source: IntervalSource, summarised: SummarisedPeriods, longer: list[TableSpec], questions: InternalQuestions
) -> Iterator[InternalTable]:
    requested = []
    for spec in longer:
        found = summarised.periods(spec, source.shorter, questions.acds)
        requested.append(PeriodsToCompare(spec, tuple(period for period in found if within(period, questions.window))))
    for table in source.tables(requested):
        if table.state is InternalState.NOTHING and not table.problem:
            spec = questions.catalogue.table(table.table)
            yield replace(table, problem=_why_nothing(spec, summarised.facts, questions))
        else:
            yield table


def _why_nothing(spec: TableSpec, facts: ServerFacts, questions: InternalQuestions) -> str:
    if spec.archive is None:
        return ""
    for acd in questions.acds or facts.acds:
        status = facts.archived(acd, spec.archive)
        if status.until is None:
            return f"its {spec.archive} archive {status.problem}"
    where = "of the window " if questions.window is not None else ""
    return f"no whole {spec.grain.word} {where}is summarised and still has all its intervals"
