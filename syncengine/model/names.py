"""How the names of tables and columns are compared and written, whatever characters they have."""

from __future__ import annotations

import hashlib
import re
import shlex
import string

PLAIN_FILE = re.compile(r"[A-Za-z0-9_]{1,100}")
LEGIBLE = 40
"""How many characters of an unusual name stay legible in the name of a file."""
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def folded(name: str) -> str:
    """Return a name as names are compared: the case of A to Z does not count, that of other letters does.

    DuckDB compares all names so, Informix and PostgreSQL those that were created without quotes.
    """
    return name.translate(_LOWER)


def quoted(name: str) -> str:
    """Return a name as a quoted identifier; raises ValueError if no table or column can have it."""
    if not name or "\0" in name:
        raise ValueError(f"{name!r} cannot be the name of a table or column")
    return '"' + name.replace('"', '""') + '"'


def file_name(name: str) -> str:
    """Return the name of a table in file names: itself, or letters and digits that no other table has."""
    if PLAIN_FILE.fullmatch(name) is not None:
        return name
    digest = hashlib.blake2b(name.encode(), digest_size=8).hexdigest()
    return f"{re.sub(r'[^A-Za-z0-9_]', '_', name)[:LEGIBLE]}.{digest}"


def typed(name: str) -> str:
    """Return a name as it is typed in a command."""
    return shlex.quote(name)


def argument(name: str, *values: str | int) -> str:
    """Return an argument of the Python API for a message; the command line shows it as an option."""
    given = tuple(str(value) if isinstance(value, str) else value for value in values)
    return f"`{name}={(given[0] if len(given) == 1 else given)!r}`" if given else f"`{name}=`"


def command(*words: object) -> str:
    """Return a command of syncengine as it is typed, words quoted for a shell if needed; empty words are dropped."""
    return shlex.join(("syncengine", *(text for word in words if (text := str(word)))))
