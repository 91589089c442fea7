"""Carries out checklist lines by hooks: before a run writes, after it was verified, and in any case multi-user mode."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from syncengine import machine
from syncengine.hooks.command import CommandResult
from syncengine.jobs.hook_commands import INTERRUPTED, HookCommands, finished_record
from syncengine.model.checklist import ChecklistLine, LineKind
from syncengine.model.errors import StagingError
from syncengine.model.file_checksum import FileChecksum
from syncengine.model.hooks import (
    HookRecord,
    HookState,
    in_effect,
    in_single_user_mode,
    not_done_by_hook,
    sorted_by_number,
    with_record,
)
from syncengine.model.interrupts import uninterrupted
from syncengine.model.pair import Hook, Role
from syncengine.model.progress import Progress
from syncengine.staging.run_folder import RunFolder


@dataclass(slots=True)
class HookRunner:
    """The hooks of one run. A hook runs once for all lines of its kind on its server."""

    commands: HookCommands
    run: RunFolder
    progress: Progress
    records: list[HookRecord]
    """The records of the run's hooks, those of earlier times first."""
    others: tuple[HookRecord, ...]
    """The records of the hooks of all other runs."""
    checklist_records: tuple[HookRecord, ...] = ()
    """The records of checklists; servers that these put in single-user mode, people put in multi-user mode again."""
    begun_with: int = field(init=False)
    multi_user_lines: list[ChecklistLine] = field(default_factory=list)
    """Lines about multi-user mode that were, or had to be, carried out, of this run's checklist or not."""

    def __post_init__(self) -> None:
        self.begun_with = len(self.records)

    @property
    def this_time(self) -> tuple[HookRecord, ...]:
        """The hooks that were run this time."""
        return tuple(self.records[self.begun_with :])

    def before(self, lines: Iterable[ChecklistLine]) -> str:
        """Run the hooks before the first write; return why nothing may be written, or an empty text."""
        for hook, group in self._hooks(lines):
            record = self._run(hook, group)
            if record.state is not HookState.DONE:
                return f"{record.sentence}; nothing is written without it"
        return ""

    def after(self, lines: Iterable[ChecklistLine]) -> None:
        """Run the hooks after the last comparison; a hook that fails leaves its lines to people."""
        tried = {record.place for record in self.this_time}
        for hook, group in self._hooks(lines):
            if (hook.kind, hook.server) in tried:
                continue
            if hook.kind == LineKind.CALL_HISTORY_OFF and not self._done(LineKind.CALL_HISTORY_ON, hook.server.other):
                # It is on at one server before it is off at the other.
                continue
            self._run(hook, group)

    def restore_multi_user(self) -> None:
        """Put every server in multi-user mode that a hook of this or an earlier run has left in single-user mode.

        Ctrl-C waits until it is done. Each server is tried once.
        """
        with uninterrupted():
            single_user = in_single_user_mode(self._every_record())
            for role in in_single_user_mode(sorted_by_number((*self.others, *self.records))):
                # A checklist may have put it in multi-user mode meanwhile.
                if role not in single_user or any(line.server is role for line in self.multi_user_lines):
                    continue
                hook = self.commands.settings.hook(LineKind.MULTI_USER, role)
                text = f"Return {role} to multi-user mode."
                line = ChecklistLine(LineKind.MULTI_USER, role, text, hook=hook is not None)
                if hook is not None:
                    self._run(hook, (line,), must_run=True)
                self.multi_user_lines.append(line)

    def manual_lines(self, lines: Iterable[ChecklistLine], *, wrote: bool) -> tuple[tuple[ChecklistLine, str], ...]:
        """Return the lines that people have to do, each with why its hook failed, if it was tried.

        Where nothing was written these are failed hooks, and servers that need multi-user mode.
        """
        lines = tuple(lines)
        multi_user_places = {line.place for line in self.multi_user_lines}
        other_lines = [line for line in self.multi_user_lines if line.place not in {one.place for one in lines}]
        found = not_done_by_hook((*other_lines, *lines), self.records)
        return tuple((line, why) for line, why in found if wrote or why or line.place in multi_user_places)

    def _hooks(self, lines: Iterable[ChecklistLine]) -> Iterator[tuple[Hook, tuple[ChecklistLine, ...]]]:
        """Yield the hooks to run and their lines, in the order of the first lines."""
        groups: dict[tuple[LineKind, Role], list[ChecklistLine]] = {}
        for line in (one for one in lines if one.hookable):
            groups.setdefault((line.kind, line.server), []).append(line)
        for (kind, role), group in groups.items():
            hook = self.commands.settings.hook(kind, role)
            if hook is not None and not self._done(kind, role):
                yield hook, tuple(group)

    def _done(self, kind: LineKind, role: Role) -> bool:
        # Another run may have put a server in multi-user mode meanwhile, or a checklist in single-user mode.
        records = self._every_record() if kind is LineKind.SINGLE_USER else self.records
        record = in_effect(records).get((kind, role))
        return record is not None and record.state is HookState.DONE

    def _every_record(self) -> list[HookRecord]:
        return sorted_by_number((*self.others, *self.checklist_records, *self.records))

    def _run(self, hook: Hook, lines: tuple[ChecklistLine, ...], *, must_run: bool = False) -> HookRecord:
        """Run a hook; one that `must_run` runs even where the staging folder or the terminal fails."""
        number = max((record.number for record in self._every_record()), default=0) + 1
        begun = HookRecord(hook.kind, hook.server, number, HookState.BEGUN, machine.now())
        self._mark(begun, must_run=must_run)
        try:
            with self._show_progress(hook, must_run=must_run):
                found = self.commands.run(
                    hook,
                    run=self.run.id,
                    lines="\n".join(line.text for line in lines),
                    files="\n".join(dict.fromkeys(line.file for line in lines if line.file)),
                    source=next((line.source.value for line in lines if line.source is not None), ""),
                )
        except KeyboardInterrupt:
            self._mark(finished_record(begun, CommandResult(INTERRUPTED, "", "", 0.0)), must_run=True)
            raise
        output, checksum = self._save_output(begun, found.output)
        record = replace(finished_record(begun, found), output=output, output_checksum=checksum)
        self._mark(record, must_run=must_run)
        return record

    @contextmanager
    def _show_progress(self, hook: Hook, *, must_run: bool) -> Iterator[None]:
        """Show that a hook runs. A lost terminal does not stop a hook that `must_run`."""
        lost: tuple[type[Exception], ...] = (Exception,) if must_run else ()
        with suppress(*lost):
            self.progress.begin(f"Hook {hook.kind} on {hook.server}", 1)
        try:
            yield
        finally:
            with suppress(*lost):
                self.progress.end()

    def _save_output(self, begun: HookRecord, output: str) -> tuple[str, FileChecksum | None]:
        """Save a hook's output, and return the file and its checksum; an output that cannot be saved fails nothing."""
        name = f"{begun.number:04d}-{begun.kind}-{begun.server}.txt"
        with suppress(StagingError):
            return name, self.run.save_output(name, output)
        return "", None

    def _mark(self, record: HookRecord, *, must_run: bool) -> None:
        self.records = with_record(self.records, record)
        try:
            self.run.mark_hook(record)
        except StagingError:
            if not must_run:
                raise
