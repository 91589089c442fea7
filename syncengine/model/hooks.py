"""What became of hooks: commands of the user's that do what no table can (rule 20)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from syncengine.model.checklist import ChecklistLine, LineKind
from syncengine.model.file_checksum import FileChecksum
from syncengine.model.pair import Role

LOAD = "load"
"""The hook that tells a server's CMS load (rule 14)."""


class CheckKind(StrEnum):
    """What a daily check has looked at that no table shows, by people or by hooks."""

    BACKUPS = "backups"
    ERROR_LOG = "error-log"
    LINKS = "links"
    USERS = "users"
    """Nobody is logged in to the secondary while users work on the primary."""
    INTERNET_CALL_CENTER = "internet-call-center"
    """It is not loaded on the secondary."""
    RECOVERY_KIT = "recovery-kit"

    @property
    def servers(self) -> tuple[Role, ...]:
        """The servers on which it is looked at."""
        secondary_only = (CheckKind.USERS, CheckKind.INTERNET_CALL_CENTER)
        return (Role.SECONDARY,) if self in secondary_only else tuple(Role)


NO_HOOK = (LineKind.ADMINISTER,)
"""Lines that nothing but people do."""
KINDS = tuple(
    dict.fromkeys(
        (
            *(kind.value for kind in LineKind if kind not in NO_HOOK),
            *(kind.value for kind in CheckKind),
            LOAD,
        )
    )
)
"""Everything a hook can be named for."""


class HookState(StrEnum):
    """The last that is known of a hook in a run."""

    BEGUN = "begun"
    """It was started, and nobody knows how it ended: the run was cut short."""
    DONE = "done"
    FAILED = "failed"
    NOT_STARTED = "not started"
    """There is no such command, or it may not be run: nothing has happened on the server."""


@dataclass(frozen=True, slots=True)
class HookRecord:
    """One time a hook was run. `why` is the end of a sentence, empty where it is done."""

    kind: str
    server: Role
    number: int
    """Orders the hooks of all runs of a pair, whatever the clock was set to; what is begun keeps it to its end."""
    state: HookState
    at: datetime
    seconds: float = 0.0
    why: str = ""
    last_lines: str = ""
    """The last lines of what it said, on one line."""
    output: str = ""
    """The file in the run's folder that holds what it said."""
    output_checksum: FileChecksum | None = None
    """That file as it was written."""

    @property
    def sentence(self) -> str:
        """What became of it, as a sentence without its end."""
        if self.state is HookState.DONE:
            return f"the hook {self.kind} of {self.server} has done it"
        why = self.why or "was begun, and nobody knows how it ended"
        output = f" and printed: {self.last_lines}" if self.last_lines else ""
        return f"the hook {self.kind} of {self.server} {why}{output}"

    @property
    def place(self) -> tuple[str, Role]:
        """What it does, and where."""
        return self.kind, self.server


def with_record(records: Sequence[HookRecord], record: HookRecord) -> list[HookRecord]:
    """Return records with one more: the end of what the last of them says was begun takes its place."""
    begun = bool(records) and records[-1].number == record.number
    return [*(records[:-1] if begun else records), record]


def sorted_by_number(records: Iterable[HookRecord]) -> list[HookRecord]:
    """Return records of several runs in the order in which the hooks were run."""
    return sorted(records, key=lambda record: record.number)


def in_effect(records: Iterable[HookRecord]) -> dict[tuple[str, Role], HookRecord]:
    """Return the last record of each hook that still counts, of records in order.

    Single-user and multi-user mode undo one another: a server that was put back, or may have been, has to be put in
    again by who goes on with the run, and the other way round.
    """
    found: dict[tuple[str, Role], HookRecord] = {}
    for record in records:
        found[record.place] = record
        if record.state is HookState.NOT_STARTED:
            continue
        if record.kind == LineKind.MULTI_USER:
            found.pop((LineKind.SINGLE_USER, record.server), None)
        elif record.kind == LineKind.SINGLE_USER:
            found.pop((LineKind.MULTI_USER, record.server), None)
    return found


def in_single_user_mode(records: Iterable[HookRecord]) -> tuple[Role, ...]:
    """Return the servers that a hook has put in single-user mode, or may have, and none has put back, in order.

    One whose hook to put it back failed is among them: nobody knows that it is back.
    """
    left: set[Role] = set()
    for record in records:
        if record.kind == LineKind.SINGLE_USER and record.state is not HookState.NOT_STARTED:
            left.add(record.server)
        elif record.kind == LineKind.MULTI_USER and record.state is HookState.DONE:
            left.discard(record.server)
    return tuple(role for role in Role if role in left)


def not_done_by_hook(
    lines: Iterable[ChecklistLine], records: Iterable[HookRecord]
) -> Iterator[tuple[ChecklistLine, str]]:
    """Yield the lines that no hook has done, each with why its hook has not, if it was tried."""
    found = in_effect(records)
    for line in lines:
        record = found.get(line.place) if line.hookable else None
        if record is None:
            yield line, ""
        elif record.state is not HookState.DONE:
            yield line, record.sentence
