"""Pairs with hooks: real commands that write down what they were given."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from syncengine.app import Pair, table_settings
from syncengine.catalogue import Catalogue
from syncengine.model.hooks import HookState
from syncengine.model.plan import Plan
from syncengine.model.spec import DataClass, SyncedBy
from tests.builders import Files, build_files, catalogue, row

NOTES = "notes.jsonl"
NOTE = f"""
import json, os, sys
variables = {{name: value for name, value in os.environ.items() if name.startswith("SYNCENGINE_")}}
with open({NOTES!r}, "a") as file:
    file.write(json.dumps([sys.argv[1:], variables]) + "\\n")
"""
"""Appends its arguments and the variables it gets to a file in its folder, which is that of the pair file."""
DONE = (sys.executable, "-c", NOTE)
CLASS = ("features", "r_custom", "users")
"""Tables that need single-user mode when they are written all together, where `keep_few_tables` leaves no more."""
FEW = "from tests.rules.hooked import leave_few_tables; leave_few_tables(); "
PROGRAM_OF_FEW = (sys.executable, "-c", f"{FEW}from syncengine.cli.main import run; run()")
"""The program, with few tables in the class; it is started in the folder of the project."""


@functools.cache
def of_few_tables() -> Catalogue:
    """Return the shipped catalogue, but of the system administration that is copied only `CLASS`."""
    whole = catalogue()
    gone = {spec.name for spec in whole.of_class(DataClass.SYSTEM) if spec.synced_by is SyncedBy.COPYING} - {*CLASS}
    sets = tuple(replace(one, tables=tuple(name for name in one.tables if name not in gone)) for one in whole.sets)
    return Catalogue(tuple(spec for spec in whole.tables if spec.name not in gone), whole.files, sets)


def leave_few_tables(patch: Callable[[Any, str, Any], None] = setattr) -> None:
    """Let every pair that is opened know few tables of the class: each costs a copy of its own."""
    patch(table_settings, "load_catalogue", lambda *_: of_few_tables())


def python(code: str, *arguments: str) -> tuple[str, ...]:
    """Return a command that notes that it was run, then does as the code says."""
    return (sys.executable, "-c", NOTE + code, *arguments)


def fails(message: str = "no route to cms-boulder", code: int = 3) -> tuple[str, ...]:
    """Return a command that notes that it was run, says something, and fails."""
    return python(f"print({message!r}); sys.exit({code})")


def hook(kind: str, command: Sequence[str] = DONE, key: str = "command", **more: int) -> str:
    """Return the table of a hook for a pair file."""
    lines = [f"[hooks.{kind}]", f"{key} = {json.dumps(list(command))}", *(f"{name} = {n}" for name, n in more.items())]
    return "\n".join(lines) + "\n"


def with_hooks(files: Files, *hooks: str) -> Files:
    """Write the hooks of a pair into its file, in place of those that stand there."""
    before = files.pair_file.read_text().partition("\n[hooks.")[0]
    files.pair_file.write_text("\n".join([before, *hooks]))
    return files


def class_wide(folder: Path, *hooks: str) -> Files:
    """Build a pair of which the whole system administration is copied, since the primary has a user more."""
    files = build_files(folder, CLASS, primary={"users": [row("users", user_id="anna")]})
    return with_hooks(files, *hooks)


def notes(files: Files) -> list[tuple[list[str], dict[str, str]]]:
    """Return the arguments and variables of every hook that was run, in order."""
    path = files.folder / NOTES
    lines = path.read_text().splitlines() if path.exists() else []
    return [(arguments, variables) for arguments, variables in map(json.loads, lines)]


def ran(files: Files) -> list[str]:
    """Return the kinds of the hooks that were run, in order."""
    return [variables["SYNCENGINE_HOOK"] for _, variables in notes(files)]


def states(result: Any) -> list[tuple[str, HookState]]:
    """Return what became of each hook of a run."""
    return [(record.kind, record.state) for record in result.hooks]


MODES = (hook("single-user"), hook("multi-user"))


def planned(files: Files) -> tuple[Pair, Plan]:
    """Plan to copy the whole class."""
    pair = files.open()
    return pair, pair.plan_sync(tables=CLASS)


def users(files: Files) -> int:
    """Count the users of the secondary."""
    return len(files.bag("secondary", "users"))


def sleepers(seconds: str) -> list[int]:
    """Return the processes that sleep so long."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if place.read_bytes().split(b"\0")[:2] == [b"sleep", seconds.encode()]:
                found.append(int(place.parent.name))
        except OSError:
            continue
    return found
