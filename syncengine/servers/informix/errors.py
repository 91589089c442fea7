"""The one place where the errors of Informix and of its driver become ours.

The driver's exception classes are not reliable, and Informix's own errors carry no SQLSTATE, so that the
code in the text decides. Codes and their classes come from the vendors' manuals and from public threads on retrying
after locks (docs/explanation/informix.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import ibm_db_dbi

from syncengine.model.errors import (
    ServerError,
    ServerLockedError,
    ServerReadOnlyError,
    ServerUnreachableError,
    SyncError,
)
from syncengine.servers import advice
from syncengine.servers.advice import AGAIN, LOGIN, Meaning

DRDA_ALIAS = "The port must be that of a drsoctcp alias in sqlhosts, not that of the onsoctcp one."
NO_DRDA = f"Is it an Informix server? {DRDA_ALIAS}"
STANDBY = "It is another server's standby: use that server instead."
GRANT = "Have the database's owner grant it (docs/how-to/first-real-pair.md lists the least privileges)."


def _unreachable(text: str, hint: str) -> Meaning:
    return Meaning(text, hint, ServerUnreachableError, quoted=False)


def _crowded(text: str, hint: str, kind: type[ServerError] = ServerError) -> Meaning:
    return Meaning(text, hint, kind, transient=True, crowded=True, quoted=False)


LOCKED = _crowded("another session holds a lock on the rows", AGAIN, ServerLockedError)
DEADLOCK = _crowded("a deadlock: two sessions waited for each other's rows", AGAIN, ServerLockedError)
OUT_OF_LOCKS = _crowded(
    "its lock table is full",
    "Set limits.step_rows in the pair file lower, or LOCKS in the server's onconfig higher.",
)
LOG_OR_LOCK = _crowded(
    "it could not write a row: a lock, the log or the disk",
    f"{AGAIN} The server's online.log says which of the three it was.",
    ServerLockedError,
)
LOST = replace(_unreachable("the connection was lost", AGAIN), transient=True)
UNLOGGED = Meaning(
    "the database has no transaction log",
    "It can be read; docs/how-to/first-real-pair.md says how it can be written.",
    quoted=False,
)
NO_TABLE = Meaning("no such table", "`syncengine check` names the tables a server lacks.")
NO_COLUMN = Meaning("no such column", "`syncengine check` compares the columns of a server with the specs.")
DUPLICATE = Meaning("a unique index already has such a row", advice.DUPLICATE)
CONSTRAINT = Meaning("a constraint of the table forbids it", advice.CONSTRAINT)
FOREIGN_KEY = Meaning("a foreign key forbids it", advice.FOREIGN_KEY)
DIVISION = Meaning("it divides by zero", advice.DIVISION)
TRIGGER = Meaning(
    "a trigger or a procedure refused",
    "Have its author check it there, or leave the table out.",
)
UNWRITABLE = Meaning(
    "the table does not accept this write", "`syncengine check` lists the tables that cannot be written, and why."
)
VALUE = Meaning("a value does not fit its column", "`syncengine check` compares the columns of both servers.")
SYNTAX = Meaning(
    "it does not understand a statement",
    "`syncengine check --scratch` tests what this release can do; attach its output to a bug report.",
)
CODESET = _unreachable(
    "it cannot convert between its code set and the client's UTF-8",
    "Install the code-set conversion files (GLS) on the server, or set DB2CODEPAGE to its code page, like 819.",
)
DISK = Meaning("its disk or a dbspace is full", "Make room there; the step was rolled back.")

TIMEOUT = Meaning(
    "a query exceeded its time limit and was stopped",
    "Set limits.query_seconds in the pair file higher, or choose a shorter window.",
    quoted=False,
)

MEANINGS: dict[int, Meaning] = {
    # Lock conflicts. Which ISAM error lies behind them cannot be seen through the driver.
    **dict.fromkeys((-233, -243, -244, -245, -246, -250, -263, -289, -378, -107, -113, -144, -154), LOCKED),
    **dict.fromkeys((-143, -78, -79), DEADLOCK),
    **dict.fromkeys((-240, -271, -346, -348), LOG_OR_LOCK),
    -134: OUT_OF_LOCKS,
    -458: _crowded(
        "the transaction was too long for its log and was rolled back",
        "Set limits.step_rows in the pair file lower.",
    ),
    -710: Meaning("a table was changed while it was in use", AGAIN, transient=True, quoted=False),
    # Connections. The texts of -30081 are more specific.
    **dict.fromkeys((-30081, -1224, -30108, -908, -930, -956, -25582, -27001, -27002), LOST),
    **dict.fromkeys((-255, -256), UNLOGGED),
    # Logging in.
    -30082: _unreachable("the login was refused", LOGIN),
    **dict.fromkeys((-951, -952), _unreachable("the login was refused", LOGIN)),
    -329: _unreachable("there is no such database, or it cannot be opened", "Check the url's last part."),
    -30061: _unreachable("there is no such database", "Check the url's last part."),
    -387: _unreachable("this login may not connect to the database", GRANT),
    -1042: _unreachable(
        "the driver could not start",
        "A second Db2 client on LD_LIBRARY_PATH is the usual cause; unset it and try again.",
    ),
    -1013: _unreachable("the driver does not know the database by this url", DRDA_ALIAS),
    -805: Meaning("the driver's packages are not bound there", "Is it an Informix server? Check the port."),
    **dict.fromkeys((-23101, -23104, -332), CODESET),
    # Privileges.
    -272: Meaning("this login may not read a table", GRANT),
    -273: Meaning("this login may not change rows of a table", GRANT),
    -274: Meaning("this login may not delete rows of a table", GRANT),
    -275: Meaning("this login may not insert rows into a table", GRANT),
    -389: Meaning("only a database administrator may do that", GRANT),
    -388: Meaning("this login may not create tables", GRANT),
    -302: Meaning("this login may not grant that", GRANT),
    -140: Meaning("the database accepts no writes", STANDBY, ServerReadOnlyError, quoted=False),
    # Data and statements.
    -206: NO_TABLE,
    -217: NO_COLUMN,
    -201: SYNTAX,
    -809: SYNTAX,
    **dict.fromkeys((-239, -268), DUPLICATE),
    **dict.fromkeys((-391, -530), CONSTRAINT),
    **dict.fromkeys((-691, -692), FOREIGN_KEY),
    -1202: DIVISION,
    **dict.fromkeys((-745, -746, -747, -748), TRIGGER),
    -232: UNWRITABLE,
    **dict.fromkeys((-1279, -1213, -1214, -1215, -1226, -1205, -1218, -1260), VALUE),
    **dict.fromkeys((-131, -261), DISK),
}

WORDS: dict[str, Meaning] = {
    # The driver's own number for this is Informix's for a wrong password, so the text decides.
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
"""The driver's own errors, without a server's code."""


CODE = re.compile(r"SQLCODE=(-?\d+)")
DRIVER_CODE = re.compile(r"\bSQL(\d{4,5})[NCW]\b")
NAMES = re.compile(r'"([^"]+)"')
LOGIN_REASON = re.compile(r'reason "(\d+)"')

UNKNOWN = Meaning("it refused", advice.UNKNOWN)


@contextmanager
def translated(name: str, secret: str = "") -> Iterator[None]:
    """Raise our errors for the driver's, which on a fetch are bare exceptions; `name` names the server."""
    try:
        yield
    except SyncError:
        raise
    except ibm_db_dbi.Error as error:
        raise error_of(name, driver_message(error), secret) from error
    except Exception as error:
        if type(error) not in (Exception, SystemError):
            raise
        raise error_of(name, driver_message(error), secret) from error


def driver_message(error: BaseException) -> str:
    """Return the driver's message: where a commit fails, it is that of an error further down the chain."""
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain:
        chain.append(following)
        following = following.__cause__ or following.__context__
    return next((str(one) for one in chain if meaning_of(str(one)) or sqlcode_of(str(one)) is not None), str(error))


def sqlcode_of(text: str) -> int | None:
    """Return the code in the driver's message, or None where it has none."""
    found = CODE.search(text)
    if found:
        return int(found.group(1))
    found = DRIVER_CODE.search(text)
    return -int(found.group(1)) if found else None


def meaning_of(text: str) -> Meaning | None:
    """Return the meaning of the driver's message, or None for an unknown code."""
    for word, meaning in WORDS.items():
        if word in text:
            return meaning
    code = sqlcode_of(text)
    return None if code is None else MEANINGS.get(code)


def error_of(name: str, text: str, secret: str = "") -> ServerError:
    """Return our error for the driver's message, in which `secret` is masked."""
    code = sqlcode_of(text)
    meaning = meaning_of(text)
    if code == -30081:
        meaning = _communication(text, meaning or UNKNOWN)
    elif code == -30082:
        meaning = _login(text, meaning or UNKNOWN)
    if meaning is None:
        return ServerError(f"{name}: {UNKNOWN.text}: {_server_message(text, secret)}.", hint=UNKNOWN.hint)
    code_note = f" (SQLCODE {code})" if code is not None else ""
    detail = _detail(text, secret) if meaning.quoted else ""
    return meaning.kind(
        f"{name}: {meaning.text}{detail}{code_note}.",
        hint=meaning.hint,
        transient=meaning.transient,
        retry_smaller=meaning.crowded,
    )


def is_lost(text: str) -> bool:
    """Say whether the connection is lost."""
    return meaning_of(text) is LOST


def _communication(text: str, lost: Meaning) -> Meaning:
    """Distinguish the causes behind one code: no listener, no answer, a broken link."""
    if "selectForRecvTimeout" in text:
        return replace(lost, text="it did not answer in time")
    if '"connect"' in text or "selectForConnectTimeout" in text:
        return replace(lost, text="nothing is listening there", hint="Is the server up? Check the port in the url.")
    return lost


def _login(text: str, refused: Meaning) -> Meaning:
    """Distinguish why a login was refused, by the driver's reason."""
    reason = LOGIN_REASON.search(text)
    match reason.group(1) if reason else "":
        case "1":
            return replace(refused, text="the password has expired", hint="Set a new one on the server, then here.")
        case "17" | "15":
            return replace(refused, text="it does not accept this kind of login", hint=NO_DRDA)
        case "19" | "36":
            return replace(refused, text="the login is locked there", hint="Have the server's administrator unlock it.")
        case _:
            return refused


def _detail(text: str, secret: str) -> str:
    """Return the server's addition to the meaning.

    The driver takes the texts of the server's codes from another product, so only the names in them are right.
    """
    message = _server_message(text, secret)
    if DRIVER_CODE.match(message):
        message = ", ".join(NAMES.findall(message))
    return f": {message}" if message else ""


def _server_message(text: str, secret: str) -> str:
    """Return the server's own message: without the driver's labels, codes and line ends."""
    message = re.sub(r"^.*?\[[^\]]*\]\s*(?=[^\[]*$)", "", " ".join(text.split()))
    message = re.sub(r"\s*(SQLSTATE|SQLCODE)=\S+", "", message)
    message = re.sub(r"^(ibm_db_dbi::)?\w*(Error|Exception):\s*", "", message).strip(" .")
    return message.replace(secret, "***") if secret else message
