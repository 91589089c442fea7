"""A pair as one object with the things people do to it. This is the Python API."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime

from syncengine.app.arguments import Names, choice, limited, moment_of, names_of, numbers_of
from syncengine.app.tables import Asked, Choosing
from syncengine.catalogue import Catalogue
from syncengine.jobs.archive_wait import awaited
from syncengine.jobs.backfill.backfill import Backfilling
from syncengine.jobs.backfill.portion_bounds import Cutting
from syncengine.jobs.backfill.portion_run import PortionWork
from syncengine.jobs.check import Check
from syncengine.jobs.checklist import Checklists, ChecklistWishes, Looks
from syncengine.jobs.connections import Connections
from syncengine.jobs.daily_check import DailyChecking
from syncengine.jobs.hook_commands import Commands
from syncengine.jobs.observation import VERIFIED, Observer, unlike_loads
from syncengine.jobs.outages import Outages
from syncengine.jobs.resync import Resync, ResyncWishes
from syncengine.jobs.rollups.repair import MendingRollups
from syncengine.jobs.rollups.verify import Internals
from syncengine.jobs.runs.result import Ran
from syncengine.jobs.runs.runs import Runs
from syncengine.jobs.surroundings import surrounded
from syncengine.jobs.sync import Syncing, SyncWishes, refuse_conflicts
from syncengine.jobs.timetables.listing import Timetables
from syncengine.jobs.writable import with_unwritable
from syncengine.model.check import PairCheck
from syncengine.model.daily_check import DailyCheck
from syncengine.model.drift import Observation
from syncengine.model.errors import InputError
from syncengine.model.filled_checklist import FilledChecklist
from syncengine.model.never_pickled import NeverPickled
from syncengine.model.outages import OutageReport
from syncengine.model.pair import PairSettings, Role
from syncengine.model.plan import Plan, Policy, Rollups, UnknownColumns
from syncengine.model.portions import BackfillWishes
from syncengine.model.progress import Progress, Silent
from syncengine.model.rollups import InternalVerdict
from syncengine.model.run import RunKind, RunRecord
from syncengine.model.timetable_flag import RunOn
from syncengine.model.timetables import TimetableListing
from syncengine.model.window import Window
from syncengine.model.window_syntax import parse_window
from syncengine.observe.belonging import not_belonging, with_left_named, without
from syncengine.planning.administration import AdministrationWishes
from syncengine.planning.by_hand import left_to_people
from syncengine.planning.timetables import RunOnWish
from syncengine.staging.ledger import Ledger
from syncengine.staging.staging_folder import keep_from_others


class Pair(NeverPickled):
    """A High Availability pair. Use `open_pair` to get one."""

    def __init__(
        self,
        settings: PairSettings,
        catalogue: Catalogue,
        progress: Progress,
        environment: Mapping[str, str] = os.environ,
        executor: Executor | None = None,
    ) -> None:
        self.settings = settings
        self.catalogue = catalogue
        self.progress = progress
        keep_from_others(settings.staging)
        self.ledger = Ledger(settings.staging)
        self._commands = Commands(settings, environment)
        self.connections = Connections(settings, self.ledger, self._commands, executor)
        self._observer = Observer(settings, catalogue, self.ledger, progress)
        pair = (settings, catalogue, self.connections)
        self._rollups = MendingRollups(settings, catalogue, self.ledger, self._observer)
        self._runs = Runs(*pair, self.ledger, progress, self._observer, self._commands, self._rollups)
        self._timetables = Timetables(*pair)
        self._outages = Outages(*pair, self._observer, self._commands, self.ledger)
        self._daily = DailyChecking(*pair, self._observer, self._commands, self.ledger)
        self._choosing = Choosing(catalogue)
        set_up = Check(*pair, self._observer, Silent())
        looks = Looks(self._observer, set_up, self._outages, self._daily, self._timetables)
        self._checklists = Checklists(settings, catalogue, self.ledger, self.connections, self._commands, looks)
        self._syncing = Syncing(*pair, self._observer)
        self.backfilling = Backfilling(
            self._runs,
            Cutting(settings, catalogue, progress),
            PortionWork(settings, catalogue, self._observer),
            self.progress,
        )

    def verify(
        self,
        *,
        tables: str | Iterable[str] = (),
        sets: str | Iterable[str] = (),
        exclude: str | Iterable[str] = (),
        acds: int | Iterable[int] = (),
        window: str | Window | None = None,
        source: Role | str = Role.PRIMARY,
        every_row: bool = False,
    ) -> Observation:
        """Say what differs. Without tables or sets, everything but local administration is compared.

        Reads only. A table that cannot be compared does not raise: it stands in `not_compared`. Raises `InputError`
        for what cannot be meant and `ServerError` where a whole server fails.
        """
        everything = Asked.of(tables, sets, acds, exclude, choice(Role, source, "source"))
        files, asked = self._choosing.files_alone(everything), self._choosing.without_files(everything)
        if files and not (asked.tables or asked.sets):
            return self._observer.of_files(files, asked.source)
        specs = self._choosing.asked_for(asked) or self._choosing.of_class(asked, *VERIFIED)
        request = self._observer.request(specs, window, asked.acds, asked.source, every_row=every_row)
        with self.connections.servers(frozenset()) as servers:
            asking = replace(request, named=self._choosing.named(asked))
            left = not_belonging(specs, self._choosing.only_with(asked), servers)
            asking = replace(asking, specs=without(specs, left))
            observation = with_left_named(with_unwritable(self._observer.verified(servers, asking), servers), left)
        notes = (*observation.notes, *unlike_loads(observation))
        every_file = (*observation.files, *files)
        return replace(observation, notes=notes, files=every_file, by_hand=tuple(left_to_people(observation)))

    def verify_internal(
        self,
        *,
        tables: str | Iterable[str] = (),
        sets: str | Iterable[str] = (),
        exclude: str | Iterable[str] = (),
        acds: int | Iterable[int] = (),
        window: str | Window | None = None,
        on: Role | str | None = None,
    ) -> InternalVerdict:
        """Say where a server's days, weeks and months are not what its own intervals make; `on` names one of the two.

        Reads only, and opens only the servers it looks at. Raises what `verify` raises.
        """
        asked = Asked.of(tables, sets, acds, exclude)
        wanted = parse_window(window) if isinstance(window, str) else window
        side = None if on is None else choice(Role, on, "server")
        job = Internals(self.settings, self.catalogue, self.connections, self.progress)
        return job.verify(self._choosing.to_look_inside(asked), asked.acds, wanted, side)

    def check(self, *, scratch: bool = False) -> PairCheck:
        """Say who the two servers are, what they hold, and whether they are set up alike.

        Reads only, unless `scratch` is true: then it tries what each server does in a table that it makes and drops.
        A server that fails does not raise; its sentence stands in the result.
        """
        job = Check(self.settings, self.catalogue, self.connections, self._observer, self.progress)
        return job.run(scratch=scratch)

    def daily(self, *, since: str | datetime | None = None) -> DailyCheck:
        """Say how both servers have been since a moment, or since yesterday, and what differs of that time.

        Reads only. A server that fails does not raise; its sentence stands in the result.
        """
        return self._daily.check(moment_of(since))

    def checklist(
        self,
        name: str,
        *,
        tick: int | Iterable[int] = (),
        untick: int | Iterable[int] = (),
        do: int | Iterable[int] = (),
        at: str | datetime | None = None,
        anew: bool = False,
        since: str | datetime | None = None,
        way: str = "",
    ) -> FilledChecklist:
        """Return a checklist filled in from what the pair shows; `do` carries out lines by their hooks.

        What is ticked is kept in the staging folder. Raises `InputError` for what the checklist does not have, and
        `SyncError` where a hook fails. A server that fails does not raise; its lines say that they cannot be seen.
        """
        wishes = ChecklistWishes(
            *(numbers_of(tick), numbers_of(untick), numbers_of(do)), moment_of(at), anew, moment_of(since), way
        )
        return self._checklists.follow(name, wishes)

    def plan_resync(
        self,
        *,
        window: str | Window | None = None,
        tables: str | Iterable[str] = (),
        sets: str | Iterable[str] = (),
        exclude: str | Iterable[str] = (),
        acds: int | Iterable[int] = (),
        source: Role | str = Role.PRIMARY,
        policy: Policy | str = Policy.REPLACE,
        allow_deletions: int | None = None,
        take_broken: bool = False,
        rollups: Rollups | str = Rollups.LIST,
        unknown_columns: UnknownColumns | str = UnknownColumns.REFUSE,
        allow_triggers: str | Iterable[str] = (),
        allow_cascades: str | Iterable[str] = (),
        wait: bool = False,
    ) -> Plan:
        """Say what a resync of history would do, writing nothing. Without tables or sets, all historical tables.

        `allow_triggers` and `allow_cascades` name tables at which rows beside those of the plan may change.
        Raises `RefusedError` where a rule forbids it.
        """
        asked = Asked.of(tables, sets, acds, exclude, choice(Role, source, "source"))
        specs = self._choosing.to_resync(asked)
        if window is None:
            raise InputError(
                f"A resync of historical tables ({specs[0].name}{', ...' if len(specs) > 1 else ''}) needs a window.",
                hint="Add --window '2000-06-05 05:13..05:19', the time the link was down.",
            )
        wishes = ResyncWishes(
            specs=specs,
            policy=choice(Policy, policy, "policy"),
            source=asked.source,
            rollups=choice(Rollups, rollups, "way with roll-ups"),
            unknown_columns=choice(UnknownColumns, unknown_columns, "way with unknown columns"),
            window=parse_window(window) if isinstance(window, str) else window,
            acds=asked.acds,
            limits=limited(self.settings.limits, allow_deletions),
            take_broken=take_broken,
            named=self._choosing.named(asked),
            excluded=self._choosing.excluded(asked),
            allowed=self._choosing.allowed(allow_triggers, allow_cascades),
        )
        job = Resync(self.settings, self.catalogue, self.connections, self._observer, self._rollups, self.progress)
        return job.plan(wishes, wait=wait)

    def plan_sync(
        self,
        *,
        tables: str | Iterable[str] = (),
        sets: str | Iterable[str] = (),
        exclude: str | Iterable[str] = (),
        acds: int | Iterable[int] = (),
        source: Role | str = Role.PRIMARY,
        policy: Policy | str = Policy.REPLACE,
        prefer: Role | str | None = None,
        include_manual: bool = False,
        remove_users: bool = False,
        allow_deletions: int | None = None,
        allow_triggers: str | Iterable[str] = (),
        allow_cascades: str | Iterable[str] = (),
    ) -> Plan:
        """Say what copying administration would do, writing nothing to a server.

        Its `conflicts` are what both servers changed since they were last alike; while it has any, `execute` refuses
        it. `prefer` says whose version wins. Raises `RefusedError` where a rule forbids the plan.
        """
        asked = Asked.of(tables, sets, acds, exclude, choice(Role, source, "source"))
        how = choice(Policy, policy, "policy")
        if how not in (Policy.REPLACE, Policy.FILL):
            raise InputError(f"Administration is not copied by the policy {how}.", hint="Choose replace or fill.")
        preferred = None if prefer is None else choice(Role, prefer, "server")
        wishes = SyncWishes(
            specs=self._choosing.to_sync(asked),
            source=asked.source,
            acds=asked.acds,
            policy=how,
            limits=limited(self.settings.limits, allow_deletions),
            administration=AdministrationWishes(preferred, include_manual, remove_users),
            named=self._choosing.named(asked),
            only_with=self._choosing.only_with(asked),
            allowed=self._choosing.allowed(allow_triggers, allow_cascades),
        )
        return self._syncing.plan(wishes)

    def outages(
        self,
        *,
        since: str | datetime | None = None,
        acds: int | Iterable[int] = (),
        exclude: str | Iterable[str] = (),
    ) -> OutageReport:
        """Say when which server did not see which ACD whole, why, and what can be repaired. Reads only.

        `since` bounds how far back to look; without it, as far as intervals are kept.
        """
        specs = self._choosing.to_look_for_outages(Asked((), (), (), names_of(exclude)))
        return self._outages.report(moment_of(since), numbers_of(acds), specs)

    def plan_outages(
        self,
        *,
        since: str | datetime | None = None,
        acds: int | Iterable[int] = (),
        exclude: str | Iterable[str] = (),
        allow_deletions: int | None = None,
        rollups: Rollups | str = Rollups.LIST,
        unknown_columns: UnknownColumns | str = UnknownColumns.REFUSE,
        allow_triggers: str | Iterable[str] = (),
        allow_cascades: str | Iterable[str] = (),
        wait: bool = False,
    ) -> Plan | None:
        """Say what would repair all outages, each from the server that saw it whole; None where there is none.

        Raises `RefusedError` where a rule forbids it.
        """
        limits = limited(self.settings.limits, allow_deletions)
        moment = moment_of(since)
        asked = Asked((), (), numbers_of(acds), names_of(exclude))
        specs = self._choosing.to_look_for_outages(asked)
        then = choice(Rollups, rollups, "way with roll-ups")
        unknown = choice(UnknownColumns, unknown_columns, "way with unknown columns")
        allowed = self._choosing.allowed(allow_triggers, allow_cascades)
        found = awaited(
            lambda: self._outages.plan(moment, asked.acds, limits, allowed, specs, wait=wait),
            limits,
            self.progress,
            wait=wait,
        )
        if found is None or then is Rollups.LIST:
            return found
        with self.connections.servers(frozenset()) as servers:
            wished = replace(found, rollups=then, unknown_columns=unknown)
            made = self._rollups.foretold(servers, wished, self._choosing.excluded(asked))
            return surrounded(made, servers, allowed)

    def timetables(self, *, owners: str | Iterable[str] = ()) -> TimetableListing:
        """Say which timetables there are, what they do and, where the pair file names the flag, where they run.

        Reads only. A server that fails does not raise; its sentence stands in the result.
        """
        return self._timetables.listing(names_of(owners))

    def plan_run_on(
        self,
        run_on: RunOn | str,
        *,
        owners: str | Iterable[str],
        on: Role | str = Role.SECONDARY,
        allow_triggers: str | Iterable[str] = (),
        allow_cascades: str | Iterable[str] = (),
    ) -> Plan:
        """Say what letting all timetables of some owners run on a server would change; `execute` does it.

        This is the guide's global edit. The other server may be down. Raises `InputError` where the pair file does
        not name the column that holds the flag, or an owner has no timetable there.
        """
        state, server = choice(RunOn, run_on, "place to run"), choice(Role, on, "server")
        allowed = self._choosing.allowed(allow_triggers, allow_cascades)
        return self._timetables.plan_run_on(RunOnWish(state, names_of(owners), server), allowed)

    def execute(self, plan: Plan, *, about: str = "") -> Ran:
        """Do what a plan says, then verify every table it names again (rule: only that says "in sync").

        `about` is what the ledger tells people of it. Raises `RefusedError` for conflicts not decided (rule 15).
        """
        refuse_conflicts(plan)
        return self._runs.execute(plan, about=about)

    def runs(self) -> tuple[RunRecord, ...]:
        """Return every run that is kept, in the order they were begun; also while one of them goes on."""
        return self.ledger.runs()

    def run(self, run_id: str | None = None) -> RunRecord:
        """Return a run by its id or the beginning of it, or the last one; raises `InputError` where there is none."""
        return self.ledger.find(run_id)

    def plans(self, record: RunRecord) -> tuple[Plan, ...]:
        """Return the plans of a run, one a portion; of a damaged run those that can be read."""
        return self.ledger.plans(record)

    def examined(self, run_id: str | None = None) -> RunRecord:
        """Return a run as `run` does, its journals looked at byte by byte."""
        record = self.run(run_id)
        return self.ledger.folder(record.id).with_journals(record)

    def resume(self, run_id: str | None = None, *, allow_triggers: Names = (), allow_cascades: Names = ()) -> Ran:
        """Go on with a run that was cut short or partly done: nothing staged is read again, nothing done is done again.

        `allow_triggers` and `allow_cascades` hold from then on. Raises `StillOpenError` while a session of it may live
        in a server, and `RefusedError` where what is left would set off what it was not allowed.
        """
        record, allowed = self._runs.resumable(run_id), self._choosing.allowed(allow_triggers, allow_cascades)
        job = self.backfilling if record.header.kind is RunKind.BACKFILL else self._runs
        return job.resume(record, allowed)

    def backfill_wishes(
        self,
        *,
        window: str | Window,
        tables: str | Iterable[str] = (),
        sets: str | Iterable[str] = (),
        exclude: str | Iterable[str] = (),
        acds: int | Iterable[int] = (),
        source: Role | str = Role.PRIMARY,
        policy: Policy | str = Policy.FILL,
        newest_first: bool = True,
        rows_per_second: int | None = None,
        hours: str | None = None,
        portion_rows: int = 500_000,
        portion_days: int = 31,
        allow_triggers: str | Iterable[str] = (),
        allow_cascades: str | Iterable[str] = (),
    ) -> BackfillWishes:
        """Return what a backfill is asked for; `backfilling` cuts it into portions, and does it.

        Raises `InputError` for what cannot be meant, `RefusedError` for local administration.
        """
        asked = Asked.of(tables, sets, acds, exclude, choice(Role, source, "source"))
        return BackfillWishes(
            tables=tuple(spec.name for spec in self._choosing.to_backfill(asked)),
            window=parse_window(window) if isinstance(window, str) else window,
            source=asked.source,
            policy=choice(Policy, policy, "policy"),
            acds=asked.acds,
            newest_first=newest_first,
            portion_rows=portion_rows,
            portion_days=portion_days,
            rows_per_second=rows_per_second,
            hours=hours,
            named=tuple(sorted(self._choosing.named(asked))),
            excluded=self._choosing.excluded(asked),
            allowed=self._choosing.allowed(allow_triggers, allow_cascades),
        )

    def plan_undo(
        self,
        run_id: str | None = None,
        *,
        dry_run: bool = False,
        allow_triggers: Names = (),
        allow_cascades: Names = (),
    ) -> Plan:
        """Say what putting back the rows a run has changed would do; `execute` does it.

        Buckets that somebody else has changed or a later run has written since are left, and named as kept.
        What the run was told and allowed to set off, its undo may, too; `allow_triggers` and `allow_cascades` are for
        what has come since. Its `not_put_back` is what the run had set off. Raises `RefusedError` where nothing can
        be put back, or where more would be set off.
        """
        return self._runs.plan_undo(run_id, self._choosing.allowed(allow_triggers, allow_cascades), dry_run=dry_run)
