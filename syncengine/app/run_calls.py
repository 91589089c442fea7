"""The calls that write to a pair, and those on its saved runs."""

from __future__ import annotations

from syncengine.app.arguments import Names, instance_of, text_of
from syncengine.app.pair_jobs import PairJobs
from syncengine.jobs.sync import refuse_conflicts
from syncengine.model.pair_status import RunReport
from syncengine.model.plan import Plan
from syncengine.model.portions import BackfillPlan
from syncengine.model.run import RunKind, RunRecord
from syncengine.model.verified_run import VerifiedRun


class RunCalls(PairJobs):
    """The calls that write to a pair, and those on its runs."""

    __slots__ = ()

    def execute(self, plan: Plan | BackfillPlan, *, about: str = "") -> VerifiedRun:
        """Execute a plan, then verify all its tables again (rule: only a verify says "in sync").

        `about` is its description in the list of runs. Raises `RefusedError` for conflicts not decided (rule 15), and
        for a plan that was made for other servers.
        """
        description = text_of(about, "about")
        if isinstance(plan, BackfillPlan):
            return self._backfill.execute(plan, about=description)
        instance_of(plan, Plan, "plan", "Give what a method named plan_... returned, where that is not None.")
        refuse_conflicts(plan)
        return self._runs.execute(plan, about=description)

    def refuse_conflicts(self, plan: Plan) -> None:
        """Raise what `execute` would: `RefusedError` while a plan has undecided conflicts (rule 15)."""
        refuse_conflicts(instance_of(plan, Plan, "plan", "Give what plan_sync returned."))

    def resume(
        self, run_id: str | None = None, *, allow_triggers: Names = (), allow_cascades: Names = ()
    ) -> VerifiedRun:
        """Resume a run that was cut short or partly done: nothing staged is read again, nothing done is done again.

        `allow_triggers` and `allow_cascades` apply from then on. Raises `StillOpenError` while a session of it may be
        alive in a server, and `RefusedError` if the rest would have side effects that are not allowed.
        """
        allowed = self._selector.allowed(allow_triggers, allow_cascades)
        record = self._runs.resumable(_id_of(run_id))
        job = self._backfill if record.header.kind is RunKind.BACKFILL else self._runs
        return job.resume(record, allowed)

    def runs(self) -> tuple[RunRecord, ...]:
        """Return every saved run, in the order they were begun; also while one of them is running."""
        return self._ledger.runs()

    def run(self, run_id: str | None = None) -> RunRecord:
        """Return a run by its id or the beginning of it, or the last one; raises `InputError` where there is none."""
        return self._ledger.find(_id_of(run_id))

    def report(self, run_id: str | None = None) -> RunReport:
        """Return a run as `run` does, with its journals checked byte by byte, and the output of its hooks."""
        record = self.run(run_id)
        folder = self._ledger.folder(record.id)
        return RunReport(folder.with_journals(record), folder.hook_outputs(record))

    def plans(self, run: RunRecord) -> tuple[Plan, ...]:
        """Return the plans of a run, one a portion; of a damaged run those that can be read."""
        return self._ledger.plans(instance_of(run, RunRecord, "run", "Give what run or runs returned."))

    def remove_run(self, run_id: str) -> RunRecord:
        """Remove a run with its journal and return it; it can no longer be undone.

        Raises `InputError` for a run that is running, or whose journal is still needed.
        """
        return self._ledger.remove(text_of(run_id, "run_id"))


def _id_of(run_id: str | None) -> str | None:
    return None if run_id is None else text_of(run_id, "run_id")
