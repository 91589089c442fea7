"""The one place where the errors of PostgreSQL and of its driver become ours.

The server's SQLSTATE decides. Refused connections have none that the driver passes on, so that words decide
there; a server that speaks another language is quoted instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pyarrow as pa

from syncengine.model.errors import ServerError, UnknownOutcomeError
from syncengine.servers.postgresql.driver import is_driver_error
from syncengine.servers.postgresql.sqlstates import LOST, REFUSALS, UNKNOWN, VALUE, Meaning, meaning_of

SPOKEN = re.compile(r"(?:ERROR|FATAL|PANIC): +(?P<said>[^\n]*)")
PREFIXES = re.compile(
    r"^(?:[A-Z_]+: )?(?:\[libpq\] )?(?:Failed to connect: )?(?:connection to server at .*? failed: )?", re.DOTALL
)


@contextmanager
def translated(name: str, secret: str = "", lost: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Raise our errors for the driver's and for values that do not fit.

    `name` says which server it was, `secret` is masked, and `lost` tells whether the connection is of no more use.
    """
    try:
        yield
    except pa.ArrowInvalid as error:
        raise _error(name, VALUE, _masked(str(error).splitlines()[0], secret), "") from error
    except Exception as error:
        if not is_driver_error(error):
            raise
        raised, told = error_of(name, error, secret, lost=lost()), error
    else:
        return
    # Whoever prints the cause prints the driver's own words: not where they hold the secret.
    raise raised from (None if secret and secret in str(told) else told)


def error_of(name: str, error: BaseException, secret: str = "", *, lost: bool = False) -> ServerError:
    """Return our error for one of the driver's, which names the server and masks the secret."""
    state = sqlstate_of(error)
    meaning = LOST if lost else meaning_of(state)
    said = _masked(_said(error), secret)
    if meaning is None:
        return _error(name, UNKNOWN, said, state)
    return _error(name, meaning, said if meaning.quoted else "", state)


def refused_connection(name: str, error: BaseException, secret: str = "") -> ServerError:
    """Return our error for a connection that did not come about."""
    text = str(error)
    said = _masked(_said(error), secret)
    for words, meaning in REFUSALS.items():
        if re.search(words, text):
            return _error(name, meaning, said if meaning.quoted else "", "")
    return _error(name, REFUSALS[""], said, "")


def unknown_outcome(name: str, why: str = "") -> UnknownOutcomeError:
    """Return the error for a commit whose answer never came."""
    return UnknownOutcomeError(
        f"{name}: the connection was lost while committing, and that does not say whether it was done{why}."
    )


def sqlstate_of(error: BaseException) -> str:
    """Return the server's code for an error, empty where it is the driver's own."""
    return str(getattr(error, "sqlstate", None) or "")


def _error(name: str, meaning: Meaning, said: str, state: str) -> ServerError:
    code = f" (SQLSTATE {state})" if state and meaning.quoted else ""
    detail = f": {said}" if said else ""
    return meaning.kind(
        f"{name}: {meaning.says}{detail}{code}.",
        hint=meaning.hint,
        transient=meaning.transient,
        crowded=meaning.crowded,
    )


def _said(error: BaseException) -> str:
    """Return the words of the server itself, in one line: without the driver's labels and the statement."""
    for key, value in getattr(error, "details", None) or ():
        if key in (b"PG_DIAG_MESSAGE_PRIMARY", "PG_DIAG_MESSAGE_PRIMARY"):
            return _one_line(value.decode(errors="replace"))
    text = str(error)
    spoken = SPOKEN.search(text)
    return _one_line(spoken["said"] if spoken else PREFIXES.sub("", text).partition("\n")[0])


def _one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")


def _masked(text: str, secret: str) -> str:
    return text.replace(secret, "***") if secret else text
