"""How a command of the operator ended, as the oracle judges it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from syncengine.model.plan import Plan
from tests.world.values import Command, FaultKind, Snapshot


@dataclass(frozen=True, slots=True)
class Ending:
    """A command, what it said and returned, and the rows of both servers before and after it."""

    number: int
    """The place of the command in `Scenario.commands`."""
    command: Command
    words: tuple[str, ...]
    """The command as typed, with what stood in braces resolved: `("resync", "--window", "2000-06-05 05:13..05:19")`."""
    before: Snapshot
    after: Snapshot
    code: int | None = None
    """The documented exit code: of the command line, or the one that the outcome or error of the Python API stands for;
    None where the process died."""
    result: Any = None
    """What the Python API returned: an `Observation`, a `VerifiedRun`, an `OutageReport` ..., or None."""
    document: dict[str, Any] | None = None
    """Of a typed command with --json: what it printed."""
    said: str = ""
    """All that a typed command printed, or the message and hint of the error."""
    error: BaseException | None = None
    """What the Python API raised."""
    plans: tuple[Plan, ...] = ()
    """The plans that were executed, or would be: one a portion, as far as they are known."""
    run_id: str = ""
    """The run that was begun, resumed or undone by it, if there was one."""
    faults: tuple[FaultKind, ...] = field(default=())
    """What went wrong during it."""
    calls: tuple[str, ...] = field(default=())
    """The calls to servers and to our own disk, in order: `primary lock in session`."""

    @property
    def died(self) -> bool:
        """Whether the process died in it."""
        return self.code is None
