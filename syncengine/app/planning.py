"""What of a pair is to be written: plans, each a value that says all of it."""

from __future__ import annotations

from collections.abc import Iterator

from syncengine.app.arguments import (
    Moment,
    Names,
    Numbers,
    When,
    choice,
    count_of,
    limited,
    moment_of,
    names_of,
    numbers_of,
    one_of,
    refuse_no_flags,
    text_of,
    window_of,
)
from syncengine.app.opened import Opened
from syncengine.app.tables import Asked
from syncengine.jobs.archive_wait import awaited
from syncengine.jobs.resync import Resyncing, ResyncWishes
from syncengine.jobs.surroundings import surrounded
from syncengine.jobs.sync import SyncWishes
from syncengine.model.errors import InputError
from syncengine.model.pair import Role
from syncengine.model.plan import Plan
from syncengine.model.plan_kind import Resync
from syncengine.model.policy import ADMINISTERING, IN_BULK, Policy, Rollups, UnknownColumns
from syncengine.model.portions import BackfillPlan, BackfillWishes, Portion
from syncengine.model.timetable_flag import RunOn
from syncengine.planning.administration import AdministrationWishes
from syncengine.planning.timetables import RunOnWish


class Planning(Opened):
    """What of a pair is to be written; nothing of it is before `execute`."""

    __slots__ = ()

    def plan_resync(
        self,
        *,
        window: When | None = None,
        tables: Names = (),
        sets: Names = (),
        exclude: Names = (),
        acds: Numbers = (),
        source: Role | str = Role.PRIMARY,
        policy: Policy | str = Policy.REPLACE,
        allow_deletions: int | None = None,
        take_broken: bool = False,
        rollups: Rollups | str = Rollups.LIST,
        unknown_columns: UnknownColumns | str = UnknownColumns.REFUSE,
        allow_triggers: Names = (),
        allow_cascades: Names = (),
        wait: bool = False,
    ) -> Plan:
        """Say what a resync of history would do. Without tables or sets, all historical tables.

        `allow_triggers` and `allow_cascades` name tables at which rows beside those of the plan may change.
        Raises `RefusedError` where a rule forbids it.
        """
        refuse_no_flags(take_broken=take_broken, wait=wait)
        asked = Asked.of(tables, sets, acds, exclude, choice(Role, source, "source"))
        specs = self._choosing.to_resync(asked)
        if window is None:
            raise InputError(
                f"A resync of historical tables ({specs[0].name}{', ...' if len(specs) > 1 else ''}) needs a window.",
                hint="Add `window='2000-06-05 05:13..05:19'`, the time the link was down.",
            )
        wishes = ResyncWishes(
            specs=specs,
            kind=_resync(choice(Policy, policy, "policy"), rollups, unknown_columns),
            source=asked.source,
            window=window_of(window),
            acds=asked.acds,
            limits=limited(self._settings.limits, allow_deletions),
            take_broken=take_broken,
            named=self._choosing.named(asked),
            excluded=self._choosing.excluded(asked),
            allowed=self._choosing.allowed(allow_triggers, allow_cascades),
        )
        jobs = (self._settings, self._catalogue, self._connections, self._observer, self._rollups, self._progress)
        return Resyncing(*jobs).plan(wishes, wait=wait)

    def plan_sync(
        self,
        *,
        tables: Names = (),
        sets: Names = (),
        exclude: Names = (),
        acds: Numbers = (),
        source: Role | str = Role.PRIMARY,
        policy: Policy | str = Policy.REPLACE,
        prefer: Role | str | None = None,
        include_manual: bool = False,
        remove_users: bool = False,
        allow_deletions: int | None = None,
        allow_triggers: Names = (),
        allow_cascades: Names = (),
    ) -> Plan:
        """Say what copying administration would do.

        Its `conflicts` are what both servers changed since they were last alike; while it has any, `execute` refuses
        it. `prefer` says whose version wins. Raises `RefusedError` where a rule forbids the plan.
        """
        refuse_no_flags(include_manual=include_manual, remove_users=remove_users)
        asked = Asked.of(tables, sets, acds, exclude, choice(Role, source, "source"))
        preferred = None if prefer is None else choice(Role, prefer, "prefer")
        wishes = SyncWishes(
            specs=self._choosing.to_sync(asked),
            source=asked.source,
            acds=asked.acds,
            policy=choice(Policy, policy, "policy", only=ADMINISTERING),
            limits=limited(self._settings.limits, allow_deletions),
            administration=AdministrationWishes(preferred, include_manual, remove_users),
            named=self._choosing.named(asked),
            only_with=self._choosing.only_with(asked),
            allowed=self._choosing.allowed(allow_triggers, allow_cascades),
        )
        return self._syncing.plan(wishes)

    def plan_outages(
        self,
        *,
        since: Moment = None,
        acds: Numbers = (),
        exclude: Names = (),
        allow_deletions: int | None = None,
        rollups: Rollups | str = Rollups.LIST,
        unknown_columns: UnknownColumns | str = UnknownColumns.REFUSE,
        allow_triggers: Names = (),
        allow_cascades: Names = (),
        wait: bool = False,
    ) -> Plan | None:
        """Say what would repair all outages, each from the server that saw it whole; None where there is none.

        Raises `RefusedError` where a rule forbids it.
        """
        refuse_no_flags(wait=wait)
        limits = limited(self._settings.limits, allow_deletions)
        moment = moment_of(since, "since")
        asked = Asked((), (), numbers_of(acds, "acds"), names_of(exclude, "exclude"))
        specs = self._choosing.to_look_for_outages(asked)
        kind = _resync(Policy.RECONCILE, rollups, unknown_columns)
        allowed = self._choosing.allowed(allow_triggers, allow_cascades)
        found = awaited(
            lambda: self._outages.plan(moment, asked.acds, limits, allowed, specs, kind, wait=wait),
            limits,
            self._progress,
            wait=wait,
        )
        if found is None or kind.rollups is Rollups.LIST:
            return found
        with self._connections.servers(frozenset()) as servers:
            made = self._rollups.foretold(servers, found, kind, self._choosing.excluded(asked))
            return surrounded(made, servers, allowed)

    def plan_backfill(
        self,
        *,
        window: When,
        tables: Names = (),
        sets: Names = (),
        exclude: Names = (),
        acds: Numbers = (),
        source: Role | str = Role.PRIMARY,
        policy: Policy | str = Policy.FILL,
        newest_first: bool = True,
        rows_per_second: int | None = None,
        hours: str | None = None,
        portion_rows: int = 500_000,
        portion_days: int = 31,
        allow_triggers: Names = (),
        allow_cascades: Names = (),
    ) -> BackfillPlan:
        """Say in which portions history would be copied in bulk; each is planned only once those before it are done.

        Reads no values, only counts. Without tables or sets, all historical tables. Raises `InputError` for what
        cannot be meant, `RefusedError` for local administration.
        """
        refuse_no_flags(newest_first=newest_first)
        asked = Asked.of(tables, sets, acds, exclude, choice(Role, source, "source"))
        wishes = BackfillWishes(
            tables=tuple(spec.name for spec in self._choosing.to_backfill(asked)),
            window=window_of(window),
            source=asked.source,
            policy=choice(Policy, policy, "policy", only=IN_BULK),
            acds=asked.acds,
            newest_first=newest_first,
            portion_rows=count_of(portion_rows, "portion_rows"),
            portion_days=count_of(portion_days, "portion_days"),
            rows_per_second=None if rows_per_second is None else count_of(rows_per_second, "rows_per_second"),
            hours=None if hours is None else text_of(hours, "hours"),
            named=tuple(sorted(self._choosing.named(asked))),
            excluded=self._choosing.excluded(asked),
            allowed=self._choosing.allowed(allow_triggers, allow_cascades),
        )
        return self._backfilling.plan(wishes)

    def portion_plans(self, plan: BackfillPlan) -> Iterator[tuple[Portion, Plan | None]]:
        """Yield what each portion of a backfill would do, as the pair is now; None where nothing can be compared.

        Both servers are open while they are asked for. Raises what `plan_resync` raises.
        """
        return self._backfilling.planned(one_of(plan, BackfillPlan, "plan", "Give what plan_backfill returned."))

    def plan_run_on(
        self,
        run_on: RunOn | str,
        *,
        owners: Names,
        on: Role | str = Role.SECONDARY,
        allow_triggers: Names = (),
        allow_cascades: Names = (),
    ) -> Plan:
        """Say what letting all timetables of some owners run on a server would change.

        This is the guide's global edit. The other server may be down. Raises `InputError` where the pair file does
        not name the column that holds the flag, or an owner has no timetable there.
        """
        state, server, named = choice(RunOn, run_on, "run_on"), choice(Role, on, "on"), names_of(owners, "owners")
        if not named:
            raise InputError(
                "Whose timetables are to run there?", hint="Add `owners=`; `syncengine timetables` shows who has any."
            )
        allowed = self._choosing.allowed(allow_triggers, allow_cascades)
        return self._timetables.plan_run_on(RunOnWish(state, named, server), allowed)

    def plan_undo(
        self,
        run_id: str | None = None,
        *,
        dry_run: bool = False,
        allow_triggers: Names = (),
        allow_cascades: Names = (),
    ) -> Plan:
        """Say what putting back the rows a run has changed would do, or the last run.

        Buckets that somebody else has changed or a later run has written since are left, and named as kept.
        What the run was told and allowed to set off, its undo may, too; `allow_triggers` and `allow_cascades` are for
        what has come since. Its `not_put_back` is what the run had set off. Raises `RefusedError` where nothing can
        be put back, or where more would be set off.
        """
        refuse_no_flags(dry_run=dry_run)
        named = None if run_id is None else text_of(run_id, "run_id")
        return self._undoing.plan(named, self._choosing.allowed(allow_triggers, allow_cascades), dry_run=dry_run)


def _resync(policy: Policy, rollups: Rollups | str, unknown_columns: UnknownColumns | str) -> Resync:
    unknown = choice(UnknownColumns, unknown_columns, "unknown_columns")
    return Resync(policy, choice(Rollups, rollups, "rollups"), unknown)
