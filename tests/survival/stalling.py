"""A drifting pair whose secondary is a live server, on whose wire any request can stall as on a server that hangs."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from syncengine.model.pair import Role
from tests.builders import Files, build_files
from tests.cli.terminal import PROGRAM, CommandResult
from tests.scenes import trunks
from tests.servers.derby.faults import Fault, Stall
from tests.servers.postgresql.stalling import StallingWire, stalling
from tests.stories.servers import PASSWORDS, Home, InformixHome, PostgreSQLHome
from tests.waiting import wait_until

WINDOW = ("--window", "2000-06-05 04:00..06:59", "--table", "htrunk")
COMMANDS = {
    "check": ("check",),
    "verify": ("verify", *WINDOW),
    "resync": ("resync", "--yes", *WINDOW),
    "undo": ("undo", "--yes"),
}
LIMITS = "\n[limits]\nquery_seconds = 2\nlock_seconds = 2\nstep_rows = 4\n"
HANGING_SECONDS = 30


class Wire(ABC):
    """The way to the secondary."""

    @abstractmethod
    def stall_at(self, nth: int) -> None:
        """Hold the nth request from now on, 0 for none."""

    @property
    @abstractmethod
    def stalled(self) -> bool:
        """Say whether it is stalled."""

    @property
    @abstractmethod
    def logins(self) -> int:
        """Return how many connections were logged in since."""

    @property
    @abstractmethod
    def queries(self) -> int:
        """Return how many requests came since."""

    @property
    @abstractmethod
    def last(self) -> str:
        """Return the last request, for a test that fails."""


@dataclass
class InformixWire(Wire):
    """The shim before Derby."""

    home: InformixHome
    fault: Fault | None = None

    def stall_at(self, nth: int) -> None:
        """Hold the nth request."""
        shim = self.home.shim
        shim.faults.clear()
        shim.release()
        shim.disconnect()
        shim.forget()
        self.fault = shim.faults.add(Fault(Stall(), at="any", nth=nth)) if nth else None

    @property
    def stalled(self) -> bool:
        """Say whether it is stalled."""
        return self.fault is not None and self.home.shim.faults.fired(self.fault) > 0

    @property
    def logins(self) -> int:
        """Count the passwords that were sent."""
        return sum(name == "SECCHK" for name, _ in self.home.shim.requests)

    @property
    def queries(self) -> int:
        """Count the requests."""
        return len(self.home.shim.requests)

    @property
    def last(self) -> str:
        """Return the last request."""
        return str(self.home.shim.requests[-1:])


@dataclass
class PostgreSQLWire(Wire):
    """A wire before PostgreSQL."""

    wire: StallingWire

    def stall_at(self, nth: int) -> None:
        """Hold the nth request."""
        self.wire.stall_at(nth)

    @property
    def stalled(self) -> bool:
        """Say whether it is stalled."""
        return self.wire.stalled.is_set()

    @property
    def logins(self) -> int:
        """Count the connections."""
        return self.wire.logins

    @property
    def queries(self) -> int:
        """Count the requests."""
        return len(self.wire.received)

    @property
    def last(self) -> str:
        """Return the last request."""
        return str(self.wire.received[-1:])


@dataclass
class StallingPair:
    """A pair that drifted, whose secondary can be made to hang."""

    files: Files
    home: Home
    wire: Wire

    @classmethod
    @contextmanager
    def of(cls, folder: Path, kind: str, *, steps: int = 1) -> Iterator[Self]:
        """Make one that takes so many steps to repair."""
        labels = [500, 530, 600, 630][:steps]
        files = build_files(
            folder,
            ["htrunk"],
            both={"htrunk": trunks(400, 500)},
            primary={"htrunk": [row for at in labels for row in trunks(at, at + 1, incalls=9)]},
            secondary={"htrunk": [row for at in labels for row in trunks(at, at + 1)]},
        )
        with ExitStack() as stack:
            home: Home
            file = files.database(Role.SECONDARY)
            if kind == "informix":
                home = InformixHome.of(file)
                wire: Wire = InformixWire(home)
                url = home.url
            else:
                home = PostgreSQLHome.of(file)
                before = stack.enter_context(stalling(home.database.port))
                wire = PostgreSQLWire(before)
                url = home.url.replace(f":{home.database.port}", f":{before.port}")
            stack.callback(home.end)
            text = files.pair_file.read_text().partition("[secondary]")[0]
            files.pair_file.write_text(f'{text}[secondary]\nurl = "{url}"\nload = "r3v8ag.f"\n{LIMITS}')
            yield cls(files, home, wire)

    def limit(self, *, query_seconds: int) -> None:
        """Say how long a query may take."""
        text = self.files.pair_file.read_text()
        self.files.pair_file.write_text(text.replace("query_seconds = 2", f"query_seconds = {query_seconds}"))

    def drift(self) -> None:
        """Take the rows of a half hour away from the secondary."""
        owner = "root." if isinstance(self.wire, InformixWire) else ""
        self.home.run(f"DELETE FROM {owner}htrunk WHERE starttime = 500")

    def words(self, command: str) -> list[str]:
        """Return what to type."""
        name, *options = COMMANDS[command]
        return [name, "--pair", str(self.files.pair_file), *options]

    def typed(self, command: str, *, interrupted: bool = False) -> tuple[CommandResult, float]:
        """Type a command in a process of its own, and return its output and how long its end was waited for."""
        environment = {**os.environ, **PASSWORDS}
        with subprocess.Popen(
            [*PROGRAM, *self.words(command)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        ) as process:
            try:
                began = time.monotonic()
                if interrupted:
                    wait_until(lambda: self.wire.stalled or process.poll() is not None, seconds=HANGING_SECONDS)
                    time.sleep(0.3)
                    began = time.monotonic()
                    process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=HANGING_SECONDS)
            finally:
                process.kill()
        return CommandResult(process.returncode, out, err), time.monotonic() - began
