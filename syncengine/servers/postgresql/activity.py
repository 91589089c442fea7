"""The sessions of a PostgreSQL server: which live, which wait, and which hold locks."""

from __future__ import annotations

import re

from syncengine.model.errors import ServerError, ServerUnreachableError
from syncengine.servers.locks import LockHolder
from syncengine.servers.postgresql.families import RunQuery
from syncengine.servers.protocol import SessionState
from syncengine.servers.sql.dialect import Statement

SESSION_ID = re.compile(r"pid \d+ since .+, transaction (?P<transaction>\d{1,18})")
STATUS = "SELECT txid_status(?)"
WAITING_SESSIONS = (
    "SELECT COUNT(DISTINCT l.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
    # By the session and not by the lock: waiting for a row is waiting for its writer, which is of no database.
    "WHERE NOT l.granted AND a.datname = current_database()"
)


LOCK_HOLDERS = (
    "SELECT DISTINCT a.pid, CAST(a.usename AS TEXT), CAST(a.application_name AS TEXT), "
    "COALESCE(host(a.client_addr), ''), CAST(a.xact_start AS TEXT) "
    "FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
    "WHERE l.granted AND l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = "
    "current_database()) AND l.relation = CAST(CAST(? AS regclass) AS OID) "
    # Those that prevent locking a table against writers.
    "AND l.mode IN ('RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', "
    "'ExclusiveLock', 'AccessExclusiveLock') ORDER BY 5, 1"
)
PID = re.compile(r"pid (?P<pid>\d{1,10}) since ")


def termination_command(session: str) -> str:
    """Return the statement that ends a write session, by its id."""
    found = PID.match(session)
    return "" if found is None else _termination_command(int(found["pid"]))


def lock_holders(run_query: RunQuery, source: str) -> tuple[LockHolder, ...]:
    """Return the sessions whose locks block writers of a table; none where the server does not report them."""
    try:
        rows = run_query(Statement(LOCK_HOLDERS, (source,)))
    except ServerError:
        return ()
    return tuple(
        LockHolder(pid, _description(user, program, host, since), _termination_command(pid))
        for pid, user, program, host, since in rows
    )


def _description(user: str | None, program: str | None, host: str, since: str | None) -> str:
    parts = (f"of {user}" if user else "", f"in {program}" if program else "", f"on {host}" if host else "")
    begun = f"in a transaction since {since.partition('.')[0]}" if since else ""
    return " ".join(part for part in (*parts, begun) if part)


def _termination_command(pid: int) -> str:
    return f"select pg_terminate_backend({pid})"


def session_state(run_query: RunQuery, session: str) -> SessionState:
    """Say whether a write session lives, by the state of its transaction; raises for a lost connection."""
    named = SESSION_ID.fullmatch(session)
    if named is None:
        return SessionState.UNKNOWN
    try:
        status = run_query(Statement(STATUS, (int(named["transaction"]),)))[0][0]
    except ServerError as error:
        if error.transient or isinstance(error, ServerUnreachableError):
            raise
        # A number this server has not reached yet: another server gave it.
        return SessionState.UNKNOWN
    # A transaction without a status is so old that the server has forgotten it.
    return SessionState.ALIVE if status == "in progress" else SessionState.GONE


def waiting_sessions(run_query: RunQuery) -> int:
    """Return how many sessions in the database wait for a lock."""
    return int(run_query(Statement(WAITING_SESSIONS))[0][0])
