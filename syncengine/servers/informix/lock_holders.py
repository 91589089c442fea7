"""The sessions that hold locks on a table, from Informix's own lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from syncengine.model.errors import ServerError
from syncengine.servers.informix.system_catalogue import LOCK_HOLDERS
from syncengine.servers.locks import LockHolder
from syncengine.servers.sql.dialect import Statement

RunQuery = Callable[[Statement], Sequence[tuple[Any, ...]]]


def termination_command(number: int) -> str:
    """Return the command with which user informix ends a session."""
    return f"onmode -z {number}"


def holders_of(run_query: RunQuery, table: str) -> tuple[LockHolder, ...]:
    """Return the sessions that hold locks on a table; none where the server does not report them."""
    try:
        rows = run_query(Statement(LOCK_HOLDERS, (table,)))
    except ServerError:
        return ()
    return tuple(
        LockHolder(int(sid), f"of {str(user).strip()}{_place(host)}", termination_command(int(sid)))
        for sid, user, host in rows
    )


def _place(host: object) -> str:
    name = str(host or "").strip()
    return f" on {name}" if name else ""
