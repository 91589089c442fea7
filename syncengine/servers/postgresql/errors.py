"""The one place where the errors of PostgreSQL and of its driver become ours.

The server's SQLSTATE decides. The driver passes on none for refused connections, so the text decides
there; a message in another language is quoted instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pyarrow as pa

from syncengine.model.errors import (
    ServerError,
    ServerLockedError,
    ServerReadOnlyError,
    ServerUnreachableError,
)
from syncengine.servers import advice
from syncengine.servers.advice import AGAIN, LOGIN, Meaning
from syncengine.servers.postgresql.driver import is_driver_error

CHECK_RUNNING = "Check that the server is running, and the host and the port in the url."
GRANT = (
    "Have the owner grant it: USAGE on the schema, SELECT on its tables, and to write INSERT, UPDATE and DELETE. Where "
    "row security hides rows of a table, the login needs BYPASSRLS."
)
STANDBY = "It is a standby, or was set to read-only: use the server that accepts writes."

UNKNOWN = Meaning("it refused", advice.UNKNOWN)
LOST = Meaning("the connection was lost", AGAIN, ServerUnreachableError, transient=True)
BUSY = Meaning("it accepts no connections at the moment", AGAIN, ServerUnreachableError, transient=True)
TOO_MANY_CONNECTIONS = Meaning(
    "all its connections are in use",
    "Close some, or set max_connections there higher; a run needs up to four on each server.",
    ServerUnreachableError,
    transient=True,
)
REFUSED_LOGIN = Meaning("the login was refused", LOGIN, ServerUnreachableError)
NO_DATABASE = Meaning(
    "there is no such database", "Check the last part of the url's path.", ServerUnreachableError, quoted=True
)
LOCKED = Meaning("another session holds a lock on the rows", AGAIN, ServerLockedError, transient=True, crowded=True)
DEADLOCK = Meaning(
    "a deadlock: two sessions waited for each other's rows",
    AGAIN,
    ServerLockedError,
    transient=True,
    crowded=True,
    quoted=False,
)
WRITE_CONFLICT = Meaning("another session wrote the same rows", AGAIN, ServerLockedError, transient=True, crowded=True)
READ_ONLY = Meaning("the database accepts no writes", STANDBY, ServerReadOnlyError)
DENIED = Meaning("this login may not do that", GRANT)
MISSING = Meaning("no such table or column", "`syncengine check` names what a server lacks.")
VALUE = Meaning("a value does not fit its column", "`syncengine check` compares the columns of both servers.")
DUPLICATE = Meaning("a unique index already has such a row", advice.DUPLICATE)
CONSTRAINT = Meaning("a constraint of the table forbids it", advice.CONSTRAINT)
FOREIGN_KEY = Meaning("a foreign key forbids it", advice.FOREIGN_KEY)
DIVISION = Meaning("it divides by zero", advice.DIVISION)
TRIGGER = Meaning("a trigger or a function refused", "Have its author check it there, or leave the table out.")
UNWRITABLE = Meaning(
    "the table does not accept this write", "`syncengine check` lists the tables that cannot be written, and why."
)
NOT_READY = Meaning(
    "the table is not in a state that allows this",
    "Have its administrator resolve what the server reports; `syncengine check` lists the side effects of each table.",
)
UNSUPPORTED = Meaning(
    "it does not support that, or not for this table", "`syncengine check` says what tables cannot be written, and why."
)
CANCELLED = Meaning("the query was cancelled on the server", "Run the same command again.")
FAILED = Meaning("the transaction had failed before and is rolled back", "Run the same command again.", quoted=False)
DISK = Meaning("its disk is full", "Make room there; the unfinished work was rolled back.")
MEMORY = Meaning(
    "it ran out of memory", "Choose a shorter window, or set work_mem there lower.", transient=True, crowded=True
)
TOO_LARGE = Meaning(
    "the query is too large for it", "Choose a shorter window, or set limits.step_rows lower.", crowded=True
)
SYNTAX = Meaning("it does not understand a statement", UNKNOWN.hint)
DAMAGED = Meaning("its files are damaged", "Have its administrator check the server's log.")

MEANINGS: dict[str, Meaning] = {
    # Connections and logins.
    **dict.fromkeys(("08", "57P01", "57P02", "57P05", "25P03"), LOST),
    "57P03": BUSY,
    "53300": TOO_MANY_CONNECTIONS,
    "28": REFUSED_LOGIN,
    "3D000": NO_DATABASE,
    # Locks. Class 40 says that the transaction is rolled back already.
    **dict.fromkeys(("55P03", "55006"), LOCKED),
    "55": NOT_READY,
    "40P01": DEADLOCK,
    "40": WRITE_CONFLICT,
    # Privileges.
    "25006": READ_ONLY,
    "42501": DENIED,
    # Names, values and statements.
    **dict.fromkeys(("42P01", "42703", "3F000"), MISSING),
    **dict.fromkeys(("42809", "428C9", "42P10"), UNWRITABLE),
    "42": SYNTAX,
    "0A": UNSUPPORTED,
    "22012": DIVISION,
    "22": VALUE,
    "23503": FOREIGN_KEY,
    "23505": DUPLICATE,
    **dict.fromkeys(("23", "44"), CONSTRAINT),
    **dict.fromkeys(("P0", "09", "27", "2F", "38", "39"), TRIGGER),
    "25P02": FAILED,
    # Its resources.
    "57014": CANCELLED,
    "53100": DISK,
    "53200": MEMORY,
    "54": TOO_LARGE,
    **dict.fromkeys(("XX001", "XX002", "58"), DAMAGED),
}
"""By SQLSTATE, or by its first two signs for all others of a class."""

OF_FUNCTIONS = frozenset(
    {
        None,
        DENIED,
        MISSING,
        SYNTAX,
        VALUE,
        DIVISION,
        DUPLICATE,
        CONSTRAINT,
        FOREIGN_KEY,
        TRIGGER,
        UNWRITABLE,
        NOT_READY,
        UNSUPPORTED,
    }
)
"""Meanings that, inside a user's function, concern the function and not the written table."""

TLS = Meaning(
    "the encrypted connection failed",
    "Check sslmode, sslrootcert and the other ssl options in the url against the server's own.",
    ServerUnreachableError,
)
REFUSALS: dict[str, Meaning] = {
    "password authentication failed|authentication failed for user|role .* does not exist": REFUSED_LOGIN,
    "no password supplied": Meaning(
        "it requires a password and none is set",
        "Write postgresql://USER:${PASSWORD}@... and set PASSWORD in the environment.",
        ServerUnreachableError,
        quoted=False,
    ),
    "no pg_hba.conf entry": Meaning(
        "it does not accept this login from this machine",
        "Have its administrator add a line to pg_hba.conf there, or set sslmode in the url.",
        ServerUnreachableError,
    ),
    "database .* does not exist": NO_DATABASE,
    "permission denied for database": Meaning(
        "this login may not connect to the database", "Have its owner grant CONNECT.", ServerUnreachableError
    ),
    "too many (clients|connections)|connection slots are reserved": TOO_MANY_CONNECTIONS,
    "Connection refused|could not translate host name|No route to host|Network is unreachable": Meaning(
        "it cannot be connected to", CHECK_RUNNING, ServerUnreachableError
    ),
    "starting up|shutting down|recovery mode|not yet accepting": BUSY,
    "cannot open shared object file|version `[^']+' not found": Meaning(
        "its driver is installed, but cannot be loaded",
        "Install the system package that it needs.",
        ServerUnreachableError,
    ),
    "expected authentication request|invalid response|server closed the connection unexpectedly": Meaning(
        "the port does not answer as a PostgreSQL server does",
        "Check the port in the url, and the server's log.",
        ServerUnreachableError,
        quoted=False,
    ),
    "SSL|certificate|TLS": TLS,
    "timeout expired|timed out": Meaning(
        "it gave no answer; connecting took longer than connect_timeout in the url allows",
        "Is it a PostgreSQL server? Check the port in the url.",
        ServerUnreachableError,
        transient=True,
        quoted=False,
    ),
    "": Meaning(
        "it cannot be connected to",
        f"{LOGIN} Check the database in the url, too.",
        ServerUnreachableError,
    ),
}
"""By the text of the server or the driver; the last is for all others."""


def meaning_of(sqlstate: str) -> Meaning | None:
    """Return the meaning of a code, or None for an unknown one."""
    return MEANINGS.get(sqlstate) or MEANINGS.get(sqlstate[:2])


FUNCTION = re.compile(r"PL/\w+[^\n]*?\s(?P<name>[^\s(]+\([^)\n]*\))")
"""The user's function in which an error arose, in the server's context of the error."""
SERVER_MESSAGE = re.compile(r"(?:ERROR|FATAL|PANIC): +(?P<said>[^\n]*)")
PREFIXES = re.compile(
    r"^(?:[A-Z_]+: )?(?:\[libpq\] )?(?:Failed to connect: )?(?:connection to server at .*? failed: )?", re.DOTALL
)


@contextmanager
def translated(name: str, secret: str = "", lost: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Raise our errors for the driver's and for values that do not fit.

    `name` names the server, `secret` is masked, and `lost` says whether the connection is lost.
    """
    try:
        yield
    except pa.ArrowInvalid as error:
        raise _error(name, VALUE, _masked(str(error).splitlines()[0], secret), "") from error
    except Exception as error:
        if not is_driver_error(error):
            raise
        raised, cause = error_of(name, error, secret, lost=lost()), error
    else:
        return
    # A trace prints the cause, the driver's own message: not where it contains the secret.
    raise raised from (None if secret and secret in str(cause) else cause)


def error_of(name: str, error: BaseException, secret: str = "", *, lost: bool = False) -> ServerError:
    """Return our error for one of the driver's, which names the server and masks the secret."""
    state = sqlstate_of(error)
    meaning = LOST if lost else meaning_of(state)
    message = _masked(_server_message(error), secret)
    function = FUNCTION.search(_detail(error, "PG_DIAG_CONTEXT"))
    if function is not None and meaning in OF_FUNCTIONS:
        # syncengine calls none: it belongs to a trigger, a constraint or a column, whatever its code says.
        return _error(name, TRIGGER, f"{function['name']}: {message}", state)
    if meaning is None:
        return _error(name, UNKNOWN, message, state)
    return _error(name, meaning, message if meaning.quoted else "", state)


def refused_connection(name: str, error: BaseException, secret: str = "") -> ServerError:
    """Return our error for a failed connection."""
    text = str(error)
    message = _masked(_server_message(error), secret)
    for words, meaning in REFUSALS.items():
        if re.search(words, text):
            return _error(name, meaning, message if meaning.quoted else "", "")
    return _error(name, REFUSALS[""], message, "")


def sqlstate_of(error: BaseException) -> str:
    """Return the server's code for an error, empty where it is the driver's own."""
    return str(getattr(error, "sqlstate", None) or "")


def _error(name: str, meaning: Meaning, message: str, state: str) -> ServerError:
    code = f" (SQLSTATE {state})" if state and meaning.quoted else ""
    detail = f": {message}" if message else ""
    return meaning.kind(
        f"{name}: {meaning.text}{detail}{code}.",
        hint=meaning.hint,
        transient=meaning.transient,
        retry_smaller=meaning.crowded,
    )


def _server_message(error: BaseException) -> str:
    """Return the server's own message, in one line: without the driver's labels and the statement."""
    primary = _detail(error, "PG_DIAG_MESSAGE_PRIMARY")
    if primary:
        return _one_line(primary)
    text = str(error)
    found = SERVER_MESSAGE.search(text)
    return _one_line(found["said"] if found else PREFIXES.sub("", text).partition("\n")[0])


def _detail(error: BaseException, field: str) -> str:
    """Return a field of the server's error report, empty where there is none."""
    for key, value in getattr(error, "details", None) or ():
        if key in (field.encode(), field):
            return str(value.decode(errors="replace"))
    return ""


def _one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")


def _masked(text: str, secret: str) -> str:
    return text.replace(secret, "***") if secret else text
