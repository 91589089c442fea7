"""Holds the tables against each other that say how the servers are set up, local administration too (rule 1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from syncengine.model.check import Finding, Holding, Severity, Subject
from syncengine.model.drift import KeyGroupDrift, TableState
from syncengine.model.errors import ServerError
from syncengine.model.facts import ServerFacts
from syncengine.model.pair import PairSettings, Role
from syncengine.model.selection import Value
from syncengine.model.spec import DataClass, SetUp, TableSpec
from syncengine.observe.check.server import Look
from syncengine.observe.columns import ColumnsVerdict, judge_layouts
from syncengine.observe.comparison import Comparison, Findings, compare, selections_of
from syncengine.servers.protocol import Server
from syncengine.staging.cache import Cache

KEYS_TOLD = 200
"""Differing key groups named for each table."""


@dataclass(frozen=True, slots=True)
class SetupQuestions:
    """What comparing the set-up needs."""

    servers: Mapping[Role, Server]
    looks: Mapping[Role, Look]
    facts: tuple[ServerFacts, ServerFacts]
    """The primary's first."""
    settings: PairSettings
    cache: Cache
    pool: Executor
    seed: int


def compare_setup(spec: TableSpec, setup: SetUp, questions: SetupQuestions) -> Iterator[Finding]:
    """Yield what differs in one table of the set-up; raises `ServerError` where a server is lost."""
    looks = questions.looks
    if any(spec.name in look.check.holding(Holding.UNREADABLE) for look in looks.values()):
        return
    spec = replace(
        spec,
        key=spec.key or ((spec.acd,) if spec.acd else ()),
        not_compared=tuple((column, "each server has its own") for column in setup.own),
    )
    verdict = _known_columns(spec, judge_layouts(spec, {role: looks[role].live.get(spec.name) for role in Role}))
    if verdict.state is TableState.COMPARED:
        try:
            found = _compared(spec, verdict, questions)
        except ServerError as error:
            if error.of_whole_server:
                raise
            yield _not_compared(spec.name, setup, str(error))
        else:
            yield from _findings(spec.name, setup, found)
    elif verdict.state is TableState.NOT_COMPARABLE and spec.data_class is DataClass.LOCAL:
        # Of the others the columns are told of with those of all tables that are compared.
        yield _not_compared(spec.name, setup, verdict.problem)


def _known_columns(spec: TableSpec, verdict: ColumnsVerdict) -> ColumnsVerdict:
    """Leave out the columns no spec describes: whether they should be alike is not known."""
    if verdict.state is not TableState.COMPARED:
        return verdict
    known = tuple(column for column in verdict.compared if spec.column(column.name) is not None)
    if not {column.name for column in known} - {spec.acd}:
        return ColumnsVerdict(TableState.NOT_COMPARABLE, "its columns are not those known here")
    return replace(verdict, compared=known)


def _compared(spec: TableSpec, verdict: ColumnsVerdict, questions: SetupQuestions) -> Findings:
    comparison = Comparison(
        spec=spec,
        verdict=verdict,
        source=questions.servers[Role.PRIMARY],
        target=questions.servers[Role.SECONDARY],
        facts=questions.facts,
        cache=questions.cache,
        pool=questions.pool,
        limits=replace(questions.settings.limits, samples=KEYS_TOLD),
        seed=questions.seed,
        every_row=False,
        zone=questions.settings.timezone,
    )
    selections = selections_of(spec, (), zone=questions.settings.timezone)
    return compare(comparison, selections, _unheard)


def _unheard(units: int, rows: int) -> None:
    """Tell nobody of slices: these tables are small."""
    del units, rows


def _findings(name: str, setup: SetUp, found: Findings) -> Iterator[Finding]:
    if not found.differing:
        return
    rows = sum(drift.counts.total for drift in found.differing)
    moving = any(drift.moving for drift in found.differing)
    one = rows == 1
    says = f"{rows:,} row{'' if one else 's'} of {setup.what} {'is' if one else 'are'} not alike"
    if moving and not rows:
        says = f"Rows of {setup.what} kept changing while they were compared"
    yield Finding(
        severity=Severity.NOTE if setup.may_differ else Severity.MUST,
        subject=Subject.SETUP,
        says=f"{says}, as they may be." if setup.may_differ else f"{says}.",
        advice=setup.advice,
        tables=(name,),
        details=tuple(_detail(sample, tells_values=setup.tells_values) for sample in found.samples),
        rule=1,
    )


def _not_compared(name: str, setup: SetUp, why: str) -> Finding:
    return Finding(
        severity=Severity.NOTE if setup.may_differ else Severity.SHOULD,
        subject=Subject.SETUP,
        says=f"The rows of {setup.what} could not be held against each other: {why.rstrip('.')}.",
        advice="Look at both servers yourself.",
        tables=(name,),
        rule=1,
    )


def _detail(sample: KeyGroupDrift, *, tells_values: bool) -> str:
    """Return a differing key group as people read it."""
    acd = sample.bucket.acd
    parts = [] if acd is None else [f"ACD {acd}"]
    parts += [f"{name} {_shown(value)}" for name, value in sample.key if (name, value) not in (("acd", acd),)]
    key = " ".join(parts) or "a row"
    if sample.changes:
        sides = [
            f"{one.column} {_shown(one.source)} on {Role.PRIMARY}, {_shown(one.target)} on {Role.SECONDARY}"
            if tells_values
            else one.column
            for one in sample.changes
        ]
        return f"{key}: {'; '.join(sides)}"
    counts = {Role.PRIMARY: sample.source_rows, Role.SECONDARY: sample.target_rows}
    if 0 in counts.values():
        return f"{key}: only on {next(role for role, rows in counts.items() if rows)}"
    return f"{key}: {', '.join(f'{rows} on {role}' for role, rows in counts.items())}"


def _shown(value: Value) -> str:
    if value is None:
        return "NULL"
    return f"'{value}'" if isinstance(value, str) else str(value)
