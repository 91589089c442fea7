"""Carries out lines of a checklist by hooks: before a run writes, after it was looked at, and whatever became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from syncengine.app.commands import Commands, last_lines
from syncengine.execute.uninterrupted import uninterrupted
from syncengine.hooks.command import CommandResult
from syncengine.model.checklist import ChecklistLine, LineKind
from syncengine.model.errors import StagingError
from syncengine.model.hooks import HookRecord, HookState, in_single_user_mode, standing
from syncengine.model.pair import Hook, Role
from syncengine.model.progress import Progress
from syncengine.staging.run_folder import RunFolder

INTERRUPTED = "was stopped by the user"


@dataclass(slots=True)
class Hooking:
    """The hooks of one run. A hook runs once for all lines of its kind on its server."""

    commands: Commands
    run: RunFolder
    progress: Progress
    records: list[HookRecord]
    """What is known of the run's hooks from before this time, and from then on."""
    others: tuple[HookRecord, ...]
    """What is known of the hooks of all other runs."""
    begun_with: int = field(init=False)
    put_back_lines: list[ChecklistLine] = field(default_factory=list)
    """The lines that were run to put servers back, be they of this run's checklist or not."""

    def __post_init__(self) -> None:
        self.begun_with = len(self.records)

    @property
    def this_time(self) -> tuple[HookRecord, ...]:
        """The hooks that were run this time."""
        return tuple(self.records[self.begun_with :])

    def before(self, lines: Iterable[ChecklistLine]) -> str:
        """Run what comes before the first write; return why nothing may be written, or nothing."""
        for hook, group in self._hooks(lines):
            record = self._run(hook, group)
            if record.state is not HookState.DONE:
                return f"{record.told}; nothing is written without it"
        return ""

    def after(self, lines: Iterable[ChecklistLine]) -> None:
        """Run what comes after the last look; a hook that fails leaves its lines to people, and the others go on."""
        tried = {record.place for record in self.this_time}
        for hook, group in self._hooks(lines):
            if (hook.kind, hook.server) in tried:
                continue
            if hook.kind == LineKind.CALL_HISTORY_OFF and not self._done(LineKind.CALL_HISTORY_ON, hook.server.other):
                # It is on at one server before it is off at the other.
                continue
            self._run(hook, group)

    def put_back(self) -> None:
        """Put every server in multi-user mode that a hook of this or an earlier run has left in single-user mode.

        Ctrl-C waits until it is done.
        """
        with uninterrupted():
            for role in self._in_single_user_mode():
                hook = self.commands.settings.hook(LineKind.MULTI_USER, role)
                if hook is not None:
                    line = ChecklistLine(LineKind.MULTI_USER, role, f"Put {role} back in multi-user mode.", hook=True)
                    self.put_back_lines.append(line)
                    self._run(hook, (line,), whatever=True)

    def _hooks(self, lines: Iterable[ChecklistLine]) -> Iterator[tuple[Hook, tuple[ChecklistLine, ...]]]:
        """Yield the hooks that are to be run and their lines, in the order of the first of them."""
        groups: dict[tuple[LineKind, Role], list[ChecklistLine]] = {}
        for line in lines:
            groups.setdefault((line.kind, line.server), []).append(line)
        for (kind, role), group in groups.items():
            hook = self.commands.settings.hook(kind, role)
            if hook is not None and not self._done(kind, role):
                yield hook, tuple(group)

    def _done(self, kind: LineKind, role: Role) -> bool:
        record = standing(self.records).get((kind, role))
        if record is None or record.state is not HookState.DONE:
            return False
        # Another run may have put the server back meanwhile.
        return kind is not LineKind.SINGLE_USER or role in self._in_single_user_mode()

    def _in_single_user_mode(self) -> tuple[Role, ...]:
        return in_single_user_mode(sorted((*self.others, *self.records), key=lambda record: record.at))

    def _run(self, hook: Hook, lines: tuple[ChecklistLine, ...], *, whatever: bool = False) -> HookRecord:
        """Run a hook; `whatever` becomes of the staging folder, where it must be run."""
        self._mark(HookRecord(hook.kind, hook.server, HookState.BEGUN, datetime.now()), whatever=whatever)
        self.progress.begin(f"Hook {hook.kind} on {hook.server}", 1)
        try:
            found = self.commands.run(
                hook,
                run=self.run.id,
                lines="\n".join(line.text for line in lines),
                files="\n".join(line.file for line in lines if line.file),
            )
        except KeyboardInterrupt:
            self._mark(_record(hook, CommandResult(INTERRUPTED, "", "", 0.0)), whatever=True)
            raise
        finally:
            self.progress.end()
        record = _record(hook, found, output=self._kept(hook, found.output))
        self._mark(record, whatever=whatever)
        return record

    def _kept(self, hook: Hook, output: str) -> str:
        """Keep what a hook said, and return the name of the file; an output that cannot be kept fails nothing."""
        name = f"{len(self.records):03d}-{hook.kind}-{hook.server}.txt"
        with suppress(StagingError):
            self.run.keep_output(name, output)
            return name
        return ""

    def _mark(self, record: HookRecord, *, whatever: bool) -> None:
        if self.this_time and (self.records[-1].place, self.records[-1].state) == (record.place, HookState.BEGUN):
            self.records.pop()
        self.records.append(record)
        try:
            self.run.mark_hook(record)
        except StagingError:
            if not whatever:
                raise


def _record(hook: Hook, found: CommandResult, *, output: str = "") -> HookRecord:
    state = HookState.DONE if not found.problem else HookState.FAILED
    if not found.started:
        state = HookState.NOT_STARTED
    return HookRecord(
        hook.kind,
        hook.server,
        state,
        datetime.now(),
        round(found.seconds, 3),
        found.problem,
        last_lines(found.output),
        output,
    )
