"""A checklist of a pair: read, filled in by probing the pair, its ticks saved, its hooks run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from syncengine import machine
from syncengine.catalogue import Catalogue
from syncengine.catalogue.procedure_file import read_procedure
from syncengine.hooks.command import CommandResult
from syncengine.jobs.check import Check
from syncengine.jobs.connections import Connections, as_of
from syncengine.jobs.daily_check import DailyCheckJob
from syncengine.jobs.hook_commands import INTERRUPTED, HookCommands, finished_record, last_lines, output_clause
from syncengine.jobs.observation import Observer
from syncengine.jobs.outages import Outages, compared_in
from syncengine.jobs.timetables.listing import Timetables
from syncengine.model.checklist import LineKind
from syncengine.model.drift import Observation
from syncengine.model.errors import (
    HookFailedError,
    InputError,
    OccupiedError,
    ServerError,
    StagingError,
    SyncError,
    WindowError,
)
from syncengine.model.filled_checklist import ChecklistRecord, FilledChecklist, Tick, TickedBy
from syncengine.model.grain import INTERVAL
from syncengine.model.hooks import CheckKind, HookRecord, HookState, in_single_user_mode, sorted_by_number
from syncengine.model.names import argument, command
from syncengine.model.pair import Hook, PairSettings, Role
from syncengine.model.procedure import CountsSince, Procedure, ProcedureLine
from syncengine.model.window import Window
from syncengine.observe.facts import FactQuestions, gather_facts
from syncengine.planning.checklist_progress import ChecklistProgress, chosen_way, fill_in
from syncengine.planning.probes.evidence import Evidence, Need
from syncengine.staging.checklist_file import ChecklistFile
from syncengine.staging.ledger import Ledger

PROFILES = "call-profiles"
LONG_AGO_DAYS = 3
"""After so many days a checklist may belong to an earlier event."""


@dataclass(frozen=True, slots=True)
class ChecklistRequest:
    """What to do with a checklist besides showing it: lines by their numbers."""

    tick: tuple[int, ...] = ()
    untick: tuple[int, ...] = ()
    do: tuple[int, ...] = ()
    """Lines for their hooks to carry out."""
    at: datetime | None = None
    """When the ticked lines were done, on the clock of the switch; now, if left out."""
    anew: bool = False
    since: datetime | None = None
    way: str = ""

    @property
    def begins(self) -> bool:
        """Say whether it begins a checklist."""
        return self.anew or bool(self.tick or self.do)

    @property
    def changes(self) -> bool:
        """Say whether it changes the saved checklist."""
        return self.begins or bool(self.untick or self.way)


@dataclass(frozen=True, slots=True)
class ChecklistProbes:
    """The jobs that probe the pair for a checklist, beyond the facts of both servers."""

    observer: Observer
    check: Check
    outages: Outages
    daily_check: DailyCheckJob
    timetables: Timetables


@dataclass(frozen=True, slots=True)
class Checklists:
    """The checklists of one pair."""

    settings: PairSettings
    catalogue: Catalogue
    ledger: Ledger
    connections: Connections
    commands: HookCommands
    probes: ChecklistProbes

    def update(self, name: str, request: ChecklistRequest) -> FilledChecklist:
        """Carry out a request, and return the checklist as it stands then.

        Lines that probes show to be done are saved, where the checklist was begun. Raises `InputError` for a line or a
        way that it does not have, `HookFailedError` where a hook fails: lines ticked before that stay ticked.
        """
        procedure = read_procedure(name)
        self._refuse_future(request)
        file = ChecklistFile(self.settings.staging, name)
        _refuse_unknown(procedure, request, None if request.anew else file.load())
        if request.changes:
            self._change(procedure, file, request)
        record = file.load()
        shown = record or ChecklistRecord(name, machine.now(), self._since(procedure), request.way)
        if request.since is not None:
            shown = replace(shown, since=request.since)
        progress = self._fill_in(procedure, shown)
        notes = (
            []
            if record is None
            else [
                *_age_notes(procedure, record),
                *_unfinished_hook_notes(record, progress),
                *self._save_probed(file, progress),
            ]
        )
        return FilledChecklist(
            procedure=procedure,
            lines=progress.lines,
            way=chosen_way(procedure, shown.way),
            as_of=as_of(self.settings),
            since=shown.since,
            begun=record.begun if record else None,
            notes=tuple(notes),
            outdated=record is not None and procedure.daily and record.begun.date() != machine.now().date(),
        )

    def _refuse_future(self, request: ChecklistRequest) -> None:
        now = as_of(self.settings)
        for option, moment in (("since", request.since), ("at", request.at)):
            if moment is not None and moment > now:
                given = argument(option, f"{moment:%Y-%m-%d %H:%M}")
                raise WindowError(
                    f"{given} lies in the future: it is {now:%Y-%m-%d %H:%M} now.",
                    hint="Give a time that has passed.",
                )

    def _change(self, procedure: Procedure, file: ChecklistFile, request: ChecklistRequest) -> None:
        """Save the requested changes; a line that a hook carries out, as soon as the hook is done."""
        now = as_of(self.settings)
        hooks = {number: self._hooks_of(number, procedure.lines[number - 1]) for number in request.do}
        with self.ledger.locked():
            record = None if request.anew else file.load()
            if record is None and not request.begins:
                return
            _refuse_unknown(procedure, request, record)
            if record is None:
                since = request.since or self._since(procedure)
                record = ChecklistRecord(procedure.name, machine.now(), since, hooks=_single_user_records(file))
            if request.way:
                record = replace(record, way=request.way)
            for number in request.untick:
                record = record.without_tick(procedure.lines[number - 1].name, now)
            for number in request.tick:
                line = procedure.lines[number - 1]
                record = record.with_tick(Tick(line.name, request.at or now, TickedBy.HAND))
                if line.kind is LineKind.MULTI_USER:
                    record = self._mark_multi_user_by_hand(record, line)
            file.save(record)
            for number, found in hooks.items():
                line = procedure.lines[number - 1]
                record, output = self._carry_out(number, line, found, record, file)
                record = record.with_tick(Tick(line.name, request.at or as_of(self.settings), TickedBy.HOOK, output))
                file.save(record)

    def _since(self, procedure: Procedure) -> datetime:
        """Return from when on events count, where the request gives no time."""
        now = as_of(self.settings)
        match procedure.counts_since:
            case CountsSince.YESTERDAY:
                return INTERVAL.unit.cutoff(1, now)
            case CountsSince.RETENTION:
                return INTERVAL.unit.cutoff(self.settings.retention.most(INTERVAL), now)
            case CountsSince.BEGUN:
                return now

    def _carry_out(
        self, number: int, line: ProcedureLine, hooks: Iterable[Hook], record: ChecklistRecord, file: ChecklistFile
    ) -> tuple[ChecklistRecord, str]:
        """Run the hooks of a line, the primary's first, and return their output; the first that fails ends it.

        The start of each is saved before, and its result after: a hook that was cut short may have done its work.
        """
        outputs: list[str] = []
        for hook in hooks:
            begun = HookRecord(hook.kind, hook.server, self._next_hook(record), HookState.BEGUN, machine.now())
            record = record.with_hook(begun)
            file.save(record)
            try:
                found = self.commands.run(hook, lines=line.text)
            except KeyboardInterrupt:
                file.save(record.with_hook(finished_record(begun, CommandResult(INTERRUPTED, "", "", 0.0))))
                raise
            record = record.with_hook(finished_record(begun, found))
            file.save(record)
            if found.problem:
                before = f" Done before it: {'; '.join(outputs)}." if outputs else ""
                raise HookFailedError(
                    f"Line {number} is not ticked: the hook {hook.kind} of {hook.server} "
                    f"{found.problem}{output_clause(found.output)}.{before}",
                    hint="Do it by hand and tick it, or repair the hook and try again.",
                )
            outputs.append(f"{hook.server}: {last_lines(found.output) or 'done'}")
        return record, "; ".join(outputs)

    def _next_hook(self, record: ChecklistRecord) -> int:
        known = (*self.ledger.list_hooks(), *record.hooks, *(one for run in self.ledger.runs() for one in run.hooks))
        return max((one.number for one in known), default=0) + 1

    def _mark_multi_user_by_hand(self, record: ChecklistRecord, line: ProcedureLine) -> ChecklistRecord:
        """Record as back in multi-user mode the servers that a checklist had put in single-user mode."""
        for role in in_single_user_mode(sorted_by_number((*self.ledger.list_hooks(), *record.hooks))):
            if role in line.place.roles:
                number = self._next_hook(record)
                multi_user = HookRecord(
                    LineKind.MULTI_USER, role, number, HookState.DONE, machine.now(), last_lines="by hand"
                )
                record = record.with_hook(multi_user)
        return record

    def _hooks_of(self, number: int, line: ProcedureLine) -> list[Hook]:
        """Return the hooks that carry out a line; raises `InputError` with what to do where one is missing."""
        hooks = [self.settings.hook(line.kind, role) for role in line.place.roles] if line.kind is not None else []
        found = [hook for hook in hooks if hook is not None]
        if found and len(found) == len(hooks):
            return found
        if line.command:
            instead = f"Type `{command(*line.command)}`, which does it."
        elif line.kind is None:
            instead = "Do it by hand, then tick it."
        else:
            lacking = [role for role in line.place.roles if self.settings.hook(line.kind, role) is None]
            instead = (
                f"Do it by hand, then tick it; or name a command for {' and '.join(lacking)} under "
                f"[hooks.{line.kind}] in the pair file."
            )
        raise InputError(f"Line {number} has no hook that carries it out.", hint=instead)

    def _fill_in(self, procedure: Procedure, record: ChecklistRecord) -> ChecklistProgress:
        """Return a checklist filled in, querying the pair only for what its lines need."""
        evidence = Evidence(
            settings=self.settings,
            as_of=as_of(self.settings),
            since=record.since,
            begun=record.begun,
            now=machine.now(),
            runs=self.ledger.runs(),
        )
        while True:
            progress = fill_in(procedure, record, evidence)
            if not progress.needed:
                return progress
            for need in sorted(progress.needed):
                evidence = self._gather(need, evidence)

    def _gather(self, need: Need, evidence: Evidence) -> Evidence:
        """Return the evidence with one more item, or with why it could not be read."""
        evidence = replace(evidence, gathered=evidence.gathered | {need})
        try:
            match need:
                case Need.FACTS:
                    return self._with_facts(evidence)
                case Need.CHECK:
                    return replace(evidence, check=self.probes.check.set_up())
                case Need.OUTAGES if evidence.since >= evidence.as_of:
                    raise WindowError("no time has passed since the checklist was begun")
                case Need.OUTAGES:
                    specs = compared_in(self.catalogue)
                    return replace(evidence, outages=self.probes.outages.report(evidence.since, (), specs))
                case Need.PROFILES:
                    return replace(evidence, profiles=self._profiles())
                case Need.BACKUPS:
                    return replace(evidence, backups=tuple(self.commands.checks((CheckKind.BACKUPS,))))
                case Need.ALIKE:
                    return replace(evidence, daily=self.probes.daily_check.check(None))
                case Need.DAILY:
                    return replace(evidence, daily=evidence.daily or self.probes.daily_check.check(None, compare=False))
                case Need.TIMETABLES:
                    return replace(evidence, timetables=self.probes.timetables.listing(()))
        except SyncError as error:
            return replace(evidence, problems={**evidence.problems, need: error.message})

    def _profiles(self) -> Observation:
        specs = self.catalogue.select((), (PROFILES,))
        request = self.probes.observer.request(specs, None, (), Role.PRIMARY, every_row=False)
        with self.connections.servers(frozenset()) as servers:
            return self.probes.observer.verify(servers, request)

    def _with_facts(self, evidence: Evidence) -> Evidence:
        window = Window(evidence.since, evidence.as_of) if evidence.since < evidence.as_of else None
        questions = FactQuestions(self.settings, self.catalogue, window, coverage=False)
        facts, silent = {}, {}
        with self.connections.each() as (servers, failed):
            silent = {role: error.message for role, error in failed.items()}
            for role, server in servers.items():
                try:
                    facts[role] = gather_facts(server, role, questions)
                except ServerError as error:
                    silent[role] = error.message
        return replace(evidence, facts=facts, silent=silent)

    def _save_probed(self, file: ChecklistFile, progress: ChecklistProgress) -> list[str]:
        """Save what the probes show to be done; return a note where that fails."""
        holder = self.ledger.holder()
        if holder:
            return [f"the filled-in lines could not be saved: another run is writing to this pair: {holder}"]
        try:
            with self.ledger.locked():
                record = file.load()
                if record is None:
                    return []
                updated = record
                for tick in progress.new_ticks:
                    updated = updated.with_tick(tick)
                if updated != record:
                    file.save(updated)
        except (OccupiedError, StagingError) as error:
            return [f"the filled-in lines could not be saved: {error.message.rstrip('.')}"]
        return []


def _single_user_records(file: ChecklistFile) -> tuple[HookRecord, ...]:
    """Return the single-user and multi-user records of the checklist that is begun again."""
    with suppress(StagingError):
        before = file.load()
        if before is not None:
            return tuple(one for one in before.hooks if one.kind in (LineKind.SINGLE_USER, LineKind.MULTI_USER))
    return ()


def _age_notes(procedure: Procedure, record: ChecklistRecord) -> Iterator[str]:
    """Yield a note where a checklist may belong to an earlier event, such as the takeover before this one."""
    days = (machine.now() - record.begun).days
    if days >= LONG_AGO_DAYS and not procedure.daily:
        begun = f"this was begun {record.begun:%Y-%m-%d}, {days} days ago"
        yield f"{begun}; for a new event begin it again with `anew=True`"


def _unfinished_hook_notes(record: ChecklistRecord, progress: ChecklistProgress) -> Iterator[str]:
    """Yield the hooks that failed or were cut short at lines that are not done: they may have done their work."""
    for filled in progress.lines:
        hook = None if filled.done else record.hook_of(filled.line)
        if hook is not None:
            yield f"line {filled.number}: {hook.sentence}; check whether it was done"


def _refuse_unknown(procedure: Procedure, request: ChecklistRequest, record: ChecklistRecord | None) -> None:
    """Raise `InputError` for a way or a line that a checklist does not have."""
    way = chosen_way(procedure, request.way or (record.way if record else ""))
    numbers = [number for number, _ in procedure.numbered(way.name if way else "")]
    for number in (*request.tick, *request.untick, *request.do):
        if not 1 <= number <= len(procedure.lines):
            raise InputError(
                f"The checklist {procedure.name} has no line {number}.", hint=f"It has lines 1 to {numbers[-1]}."
            )
        if way is not None and number not in numbers:
            of = " or ".join(procedure.lines[number - 1].ways)
            raise InputError(
                f"Line {number} of {procedure.name} does not belong to the way {way.name}, which was chosen.",
                hint=f"Add {argument('way', of)} to choose the other way.",
            )
    for number in request.do:
        tick = record.tick(procedure.lines[number - 1].name) if record and number not in request.untick else None
        if tick is not None:
            raise InputError(
                f"Line {number} is done already, since {tick.at:%Y-%m-%d %H:%M}: its hook is not run again.",
                hint=f"Add {argument('untick', number)} if it is not done after all.",
            )
    twice = set(request.tick) & set(request.untick)
    if twice:
        raise InputError(f"Line {min(twice)} cannot be ticked and unticked at once.", hint="Leave one of them out.")
