"""Inspects one server by itself: its identity, its state, and its tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from syncengine.catalogue import Catalogue
from syncengine.model.bucket import BucketColumns
from syncengine.model.check import ServerCheck, ServerProfile, TableCheck, TablePresence
from syncengine.model.errors import ServerError, ServerLockedError
from syncengine.model.fingerprint import COVERED_TYPES
from syncengine.model.pair import PairSettings, ServerSettings
from syncengine.model.selection import ReadQuery, Selection
from syncengine.model.spec import TableSpec
from syncengine.model.surroundings import Surroundings, side_effects_of
from syncengine.model.window import DAY, Window
from syncengine.observe.columns import ColumnNeed, column_faults, misfit
from syncengine.observe.facts import FactQuestions, gather_facts
from syncengine.servers.protocol import LiveColumn, LiveTable, Server, ServerDescription

RECENT = timedelta(days=2)
"""How far back rows are read for the lengths of intervals."""


@dataclass(frozen=True, slots=True)
class InspectionOptions:
    """What an inspection of a server depends on."""

    settings: PairSettings
    catalogue: Catalogue
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found on a server, and its tables as its own catalogue has them."""

    check: ServerCheck
    live: Mapping[str, LiveTable]


def unopened_server(settings: ServerSettings, problem: str = "") -> ServerCheck:
    """Return what is known of a server before it is opened, or of one that could not be."""
    return ServerCheck(
        role=settings.role,
        url=settings.shown_url,
        load=settings.load,
        read_only=settings.read_only,
        without_transactions=settings.without_transactions,
        problem=problem,
    )


def inspect_server(server: Server, settings: ServerSettings, options: InspectionOptions) -> Inspection:
    """Return what a server reports; where it fails on the way, what was read so far, with the error."""
    described = server.describe()
    profile = profile_of(described)
    check, live = replace(unopened_server(settings), profile=profile, load=described.load), {}
    try:
        live = dict(server.tables([spec.name for spec in options.catalogue.tables]))
        around = server.surroundings(list(live))
        check = replace(check, tables=tuple(_tables(server, live, around, options)))
        window = Window(options.as_of - RECENT, options.as_of)
        facts = gather_facts(
            server, settings.role, FactQuestions(options.settings, options.catalogue, window, coverage=False)
        )
        notes = tuple(note.removeprefix(f"{settings.role}: ") for note in facts.notes)
        check = replace(check, facts=replace(facts, notes=notes))
    except ServerError as error:
        check = replace(check, problem=str(error))
    return Inspection(check, live)


def profile_of(described: ServerDescription) -> ServerProfile:
    """Return how a server describes itself."""
    able = described.capabilities
    return ServerProfile(
        kind=described.kind,
        version=described.version,
        place=described.identity,
        login=described.user,
        locale=described.locale,
        transactions=able.transactions,
        write_path=able.write_path,
        types_fingerprinted=tuple(sorted(able.folds)),
        types_fetched=tuple(sorted(COVERED_TYPES - able.folds)),
        notes=described.notes,
    )


def _tables(
    server: Server,
    live: Mapping[str, LiveTable],
    around: Mapping[str, Surroundings],
    options: InspectionOptions,
) -> Iterator[TableCheck]:
    for spec in options.catalogue.tables:
        table, own = live.get(spec.name), spec.set_up is not None and spec.set_up.may_differ
        lacking = TableCheck(spec.name, spec.data_class, TablePresence.MISSING, may_differ=own)
        if table is None:
            yield lacking
            continue
        found = replace(
            lacking,
            presence=TablePresence.ROWS,
            owner=table.owner,
            indexes=table.indexes,
            columns=tuple((column.name, _column_type(column)) for column in table.columns),
            faults=tuple(column_faults(spec, table)),
            side_effects=tuple(side_effects_of(around[spec.name])) if spec.name in around else (),
        )
        try:
            yield (
                found if _has_rows(server, spec, table, options.as_of) else replace(found, presence=TablePresence.EMPTY)
            )
        except ServerError as error:
            if error.of_whole_server:
                raise
            problem, hint = error.message, error.hint
            temporary = error.transient or isinstance(error, ServerLockedError)
            yield replace(found, presence=TablePresence.UNREADABLE, problem=problem, hint=hint, temporary=temporary)


def _column_type(column: LiveColumn) -> str:
    """Return a column's type as the server calls it, and whether it takes NULL."""
    return column.native + {None: "", True: " null", False: " not null"}[column.nullable]


def _has_rows(server: Server, spec: TableSpec, table: LiveTable, as_of: datetime) -> bool:
    """Say whether a table has a row. Only its first rows are fetched, those of the last days before any others."""
    column = next((column.name for column in table.columns if column.readable), None)
    if column is None:
        return False
    selection = Selection(spec.name, BucketColumns())
    selections = [selection]
    if spec.time is not None and not misfit(table, spec.time.date, ColumnNeed.DATE):
        # An index on the date finds these at once, where a scan would read all rows.
        dates = ((as_of - 2 * spec.grain.unit.longest).date(), (as_of + DAY).date())
        selections.insert(0, replace(selection, columns=BucketColumns(date=spec.time.date), dates=dates))
    return any(batch.num_rows for one in selections for batch in server.read(ReadQuery(one, (column,))))
