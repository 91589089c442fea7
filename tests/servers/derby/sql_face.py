"""Translates the SQL of Informix into that of Derby, text to text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tests.servers.derby.sql_calls import with_derby_calls
from tests.servers.derby.sql_session import ISOLATIONS, Session
from tests.servers.derby.sql_types import with_derby_types
from tests.servers.derby.tokens import Token, joined, keyword, literal, tokens_of

NOTHING = "CALL face.nothing()"
"""What is run in place of a statement that Derby has no use for."""
SESSION = re.compile(
    r"\s*(SET\s+(LOCK\s+MODE|PDQPRIORITY|EXPLAIN|OPTIMIZATION|ENVIRONMENT)\b|UPDATE\s+STATISTICS\b|BEGIN\s+WORK\s*$"
    r"|UNLOCK\s+TABLE\b)",
    re.IGNORECASE,
)
ISOLATION = re.compile(r"\s*SET\s+ISOLATION\s+(?:TO\s+)?(.+?)\s*;?\s*$", re.IGNORECASE | re.DOTALL)
TEMPORARY = re.compile(r"\s*CREATE\s+TEMP\s+TABLE\s+(\w+)\s*(\(.*\))\s*WITH\s+NO\s+LOG\s*$", re.IGNORECASE | re.DOTALL)
CATALOGUE = frozenset(
    [
        *("systables", "syscolumns", "sysindexes", "sysconstraints", "sysreferences", "syschecks", "systriggers"),
        *("sysobjstate", "sysxtdtypes", "sysusers", "systabauth", "sysdatabases"),
    ]
)
RESERVED = re.compile(
    "ADD|ALLOCATE|ASSERTION|AT|AUTHORIZATION|BIT|BOTH|CASCADED|CLOSE|COLLATE|COLLATION|CONNECT|CONNECTION|"
    "CONTINUE|CORRESPONDING|CURSOR|DEALLOCATE|DESCRIBE|DIAGNOSTICS|DISCONNECT|EXCEPTION|EXEC|EXECUTE|FOUND|"
    "FULL|FUNCTION|GET|GLOBAL|GO|GOTO|HOUR|IDENTITY|IMMEDIATE|INDICATOR|INITIALLY|INPUT|INSENSITIVE|KEY|LAST|"
    "MATCH|MINUTE|NATIONAL|NEXT|NO|OPEN|OPTION|OUTPUT|OVERLAPS|PAD|PARTIAL|PREPARE|PRESERVE|PRIOR|PRIVILEGES|"
    "PROCEDURE|RELATIVE|RESTRICT|ROWS|SCROLL|SECOND|SESSION_USER|SPACE|SQL|SQLCODE|SQLERROR|SQLSTATE|"
    "TEMPORARY|TRANSLATE|TRANSLATION|TRIGGER|UNKNOWN|VARYING|WHENEVER|WRITE|XML"
)
"""Words that Derby reserves and Informix does not, but for those that its own SQL needs."""
TEMPORARY_WORDS = frozenset({"GLOBAL", "TEMPORARY", "PRESERVE", "ROWS"})
CONSTRAINT_WORDS = frozenset({"KEY", "NO", "ADD", "RESTRICT", "OPTION", "PRIVILEGES", "FULL", "CONNECT"})


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
    tokens = with_derby_calls(_catalogue_names(tokens, session), session)
    return joined(_quoted(_limits(with_derby_types(tokens))))


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
            out += _sysmaster(name, token.space, session)
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
        f"(SELECT CAST({literal(session.database)} AS VARCHAR(128)) AS name, CAST('root' AS CHAR(32)) AS owner,"
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


def _limits(tokens: Sequence[Token]) -> list[Token]:
    """Move SKIP and FIRST from behind SELECT to the end of their select."""
    out: list[Token] = []
    waiting: list[tuple[int, str]] = []
    depth = position = 0
    while position < len(tokens):
        token = tokens[position]
        if token.text == "(":
            depth += 1
        ends = token.text in (")", ";") or keyword(token) in ("UNION", "FOR")
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
        unquoted = (
            (declared and word in TEMPORARY_WORDS)
            or (ddl and word in CONSTRAINT_WORDS)
            or (fetch and word in ("NEXT", "ROWS"))
        )
        out.append(Token(token.space, f'"{word}"') if RESERVED.fullmatch(word) and not unquoted else token)
    return out
