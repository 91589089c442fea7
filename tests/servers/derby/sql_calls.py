"""Translates the functions of Informix into what Derby has instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.servers.derby.sql_session import Session
from tests.servers.derby.tokens import Token, closing, joined, keyword, literal, split_top, tokens_of

Rewrite = Callable[[list[Token], Session], str | None]
"""Takes what is between the parentheses of a call; None leaves the call as it is."""


def _dbinfo(inside: list[Token], session: Session) -> str | None:
    wanted = joined(inside).replace(" ", "").lower()
    answers = {
        "'dbname'": f"CAST({literal(session.database)} AS VARCHAR(128))",
        "'version','full'": f"CAST({literal(session.full_version)} AS VARCHAR(255))",
        "'version','server-type'": "CAST('IBM Informix Dynamic Server' AS VARCHAR(255))",
        "'version','major'": literal(session.version.split(".")[0]),
        "'sessionid'": "face.session_id()",
        "'dbhostname'": "CAST('derby' AS VARCHAR(255))",
    }
    return answers.get(wanted)


def _mdy(inside: list[Token], _session: Session) -> str | None:
    parts = [joined(part).strip() for part in split_top(inside)]
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        return None
    month, day, year = (int(part) for part in parts)
    return f"DATE('{year:04d}-{month:02d}-{day:02d}')"


FUNCTIONS: dict[str, Rewrite] = {
    "DBINFO": _dbinfo,
    "MDY": _mdy,
    "NVL": lambda inside, _session: f"COALESCE({joined(inside)})",
    "ASCII": lambda inside, _session: f"face.ascii({joined(inside)})",
    "LENGTH": lambda inside, _session: f"LENGTH(RTRIM({joined(inside)}))",
    "CHAR_LENGTH": lambda inside, _session: f"LENGTH({joined(inside)})",
    "CHARACTER_LENGTH": lambda inside, _session: f"LENGTH({joined(inside)})",
    "OCTET_LENGTH": lambda inside, _session: f"face.octet_length({joined(inside)})",
    "TRUNC": lambda inside, _session: f"face.trunc({joined(inside)})",
}
PLAIN = {
    "DBSERVERNAME": "CAST('derby_drda' AS VARCHAR(128))",
    "USER": "CAST(LOWER(USER) AS CHAR(32))",
    "TODAY": "CURRENT_DATE",
}
EPOCH = "DATE('1899-12-31')"


def with_derby_calls(tokens: Sequence[Token], session: Session) -> list[Token]:
    """Return the tokens with the functions of Informix, and what it answers about itself, as Derby has them."""
    out: list[Token] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        word = keyword(token)
        before = out[-1].text if out else ""
        following = tokens[position + 1].text if position + 1 < len(tokens) else ""
        if word in FUNCTIONS and following == "(" and before != ".":
            end = closing(tokens, position + 1)
            inside = with_derby_calls(tokens[position + 2 : end], session)
            made = FUNCTIONS[word](inside, session)
            if made == EPOCH and before == "-":
                out = _day_number(out[:-1])
            elif made is None:
                out += [token, tokens[position + 1], *inside, tokens[end]]
            else:
                out += _spaced(token, made)
            position = end + 1
            continue
        if word in PLAIN and before != "." and following not in (".", "="):
            out += _spaced(token, PLAIN[word])
        elif word == "CURRENT" and keyword(tokens[min(position + 1, len(tokens) - 1)]) in ("YEAR", "HOUR"):
            time = following.upper() == "HOUR"
            out += _spaced(token, "CURRENT_TIME" if time else "CURRENT_TIMESTAMP")
            position += 3
            if position + 1 < len(tokens) and tokens[position + 1].text == "(":
                position = closing(tokens, position + 1)
        else:
            out.append(token)
        position += 1
    return out


def _spaced(instead_of: Token, text: str) -> list[Token]:
    first, *rest = tokens_of(text)
    return [Token(instead_of.space, first.text), *rest]


def _day_number(before: list[Token]) -> list[Token]:
    """Wrap the operand at the end of some tokens into the function that counts days since 1899-12-31."""
    start = len(before) - 1
    if before[start].text == ")":
        depth = 0
        while start >= 0:
            depth += {")": 1, "(": -1}.get(before[start].text, 0)
            if depth == 0:
                break
            start -= 1
        if start > 0 and before[start - 1].is_name and keyword(before[start - 1]) not in ("SELECT", "AND", "OR", "NOT"):
            start -= 1
    while start > 1 and before[start - 1].text == ".":
        start -= 2
    operand = before[start:]
    call = _spaced(operand[0], "face.daynumber(")
    return [*before[:start], *call, Token("", operand[0].text), *operand[1:], Token("", ")")]
