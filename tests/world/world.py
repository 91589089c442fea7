"""Puts a world together, lets it run, and has the oracle judge each command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.world.collection import recorded, views
from tests.world.ending import Ending
from tests.world.history import History, history
from tests.world.life import Site
from tests.world.operator import operate
from tests.world.oracle import Violation, judge
from tests.world.oracle.rows import Instants
from tests.world.process import WorldDisk
from tests.world.values import SERVERS, Command, Edit, Recorded, Scenario, Server

WATCHED = 4
"""In one of so many worlds the rows are judged after each commit, too."""


@dataclass(slots=True)
class Tally:
    """What was done and checked in some worlds."""

    worlds: int = 0
    commands: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)

    def __iadd__(self, other: Tally) -> Tally:
        self.worlds += other.worlds
        self.commands += other.commands
        self.faults += other.faults
        self.checks += other.checks
        return self


class ViolatedError(AssertionError):
    """The oracle found something wrong after a command."""

    def __init__(self, ending: Ending, violations: Sequence[Violation]) -> None:
        found = "\n".join(f"  oracle {one.oracle}: {one.text}" for one in violations)
        super().__init__(f"After command {ending.number} ({' '.join(ending.words)}):\n{found}")
        self.ending = ending
        self.violations = tuple(violations)


class World:
    """One world: its switch, its servers, its operator, and what has happened so far."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.scenario = scenario
        self.history: History = history(scenario)
        self.views = views(scenario)
        self.records: dict[Server, tuple[Recorded, ...]] = {
            server: recorded(scenario, self.history, self.views[server]) for server in SERVERS
        }
        self.perfect: dict[Server, tuple[Recorded, ...]] = {
            server: recorded(scenario, self.history, self.views[server].perfect) for server in SERVERS
        }
        self.site = Site(scenario, folder, self.records)
        self.endings: list[Ending] = []
        self.tally = Tally(worlds=1)
        self.disk = WorldDisk()

    @property
    def pair_file(self) -> Path:
        """The pair file of the two servers."""
        return self.site.pair_file

    @property
    def now(self) -> int:
        """The second of the world."""
        return self.site.now

    def run(self) -> None:
        """Carry out every command at its time, and let the oracle judge each; raises `ViolatedError` at the first."""
        for number, command in enumerate((*self.scenario.commands, *closing(self.scenario))):
            self.carry_out(command, number)

    def carry_out(self, command: Command, number: int) -> Ending | None:
        """Carry out a command at its time and have it judged; None where it does not apply."""
        self.site.advance(max(command.at, self.now))
        # Every commit is seen in a share of the worlds: all rows are read after each.
        watch = Instants(self) if self.scenario.seed % WATCHED == 0 else None
        ending = operate(self.scenario, self.site, command, number, watch, self.disk)
        if ending is None:
            return None
        self.endings.append(ending)
        self.tally.commands[command.verb] += 1
        self.tally.faults.update(fault.value for fault in ending.faults)
        violations = [*(watch.found if watch is not None else ()), *judge(self, ending)]
        if violations:
            raise ViolatedError(ending, violations)
        return ending

    def close(self) -> None:
        """Release the servers."""
        self.site.close()


def closing(scenario: Scenario) -> Iterator[Command]:
    """Yield what a careful operator does at the end of each world: resume what is open, repair and copy all, verify."""
    yield Command(scenario.last, "resume")
    yield Command(scenario.last, "resync", ("--outages", "--yes"))
    if any(isinstance(one, Edit) for one in scenario.happenings):
        sets = ("--set", "dictionary", "--set", "users", "--set", "timetables")
        yield Command(scenario.last, "sync", (*sets, "--prefer", "primary", "--remove-users", "--yes"))
    yield Command(scenario.last, "verify")
