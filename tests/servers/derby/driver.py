"""Short words for what the tests do over a connection of the driver's."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

SQLCODE = re.compile(r"SQLCODE=(-?[0-9]+)")


def query(connection: Any, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Run a query and return its rows."""
    cursor = connection.cursor()
    cursor.execute(sql, tuple(values)) if values else cursor.execute(sql)
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    cursor.close()
    return rows


def run(connection: Any, *statements: str) -> None:
    """Run statements that have no rows."""
    for sql in statements:
        cursor = connection.cursor()
        cursor.execute(sql)
        cursor.close()


def refusal(call: Callable[[], Any]) -> str:
    """Return the driver's words for an error a call raises, those that lie behind the first ones with them."""
    error: BaseException | None = None
    try:
        call()
    except Exception as raised:  # noqa: BLE001  # the driver raises many kinds
        error = raised
    assert error is not None, "nothing was refused"
    result: list[str] = []
    while error is not None:
        result.append(str(error))
        error = error.__cause__ or error.__context__
    return "\n".join(result)


def sqlcode(call: Callable[[], Any]) -> int:
    """Return the first SQLCODE of the error a call raises."""
    found = SQLCODE.search(refusal(call))
    assert found is not None
    return int(found[1])
