"""What a write to a PostgreSQL table sets off or meets, from pg_catalog."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from syncengine.model.surroundings import (
    CheckConstraint,
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
from syncengine.servers.postgresql.privileges import lacking
from syncengine.servers.postgresql.sequences import SHOWN, in_list, read_sequences
from syncengine.servers.postgresql.system_catalogue import Layout
from syncengine.servers.sql.dialect import Statement

Ask = Callable[[Statement], list[tuple[Any, ...]]]

TABLES = (
    "SELECT CAST(c.oid AS BIGINT), CAST(n.nspname AS TEXT), CAST(c.relname AS TEXT), CAST(c.relkind AS TEXT), "
    f"row_security_active(c.oid), {SHOWN.format(n='n', c='c')} "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {which}"
)
TREE = (
    "WITH RECURSIVE tree AS (SELECT oid AS root, oid AS member FROM pg_class WHERE oid IN ({oids}) "
    "UNION SELECT t.root, i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.member) "
    "SELECT CAST(t.root AS BIGINT), CAST(t.member AS BIGINT), "
    f"{SHOWN.format(n='n', c='c')}, c.relispartition "
    "FROM tree t JOIN pg_class c ON c.oid = t.member JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE t.root <> t.member ORDER BY 1, 3"
)
"""Partitions, and tables that inherit, at any depth."""
TRIGGERS = (
    "SELECT CAST(tgrelid AS BIGINT), CAST(tgname AS TEXT), CAST(tgtype AS BIGINT) FROM pg_trigger "
    "WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgrelid IN ({oids}) ORDER BY tgname"
)
RULES = (
    "SELECT CAST(ev_class AS BIGINT), CAST(rulename AS TEXT), CAST(ev_type AS TEXT), is_instead FROM pg_rewrite "
    "WHERE rulename <> '_RETURN' AND ev_enabled IN ('O', 'A') AND ev_class IN ({oids}) ORDER BY rulename"
)
REFERENCES = (
    "SELECT CAST(k.oid AS BIGINT), CAST(to_jsonb(k) ->> 'conparentid' AS BIGINT), CAST(k.conname AS TEXT), "
    f"CAST(k.conrelid AS BIGINT), {SHOWN.format(n='cn', c='c')}, CAST(k.confrelid AS BIGINT), "
    f"{SHOWN.format(n='pn', c='p')}, "
    "CAST(k.confdeltype AS TEXT), (SELECT string_agg(CAST(a.attname AS TEXT), ', ' ORDER BY a.attnum) "
    "FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY(k.conkey)) "
    "FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace "
    "JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace "
    "WHERE k.contype = 'f' ORDER BY 5, 3"
)
"""All of the database: which of them a write reaches is found by following them."""
UNIQUE = (
    "SELECT CAST(x.indrelid AS BIGINT), CAST(i.relname AS TEXT), "
    "(SELECT string_agg(pg_get_indexdef(x.indexrelid, nth, true), ', ' ORDER BY nth) FROM generate_series(1, "
    "COALESCE(CAST(to_jsonb(x) ->> 'indnkeyatts' AS INTEGER), x.indnatts)) AS nth) "
    "FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid "
    "WHERE x.indisunique AND x.indrelid IN ({oids}) ORDER BY i.relname"
)
CHECKS = (
    "SELECT CAST(conrelid AS BIGINT), CAST(conname AS TEXT), pg_get_constraintdef(oid, true) FROM pg_constraint "
    "WHERE contype IN ('c', 'x') AND conrelid IN ({oids}) ORDER BY conname"
)
GENERATED = (
    "SELECT CAST(a.attrelid AS BIGINT), CAST(a.attname AS TEXT) FROM pg_attribute a WHERE a.attrelid IN ({oids}) "
    "AND a.attnum > 0 AND NOT a.attisdropped AND COALESCE(to_jsonb(a) ->> 'attgenerated', '') <> '' ORDER BY a.attnum"
)
IS_A = {"r": "table", "p": "table", "v": "view", "m": "materialized view", "f": "foreign table"}
FIRED = ((4, Write.INSERT), (16, Write.UPDATE), (8, Write.DELETE))
"""The bits of tgtype."""
INSTEAD_BIT = 64
RULED = {"2": Write.UPDATE, "3": Write.INSERT, "4": Write.DELETE}
ON_DELETE = {
    "a": OnDelete.NO_ACTION,
    "r": OnDelete.RESTRICT,
    "c": OnDelete.CASCADE,
    "n": OnDelete.SET_NULL,
    "d": OnDelete.SET_DEFAULT,
}
AT_ONCE = 200
"""Tables asked about in one question."""


def read_surroundings(ask: Ask, layouts: Mapping[str, Layout]) -> dict[str, Surroundings]:
    """Return what surrounds tables, by the names their layouts are given under."""
    if not layouts:
        return {}
    return _Reading(ask, layouts).all()


class _Reading:
    """The catalogue's answers about some tables."""

    def __init__(self, ask: Ask, layouts: Mapping[str, Layout]) -> None:
        self._ask = ask
        wanted = {(layout.schema, layout.table): name for name, layout in layouts.items()}
        self._names: dict[int, str] = {}
        self._tables: dict[int, tuple[str, bool, str]] = {}
        for oid, schema, table, kind, hidden, shown in self._told_of(list(wanted)):
            self._names[oid] = wanted[schema, table]
            self._tables[oid] = (IS_A.get(kind, "relation"), bool(hidden), shown)
        self._shown_by_oid: dict[int, str] = {}
        self._partitions: dict[int, int] = {}
        self._heirs: dict[int, list[str]] = {}
        for root, member, shown, partition in self._about(TREE, list(self._names)):
            if partition:
                self._partitions[member] = root
            else:
                self._heirs.setdefault(root, []).append(shown)

    def all(self) -> dict[str, Surroundings]:
        """Return the surroundings of all of them."""
        tables, written = list(self._names), [*self._names, *self._partitions]
        triggers = _by_table(
            (self._root(oid), _trigger(name, bits)) for oid, name, bits in self._about(TRIGGERS, written)
        )
        rules = _by_table((oid, _rule(*rest)) for oid, *rest in self._about(RULES, tables))
        unique = _by_table((oid, UniqueKey(name, (columns,))) for oid, name, columns in self._about(UNIQUE, tables))
        checks = _by_table((oid, CheckConstraint(name, text)) for oid, name, text in self._about(CHECKS, tables))
        generated = _by_table(self._about(GENERATED, tables))
        counters = _by_table((one.table, one.counter) for one in read_sequences(self._ask, tables))
        lacks = lacking(self._ask, tables)
        references = self._references()
        chains = {oid: chain_of(self._tables[oid][2], references) for oid in tables}
        far = self._far_triggers({table for chain in chains.values() for table in reached_by(chain)})
        return {
            name: Surroundings(
                table=name,
                is_a=self._tables[oid][0],
                triggers=(*_merged(triggers.get(oid, ())), *rules.get(oid, ())),
                referred_by=chains[oid],
                reached=reached_triggers(chains[oid], far),
                refers=tuple(one for one in references if one.table == self._tables[oid][2]),
                generated=tuple(generated.get(oid, ())),
                counters=tuple(counters.get(oid, ())),
                unique=tuple(unique.get(oid, ())),
                checks=tuple(checks.get(oid, ())),
                inherited_by=tuple(self._heirs.get(oid, ())),
                row_security=self._tables[oid][1],
                lacks=lacks.get(oid, ()),
            )
            for oid, name in self._names.items()
        }

    def _root(self, oid: int) -> int:
        """Return the table asked about that a partition is of, or the table itself."""
        return oid if oid in self._names else self._partitions[oid]

    def _far_triggers(self, tables: Collection[str]) -> dict[str, list[Trigger]]:
        """Return the triggers and rules of tables that references reach, those of their partitions among them."""
        oids = {oid: table for oid, table in self._shown_by_oid.items() if table in tables}
        if not oids:
            return {}
        for root, member, _, partition in self._about(TREE, list(oids)):
            if partition:
                oids[member] = oids[root]
        found: dict[str, list[Trigger]] = {}
        for oid, name, bits in self._about(TRIGGERS, list(oids)):
            found.setdefault(oids[oid], []).append(_trigger(name, bits))
        merged = {table: list(_merged(triggers)) for table, triggers in found.items()}
        for oid, *rest in self._about(RULES, list(oids)):
            merged.setdefault(oids[oid], []).append(_rule(*rest))
        return merged

    def _references(self) -> tuple[Reference, ...]:
        """Return all references of the database; those of partitions are their tables' own."""
        rows = self._ask(Statement(REFERENCES))
        known = {row[0] for row in rows}
        found = []
        for _, parent, name, child, shown, to, to_shown, on_delete, columns in rows:
            if parent not in known:
                child_shown, parent_shown = self._shown(child, shown), self._shown(to, to_shown)
                self._shown_by_oid[child] = child_shown
                found.append(Reference(name, child_shown, parent_shown, (columns,), ON_DELETE[on_delete]))
        return tuple(found)

    def _shown(self, oid: int, shown: str) -> str:
        return self._tables[self._partitions[oid]][2] if oid in self._partitions else shown

    def _told_of(self, places: Sequence[tuple[str, str]]) -> Iterator[tuple[Any, ...]]:
        for at in range(0, len(places), AT_ONCE):
            some = places[at : at + AT_ONCE]
            which = " OR ".join(["(n.nspname = ? AND c.relname = ?)"] * len(some))
            yield from self._ask(Statement(TABLES.format(which=which), tuple(part for place in some for part in place)))

    def _about(self, text: str, oids: Sequence[int]) -> Iterator[tuple[Any, ...]]:
        for at in range(0, len(oids), AT_ONCE):
            yield from self._ask(Statement(text.format(oids=in_list(oids[at : at + AT_ONCE]))))


def _trigger(name: str, bits: int) -> Trigger:
    return Trigger(name, tuple(write for bit, write in FIRED if bits & bit), instead=bool(bits & INSTEAD_BIT))


def _rule(name: str, on: str, instead: bool) -> Trigger:
    """Return a rule: rows are copied in, which runs none on insert, so that only one that forbids it counts there."""
    write = RULED.get(on)
    counts = write is not None and (instead or write is not Write.INSERT)
    return Trigger(name, (write,) if write is not None and counts else (), called="rule", instead=instead)


def _merged(triggers: Iterable[Trigger]) -> Iterator[Trigger]:
    """Yield triggers of one name as one: a partition has its table's, and may have its own."""
    by_name: dict[str, Trigger] = {}
    for one in triggers:
        known = by_name.get(one.name, one)
        by_name[one.name] = replace(one, on=tuple(write for write in Write if write in known.on + one.on))
    yield from by_name.values()


def _by_table(rows: Iterable[tuple[int, Any]]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for oid, one in rows:
        found.setdefault(oid, []).append(one)
    return found
