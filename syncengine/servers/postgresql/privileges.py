"""The writes that a login has no right to, read before anything is written."""

from __future__ import annotations

from collections.abc import Sequence

from syncengine.model.surroundings import Write
from syncengine.servers.postgresql.families import RunQuery
from syncengine.servers.postgresql.sequences import catalogue_rows

LACKING = (
    "SELECT CAST(c.oid AS BIGINT), NOT (has_table_privilege(c.oid, 'INSERT') OR NOT EXISTS ("
    "SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "AND NOT has_column_privilege(c.oid, a.attnum, 'INSERT'))), "
    "NOT has_any_column_privilege(c.oid, 'UPDATE'), NOT has_table_privilege(c.oid, 'DELETE') "
    "FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.oid IN ({oids})"
)
"""Locking rows needs the right to update. The right to insert may be granted on all columns instead.

Views and foreign tables are left out: they are never written.
"""


def lacking(run_query: RunQuery, oids: Sequence[int]) -> dict[int, tuple[Write, ...]]:
    """Return the writes a login has no right to, by table; tables with all rights are left out."""
    found: dict[int, tuple[Write, ...]] = {}
    for oid, *lacks in catalogue_rows(run_query, LACKING, oids):
        writes = tuple(write for write, lacking_it in zip(Write, lacks, strict=True) if lacking_it)
        if writes:
            found[oid] = writes
    return found
