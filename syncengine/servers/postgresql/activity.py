"""How things stand on a PostgreSQL server: which sessions live, and who waits."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from syncengine.model.errors import ServerError, ServerUnreachableError
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


def waiting(ask: Ask) -> int:
    """Return how many sessions in the database wait for a lock."""
    return int(ask(Statement(WAITING))[0][0])
