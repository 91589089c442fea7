"""The versions of rows, which show every insert, update and delete, by any session and at any time.

What this relies on, and why: docs/explanation/remembered-days.md.
"""

from __future__ import annotations

from collections import defaultdict

from syncengine.model.remembered_days import DayPlace, DaysQuery, DayVersions
from syncengine.servers.postgresql.connections import ConnectionLease
from syncengine.servers.postgresql.system_catalogue import STARTED, Layout
from syncengine.servers.sql.buckets import acd_expression, date_expression
from syncengine.servers.sql.dialect import Statement
from syncengine.servers.sql.predicates import predicate

HEAP = 2
"""The default access method of tables: the only one whose row versions are known."""
HISTORY = (
    "WITH RECURSIVE root AS ("
    "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ? AND c.relname = ?"
    "), parts(oid) AS (SELECT oid FROM root "
    "UNION SELECT i.inhrelid FROM parts p JOIN pg_inherits i ON i.inhparent = p.oid), "
    "columns AS (SELECT a.* FROM parts JOIN pg_attribute a ON a.attrelid = parts.oid "
    "WHERE a.attnum > 0 AND NOT a.attisdropped) "
    # With rights on single columns only, the login cannot read the numbers of versions.
    "SELECT (SELECT has_table_privilege(oid, 'SELECT') AND NOT row_security_active(oid) FROM root) "
    f"AND (SELECT bool_and(c.relkind = 'p' OR (c.relkind = 'r' AND c.relam = {HEAP})) "
    "FROM parts JOIN pg_class c ON c.oid = parts.oid) "
    # A virtual generated column.
    "AND (SELECT bool_and(attgenerated <> 'v') FROM columns), "
    "concat_ws(' ', (SELECT system_identifier FROM pg_control_system()), "
    "'timeline', (SELECT timeline_id FROM pg_control_checkpoint()), 'started', "
    f"{STARTED}, "
    # Asynchronous commits are lost in a crash, and their numbers reused. Statistics are reset then.
    "'recovered', (SELECT stats_reset FROM pg_stat_bgwriter), "
    # Transaction numbers wrap around after two eras.
    "'era', txid_snapshot_xmax(txid_current_snapshot()) >> 31, "
    # A column that is added with a default, or renamed, changes rows without a new version.
    "'columns', (SELECT md5(string_agg(format('%s %s %I %s %s %L', attrelid, attnum, attname, atttypid, atttypmod, "
    "CAST(attmissingval AS TEXT)), ',' ORDER BY attrelid, attnum)) FROM columns)), "
    "COALESCE(CAST(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END "
    "- CAST('0/0' AS pg_lsn) AS BIGINT), 0)"
)
"""Whether versions show all changes of a table and its parts, the history they belong to, and the server's position."""
MIXED = "hashtidextended(ctid, hashtextextended(CAST(xmin AS TEXT), CAST(tableoid AS BIGINT)))"
"""A version, its table and its transaction, hashed to one number."""


def day_versions(lease: ConnectionLease, layout: Layout, query: DaysQuery) -> DayVersions | None:
    """Return the number of row versions of each day, and their sum; None where versions do not show all changes.

    A version never changes: an update makes a new one, in another place or by another transaction.
    """
    usable, history, position = lease.rows(Statement(HISTORY, (layout.schema, layout.table)))[0]
    if not usable:
        return None
    dialect, columns = layout.dialect, query.selection.columns
    where = predicate(query.selection, dialect)
    text = (
        f"SELECT {date_expression(columns, dialect)}, {acd_expression(columns, dialect)}, "
        f"COUNT(*), CAST(SUM({MIXED}) AS TEXT) FROM {layout.source} WHERE {where.text} GROUP BY 1, 2"
    )
    sums: dict[DayPlace, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for day, acd, rows, mixed in lease.rows(Statement(text, where.values)):
        place = query.place(acd, day)
        before = sums[place]
        sums[place] = before[0] + rows, before[1] + int(mixed)
    return DayVersions(history, position, {place: f"{rows} {mixed}" for place, (rows, mixed) in sums.items()})
