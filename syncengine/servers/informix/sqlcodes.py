"""What Informix and its driver can answer, by code: what it means, whether the same again may help, what to try.

Codes and their classes come from the vendors' manuals and from public threads on retrying after locks; the
code alone decides, since the driver's exception classes and SQLSTATEs do not (docs/explanation/informix.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What kind of fault a code is."""

    LOCKED = "locked"
    OUT_OF_LOCKS = "out of locks"
    LONG_TRANSACTION = "long transaction"
    SCHEMA_MOVED = "schema moved"
    LOST = "connection lost"
    TIMEOUT = "timeout"
    UNLOGGED = "no transactions"
    UNREACHABLE = "unreachable"
    READ_ONLY = "read-only"
    REFUSED = "refused"

    @property
    def transient(self) -> bool:
        """Say whether the same again may succeed."""
        return self in TRANSIENT

    @property
    def crowded(self) -> bool:
        """Say whether a smaller transaction may get through."""
        return self in CROWDED


TRANSIENT = frozenset({Fault.LOCKED, Fault.OUT_OF_LOCKS, Fault.LONG_TRANSACTION, Fault.SCHEMA_MOVED, Fault.LOST})
CROWDED = frozenset({Fault.LOCKED, Fault.OUT_OF_LOCKS, Fault.LONG_TRANSACTION})


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code says, as the end of a sentence that begins with the server, and what to try."""

    fault: Fault
    says: str
    hint: str = ""


AGAIN = "It is tried again by itself a few times; if it stays so, run the same command again later."
DRDA_ALIAS = "The port must be that of a drsoctcp alias in sqlhosts, not that of the onsoctcp one."
LOGIN = "Check the user in the url, and the environment variable that holds its password."
GRANT = "Have the database's owner grant it (docs/how-to/first-real-pair.md lists the least privileges)."

LOCKED = Meaning(Fault.LOCKED, "somebody else holds a lock on the rows", AGAIN)
DEADLOCK = Meaning(Fault.LOCKED, "it was one of two that waited for each other's rows", AGAIN)
OUT_OF_LOCKS = Meaning(
    Fault.OUT_OF_LOCKS,
    "its lock table is full",
    "Set limits.step_rows in the pair file lower, or LOCKS in the server's onconfig higher.",
)
LOG_OR_LOCK = Meaning(
    Fault.LOCKED,
    "it could not write a row: a lock, the log or the disk",
    f"{AGAIN} Ask the server's online.log which of the three it was.",
)
LOST = Meaning(Fault.LOST, "the connection was lost", AGAIN)
UNLOGGED = Meaning(
    Fault.UNLOGGED,
    "the database keeps no transaction log",
    "It can be read; how it may be written is in docs/how-to/first-real-pair.md.",
)
NO_TABLE = Meaning(Fault.REFUSED, "a table is not there", "`syncengine check` names the tables a server lacks.")
NO_COLUMN = Meaning(
    Fault.REFUSED, "a column is not there", "`syncengine check` holds the columns of a server against the specs."
)
DUPLICATE = Meaning(
    Fault.REFUSED, "a unique index already holds such a row", "Somebody else wrote it: run verify, then plan again."
)
CONSTRAINT = Meaning(Fault.REFUSED, "a constraint of the table forbids it", "Compare the tables on both servers.")
VALUE = Meaning(
    Fault.REFUSED, "a value does not fit its column", "`syncengine check` holds the columns of both servers together."
)
SYNTAX = Meaning(
    Fault.REFUSED,
    "it does not understand a statement",
    "`syncengine check --scratch` finds out what this release can do; attach it to a bug report.",
)
CODESET = Meaning(
    Fault.UNREACHABLE,
    "it cannot convert between its code set and the client's UTF-8",
    "Install the code-set conversion files (GLS) on the server, or set DB2CODEPAGE to its code page, like 819.",
)
DISK = Meaning(Fault.REFUSED, "its disk or a dbspace is full", "Make room there; the step was rolled back.")

TIMEOUT = Meaning(
    Fault.TIMEOUT,
    "a query took longer than it may and was stopped",
    "Set limits.query_seconds in the pair file higher, or choose a shorter window.",
)

MEANINGS: dict[int, Meaning] = {
    # Lock conflicts. Which ISAM error lies behind them cannot be seen through the driver.
    **dict.fromkeys((-233, -243, -244, -245, -246, -250, -263, -289, -378, -107, -113, -144, -154), LOCKED),
    **dict.fromkeys((-143, -78, -79), DEADLOCK),
    **dict.fromkeys((-240, -271, -346, -348), LOG_OR_LOCK),
    -134: OUT_OF_LOCKS,
    -458: Meaning(
        Fault.LONG_TRANSACTION,
        "the transaction was too long for its log and was rolled back",
        "Set limits.step_rows in the pair file lower.",
    ),
    -710: Meaning(Fault.SCHEMA_MOVED, "a table was changed while it was used", AGAIN),
    # Connections. The texts of -30081 tell more: see errors.py.
    **dict.fromkeys((-30081, -1224, -30108, -908, -930, -956, -25582, -27001, -27002), LOST),
    **dict.fromkeys((-255, -256), UNLOGGED),
    # Logging in.
    -30082: Meaning(Fault.UNREACHABLE, "the login was refused", LOGIN),
    **dict.fromkeys((-951, -952), Meaning(Fault.UNREACHABLE, "the login was refused", LOGIN)),
    -329: Meaning(Fault.UNREACHABLE, "there is no such database, or it cannot be opened", "Check the url's last part."),
    -30061: Meaning(Fault.UNREACHABLE, "there is no such database", "Check the url's last part."),
    -387: Meaning(Fault.UNREACHABLE, "this login may not connect to the database", GRANT),
    -1042: Meaning(
        Fault.UNREACHABLE,
        "the driver could not begin to speak",
        "A second Db2 client on LD_LIBRARY_PATH is the usual cause; unset it and try again.",
    ),
    -1013: Meaning(Fault.UNREACHABLE, "the driver does not know the database by this url", DRDA_ALIAS),
    -805: Meaning(
        Fault.REFUSED, "the driver's packages are not bound there", "Is it an Informix server? Check the port."
    ),
    **dict.fromkeys((-23101, -23104, -332), CODESET),
    # Privileges.
    -272: Meaning(Fault.REFUSED, "this login may not read a table", GRANT),
    -273: Meaning(Fault.REFUSED, "this login may not change rows of a table", GRANT),
    -274: Meaning(Fault.REFUSED, "this login may not delete rows of a table", GRANT),
    -275: Meaning(Fault.REFUSED, "this login may not insert rows into a table", GRANT),
    -389: Meaning(Fault.REFUSED, "it takes a database administrator to do that", GRANT),
    -388: Meaning(Fault.REFUSED, "this login may not create tables", GRANT),
    -302: Meaning(Fault.REFUSED, "this login may not grant that", GRANT),
    -140: Meaning(Fault.READ_ONLY, "the database takes no writes", "It is another server's standby: name that one."),
    # Data and statements.
    -206: NO_TABLE,
    -217: NO_COLUMN,
    -201: SYNTAX,
    -809: SYNTAX,
    **dict.fromkeys((-239, -268), DUPLICATE),
    **dict.fromkeys((-391, -530, -691, -692), CONSTRAINT),
    **dict.fromkeys((-1279, -1213, -1214, -1215, -1226, -1205, -1218, -1260), VALUE),
    **dict.fromkeys((-131, -261), DISK),
}

WORDS: dict[str, Meaning] = {
    # The driver's own number for this is Informix's for a wrong password, so that the word decides.
    "SQL0952N": TIMEOUT,
    "SQLSTATE=57014": TIMEOUT,
    "CLI0106E": LOST,
    "CLI0108E": LOST,
    "Connection is not active": LOST,
    "CLI0111E": VALUE,
    "CLI0112E": VALUE,
    "CLI0109E": VALUE,
    "CLI0125E": SYNTAX,
}
"""What the driver says of itself, without a server's code."""


def codes_of(fault: Fault) -> Iterator[int]:
    """Yield the codes of a kind of fault."""
    return (code for code, meaning in MEANINGS.items() if meaning.fault is fault)
