"""The triggers, references and constraints of an Informix table, from its catalogue.

Names and codes are those of the vendor's SQL reference (systriggers, sysreferences, syschecks, sysobjstate). A SERIAL
column accepts written numbers and continues from the highest of them, so that nothing has to be
advanced.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import groupby
from typing import Any

from syncengine.model.surroundings import (
    CheckConstraint,
    Counter,
    OnDelete,
    Reference,
    Surroundings,
    Trigger,
    UniqueKey,
    Write,
    chain_of,
    reached_by,
    reached_triggers,
)
from syncengine.servers.informix.reflection import Column, Index, RunQuery, Table, chunks_of, read_columns, read_indexes
from syncengine.servers.informix.system_catalogue import CHECKS, REFERENCES, TRIGGERS, in_tables

EVENTS = {"I": Write.INSERT, "U": Write.UPDATE, "D": Write.DELETE}
"""The codes of systriggers.event; in lower case those of INSTEAD OF triggers. S runs on SELECT."""
SERIALS = ("serial", "serial8", "bigserial")
DISABLED = "D"


def read_surroundings(
    run_query: RunQuery, tables: Collection[Table], every: Collection[Table]
) -> dict[str, Surroundings]:
    """Return the surroundings of tables, by their names; `every` are all tables of the database."""
    if not tables:
        return {}
    ids = [table.id for table in tables]
    names = {table.id: table.name for table in every}
    columns: dict[int, list[Column]] = {}
    for column in read_columns(run_query, ids):
        columns.setdefault(column.table, []).append(column)
    triggers = dict(_by_table(_triggers(run_query, ids)))
    checks = dict(_by_table(_checks(run_query, ids)))
    indexes = list(read_indexes(run_query, ids))
    references = tuple(_references(run_query, names))
    chains = {table.id: chain_of(table.name, references) for table in tables}
    far = {table for chain in chains.values() for table in reached_by(chain)}
    others = [tabid for tabid, name in names.items() if name in far]
    away = {names[tabid]: found for tabid, found in _by_table(_triggers(run_query, others))}
    return {
        table.name: Surroundings(
            table=table.name,
            is_a="view" if table.kind == "V" else "table",
            triggers=triggers.get(table.id, ()),
            referred_by=chains[table.id],
            reached=reached_triggers(chains[table.id], away),
            refers=tuple(one for one in references if one.table == table.name),
            counters=tuple(Counter(one.name) for one in columns.get(table.id, ()) if one.stored.base in SERIALS),
            unique=tuple(_unique(one, columns[table.id]) for one in indexes if one.table == table.id and one.unique),
            checks=checks.get(table.id, ()),
        )
        for table in tables
    }


def _triggers(run_query: RunQuery, ids: list[int]) -> Iterator[tuple[int, Trigger]]:
    for some in chunks_of(ids):
        for tabid, name, event, state in run_query(TRIGGERS.format(tables=in_tables(some, "g.tabid"))):
            code = str(event).strip()
            write = EVENTS.get(code.upper())
            if write is not None and str(state or "").strip() != DISABLED:
                yield int(tabid), Trigger(str(name).strip(), (write,), instead=code.islower())


def _checks(run_query: RunQuery, ids: list[int]) -> Iterator[tuple[int, CheckConstraint]]:
    """Yield checks, the text of which comes in pieces of 32 characters."""
    for some in chunks_of(ids):
        rows = run_query(CHECKS.format(tables=in_tables(some, "c.tabid")))
        for (tabid, name), pieces in groupby(rows, key=lambda row: (int(row[0]), str(row[1]).strip())):
            yield tabid, CheckConstraint(name, "".join(str(text) for *_, text in pieces).strip())


def _references(run_query: RunQuery, names: dict[int, str]) -> Iterator[Reference]:
    """Yield all references that are switched on."""
    for name, tabid, to, rule, state in run_query(REFERENCES):
        if str(state or "").strip() != DISABLED:
            on_delete = OnDelete.CASCADE if str(rule).strip() == "C" else OnDelete.RESTRICT
            child, parent = (names.get(int(one), f"table {one}") for one in (tabid, to))
            yield Reference(str(name).strip(), child, parent, (), on_delete)


def _unique(index: Index, columns: list[Column]) -> UniqueKey:
    by_number = {column.number: column.name for column in columns}
    return UniqueKey(index.name, tuple(by_number[abs(part)] for part in index.parts))


def _by_table(rows: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, tuple[Any, ...]]]:
    found: dict[int, list[Any]] = {}
    for tabid, one in rows:
        found.setdefault(tabid, []).append(one)
    yield from ((tabid, tuple(ones)) for tabid, ones in found.items())
