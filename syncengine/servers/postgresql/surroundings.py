"""The triggers, references and constraints of a PostgreSQL table, from pg_catalog."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from syncengine.model.surroundings import (
    CheckConstraint,
    ReachedTrigger,
    Surroundings,
    Trigger,
    UniqueKey,
    Write,
    reached_triggers,
)
from syncengine.servers.postgresql.families import FIRES, RunQuery, read_families
from syncengine.servers.postgresql.privileges import lacking
from syncengine.servers.postgresql.publications import read_publications
from syncengine.servers.postgresql.references import Link, read_references
from syncengine.servers.postgresql.sequences import AT_ONCE, DISPLAY_NAME, catalogue_rows, read_sequences
from syncengine.servers.postgresql.system_catalogue import Layout
from syncengine.servers.sql.dialect import Statement

TABLES = (
    "SELECT CAST(c.oid AS BIGINT), CAST(n.nspname AS TEXT), CAST(c.relname AS TEXT), CAST(c.relkind AS TEXT), "
    f"row_security_active(c.oid), {DISPLAY_NAME.format(n='n', c='c')} "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {which}"
)
PARTS = (
    f"SELECT CAST(c.oid AS BIGINT), {DISPLAY_NAME.format(n='n', c='c')}, c.relkind = 'f' "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid IN ({oids}) ORDER BY 2"
)
HEIRS = (
    "WITH RECURSIVE tree AS (SELECT oid AS root, oid AS member FROM pg_class WHERE oid IN ({oids}) "
    "UNION SELECT t.root, i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.member "
    "JOIN pg_class c ON c.oid = i.inhrelid AND NOT c.relispartition) "
    f"SELECT CAST(t.root AS BIGINT), {DISPLAY_NAME.format(n='n', c='c')} "
    "FROM tree t JOIN pg_class c ON c.oid = t.member JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE t.root <> t.member ORDER BY 1, 2"
)
"""Tables that inherit, at any depth."""
TRIGGERS = (
    "SELECT CAST(t.tgrelid AS BIGINT), CAST(t.tgname AS TEXT), CAST(t.tgtype AS BIGINT) FROM pg_trigger t "
    f"WHERE {FIRES.format(enabled='t.tgenabled')} AND t.tgrelid IN ({{oids}}) "
    # Up to release 14 triggers that a partition inherits are marked internal, as those of constraints are.
    "AND NOT (t.tgisinternal AND EXISTS (SELECT FROM pg_constraint k WHERE k.oid = t.tgconstraint "
    "AND k.contype <> 't')) ORDER BY t.tgname"
)
RULES = (
    "SELECT CAST(ev_class AS BIGINT), CAST(rulename AS TEXT), CAST(ev_type AS TEXT), is_instead FROM pg_rewrite "
    f"WHERE rulename <> '_RETURN' AND {FIRES.format(enabled='ev_enabled')} AND ev_class IN ({{oids}}) "
    "ORDER BY rulename"
)
UNIQUE = (
    "SELECT CAST(x.indrelid AS BIGINT), CAST(x.indexrelid AS BIGINT), "
    "(SELECT CAST(h.inhparent AS BIGINT) FROM pg_inherits h WHERE h.inhrelid = x.indexrelid), "
    "CAST(i.relname AS TEXT), "
    "(SELECT string_agg(pg_get_indexdef(x.indexrelid, nth, true), ', ' ORDER BY nth) FROM generate_series(1, "
    "COALESCE(CAST(to_jsonb(x) ->> 'indnkeyatts' AS INTEGER), x.indnatts)) AS nth), "
    "COALESCE(pg_get_expr(x.indpred, x.indrelid, true), '') "
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
ROW_BIT = 1
RULED = {"2": Write.UPDATE, "3": Write.INSERT, "4": Write.DELETE}


def read_surroundings(run_query: RunQuery, layouts: Mapping[str, Layout]) -> dict[str, Surroundings]:
    """Return the surroundings of tables, by the keys of their layouts."""
    if not layouts:
        return {}
    return _CatalogueAnswers(run_query, layouts).all()


class _CatalogueAnswers:
    """The catalogue's answers about some tables."""

    def __init__(self, run_query: RunQuery, layouts: Mapping[str, Layout]) -> None:
        self._run_query = run_query
        wanted = {(layout.schema, layout.table): name for name, layout in layouts.items()}
        self._names: dict[int, str] = {}
        self._tables: dict[int, tuple[str, bool, str]] = {}
        for oid, schema, table, kind, hidden, shown in self._tables_at(list(wanted)):
            self._names[oid] = wanted[schema, table]
            self._tables[oid] = (IS_A.get(kind, "relation"), bool(hidden), shown)
        self._families = read_families(run_query)
        self._parts: dict[int, tuple[str, bool]] = {}
        for part, shown, foreign in self._catalogue_rows(
            PARTS, [one for oid in self._names for one in self._partitions(oid)]
        ):
            self._parts[part] = (shown, foreign)

    def all(self) -> dict[str, Surroundings]:
        """Return the surroundings of all of them."""
        tables = list(self._names)
        triggers = self._triggers(tables)
        rules = _by_table((oid, _rule(*rest)) for oid, *rest in self._catalogue_rows(RULES, tables))
        unique, checks = self._unique(), self._checks()
        generated = _by_table(self._catalogue_rows(GENERATED, tables))
        lacks = lacking(self._run_query, tables)
        heirs = _by_table(self._catalogue_rows(HEIRS, tables))
        counters = _by_table((oid, one.counter) for oid, one in read_sequences(self._run_query, self._families, tables))
        published = _by_table(
            read_publications(self._run_query, self._families, {oid: self._tables[oid][2] for oid in tables})
        )
        references = read_references(self._run_query, self._families)
        chains = {oid: references.chain_of(oid, self._tables[oid][2]) for oid in tables}
        return {
            name: Surroundings(
                table=name,
                is_a=self._tables[oid][0],
                triggers=(*triggers.get(oid, ()), *rules.get(oid, ())),
                referred_by=tuple(link.reference for link in chains[oid]),
                reached=self._reached(chains[oid]),
                refers=tuple(references.of(oid)),
                generated=tuple(generated.get(oid, ())),
                counters=tuple(dict.fromkeys(counters.get(oid, ()))),
                unique=tuple(unique.get(oid, ())),
                checks=tuple(checks.get(oid, ())),
                inherited_by=tuple(heirs.get(oid, ())),
                row_security=self._tables[oid][1],
                lacks=lacks.get(oid, ()),
                elsewhere=tuple(self._parts[one][0] for one in self._partitions(oid) if self._parts[one][1]),
                published=tuple(published.get(oid, ())),
            )
            for oid, name in self._names.items()
        }

    def _partitions(self, table: int) -> list[int]:
        return list(self._families.below(table))

    def _triggers(self, tables: Collection[int]) -> dict[int, list[Trigger]]:
        """Return the triggers of tables, and the row triggers of their partitions."""
        parts = {table: self._partitions(table) for table in tables}
        found: dict[int, list[tuple[str, int]]] = {}
        for oid, name, bits in self._catalogue_rows(
            TRIGGERS, list({*tables, *(one for some in parts.values() for one in some)})
        ):
            found.setdefault(oid, []).append((name, bits))
        return {
            table: list(
                _merged(
                    _trigger(name, bits)
                    for one in (table, *parts[table])
                    for name, bits in found.get(one, ())
                    if one == table or bits & ROW_BIT
                )
            )
            for table in tables
        }

    def _reached(self, chain: Sequence[Link]) -> tuple[ReachedTrigger, ...]:
        """Return the triggers and rules that run where references change rows of other tables."""
        tables = {link.child: link.reference.table for link in chain if link.reference.changes_rows}
        found: dict[str, list[Trigger]] = {}
        for oid, triggers in self._triggers(tables).items():
            found.setdefault(tables[oid], []).extend(triggers)
        for oid, *rest in self._catalogue_rows(RULES, list(tables)):
            found.setdefault(tables[oid], []).append(_rule(*rest))
        return reached_triggers((link.reference for link in chain), found)

    def _unique(self) -> dict[int, list[UniqueKey]]:
        """Return the unique keys of tables, and those of their partitions alone."""
        parts = [*self._names, *self._parts]
        rows = list(self._catalogue_rows(UNIQUE, parts))
        indexes = {index: table for table, index, *_ in rows}
        found: dict[int, list[UniqueKey]] = {}
        for table in self._names:
            family = {table: "", **{one: self._parts[one][0] for one in self._partitions(table)}}
            for of, _, parent, name, columns, where in rows:
                if of in family and indexes.get(parent) not in family:
                    found.setdefault(table, []).append(UniqueKey(name, (columns,), where, family[of]))
        return found

    def _checks(self) -> dict[int, list[CheckConstraint]]:
        """Return the check constraints of tables, and those of their partitions alone."""
        rows = list(self._catalogue_rows(CHECKS, [*self._names, *self._parts]))
        found: dict[int, list[CheckConstraint]] = {}
        for table in self._names:
            own = [CheckConstraint(name, text) for of, name, text in rows if of == table]
            parts = {one: self._parts[one][0] for one in self._partitions(table)}
            more = [CheckConstraint(name, text, parts[of]) for of, name, text in rows if of in parts]
            found[table] = [*own, *(one for one in more if replace(one, of="") not in own)]
        return found

    def _tables_at(self, places: Sequence[tuple[str, str]]) -> Iterator[tuple[Any, ...]]:
        for at in range(0, len(places), AT_ONCE):
            some = places[at : at + AT_ONCE]
            which = " OR ".join(["(n.nspname = ? AND c.relname = ?)"] * len(some))
            yield from self._run_query(
                Statement(TABLES.format(which=which), tuple(part for place in some for part in place))
            )

    def _catalogue_rows(self, text: str, oids: Sequence[int]) -> Iterator[tuple[Any, ...]]:
        return catalogue_rows(self._run_query, text, oids)


def _trigger(name: str, bits: int) -> Trigger:
    return Trigger(name, tuple(write for bit, write in FIRED if bits & bit), instead=bool(bits & INSTEAD_BIT))


def _rule(name: str, on: str, instead: bool) -> Trigger:
    """Return a rule: COPY runs none on insert, but one in place of an insert is reported all the same.

    It shows that the table should not be written to.
    """
    write = RULED.get(on)
    counts = write is not None and (instead or write is not Write.INSERT)
    return Trigger(name, (write,) if write is not None and counts else (), called="rule", instead=instead)


def _merged(triggers: Iterable[Trigger]) -> Iterator[Trigger]:
    """Yield triggers of one name as one: a partition inherits its table's, and may have its own of that name."""
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
