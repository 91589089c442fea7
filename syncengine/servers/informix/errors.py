"""The one place where the errors of Informix and of its driver become ours.

The driver's exception classes say nothing reliable, and Informix's own errors carry no SQLSTATE, so that the
code in the text decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import ibm_db_dbi

from syncengine.model.errors import (
    ServerError,
    ServerLockedError,
    ServerReadOnlyError,
    ServerUnreachableError,
    SyncError,
)
from syncengine.servers.informix.sqlcodes import DRDA_ALIAS, LOGIN, MEANINGS, WORDS, Fault, Meaning

CODE = re.compile(r"SQLCODE=(-?\d+)")
DRIVER_CODE = re.compile(r"\bSQL(\d{4,5})[NCW]\b")
NAMES = re.compile(r'"([^"]+)"')
LOGIN_REASON = re.compile(r'reason "(\d+)"')

KINDS: dict[Fault, type[ServerError]] = {
    Fault.LOCKED: ServerLockedError,
    Fault.LOST: ServerUnreachableError,
    Fault.UNREACHABLE: ServerUnreachableError,
    Fault.READ_ONLY: ServerReadOnlyError,
}
UNKNOWN = Meaning(
    Fault.REFUSED, "it refused", "Run the command again with -vv and attach what it says to a bug report."
)


@contextmanager
def translated(name: str, secret: str = "") -> Iterator[None]:
    """Raise our errors for the driver's, which on a fetch are bare exceptions; `name` says which server it was."""
    try:
        yield
    except SyncError:
        raise
    except ibm_db_dbi.Error as error:
        raise error_of(name, words_of(error), secret) from error
    except Exception as error:
        if type(error) not in (Exception, SystemError):
            raise
        raise error_of(name, words_of(error), secret) from error


def words_of(error: BaseException) -> str:
    """Return what the driver said: where a commit fails, its words are those of an error further down the chain."""
    seen: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in seen:
        seen.append(following)
        following = following.__cause__ or following.__context__
    return next((str(one) for one in seen if meaning_of(str(one)) or sqlcode_of(str(one)) is not None), str(error))


def sqlcode_of(text: str) -> int | None:
    """Return the code in the driver's words, or None where they hold none."""
    found = CODE.search(text)
    if found:
        return int(found.group(1))
    found = DRIVER_CODE.search(text)
    return -int(found.group(1)) if found else None


def meaning_of(text: str) -> Meaning | None:
    """Return what the driver's words mean, or None for a code nobody has described."""
    for word, meaning in WORDS.items():
        if word in text:
            return meaning
    code = sqlcode_of(text)
    return None if code is None else MEANINGS.get(code)


def error_of(name: str, text: str, secret: str = "") -> ServerError:
    """Return our error for the driver's words; `secret` is masked wherever it stands in them."""
    code = sqlcode_of(text)
    meaning = meaning_of(text)
    if code == -30081:
        meaning = _communication(text, meaning or UNKNOWN)
    elif code == -30082:
        meaning = _login(text, meaning or UNKNOWN)
    if meaning is None:
        return ServerError(f"{name}: {UNKNOWN.says}: {_in_short(text, secret)}.", hint=UNKNOWN.hint)
    told = f" (SQLCODE {code})" if code is not None else ""
    detail = _detail(text, secret) if meaning.fault is Fault.REFUSED else ""
    kind = KINDS.get(meaning.fault, ServerError)
    return kind(
        f"{name}: {meaning.says}{detail}{told}.",
        hint=meaning.hint,
        transient=meaning.fault.transient,
        crowded=meaning.fault.crowded,
    )


def is_lost(text: str) -> bool:
    """Say whether the connection is of no more use."""
    meaning = meaning_of(text)
    return meaning is not None and meaning.fault is Fault.LOST


def _communication(text: str, lost: Meaning) -> Meaning:
    """Tell apart what one code stands for: nobody there, somebody silent, somebody who speaks otherwise."""
    if "selectForRecvTimeout" in text:
        return Meaning(Fault.LOST, "it did not answer in time", lost.hint)
    if '"connect"' in text or "selectForConnectTimeout" in text:
        return Meaning(Fault.LOST, "nobody listens there", "Is the server up, and the port in the url its own?")
    return lost


def _login(text: str, refused: Meaning) -> Meaning:
    """Tell apart why a login was refused, by the reason the driver gives."""
    reason = LOGIN_REASON.search(text)
    match reason.group(1) if reason else "":
        case "1":
            return Meaning(refused.fault, "the password has expired", "Set a new one on the server, then here.")
        case "17" | "15":
            return Meaning(refused.fault, "it takes no login of this kind", f"Is it an Informix server? {DRDA_ALIAS}")
        case "19" | "36":
            return Meaning(refused.fault, "the login is locked there", "Have the server's administrator unlock it.")
        case _:
            return Meaning(refused.fault, refused.says, LOGIN)


def _detail(text: str, secret: str) -> str:
    """Return what the server adds to the meaning.

    The driver words the server's codes by a table of another product, so that only the names in its words are true.
    """
    said = _in_short(text, secret)
    if DRIVER_CODE.match(said):
        said = ", ".join(NAMES.findall(said))
    return f": {said}" if said else ""


def _in_short(text: str, secret: str) -> str:
    """Return what the server itself said: without the driver's labels, codes and line ends."""
    said = re.sub(r"^.*?\[[^\]]*\]\s*(?=[^\[]*$)", "", " ".join(text.split()))
    said = re.sub(r"\s*(SQLSTATE|SQLCODE)=\S+", "", said)
    said = re.sub(r"^(ibm_db_dbi::)?\w*(Error|Exception):\s*", "", said).strip(" .")
    return said.replace(secret, "***") if secret else said
