"""Splits SQL into tokens and joins it again, with its spaces."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

PATTERN = re.compile(
    r"""(?P<space>(?:\s|--[^\n]*(?:\n|$)|\{[^}]*\})*)
        (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*"|[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|[^\W\d][\w$]*|<>|<=|>=|!=|\|\||::|.)?""",
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """One word, literal or sign, and what stands before it."""

    space: str
    text: str

    @property
    def is_name(self) -> bool:
        """Say whether it is a word, of the language or of the user."""
        return self.text[0].isalpha() or self.text[0] == "_"


def tokens_of(text: str) -> list[Token]:
    """Return the tokens of an SQL text."""
    return [Token(match["space"], match["text"]) for match in PATTERN.finditer(text) if match["text"]]


def joined(tokens: Sequence[Token]) -> str:
    """Return the text of some tokens."""
    return "".join(token.space + token.text for token in tokens)


def keyword(token: Token) -> str:
    """Return a word in capitals; literals and quoted names are no words."""
    return token.text.upper() if token.text[0] not in "'\"" else ""


def words(tokens: Sequence[Token]) -> list[str]:
    """Return all words in capitals."""
    return [keyword(token) for token in tokens]


def closing(tokens: Sequence[Token], opening: int) -> int:
    """Return the place of the parenthesis that closes the one at a place, or of the last token."""
    depth = 0
    for position in range(opening, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[position].text, 0)
        if depth == 0:
            return position
    return len(tokens) - 1


def split_top(tokens: Sequence[Token]) -> list[list[Token]]:
    """Split at the commas that are in no parentheses."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if token.text == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def literal(text: str) -> str:
    """Return a text as SQL writes it."""
    quoted = text.replace("'", "''")
    return f"'{quoted}'"
