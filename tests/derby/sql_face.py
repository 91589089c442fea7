"""Translates the SQL of Informix into that of Derby, text to text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.derby.sql_types import with_derby_types
from tests.derby.tokens import Token, closing, joined, keyword, split_top, tokens_of

NOTHING = "CALL face.nothing()"
"""What is run in place of a statement that Derby has no use for."""
SESSION = re.compile(
    r"\s*(SET\s+(LOCK\s+MODE|PDQPRIORITY|EXPLAIN|OPTIMIZATION|ENVIRONMENT)\b|UPDATE\s+STATISTICS\b|BEGIN\s+WORK\s*$"
    r"|UNLOCK\s+TABLE\b)",
    re.IGNORECASE,
)
ISOLATION = re.compile(r"\s*SET\s+ISOLATION\s+(?:TO\s+)?(.+?)\s*;?\s*$", re.IGNORECASE | re.DOTALL)
TEMPORARY = re.compile(r"\s*CREATE\s+TEMP\s+TABLE\s+(\w+)\s*(\(.*\))\s*WITH\s+NO\s+LOG\s*$", re.IGNORECASE | re.DOTALL)
ISOLATIONS = {
    "DIRTY READ": "1",
    "COMMITTED READ": "2",
    "COMMITTED READ LAST COMMITTED": "1",
    "CURSOR STABILITY": "2",
    "REPEATABLE READ": "3",
}
"""How strictly a statement reads, as the name of the package it runs in says it: the driver leaves that to Informix."""
CATALOGUE = frozenset(
    ["systables", "syscolumns", "sysindexes", "sysconstraints", "sysxtdtypes", "sysusers", "systabauth", "sysdatabases"]
)
RESERVED = frozenset(
    [
        "ADD",
        "ALLOCATE",
        "ASSERTION",
        "AT",
        "AUTHORIZATION",
        "BIT",
        "BOTH",
        "CASCADED",
        "CLOSE",
        "COLLATE",
        "COLLATION",
        "CONNECT",
        "CONNECTION",
        "CONTINUE",
        "CORRESPONDING",
        "CURSOR",
        "DEALLOCATE",
        "DESCRIBE",
        "DIAGNOSTICS",
        "DISCONNECT",
        "EXCEPTION",
        "EXEC",
        "EXECUTE",
        "FOUND",
        "FULL",
        "FUNCTION",
        "GET",
        "GLOBAL",
        "GO",
        "GOTO",
        "HOUR",
        "IDENTITY",
        "IMMEDIATE",
        "INDICATOR",
        "INITIALLY",
        "INPUT",
        "INSENSITIVE",
        "KEY",
        "LAST",
        "MATCH",
        "MINUTE",
        "NATIONAL",
        "NEXT",
        "NO",
        "OPEN",
        "OPTION",
        "OUTPUT",
        "OVERLAPS",
        "PAD",
        "PARTIAL",
        "PREPARE",
        "PRESERVE",
        "PRIOR",
        "PRIVILEGES",
        "PROCEDURE",
        "RELATIVE",
        "RESTRICT",
        "ROWS",
        "SCROLL",
        "SECOND",
        "SESSION_USER",
        "SPACE",
        "SQL",
        "SQLCODE",
        "SQLERROR",
        "SQLSTATE",
        "TEMPORARY",
        "TRANSLATE",
        "TRANSLATION",
        "TRIGGER",
        "UNKNOWN",
        "VARYING",
        "WHENEVER",
        "WRITE",
        "XML",
    ]
)
"""Words that Derby reserves and Informix does not, but for those that its own SQL needs."""
TEMPORARY_WORDS = frozenset({"GLOBAL", "TEMPORARY", "PRESERVE", "ROWS"})
CONSTRAINT_WORDS = frozenset({"KEY", "NO", "ADD", "RESTRICT", "OPTION", "PRIVILEGES", "FULL", "CONNECT"})


@dataclass
class Session:
    """What a connection has set, and what the server answers about itself."""

    database: str = "cms"
    version: str = "14.10.FC9"
    logged: bool = True
    ansi: bool = False
    isolation: str = "COMMITTED READ"
    number: int = 1
    temporary: set[str] = field(default_factory=set)
    """The names of its temporary tables."""

    @property
    def package_isolation(self) -> str:
        """Return the digit of the isolation in the name of a package."""
        return ISOLATIONS[self.isolation]

    @property
    def full_version(self) -> str:
        """Return the version as DBINFO gives it."""
        return f"IBM Informix Dynamic Server Version {self.version}"


def to_derby(text: str, session: Session | None = None) -> str:
    """Return the SQL that makes Derby do what Informix does at a text; keeps the isolation it sets in the session."""
    session = session if session is not None else Session()
    isolation = ISOLATION.match(text)
    if isolation is not None:
        wanted = " ".join(isolation[1].upper().split())
        if wanted not in ISOLATIONS:
            return text
        session.isolation = wanted
        return NOTHING
    if SESSION.match(text):
        return NOTHING
    temporary = TEMPORARY.match(text)
    if temporary is not None:
        session.temporary.add(temporary[1].lower())
        text = f"DECLARE GLOBAL TEMPORARY TABLE {temporary[1]} {temporary[2]} ON COMMIT PRESERVE ROWS NOT LOGGED"
    tokens = tokens_of(text)
    if not tokens:
        return text
    for step in (_catalogue_names, _functions, with_derby_types, _limits, _quoted):
        tokens = step(tokens, session) if step in (_catalogue_names, _functions) else step(tokens)  # type: ignore[operator]
    return joined(tokens)


def _literal(text: str) -> str:
    quoted = text.replace("'", "''")
    return f"'{quoted}'"


def _catalogue_names(tokens: Sequence[Token], session: Session) -> list[Token]:
    """Resolve sysmaster:x, quoted owners, and the catalogue where no owner is given."""
    out: list[Token] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        after = [one.text for one in tokens[position + 1 : position + 4]]
        if keyword(token) == "SYSMASTER" and after[:1] == [":"]:
            position += 2
            owner = position + 1 < len(tokens) and tokens[position + 1].text == "."
            position += 2 if owner else 0
            name = tokens[position].text.lower() if position < len(tokens) else ""
            out += [one for one in _sysmaster(name, token.space, session)]
            if name == "sysdatabases":
                out += _alias_if_none(tokens, position, name)
        elif token.text[0] in "'\"" and after[:1] == ["."]:
            out.append(Token(token.space, token.text[1:-1]))
        elif (
            token.text.lower() in CATALOGUE and out and keyword(out[-1]) in ("FROM", "JOIN", ",") and after[:1] != ["."]
        ):
            out += [Token(token.space, "informix"), Token("", "."), Token("", token.text)]
            out += _alias_if_none(tokens, position, token.text)
        elif token.text.lower() in session.temporary and (not out or out[-1].text != "."):
            out += [Token(token.space, "SESSION"), Token("", "."), Token("", token.text)]
        else:
            out.append(token)
        position += 1
    return out


def _sysmaster(name: str, space: str, session: Session) -> list[Token]:
    if name == "sysdual":
        return [Token(space, "sysibm.sysdummy1")]
    if name != "sysdatabases":
        return [Token(space, "informix"), Token("", "."), Token("", name)]
    rows = (
        f"(SELECT CAST({_literal(session.database)} AS VARCHAR(128)) AS name, CAST('root' AS CHAR(32)) AS owner,"
        f" {int(session.logged)} AS is_logging, 0 AS is_buff_log, {int(session.ansi)} AS is_ansi, 0 AS is_nls"
        f" FROM sysibm.sysdummy1)"
    )
    first, *rest = tokens_of(rows)
    return [Token(space, first.text), *rest]


def _alias_if_none(tokens: Sequence[Token], position: int, name: str) -> list[Token]:
    """Return the table's own name as its alias, where none follows, so that columns may be qualified by it."""
    following = keyword(tokens[position + 1]) if position + 1 < len(tokens) else ""
    ends = ("", ",", ")", "WHERE", "ORDER", "GROUP", "JOIN", "INNER", "LEFT", "ON", "UNION", "HAVING", "FOR")
    return [Token(" ", name)] if following in ends else []


Rewrite = Callable[[list[Token], Session], str | None]
"""Takes what is between the parentheses of a call; None leaves the call as it is."""


def _dbinfo(inside: list[Token], session: Session) -> str | None:
    wanted = joined(inside).replace(" ", "").lower()
    answers = {
        "'dbname'": f"CAST({_literal(session.database)} AS VARCHAR(128))",
        "'version','full'": f"CAST({_literal(session.full_version)} AS VARCHAR(255))",
        "'version','server-type'": "CAST('IBM Informix Dynamic Server' AS VARCHAR(255))",
        "'version','major'": _literal(session.version.split(".")[0]),
        "'sessionid'": f"CAST({session.number} AS INTEGER)",
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


def _functions(tokens: Sequence[Token], session: Session) -> list[Token]:
    out: list[Token] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        word = keyword(token)
        before = out[-1].text if out else ""
        following = tokens[position + 1].text if position + 1 < len(tokens) else ""
        if word in FUNCTIONS and following == "(" and before != ".":
            end = closing(tokens, position + 1)
            inside = _functions(tokens[position + 2 : end], session)
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


def _limits(tokens: Sequence[Token]) -> list[Token]:
    """Move SKIP and FIRST from behind SELECT to the end of their select."""
    out: list[Token] = []
    waiting: list[tuple[int, str]] = []
    depth = position = 0
    while position < len(tokens):
        token = tokens[position]
        if token.text == "(":
            depth += 1
        ends = token.text == ")" or token.text == ";" or keyword(token) in ("UNION", "FOR")
        if ends and waiting and waiting[-1][0] == depth and not _in_call(tokens, position):
            out += tokens_of(waiting.pop()[1])
        if token.text == ")":
            depth -= 1
        out.append(token)
        position += 1
        if keyword(token) == "SELECT":
            clause = ""
            while position + 1 < len(tokens) and keyword(tokens[position]) in ("SKIP", "FIRST", "LIMIT"):
                number = tokens[position + 1].text
                if not number.isdigit():
                    break
                skip = keyword(tokens[position]) == "SKIP"
                clause += f" OFFSET {number} ROWS" if skip else f" FETCH FIRST {number} ROWS ONLY"
                position += 2
            if clause:
                waiting.append((depth, clause))
    while waiting:
        out += tokens_of(waiting.pop()[1])
    return out


def _in_call(tokens: Sequence[Token], position: int) -> bool:
    """Say whether a FOR belongs to a function, as in SUBSTRING(x FROM 1 FOR 2)."""
    return keyword(tokens[position]) == "FOR" and keyword(tokens[min(position + 1, len(tokens) - 1)]) not in (
        "UPDATE",
        "READ",
    )


def _quoted(tokens: Sequence[Token]) -> list[Token]:
    """Quote the names that are words of Derby."""
    declared = keyword(tokens[0]) == "DECLARE"
    ddl = keyword(tokens[0]) in ("CREATE", "ALTER", "GRANT", "REVOKE", "DROP", "CALL")
    out = []
    fetch = False
    for token in tokens:
        word = keyword(token)
        fetch = fetch or word in ("OFFSET", "FETCH")
        kept = (
            (declared and word in TEMPORARY_WORDS)
            or (ddl and word in CONSTRAINT_WORDS)
            or (fetch and word in ("NEXT", "ROWS"))
        )
        out.append(Token(token.space, f'"{word}"') if word in RESERVED and not kept else token)
    return out
