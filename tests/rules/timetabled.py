"""Small pairs with timetables, whose flag is a column the pair file names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.builders import Files, Row, build_files, row

TABLES = ("ttsched", "ttsctasks", "ttsc")
FLAG = '[timetables]\nflag = "ttsched.run_local"\nonly_here = "o"\nhere_or_another = "y"\nnot_here = "n"\n'
Sides = Mapping[str, Iterable[Row]]


def schedule(owner: str, name: str, flag: str | None = "y", **values: Any) -> dict[str, Any]:
    """Return a row of ttsched."""
    return row("ttsched", owner=owner, tt_name=name, run_local=flag, sched_type="daily", **values)


def task(owner: str, name: str, text: str = "Print split report", seq: int = 1) -> dict[str, Any]:
    """Return a row of ttsctasks."""
    return row("ttsctasks", owner=owner, tt_name=name, task_seq=seq, task=text)


def timetabled(
    folder: Path,
    *,
    settings: str = FLAG,
    both: Sides | None = None,
    primary: Sides | None = None,
    secondary: Sides | None = None,
) -> Files:
    """Build a pair with the tables of timetables."""
    return build_files(folder, TABLES, settings=settings, both=both, primary=primary, secondary=secondary)


def three_owners(folder: Path, *, settings: str = FLAG) -> Files:
    """Build a pair as the guide has it: what runs on the primary does not run on the secondary, but for a backup."""
    names = [("jm", "Morning"), ("jm", "Weekly"), ("rg", "Greeting")]
    backup = [schedule("cms", "Nightly backup")]
    return timetabled(
        folder,
        settings=settings,
        both={"ttsctasks": [task(*name) for name in names] + [task("cms", "Nightly backup", "Backup of CMS data")]},
        primary={"ttsched": [schedule(*name, "o", status="2") for name in names] + backup},
        secondary={"ttsched": [schedule(*name, "n", status="1") for name in names] + backup},
    )


def flags(files: Files, role: str = "secondary") -> dict[str, str | None]:
    """Return the flag of each timetable on a server."""
    rows = files.run(role, "SELECT tt_name, run_local FROM ttsched ORDER BY ALL")
    return {name.rstrip(): flag for name, flag in rows}
