"""What PostgreSQL can answer, by SQLSTATE: what it means, whether the same again may help, what to try."""

from __future__ import annotations

from dataclasses import dataclass

from syncengine.model.errors import ServerError, ServerLockedError, ServerReadOnlyError, ServerUnreachableError


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code says, as the end of a sentence that begins with the server, and what to try."""

    says: str
    hint: str = ""
    kind: type[ServerError] = ServerError
    transient: bool = False
    crowded: bool = False
    """Whether a smaller transaction may get through."""
    quoted: bool = True
    """Whether the server's own words add something."""


AGAIN = "It is tried again by itself a few times; if it stays so, run the same command again later."
LOGIN = "Check the user in the url, and the environment variable that holds its password."
GRANT = "Have the owner grant it: USAGE on the schema, SELECT on its tables, and to write INSERT, UPDATE and DELETE."
STANDBY = "It is a standby, or was set to read-only: name the server that takes writes."

UNKNOWN = Meaning("it refused", "Run the command again with -vv and attach what it says to a bug report.")
LOST = Meaning("the connection was lost", AGAIN, ServerUnreachableError, transient=True)
BUSY = Meaning("it takes no connections for the moment", AGAIN, ServerUnreachableError, transient=True)
FULL_UP = Meaning(
    "all its connections are in use",
    "Close some, or set max_connections there higher; a run takes up to four of each server.",
    ServerUnreachableError,
    transient=True,
)
REFUSED_LOGIN = Meaning("the login was refused", LOGIN, ServerUnreachableError)
NO_DATABASE = Meaning(
    "there is no such database", "Check the last part of the url's path.", ServerUnreachableError, quoted=True
)
LOCKED = Meaning("somebody else holds a lock on the rows", AGAIN, ServerLockedError, transient=True, crowded=True)
DEADLOCK = Meaning(
    "it was one of two that waited for each other's rows",
    AGAIN,
    ServerLockedError,
    transient=True,
    crowded=True,
    quoted=False,
)
WRITTEN = Meaning("somebody else wrote the same rows", AGAIN, ServerLockedError, transient=True, crowded=True)
READ_ONLY = Meaning("the database takes no writes", STANDBY, ServerReadOnlyError)
DENIED = Meaning("this login may not do that", GRANT)
NOT_THERE = Meaning("a table or column is not there", "`syncengine check` names what a server lacks.")
VALUE = Meaning(
    "a value does not fit its column", "`syncengine check` holds the columns of both servers against each other."
)
DUPLICATE = Meaning("a unique index already holds such a row", "Somebody else wrote it: run verify, then plan again.")
CONSTRAINT = Meaning("a constraint of the table forbids it", "Compare the tables on both servers.")
TRIGGER = Meaning("a trigger of the table refused", "Compare the tables on both servers.")
CANCELLED = Meaning("somebody cancelled the query there", "Run the same command again.")
FAILED = Meaning("the transaction had failed before and is rolled back", "Run the same command again.", quoted=False)
DISK = Meaning("its disk is full", "Make room there; what was begun is rolled back.")
MEMORY = Meaning(
    "it ran out of memory", "Choose a shorter window, or set work_mem there lower.", transient=True, crowded=True
)
TOO_LARGE = Meaning(
    "the question is too large for it", "Choose a shorter window, or set limits.step_rows lower.", crowded=True
)
SYNTAX = Meaning("it does not understand a statement", UNKNOWN.hint)
DAMAGED = Meaning("its files are damaged", "Have its administrator look at the server's log.")

MEANINGS: dict[str, Meaning] = {
    # Connections and logins.
    "08": LOST,
    "57P01": LOST,
    "57P02": LOST,
    "57P05": LOST,
    "25P03": LOST,
    "57P03": BUSY,
    "53300": FULL_UP,
    "28": REFUSED_LOGIN,
    "3D000": NO_DATABASE,
    # Locks. Class 40 says that the transaction is rolled back already.
    "55P03": LOCKED,
    "55006": LOCKED,
    "40P01": DEADLOCK,
    "40": WRITTEN,
    # Privileges.
    "25006": READ_ONLY,
    "42501": DENIED,
    # Names, values and statements.
    "42P01": NOT_THERE,
    "42703": NOT_THERE,
    "3F000": NOT_THERE,
    "42": SYNTAX,
    "0A000": SYNTAX,
    "22": VALUE,
    "23505": DUPLICATE,
    "23": CONSTRAINT,
    "44000": CONSTRAINT,
    "P0": TRIGGER,
    "25P02": FAILED,
    # Its resources.
    "57014": CANCELLED,
    "53100": DISK,
    "53200": MEMORY,
    "54": TOO_LARGE,
    "XX001": DAMAGED,
    "XX002": DAMAGED,
    "58": DAMAGED,
}
"""By SQLSTATE, or by its first two signs for all others of a class."""

TLS = Meaning(
    "an encrypted connection did not come about",
    "Check sslmode, sslrootcert and the other ssl options in the url against the server's own.",
    ServerUnreachableError,
)
REFUSALS: dict[str, Meaning] = {
    "password authentication failed|authentication failed for user|role .* does not exist": REFUSED_LOGIN,
    "no password supplied": Meaning(
        "it wants a password and there is none",
        "Write postgresql://USER:${PASSWORD}@... and set PASSWORD in the environment.",
        ServerUnreachableError,
        quoted=False,
    ),
    "no pg_hba.conf entry": Meaning(
        "it takes no such login from this machine",
        "Have its administrator add a line to pg_hba.conf there, or set sslmode in the url.",
        ServerUnreachableError,
    ),
    "database .* does not exist": NO_DATABASE,
    "permission denied for database": Meaning(
        "this login may not connect to the database", "Have its owner grant CONNECT.", ServerUnreachableError
    ),
    "too many (clients|connections)|connection slots are reserved": FULL_UP,
    "starting up|shutting down|recovery mode|not yet accepting": BUSY,
    "expected authentication request|invalid response|server closed the connection unexpectedly": Meaning(
        "whoever listens there does not answer as PostgreSQL does",
        "Check the port in the url, and the server's log.",
        ServerUnreachableError,
        quoted=False,
    ),
    "SSL|certificate|TLS": TLS,
    "timeout expired|timed out": Meaning(
        "it gave no answer",
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
"""By words of the server's or the driver's; the last is for all others."""


def meaning_of(sqlstate: str) -> Meaning | None:
    """Return what a code means, or None for one nobody has described."""
    return MEANINGS.get(sqlstate) or MEANINGS.get(sqlstate[:2])
