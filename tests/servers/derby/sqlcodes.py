"""Turns what Derby says of an error into the code and the words of Informix."""

from __future__ import annotations

import re

from tests.servers.derby.drda import SqlCard

LOCKED_OUT = "locked out"
"""Stands for the code that depends on what was being done when a lock was not to be had."""
CODES: dict[str, int | str] = {
    "42X05": -206,
    "42Y55": -206,
    "42Y07": -206,
    "42X04": -217,
    "42X14": -217,
    "42X01": -201,
    "42X02": -201,
    "42802": -236,
    "42Y03": -674,
    "42X32": -236,
    "42X12": -317,
    "42X82": -236,
    "42X61": -309,
    "X0Y32": -310,
    "X0Y23": -206,
    "40001": -143,
    "40XL1": LOCKED_OUT,
    "40XL2": LOCKED_OUT,
    "X0X02": -289,
    "23505": -268,
    "23502": -391,
    "23503": -691,
    "23513": -530,
    "22001": -1279,
    "22003": -1215,
    "22005": -1213,
    "22007": -1218,
    "22008": -1218,
    "22012": -1202,
    "22018": -1213,
    "22011": -881,
    "42500": -272,
    "42502": -272,
    "42504": -674,
    "42506": -302,
    "42507": -302,
    "42508": -388,
    "25502": LOCKED_OUT,
    "25503": LOCKED_OUT,
    "25505": LOCKED_OUT,
    "08004": -387,
    "04501": -387,
}
BY_VERB = {"INSERT": -271, "UPDATE": -346, "DELETE": -240, "LOCK": -289}
PRIVILEGES = {"SELECT": -272, "UPDATE": -273, "DELETE": -274, "INSERT": -275}
ISAM = {"40XL1": -107, "40001": -143, "23505": -100}
TEXTS = {
    -143: "ISAM error: deadlock detected.",
    -201: "A syntax error has occurred.",
    -206: "The specified table ({}) is not in the database.",
    -217: "Column ({}) not found in any table in the query (or SLV is undefined).",
    -236: "Number of columns in INSERT does not match number of VALUES.",
    -240: "Could not delete a row.",
    -244: "Could not do a physical-order read to fetch next row.",
    -255: "Not in transaction.",
    -256: "Transaction not available.",
    -263: "Could not lock row for UPDATE.",
    -268: "Unique constraint ({}) violated.",
    -271: "Could not insert new row into the table.",
    -272: "No SELECT permission for {}.",
    -273: "No UPDATE permission for {}.",
    -274: "No DELETE permission for {}.",
    -275: "No INSERT permission for {}.",
    -289: "Cannot lock table ({}) in requested mode.",
    -310: "Table ({}) already exists in database.",
    -346: "Could not update a row in the table.",
    -387: "No connect permission.",
    -391: "Cannot insert a null into column ({}).",
    -458: "Long transaction aborted.",
    -530: "Check constraint ({}) failed.",
    -674: "Routine ({}) can not be resolved.",
    -710: "Table ({}) has been dropped, altered or renamed.",
    -691: "Missing key in referenced table for referential constraint ({}).",
    -1202: "An attempt was made to divide by zero.",
    -1213: "A character to numeric conversion process failed.",
    -1214: "Value too large to fit in a SMALLINT.",
    -1215: "Value exceeds limit of INTEGER precision.",
    -1218: "String to date conversion error.",
    -1226: "Decimal or money value exceeds maximum precision.",
    -1279: "Value exceeds string column length.",
}
SEPARATOR = "\x14"
PRIVILEGE = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE)\b")


def as_informix(card: SqlCard, statement: str) -> tuple[SqlCard, str]:
    """Return what Informix would say where Derby says this of a statement, and its words; the unknown stays."""
    tokens = [part for part in card.tokens.split(SEPARATOR) if part]
    code = _code(card.sqlstate, tokens, statement)
    if code is None:
        return card, f"{card.sqlstate} {' '.join(tokens)}"
    names = _names(card.sqlstate, tokens)
    return SqlCard(code, "IX000", names[0] if names else ""), message_of(code, *names)


def message_of(code: int, *names: str) -> str:
    """Return the text of an Informix error."""
    text = TEXTS.get(code, "")
    return text.format(names[0] if names else "") if "{}" in text else text


def _code(sqlstate: str, tokens: list[str], statement: str) -> int | None:
    found = CODES.get(sqlstate)
    if found == LOCKED_OUT:
        words = statement.split(None, 1)
        return BY_VERB.get(words[0].upper() if words else "", -244)
    if sqlstate in ("42500", "42502"):
        match = next((PRIVILEGE.fullmatch(token) for token in tokens if PRIVILEGE.fullmatch(token)), None)
        return PRIVILEGES[match[1]] if match else -272
    if sqlstate == "22003" and "SMALLINT" in tokens:
        return -1214
    if sqlstate == "22003" and any(token.startswith("DECIMAL") for token in tokens):
        return -1226
    return found if isinstance(found, int) else None


def _names(sqlstate: str, tokens: list[str]) -> list[str]:
    given = [token for token in tokens if not token.startswith(sqlstate)]
    if sqlstate in ("42500", "42502"):
        # The user, what was not allowed, perhaps the column, and the table.
        given = given[-1:]
    if sqlstate in ("42Y55", "X0Y32"):
        given = given[1:]
    return [name.strip("'").split(".")[-1].lower() for name in given]
