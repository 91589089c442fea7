"""Compares the tables that say how the servers are set up, local administration too (rule 1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from syncengine.model.check import Finding, Severity, Subject
from syncengine.model.drift import BucketDrift, KeyGroupDrift, TableState
from syncengine.model.errors import ServerError
from syncengine.model.facts import ServerFacts
from syncengine.model.pair import PairSettings, Role
from syncengine.model.rules import LOCAL_ADMINISTRATION
from syncengine.model.selection import Value
from syncengine.model.sides import Sides
from syncengine.model.spec import DataClass, SetUp, TableSpec
from syncengine.observe.columns import ColumnsVerdict, judge_layouts
from syncengine.observe.comparison import Comparison, compare
from syncengine.observe.samples import samples_of
from syncengine.observe.server_threads import server_threads
from syncengine.observe.slices import SlicePlan
from syncengine.servers.protocol import LiveTable, Server
from syncengine.staging.cache import Cache

KEYS_SHOWN = 200
"""Differing key groups named for each table."""


@dataclass(frozen=True, slots=True)
class SetupQuestion:
    """What to compare of one table of the set-up."""

    setup: SetUp
    spec: TableSpec
    live: dict[Role, LiveTable | None]
    facts: Sides[ServerFacts]
    seed: int


def compare_setup(
    servers: Mapping[Role, Server], settings: PairSettings, question: SetupQuestion
) -> tuple[Finding, ...]:
    """Return what differs in one table of the set-up; raises `ServerError` where a server is lost."""
    return tuple(_compared(servers, settings, question))


def _compared(servers: Mapping[Role, Server], settings: PairSettings, question: SetupQuestion) -> Iterator[Finding]:
    setup, spec = question.setup, question.spec
    spec = replace(
        spec,
        key=spec.key or ((spec.acd,) if spec.acd else ()),
        not_compared=tuple((column, "each server has its own") for column in setup.own),
    )
    verdict = _described_columns(spec, judge_layouts(spec, question.live))
    if verdict.state is TableState.COMPARED:
        try:
            drifts, samples = _differences(servers, settings, replace(question, spec=spec), verdict)
        except ServerError as error:
            if error.of_whole_server:
                raise
            yield _not_compared(spec.name, setup, str(error))
        else:
            yield from _findings(spec.name, setup, drifts, samples)
    elif verdict.state is TableState.NOT_COMPARABLE and spec.data_class is DataClass.LOCAL:
        # The columns of the others are reported with those of all tables that are compared.
        yield _not_compared(spec.name, setup, verdict.problem)


def _described_columns(spec: TableSpec, verdict: ColumnsVerdict) -> ColumnsVerdict:
    """Leave out the columns no spec describes: it is not known whether they should be alike."""
    if verdict.state is not TableState.COMPARED:
        return verdict
    described = tuple(column for column in verdict.compared if spec.column(column.name) is not None)
    if not {column.name for column in described} - {spec.acd}:
        return ColumnsVerdict(TableState.NOT_COMPARABLE, "the spec describes none of its columns")
    return replace(verdict, compared=described)


def _differences(
    servers: Mapping[Role, Server], settings: PairSettings, question: SetupQuestion, verdict: ColumnsVerdict
) -> tuple[list[BucketDrift], tuple[KeyGroupDrift, ...]]:
    """Return what differs of a table, and its first key groups."""
    memory_mb = settings.limits.memory_mb
    with server_threads(servers.values()) as pool, Cache(settings.staging, memory_mb=memory_mb) as cache:
        comparison = Comparison(
            spec=question.spec,
            verdict=verdict,
            source=servers[question.facts.source_role],
            target=servers[question.facts.target_role],
            facts=question.facts,
            cache=cache,
            pool=pool,
            limits=replace(settings.limits, samples=KEYS_SHOWN),
            seed=question.seed,
            every_row=False,
            zone=settings.timezone,
        )
        findings = compare(comparison, SlicePlan(question.spec, (), settings.timezone).slices())
        return findings.differing, samples_of(comparison, findings)


def _findings(
    name: str, setup: SetUp, drifts: list[BucketDrift], samples: tuple[KeyGroupDrift, ...]
) -> Iterator[Finding]:
    if not drifts:
        return
    rows = sum(drift.counts.total for drift in drifts)
    changing = any(drift.changing for drift in drifts)
    one = rows == 1
    message = f"{rows:,} row{'' if one else 's'} of {setup.what} {'differs' if one else 'differ'}"
    if changing and not rows:
        message = f"Rows of {setup.what} were changing while they were compared"
    yield Finding(
        severity=Severity.NOTE if setup.may_differ else Severity.MUST,
        subject=Subject.SETUP,
        message=f"{message}, as they may." if setup.may_differ else f"{message}.",
        advice=setup.advice,
        tables=(name,),
        details=tuple(_detail(sample, show_values=setup.shows_values) for sample in samples),
        rule=LOCAL_ADMINISTRATION,
    )


def _not_compared(name: str, setup: SetUp, why: str) -> Finding:
    return Finding(
        severity=Severity.NOTE if setup.may_differ else Severity.SHOULD,
        subject=Subject.SETUP,
        message=f"The rows of {setup.what} could not be compared: {why.rstrip('.')}.",
        advice="Compare them on both servers yourself.",
        tables=(name,),
        rule=LOCAL_ADMINISTRATION,
    )


def _detail(sample: KeyGroupDrift, *, show_values: bool) -> str:
    """Return a differing key group as people read it."""
    acd = sample.bucket.acd
    parts = [] if acd is None else [f"ACD {acd}"]
    parts += [f"{name} {_shown(value)}" for name, value in sample.key if (name, value) not in (("acd", acd),)]
    key = " ".join(parts) or "a row"
    if sample.changes:
        sides = [
            f"{one.column} {_shown(one.source)} on {Role.PRIMARY}, {_shown(one.target)} on {Role.SECONDARY}"
            if show_values
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
