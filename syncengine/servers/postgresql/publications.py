"""Which writes PostgreSQL refuses because a table is published and its rows have no replica identity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from syncengine.model.surroundings import Publication, Write
from syncengine.servers.postgresql.families import Families, RunQuery
from syncengine.servers.postgresql.sequences import DISPLAY_NAME, in_list
from syncengine.servers.sql.dialect import Statement

PUBLISHED = (
    "SELECT CAST(c.oid AS BIGINT), CAST(p.pubname AS TEXT), p.pubupdate, p.pubdelete FROM pg_publication p "
    "JOIN pg_publication_tables t ON t.pubname = p.pubname JOIN pg_namespace n ON n.nspname = t.schemaname "
    "JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename "
    "WHERE (p.pubupdate OR p.pubdelete) AND c.oid IN ({oids}) ORDER BY p.pubname"
)
WITHOUT_IDENTITY = (
    f"SELECT CAST(c.oid AS BIGINT), {DISPLAY_NAME.format(n='n', c='c')} FROM pg_class c "
    "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid IN ({oids}) AND c.relkind = 'r' "
    "AND NOT (c.relreplident = 'f' OR EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.oid AND x.indisvalid "
    "AND x.indimmediate AND CASE c.relreplident WHEN 'd' THEN x.indisprimary WHEN 'i' THEN x.indisreplident END)) "
    "ORDER BY 2"
)


def read_publications(
    run_query: RunQuery, families: Families, tables: Mapping[int, str]
) -> Iterator[tuple[int, Publication]]:
    """Yield the publications of tables, given by their numbers, or of their partitions without a key."""
    everything = {one for table in tables for one in families.all_of(table)}
    published: dict[int, dict[str, tuple[Write, ...]]] = {}
    for oid, name, updates, deletes in run_query(Statement(PUBLISHED.format(oids=in_list(everything)))):
        writes = (*((Write.UPDATE,) if updates else ()), *((Write.DELETE,) if deletes else ()))
        published.setdefault(oid, {})[name] = writes
    if not published:
        return
    keyless: dict[int, str] = dict(run_query(Statement(WITHOUT_IDENTITY.format(oids=in_list(everything)))))
    for table in tables:
        for part in (table, *families.below(table)):
            # A partition is published by itself, or as a part of what is.
            for name, writes in _merged(published, (part, *families.above(part))).items():
                if part in keyless:
                    yield table, Publication(name, writes, of="" if part == table else keyless[part])


def _merged(
    published: Mapping[int, Mapping[str, tuple[Write, ...]]], tables: tuple[int, ...]
) -> dict[str, tuple[Write, ...]]:
    found: dict[str, tuple[Write, ...]] = {}
    for table in tables:
        found |= published.get(table, {})
    return found
