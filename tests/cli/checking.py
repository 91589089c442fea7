"""A pair to check, and what a check says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.builders import Files, build_files, row
from tests.cli.terminal import CommandResult, Typing
from tests.scenes import storage, trunks

TABLES = ("htrunk", "dcadmin", "dcalloc", "fullex", "print_adm", "users", "features", "synonyms")


SECRET = "hunter2" + "again"


def pair(folder: Path, **options: Any) -> Files:
    """Build a pair that is set up alike, with something in each table of the set-up."""
    rows = {
        "htrunk": trunks(400, 700),
        "dcadmin": [row("dcadmin", link_no=1, collection_on="y")],
        "dcalloc": [storage("trunks"), storage("splits", days=31)],
        "users": [row("users", user_id="ann", phone="4410"), row("users", user_id="bob")],
        "features": [row("features", user_id="ann", feature="reports", can_read="y")],
        "print_adm": [row("print_adm", printer="lp1", unix_name="hp2")],
        "fullex": [row("fullex", item="free blocks", value="811")],
        "synonyms": [row("synonyms", item_name="Sales", value="1")],
    }
    return build_files(folder, TABLES, both=rows, **options)


def check(typed: Typing, files: Files, *options: str) -> CommandResult:
    """Type it."""
    return typed("check", "--pair", files.pair_file, *options)


def findings(result: CommandResult, severity: str = "must") -> list[dict[str, Any]]:
    """Return the findings of one severity out of the document."""
    return [finding for finding in result.document["findings"] if finding["severity"] == severity]


def server(result: CommandResult, role: str) -> dict[str, Any]:
    """Return one server out of the document."""
    found: dict[str, Any] = next(one for one in result.document["servers"] if one["server"] == role)
    return found
