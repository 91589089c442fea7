"""How things stand on a PostgreSQL server: which sessions live, who waits, and whether a table was changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from syncengine.model.errors import ServerError, ServerUnreachableError
from syncengine.servers.postgresql.system_catalogue import Layout
from syncengine.servers.protocol import SessionState
from syncengine.servers.sql.dialect import Statement

Ask = Callable[[Statement], Sequence[tuple[Any, ...]]]

SESSION_ID = re.compile(r"pid \d+ since .+, transaction (?P<transaction>\d{1,18})")
STATUS = "SELECT txid_status(?)"
WAITING = (
    "SELECT COUNT(DISTINCT l.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
    # By the session and not by the lock: whoever waits for a row waits for its writer, who is of no database.
    "WHERE NOT l.granted AND a.datname = current_database()"
)
COUNTERS = (
    "WITH RECURSIVE parts(oid) AS ("
    "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ? AND c.relname = ? "
    "UNION SELECT i.inhrelid FROM parts p JOIN pg_inherits i ON i.inhparent = p.oid) "
    "SELECT current_setting('track_counts'), bool_and(c.relkind IN ('r', 'p')), "
    "md5(string_agg(concat_ws(' ', c.oid, c.relfilenode, s.n_tup_ins, s.n_tup_upd, s.n_tup_del), ',' ORDER BY c.oid)), "
    "(SELECT CAST(stats_reset AS TEXT) FROM pg_stat_database WHERE datname = current_database()), "
    # Counters are lost when a server crashes, and this moment is then another.
    "(SELECT CAST(stats_reset AS TEXT) FROM pg_stat_bgwriter) "
    "FROM parts JOIN pg_class c ON c.oid = parts.oid LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid"
)
"""What a table and all its partitions have counted, and since when."""


def session_state(ask: Ask, session: str) -> SessionState:
    """Say whether a write session lives, by what became of its transaction; raises for a lost connection."""
    named = SESSION_ID.fullmatch(session)
    if named is None:
        return SessionState.UNKNOWN
    try:
        status = ask(Statement(STATUS, (int(named["transaction"]),)))[0][0]
    except ServerError as error:
        if error.transient or isinstance(error, ServerUnreachableError):
            raise
        # A number this server has not come to yet: it was given by another.
        return SessionState.UNKNOWN
    # No status is that of a transaction so old that it is forgotten.
    return SessionState.ALIVE if status == "in progress" else SessionState.GONE


def change_counter(ask: Ask, layout: Layout) -> str | None:
    """Return what the server has counted of a table, None for what it does not count: views and foreign tables.

    The server counts a change when its transaction ends, or up to a minute after.
    """
    counting, tables_only, counted, reset, crashed = ask(Statement(COUNTERS, (layout.schema, layout.table)))[0]
    if counting != "on" or not tables_only:
        return None
    return f"{counted} since {reset}, {crashed}"


def waiting(ask: Ask) -> int:
    """Return how many sessions in the database wait for a lock."""
    return int(ask(Statement(WAITING))[0][0])
