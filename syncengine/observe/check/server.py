"""Looks at one server by itself: who it is, what it tells of its state, and which tables it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from syncengine.catalogue import Catalogue
from syncengine.model.bucket import BucketColumns
from syncengine.model.check import Holding, ServerCheck, ServerProfile, TableCheck
from syncengine.model.errors import ServerError, ServerLockedError
from syncengine.model.fingerprint import FOLDED
from syncengine.model.pair import PairSettings, ServerSettings
from syncengine.model.selection import ReadQuery, Selection
from syncengine.model.spec import TableSpec
from syncengine.model.surroundings import Surroundings, met_at
from syncengine.model.window import DAY, Window
from syncengine.observe.columns import Need, column_faults, misfit
from syncengine.observe.facts import FactQuestions, gather_facts
from syncengine.servers.protocol import LiveColumn, LiveTable, Server, ServerDescription

RECENT = timedelta(days=2)
"""The time before now whose rows tell how long intervals are."""


@dataclass(frozen=True, slots=True)
class LookQuestions:
    """What a look at a server goes by."""

    settings: PairSettings
    catalogue: Catalogue
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of a server, and its tables as its own catalogue has them."""

    check: ServerCheck
    live: Mapping[str, LiveTable]


def unseen(settings: ServerSettings, problem: str = "") -> ServerCheck:
    """Return what is known of a server before it is opened, or of one that could not be."""
    return ServerCheck(
        role=settings.role,
        url=settings.shown_url,
        load=settings.load,
        read_only=settings.read_only,
        without_transactions=settings.without_transactions,
        problem=problem,
    )


def look_at(server: Server, settings: ServerSettings, questions: LookQuestions) -> Look:
    """Return what a server tells; one that fails on the way is kept as far as it got, with its sentence."""
    described = server.describe()
    profile = profile_of(described)
    check, live = replace(unseen(settings), profile=profile, load=described.load), {}
    try:
        live = dict(server.tables([spec.name for spec in questions.catalogue.tables]))
        around = server.surroundings(list(live))
        check = replace(check, tables=tuple(_tables(server, live, around, questions)))
        window = Window(questions.as_of - RECENT, questions.as_of)
        facts = gather_facts(
            server, settings.role, FactQuestions(questions.settings, questions.catalogue, window, coverage=False)
        )
        notes = tuple(note.removeprefix(f"{settings.role}: ") for note in facts.notes)
        check = replace(check, facts=replace(facts, notes=notes))
    except ServerError as error:
        check = replace(check, problem=str(error))
    return Look(check, live)


def profile_of(described: ServerDescription) -> ServerProfile:
    """Return who a server says it is."""
    able = described.capabilities
    return ServerProfile(
        kind=described.kind,
        version=described.version,
        place=described.identity,
        login=described.user,
        locale=described.locale,
        transactions=able.transactions,
        write_path=able.write_path,
        folds=tuple(sorted(able.folds)),
        fetched=tuple(sorted(FOLDED - able.folds)),
        notes=described.notes,
    )


def _tables(
    server: Server,
    live: Mapping[str, LiveTable],
    around: Mapping[str, Surroundings],
    questions: LookQuestions,
) -> Iterator[TableCheck]:
    for spec in questions.catalogue.tables:
        table, own = live.get(spec.name), spec.set_up is not None and spec.set_up.may_differ
        lacking = TableCheck(spec.name, spec.data_class, Holding.LACKING, may_differ=own)
        if table is None:
            yield lacking
            continue
        found = replace(
            lacking,
            holding=Holding.ROWS,
            owner=table.owner,
            indexes=table.indexes,
            columns=tuple((column.name, _told(column)) for column in table.columns),
            faults=tuple(column_faults(spec, table)),
            meets=tuple(met_at(around[spec.name])) if spec.name in around else (),
        )
        try:
            yield found if _has_rows(server, spec, table, questions.as_of) else replace(found, holding=Holding.EMPTY)
        except ServerError as error:
            if error.of_whole_server:
                raise
            problem, hint = error.message, error.hint
            passes = error.transient or isinstance(error, ServerLockedError)
            yield replace(found, holding=Holding.UNREADABLE, problem=problem, hint=hint, passes=passes)


def _told(column: LiveColumn) -> str:
    """Return a column's type as the server calls it, and whether it takes NULL."""
    return column.native + {None: "", True: " null", False: " not null"}[column.nullable]


def _has_rows(server: Server, spec: TableSpec, table: LiveTable, as_of: datetime) -> bool:
    """Say whether a table has a row. Only its first rows are fetched, those of the last days before any others."""
    column = next((column.name for column in table.columns if column.readable), None)
    if column is None:
        return False
    selection = Selection(spec.name, BucketColumns())
    selections = [selection]
    if spec.time is not None and not misfit(table, spec.time.date, Need.DATE):
        # An index on the date finds these at once, where all rows would have to be looked at.
        dates = ((as_of - 2 * spec.grain.unit.longest).date(), (as_of + DAY).date())
        selections.insert(0, replace(selection, columns=BucketColumns(date=spec.time.date), dates=dates))
    return any(batch.num_rows for one in selections for batch in server.read(ReadQuery(one, (column,))))
