"""Pairs with tables of somebody's own, which their own specs describe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from syncengine.model.pair import Role
from tests.builders import Files, build_files

CALLS = "c_calls"
"""A table by interval."""
NOTES = "c_notes"
"""A table without times."""
TIMED = f"""summary = "Calls somebody promised"
class = "custom"
synced_by = "copying"
acd = "acd"
key = ["split"]

[tables]
{CALLS} = {{ archive = "interval" }}

[time]
date = "row_date"
label = "starttime"
interval = "intrvl"

[columns]
acd = {{ type = "smallint" }}
row_date = {{ type = "date" }}
starttime = {{ type = "smallint" }}
intrvl = {{ type = "smallint" }}
split = {{ type = "smallint" }}
promised = {{ type = "integer" }}
"""
UNTIMED = f"""summary = "What somebody notes"
class = "custom"
synced_by = "copying"
key = ["id"]

[tables]
{NOTES} = {{}}

[columns]
id = {{ type = "integer" }}
said = {{ type = "char(20)" }}
"""
MADE = (
    f"CREATE TABLE {CALLS} (acd SMALLINT, row_date DATE, starttime SMALLINT, intrvl SMALLINT, split SMALLINT, "
    "promised INTEGER)",
    f"CREATE TABLE {NOTES} (id INTEGER, said VARCHAR)",
)
DAY = "2000-06-05"


def call(label: int, promised: int, split: int = 1) -> tuple[Any, ...]:
    """Return a row of the table by interval."""
    return (1, DAY, label, 30, split, promised)


def with_own_tables(
    folder: Path,
    tables: Iterable[str] = (),
    *,
    primary: Mapping[str, Iterable[tuple[Any, ...]]],
    secondary: Mapping[str, Iterable[tuple[Any, ...]]],
    timed: str = TIMED,
    **options: Any,
) -> Files:
    """Build a pair that also holds both tables of somebody's own, with the rows given for either server."""
    specs = folder / "specs"
    specs.mkdir(parents=True, exist_ok=True)
    (specs / f"{CALLS}.toml").write_text(timed)
    (specs / f"{NOTES}.toml").write_text(UNTIMED)
    settings = f'specs = ["specs"]\n{options.pop("settings", "")}'
    files = build_files(folder, tables, settings=settings, **options)
    for role, held in ((Role.PRIMARY, primary), (Role.SECONDARY, secondary)):
        for made in MADE:
            files.run(role, made)
        for table, rows in held.items():
            for one in rows:
                files.run(role, f"INSERT INTO {table} VALUES ({', '.join('?' * len(one))})", one)
    return files
