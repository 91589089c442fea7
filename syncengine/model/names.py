"""How the names of tables and columns are told apart and written, whatever is in them."""

from __future__ import annotations

import hashlib
import re
import shlex
import string

PLAIN_FILE = re.compile(r"[A-Za-z0-9_]{1,100}")
LEGIBLE = 40
"""Characters of an odd name that stay legible in the name of a file."""
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def folded(name: str) -> str:
    """Return a name as it is told from others: the case of A to Z does not count, that of other letters does.

    So DuckDB tells names apart, and so Informix and PostgreSQL tell those that were made without quotes.
    """
    return name.translate(_LOWER)


def quoted(name: str) -> str:
    """Return a name as a quoted identifier; raises ValueError for what no table or column can be called."""
    if not name or "\0" in name:
        raise ValueError(f"{name!r} cannot be the name of a table or column")
    return '"' + name.replace('"', '""') + '"'


def file_name(name: str) -> str:
    """Return what a table is called in the names of files: itself, or letters and digits that no other has."""
    if PLAIN_FILE.fullmatch(name) is not None:
        return name
    digest = hashlib.blake2b(name.encode(), digest_size=8).hexdigest()
    return f"{re.sub(r'[^A-Za-z0-9_]', '_', name)[:LEGIBLE]}.{digest}"


def typed(name: str) -> str:
    """Return a name as it is typed in a command."""
    return shlex.quote(name)


def argument(name: str, *values: str | int) -> str:
    """Return an argument of the Python API as texts tell it; where a command is typed, it is told as the option."""
    given = tuple(str(value) if isinstance(value, str) else value for value in values)
    return f"`{name}={(given[0] if len(given) == 1 else given)!r}`" if given else f"`{name}=`"


def command(*words: object) -> str:
    """Return a command of syncengine as it is typed, each word quoted where a shell needs that; empty words go."""
    return shlex.join(("syncengine", *(text for word in words if (text := str(word)))))
