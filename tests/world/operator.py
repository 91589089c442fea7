"""The operator: types a command of a scenario, and returns how it ended.

Each command is typed, in a process of its own, so that what a person reads is judged. What the Python API returned on
the way is recorded, so that the same values are judged, too.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Protocol

from syncengine.app import entry_points
from syncengine.app.pair import Pair
from syncengine.cli.main import run_for_code
from syncengine.model.errors import SyncError
from syncengine.model.pair import Role
from syncengine.model.plan import Plan
from syncengine.model.verified_run import VerifiedRun
from tests.world.beside import write_beside
from tests.world.ending import Ending
from tests.world.faults import Died
from tests.world.process import Process, WorldDisk
from tests.world.values import Command, LinkDown, Row, Scenario, ServerDown, Snapshot

PLACE = re.compile(r"\{([a-z]+)((?: -?\w+)*)\}")
RECORDED = (
    "verify",
    "verify_internal",
    "check",
    "status",
    "outages",
    "checklist",
    "timetables",
    "plan_resync",
    "plan_sync",
    "plan_outages",
    "plan_backfill",
    "plan_run_on",
    "plan_undo",
    "execute",
    "resume",
    "runs",
    "report",
)
"""The calls of the Python API whose results are recorded; a command needs at most one of each kind."""
OF_READING = ("verify", "verify_internal", "check", "status", "outages", "checklist", "timetables", "runs", "report")
MINUTES = "%Y-%m-%d %H:%M"


class Life(Protocol):
    """What the operator needs of the servers' lives."""

    scenario: Scenario
    now: int
    pair_file: Path
    databases: dict[Any, Any]

    def advance(self, to: int) -> None:
        """Let everything happen up to a second."""

    def write_beside(self, server: Any, table: str, row: Row) -> None:
        """Have another session write a row."""

    def is_up(self, server: Any) -> bool:
        """Say whether a server can be reached."""

    def unreadable(self, server: Any) -> frozenset[str]:
        """Return the tables that cannot be read."""

    def number_used(self, server: Any, table: str, number: int) -> None:
        """Notice that the product has inserted a row with a number."""

    def snapshot(self) -> Snapshot:
        """Return all rows."""


class Watch(Protocol):
    """What sees each commit of a command (`oracle.rows.Instants`)."""

    plans: tuple[Plan, ...]

    def begin(self, ending: Ending) -> None:
        """Begin a command."""

    def committed(self, _role: object) -> None:
        """See a commit."""


class Recorder:
    """What the Python API returned and raised during one command."""

    def __init__(self) -> None:
        self.results: dict[str, list[Any]] = {}
        self.error: BaseException | None = None

    def last(self, *names: str) -> Any:
        """Return the last result of some calls, in their order of preference."""
        return next((self.results[name][-1] for name in names if self.results.get(name)), None)

    @property
    def plans(self) -> tuple[Plan, ...]:
        """The plans that were made."""
        found = [
            plan for name, ones in self.results.items() if name.startswith("plan_") for plan in ones if plan is not None
        ]
        runs = [one for name in ("execute", "resume") for one in self.results.get(name, ())]
        found += [one.plan for one in runs if not any(one.plan is plan for plan in found)]
        return tuple(plan for plan in found if isinstance(plan, Plan))

    def recording(self) -> type[Pair]:
        """Return the class of a pair whose calls are recorded."""
        recorder = self

        def recorded(name: str) -> Callable[..., Any]:
            does = getattr(Pair, name)

            def call(self: Pair, *args: Any, **kwargs: Any) -> Any:
                try:
                    result = does(self, *args, **kwargs)
                except Exception as error:
                    recorder.error = error
                    raise
                recorder.results.setdefault(name, []).append(result)
                return result

            return call

        return type("RecordedPair", (Pair,), {"__slots__": (), **{name: recorded(name) for name in RECORDED}})


def operate(
    scenario: Scenario,
    life: Life,
    command: Command,
    number: int,
    watch: Watch | None = None,
    disk: WorldDisk | None = None,
) -> Ending | None:
    """Carry out a command; None where it does not apply: it names an outage or a run that is not there."""
    runs = run_ids(life.pair_file)
    try:
        words = tuple(resolved(scenario, life.now, runs, word) for word in (command.verb, *command.options))
    except LookupError:
        return None
    recorder = Recorder()
    before = life.snapshot()
    if watch is not None:
        watch.begin(Ending(number, command, words, before, before))

    def committed(role: Role) -> None:
        if watch is not None:
            watch.plans = recorder.plans
            watch.committed(role)

    def beside(chance: Random) -> None:
        write_beside(life, recorder.plans, chance)

    out, err = io.StringIO(), io.StringIO()
    code: int | None = None
    with Process(scenario, life, number, committed, disk=disk, beside=beside) as process:
        with (
            _recorded(recorder, process),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            contextlib.suppress(Died),
        ):
            code = run_for_code([*words, "--pair", str(life.pair_file)])
        if process.dead:
            code = None
        faults, calls = tuple(process.plan.injected), tuple(process.plan.calls)
    said = out.getvalue() + err.getvalue()
    new = [run for run in run_ids(life.pair_file) if run not in runs]
    result = recorder.last("execute", "resume", *OF_READING)
    return Ending(
        number=number,
        command=command,
        words=words,
        before=before,
        after=life.snapshot(),
        code=code,
        result=result,
        document=_document(out.getvalue()) if "--json" in words else None,
        said=said,
        error=recorder.error if isinstance(recorder.error, SyncError) or code is not None else None,
        plans=recorder.plans,
        run_id=new[-1] if new else _run_of(result),
        faults=faults,
        calls=calls,
    )


def _run_of(result: Any) -> str:
    return result.outcome.run_id if isinstance(result, VerifiedRun) else ""


def _document(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


@contextlib.contextmanager
def _recorded(recorder: Recorder, process: Process) -> Iterator[None]:
    """Have each pair that is opened record its calls and use the process's executor; nobody sits at a terminal."""
    opened = recorder.recording()

    def pair(settings: Any, catalogue: Any, progress: Any, environment: Any, executor: Any = None) -> Pair:
        return opened(settings, catalogue, progress, environment, executor or process.executor)

    before = vars(entry_points)["Pair"]
    vars(entry_points)["Pair"] = pair
    try:
        yield
    finally:
        vars(entry_points)["Pair"] = before


def run_ids(pair_file: Path) -> list[str]:
    """Return the ids of the runs that have a folder, in the order of their names."""
    folder = pair_file.with_name("staging") / "runs"
    return sorted(one.name for one in folder.iterdir() if not one.name.startswith(".")) if folder.is_dir() else []


def resolved(scenario: Scenario, now: int, runs: list[str], word: str) -> str:
    """Return a word with what stands in braces filled in; raises `LookupError` where there is no such thing."""

    def filled(match: re.Match[str]) -> str:
        kind, rest = match.group(1), match.group(2).split()
        match kind:
            case "run":
                return runs[int(rest[0])]
            case "outage":
                return _typed(scenario, *_outage(scenario, now, rest))
            case "days":
                return _days(scenario, now, int(rest[0]), int(rest[1]))
            case _:
                raise ValueError(f"nothing is known of {match.group(0)}")

    return PLACE.sub(filled, word)


def _outage(scenario: Scenario, now: int, rest: list[str]) -> tuple[int, int]:
    """Return the outage of a server, or else of the other, from the last that has ended: its first second and last."""
    server, number = rest[0], int(rest[1])
    over = [
        one for one in scenario.happenings if isinstance(one, LinkDown | ServerDown) and one.at + one.seconds <= now
    ]
    # Whoever mixes up the servers names an outage of the other one.
    own = [one for one in over if one.server == server] or over
    found = sorted((one.at, one.at + one.seconds) for one in own)
    return found[number]


def _typed(scenario: Scenario, first: int, last: int) -> str:
    """Return a time as a window that a person types, by what the clock showed."""
    clock = scenario.clock
    begin, end = clock.shown(first), clock.shown(last)
    return f"{begin:{MINUTES}}..{max(end, begin):{MINUTES}}"


def _days(scenario: Scenario, now: int, first: int, last: int) -> str:
    """Return the days from so many days ago to so many days ago."""
    today = scenario.clock.shown(now).date()
    begin, end = (datetime(today.year, today.month, today.day) - timedelta(days=one) for one in (first, last))
    return f"{begin:%Y-%m-%d}..{end:%Y-%m-%d}"
