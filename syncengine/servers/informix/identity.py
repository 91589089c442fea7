"""The identity of an Informix server."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from syncengine.model.errors import ServerError, ServerSlowError, ServerUnreachableError
from syncengine.servers.informix import system_catalogue
from syncengine.servers.sql.dialect import Statement
from syncengine.servers.url import ServerUrl

RunQuery = Callable[[Statement], Sequence[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Identity:
    """What a server reported about itself at the first connection."""

    version: str
    text: str
    user: str
    locale: str
    logged: bool
    notes: tuple[str, ...]


def identify(run_query: RunQuery, address: str, url: ServerUrl) -> Identity:
    """Read a server's identity; what it does not report is left out and noted, but a lost connection is raised."""
    notes: list[str] = []

    def one(text: str, what: str) -> str:
        try:
            rows = run_query(Statement(text))
        except (ServerUnreachableError, ServerSlowError):
            raise
        except ServerError as error:
            notes.append(f"does not tell {what} ({error.message})")
            return ""
        return "" if not rows or rows[0][0] is None else str(rows[0][0]).strip()

    version = one(system_catalogue.VERSION, "its version")
    host = one(system_catalogue.HOST, "its host's name")
    server = one(system_catalogue.SERVER_NAME, "its name")
    user = one(system_catalogue.USER, "who is logged in") or url.user
    locale = one(system_catalogue.LOCALE, "its locale")
    logging = one(system_catalogue.LOGGING, "whether it has a transaction log")
    logged = logging != "0"
    if not logged:
        notes.append("has no transaction log: an interrupted step cannot be rolled back")
    if _is_secondary(run_query):
        notes.append("is a secondary of another server: it refuses writes, or passes them to that server")
    place = f"{url.database} on {server or 'an unnamed server'} of {host or address}, {address}:{url.port}"
    return Identity(_number(version), place, user, locale, logged, tuple(notes))


def _is_secondary(run_query: RunQuery) -> bool:
    """Say whether the server reports another one as its primary."""
    try:
        rows = run_query(Statement(system_catalogue.REPLICATION_ROLE))
    except (ServerUnreachableError, ServerSlowError) as error:
        # A sysmaster that cannot be opened counts as unreachable, too, but no connection was lost.
        if isinstance(error, ServerSlowError) or error.transient:
            raise
        return False
    except ServerError:
        return False
    return any("secondary" in str(row[0]).lower() for row in rows)


def _number(version: str) -> str:
    """Return the release in the banner."""
    found = re.search(r"\d+\.\d+\S*", version)
    return found.group(0) if found else version
