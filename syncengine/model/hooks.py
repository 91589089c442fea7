"""Results of hooks: commands of the user's that do what no table can (rule 20)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from syncengine.model.checklist import ChecklistLine, LineKind
from syncengine.model.file_checksum import FileChecksum
from syncengine.model.pair import Role

LOAD = "load"
"""The hook that reports a server's CMS load (rule 14)."""


class CheckKind(StrEnum):
    """What a daily check includes that no table shows: people or hooks check it."""

    BACKUPS = "backups"
    ERROR_LOG = "error-log"
    LINKS = "links"
    USERS = "users"
    """No user is logged in to the secondary while users work on the primary."""
    INTERNET_CALL_CENTER = "internet-call-center"
    """It is not loaded on the secondary."""
    RECOVERY_KIT = "recovery-kit"

    @property
    def servers(self) -> tuple[Role, ...]:
        """The servers on which it is checked."""
        secondary_only = (CheckKind.USERS, CheckKind.INTERNET_CALL_CENTER)
        return (Role.SECONDARY,) if self in secondary_only else tuple(Role)


NO_HOOK = (LineKind.ADMINISTER,)
"""Lines that only people can do."""
KINDS = tuple(
    dict.fromkeys(
        (
            *(kind.value for kind in LineKind if kind not in NO_HOOK),
            *(kind.value for kind in CheckKind),
            LOAD,
        )
    )
)
"""All kinds of hooks."""


class HookState(StrEnum):
    """The last known state of a hook in a run."""

    BEGUN = "begun"
    """It was started, and its end is not known: the run was cut short."""
    DONE = "done"
    FAILED = "failed"
    NOT_STARTED = "not started"
    """There is no such command, or no permission to run it: nothing has happened on the server."""


@dataclass(frozen=True, slots=True)
class HookRecord:
    """One run of a hook. `why` is the end of a sentence, empty if it is done."""

    kind: str
    server: Role
    number: int
    """Orders the hooks of all runs of a pair, independent of the clock; start and end of one run share it."""
    state: HookState
    at: datetime
    seconds: float = 0.0
    why: str = ""
    last_lines: str = ""
    """The last lines of its output, on one line."""
    output: str = ""
    """The file in the run's folder with its output."""
    output_checksum: FileChecksum | None = None
    """The size and checksum of that file when it was written."""

    @property
    def sentence(self) -> str:
        """Its result, as a sentence without a full stop."""
        if self.state is HookState.DONE:
            return f"the hook {self.kind} of {self.server} is done"
        why = self.why or "was started, and its end is not known"
        output = f", and printed: {self.last_lines}" if self.last_lines else ""
        return f"the hook {self.kind} of {self.server} {why}{output}"

    @property
    def place(self) -> tuple[str, Role]:
        """Its kind and server."""
        return self.kind, self.server


def with_record(records: Sequence[HookRecord], record: HookRecord) -> list[HookRecord]:
    """Return records with one more, which replaces the last if it is the end of the same run of a hook."""
    begun = bool(records) and records[-1].number == record.number
    return [*(records[:-1] if begun else records), record]


def sorted_by_number(records: Iterable[HookRecord]) -> list[HookRecord]:
    """Return the records of several runs in the order in which the hooks ran."""
    return sorted(records, key=lambda record: record.number)


def in_effect(records: Iterable[HookRecord]) -> dict[tuple[str, Role], HookRecord]:
    """Return the last record of each hook that still counts, of records in order.

    Single-user and multi-user mode undo each other: if a server was returned to multi-user mode, or may have been, a
    resume has to put it in single-user mode again, and the other way round.
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
    """Return the servers that a hook has put in single-user mode, or may have, and none has returned, in order.

    A server whose hook to return it failed is included: it may still be in single-user mode.
    """
    servers: set[Role] = set()
    for record in records:
        if record.kind == LineKind.SINGLE_USER and record.state is not HookState.NOT_STARTED:
            servers.add(record.server)
        elif record.kind == LineKind.MULTI_USER and record.state is HookState.DONE:
            servers.discard(record.server)
    return tuple(role for role in Role if role in servers)


def not_done_by_hook(
    lines: Iterable[ChecklistLine], records: Iterable[HookRecord]
) -> Iterator[tuple[ChecklistLine, str]]:
    """Yield the lines that no hook has done, each with why its hook failed, if it was run."""
    found = in_effect(records)
    for line in lines:
        record = found.get(line.place) if line.hookable else None
        if record is None:
            yield line, ""
        elif record.state is not HookState.DONE:
            yield line, record.sentence
