"""The foreign keys of a PostgreSQL database, and their effect on other tables when rows are deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from syncengine.model.surroundings import OnDelete, Reference
from syncengine.servers.postgresql.families import FIRES, Families, RunQuery
from syncengine.servers.postgresql.sequences import DISPLAY_NAME
from syncengine.servers.sql.dialect import Statement

RUN = (
    "EXISTS (SELECT FROM pg_trigger t WHERE t.tgconstraint = k.oid AND t.tgrelid = k.{at} "
    f"AND t.tgtype & {{bit}} <> 0 AND {FIRES.format(enabled='t.tgenabled')})"
)
"""Whether the triggers that enforce a foreign key are enabled."""
SET_COLUMNS = (
    "COALESCE((SELECT array_agg(CAST(nr AS SMALLINT)) FROM jsonb_array_elements_text("
    "CASE jsonb_typeof(to_jsonb(k) -> 'confdelsetcols') WHEN 'array' THEN to_jsonb(k) -> 'confdelsetcols' END) nr), "
    "k.conkey)"
)
"""The columns that are set to NULL or their default: since release 15 not necessarily all."""
REFERENCES = (
    "SELECT CAST(k.oid AS BIGINT), CAST(to_jsonb(k) ->> 'conparentid' AS BIGINT), CAST(k.conname AS TEXT), "
    f"CAST(k.conrelid AS BIGINT), {DISPLAY_NAME.format(n='cn', c='c')}, CAST(k.confrelid AS BIGINT), "
    f"{DISPLAY_NAME.format(n='pn', c='p')}, "
    "CAST(k.confdeltype AS TEXT), (SELECT string_agg(CAST(a.attname AS TEXT), ', ' ORDER BY a.attnum) "
    f"FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY({SET_COLUMNS})), "
    f"{RUN.format(at='confrelid', bit=8)}, {RUN.format(at='conrelid', bit=4)} "
    "FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace "
    "JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace "
    "WHERE k.contype = 'f' ORDER BY 5, 3"
)
"""All of the database: following them shows which of them a write reaches."""
ON_DELETE = {
    "a": OnDelete.NO_ACTION,
    "r": OnDelete.RESTRICT,
    "c": OnDelete.CASCADE,
    "n": OnDelete.SET_NULL,
    "d": OnDelete.SET_DEFAULT,
}


@dataclass(frozen=True, slots=True)
class _Key:
    """A foreign key, by the numbers of its tables."""

    child: int
    to: int
    reference: Reference
    acts_on_delete: bool
    """It acts, or refuses, when a row is deleted that others refer to."""
    checks_insert: bool
    """It refuses a row that refers to no existing one."""


@dataclass(frozen=True, slots=True)
class Link:
    """A foreign key by which a deleted row reaches rows of another table."""

    child: int
    """The number of the table whose rows refer."""
    reference: Reference


@dataclass(frozen=True, slots=True)
class References:
    """All foreign keys of a database."""

    families: Families
    keys: tuple[_Key, ...]

    def chain_of(self, table: int, shown: str) -> tuple[Link, ...]:
        """Return the references to rows of a table, and to rows deleted with them, at any distance.

        A row of a partition is also one of its table, to which others may refer, and the other way round.
        """
        found: dict[int, Link] = {}
        reached = {table: shown}
        for parent in (follow := [table]):
            family = frozenset(self.families.all_of(parent))
            for nr, key in enumerate(self.keys):
                if key.to in family and nr not in found:
                    one = replace(key.reference, to=reached[parent], enforced=key.acts_on_delete)
                    found[nr] = Link(key.child, one)
                    if one.changes_rows and one.on_delete is OnDelete.CASCADE and key.child not in reached:
                        reached[key.child] = one.table
                        follow.append(key.child)
        return tuple(found.values())

    def of(self, table: int) -> Iterator[Reference]:
        """Yield the references of a table to others."""
        family = frozenset(self.families.all_of(table))
        yield from (replace(key.reference, enforced=key.checks_insert) for key in self.keys if key.child in family)


def read_references(run_query: RunQuery, families: Families) -> References:
    """Return all foreign keys of the database; those that partitions inherit count as their tables'."""
    rows = {row[0]: row for row in run_query(Statement(REFERENCES))}
    acting: dict[int, bool] = {}
    checked: dict[int, bool] = {}
    for oid, row in rows.items():
        own = oid
        while rows[own][1] in rows:
            own = rows[own][1]
        # Those of a partitioned table itself never run: those of its partitions do.
        acting[own] = acting.get(own, False) or row[9]
        checked[own] = checked.get(own, False) or row[10]
    return References(
        families,
        tuple(
            _Key(child, to, Reference(name, shown, to_shown, (columns,), ON_DELETE[action]), acting[oid], checked[oid])
            for oid, parent, name, child, shown, to, to_shown, action, columns, *_ in rows.values()
            if parent not in rows
        ),
    )
