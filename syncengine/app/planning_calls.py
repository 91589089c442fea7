"""The calls that plan what is written to a pair: each plan is a complete value."""

from __future__ import annotations

from collections.abc import Iterator

from syncengine.app.arguments import (
    Moment,
    Names,
    Numbers,
    When,
    choice,
    count_of,
    instance_of,
    moment_of,
    names_of,
    numbers_of,
    refuse_non_booleans,
    text_of,
    window_of,
    with_deletion_limit,
)
from syncengine.app.pair_jobs import PairJobs
from syncengine.app.tables import PairQuery
from syncengine.jobs.archive_wait import retry_until_archived
from syncengine.jobs.resync import ResyncPlanner, ResyncRequest
from syncengine.jobs.surroundings import plan_with_side_effects
from syncengine.jobs.sync import SyncRequest
from syncengine.model.errors import InputError
from syncengine.model.pair import Role
from syncengine.model.plan import Plan
from syncengine.model.plan_kind import Resync
from syncengine.model.policy import ADMINISTERING, IN_BULK, Policy, Rollups, UnknownColumns
from syncengine.model.portions import BackfillPlan, BackfillRequest, Portion
from syncengine.model.timetable_flag import RunOn
from syncengine.planning.administration import AdministrationRequest
from syncengine.planning.timetables import RunOnRequest


class PlanningCalls(PairJobs):
    """The calls that plan; nothing is written before `execute`."""

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
        """Plan a resync of history. Without tables or sets, all historical tables.

        `allow_triggers` and `allow_cascades` name tables whose triggers and cascades may change further rows.
        Raises `RefusedError` if a rule forbids it.
        """
        refuse_non_booleans(take_broken=take_broken, wait=wait)
        query = PairQuery.of(tables, sets, acds, exclude, choice(Role, source, "source"))
        specs = self._selector.for_resync(query)
        if window is None:
            raise InputError(
                f"A resync of historical tables ({specs[0].name}{', ...' if len(specs) > 1 else ''}) needs a window.",
                hint="Add `window='2000-06-05 05:13..05:19'`, the time the link was down.",
            )
        request = ResyncRequest(
            specs=specs,
            kind=_resync(choice(Policy, policy, "policy"), rollups, unknown_columns),
            source=query.source,
            window=window_of(window),
            acds=query.acds,
            limits=with_deletion_limit(self._settings.limits, allow_deletions),
            take_broken=take_broken,
            named=self._selector.named(query),
            excluded=self._selector.excluded(query),
            allowed=self._selector.allowed(allow_triggers, allow_cascades),
        )
        jobs = (self._settings, self._catalogue, self._connections, self._observer, self._rollups, self._progress)
        return ResyncPlanner(*jobs).plan(request, wait=wait)

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
        """Plan a sync of administration.

        Its `conflicts` are the rows that both servers changed since they were last alike; while it has any, `execute`
        refuses it. `prefer` names the server whose version wins. Raises `RefusedError` if a rule forbids the plan.
        """
        refuse_non_booleans(include_manual=include_manual, remove_users=remove_users)
        query = PairQuery.of(tables, sets, acds, exclude, choice(Role, source, "source"))
        preferred = None if prefer is None else choice(Role, prefer, "prefer")
        request = SyncRequest(
            specs=self._selector.for_sync(query),
            source=query.source,
            acds=query.acds,
            policy=choice(Policy, policy, "policy", only=ADMINISTERING),
            limits=with_deletion_limit(self._settings.limits, allow_deletions),
            administration=AdministrationRequest(preferred, include_manual, remove_users),
            named=self._selector.named(query),
            only_with=self._selector.only_with(query),
            allowed=self._selector.allowed(allow_triggers, allow_cascades),
        )
        return self._sync.plan(request)

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
        """Plan the repair of all outages, each from the server that recorded it whole; None if there is none.

        Raises `RefusedError` if a rule forbids it.
        """
        refuse_non_booleans(wait=wait)
        limits = with_deletion_limit(self._settings.limits, allow_deletions)
        moment = moment_of(since, "since")
        query = PairQuery((), (), numbers_of(acds, "acds"), names_of(exclude, "exclude"))
        specs = self._selector.for_outages(query)
        kind = _resync(Policy.RECONCILE, rollups, unknown_columns)
        allowed = self._selector.allowed(allow_triggers, allow_cascades)
        plan = retry_until_archived(
            lambda: self._outages.plan(moment, query.acds, limits, allowed, specs, kind, wait=wait),
            limits,
            self._progress,
            wait=wait,
        )
        if plan is None or kind.rollups is Rollups.LIST:
            return plan
        with self._connections.servers(frozenset()) as servers:
            complete = self._rollups.with_expected_repairs(servers, plan, kind, self._selector.excluded(query))
            return plan_with_side_effects(complete, servers, allowed)

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
        """Plan the portions in which history is copied in bulk; each is planned when those before it are done.

        Reads no values, only counts. Without tables or sets, all historical tables. Raises `InputError` for invalid
        arguments, `RefusedError` for local administration.
        """
        refuse_non_booleans(newest_first=newest_first)
        query = PairQuery.of(tables, sets, acds, exclude, choice(Role, source, "source"))
        request = BackfillRequest(
            tables=tuple(spec.name for spec in self._selector.for_backfill(query)),
            window=window_of(window),
            source=query.source,
            policy=choice(Policy, policy, "policy", only=IN_BULK),
            acds=query.acds,
            newest_first=newest_first,
            portion_rows=count_of(portion_rows, "portion_rows"),
            portion_days=count_of(portion_days, "portion_days"),
            rows_per_second=None if rows_per_second is None else count_of(rows_per_second, "rows_per_second"),
            hours=None if hours is None else text_of(hours, "hours"),
            named=tuple(sorted(self._selector.named(query))),
            excluded=self._selector.excluded(query),
            allowed=self._selector.allowed(allow_triggers, allow_cascades),
        )
        return self._backfill.plan(request)

    def portion_plans(self, plan: BackfillPlan) -> Iterator[tuple[Portion, Plan | None]]:
        """Yield the plan of each portion of a backfill, for the pair as it is now; None if nothing can be compared.

        Both servers stay open during the iteration. Raises what `plan_resync` raises.
        """
        return self._backfill.portion_plans(
            instance_of(plan, BackfillPlan, "plan", "Give what plan_backfill returned.")
        )

    def plan_run_on(
        self,
        run_on: RunOn | str,
        *,
        owners: Names,
        on: Role | str = Role.SECONDARY,
        allow_triggers: Names = (),
        allow_cascades: Names = (),
    ) -> Plan:
        """Plan where all timetables of some owners run: the guide's global edit on one server.

        The other server may be down. Raises `InputError` if the pair file does not name the column of the flag, or
        an owner has no timetable there.
        """
        state, server, named = choice(RunOn, run_on, "run_on"), choice(Role, on, "on"), names_of(owners, "owners")
        if not named:
            raise InputError(
                "plan_run_on needs owners.", hint="Add `owners=`; `syncengine timetables` lists the owners."
            )
        allowed = self._selector.allowed(allow_triggers, allow_cascades)
        return self._timetables.plan_run_on(RunOnRequest(state, named, server), allowed)

    def plan_undo(
        self,
        run_id: str | None = None,
        *,
        dry_run: bool = False,
        allow_triggers: Names = (),
        allow_cascades: Names = (),
    ) -> Plan:
        """Plan the undo of a run, by default of the last one.

        Buckets that were changed by somebody else or written by a later run since are skipped and named. The side
        effects allowed for the run are allowed for its undo; `allow_triggers` and `allow_cascades` are for triggers
        and references added since. Its `not_undone` are the side effects of the run, which are not undone. Raises
        `RefusedError` if nothing can be undone, or other side effects would follow.
        """
        refuse_non_booleans(dry_run=dry_run)
        named = None if run_id is None else text_of(run_id, "run_id")
        return self._undo.plan(named, self._selector.allowed(allow_triggers, allow_cascades), dry_run=dry_run)


def _resync(policy: Policy, rollups: Rollups | str, unknown_columns: UnknownColumns | str) -> Resync:
    unknown = choice(UnknownColumns, unknown_columns, "unknown_columns")
    return Resync(policy, choice(Rollups, rollups, "rollups"), unknown)
