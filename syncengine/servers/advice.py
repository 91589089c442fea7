"""What a server's codes mean and what to do about a refusal, in the same words for every kind of server."""

from __future__ import annotations

from dataclasses import dataclass

from syncengine.model.errors import ServerError


@dataclass(frozen=True, slots=True)
class Meaning:
    """The meaning of a server's code, as the end of a sentence that begins with the server, and what to try."""

    text: str
    hint: str = ""
    kind: type[ServerError] = ServerError
    transient: bool = False
    crowded: bool = False
    """Whether a smaller transaction may get through."""
    quoted: bool = True
    """Whether the server's own message adds something."""


AGAIN = "It is retried a few times; if it still fails, run the same command again later."
LOGIN = "Check the user in the url, and the environment variable that holds its password."
DUPLICATE = (
    "Another row there has the same key, or two of the rows to be written do: compare the indexes of both servers."
)
UNKNOWN = "Run the command again with -vv and attach its output to a bug report."
CONSTRAINT = (
    "A row to be written there violates it: correct the row on the server it comes from, change the constraint on the "
    "server named here, or leave the table out with `exclude=`."
)
FOREIGN_KEY = (
    "A row to be written there refers to one that does not exist there, or a row to be deleted is still referred to: "
    "copy the other table first, change the key on the server named here, or leave the table out with `exclude=`."
)
DIVISION = (
    "A view, a function or a computed column there divides by zero: have it changed there, or leave the table out with "
    "`exclude=`."
)
