"""What writes to a pair, and the runs that are kept of it."""

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
    """What writes to a pair, and its runs."""

    __slots__ = ()

    def execute(self, plan: Plan | BackfillPlan, *, about: str = "") -> VerifiedRun:
        """Do what a plan says, then verify every table it names again (rule: only that says "in sync").

        `about` is what the ledger tells people of it. Raises `RefusedError` for conflicts not decided (rule 15), and
        for a plan that was made for other servers.
        """
        description = text_of(about, "about")
        if isinstance(plan, BackfillPlan):
            return self._backfill.execute(plan, about=description)
        instance_of(plan, Plan, "plan", "Give what a method named plan_... returned, where that is not None.")
        refuse_conflicts(plan)
        return self._runs.execute(plan, about=description)

    def refuse_conflicts(self, plan: Plan) -> None:
        """Raise what `execute` would: `RefusedError` while nobody has decided the conflicts of a plan (rule 15)."""
        refuse_conflicts(instance_of(plan, Plan, "plan", "Give what plan_sync returned."))

    def resume(
        self, run_id: str | None = None, *, allow_triggers: Names = (), allow_cascades: Names = ()
    ) -> VerifiedRun:
        """Go on with a run that was cut short or partly done: nothing staged is read again, nothing done is done again.

        `allow_triggers` and `allow_cascades` hold from then on. Raises `StillOpenError` while a session of it may live
        in a server, and `RefusedError` where what is left would set off what it was not allowed.
        """
        allowed = self._selector.allowed(allow_triggers, allow_cascades)
        record = self._runs.resumable(_id_of(run_id))
        job = self._backfill if record.header.kind is RunKind.BACKFILL else self._runs
        return job.resume(record, allowed)

    def runs(self) -> tuple[RunRecord, ...]:
        """Return every run that is kept, in the order they were begun; also while one of them goes on."""
        return self._ledger.runs()

    def run(self, run_id: str | None = None) -> RunRecord:
        """Return a run by its id or the beginning of it, or the last one; raises `InputError` where there is none."""
        return self._ledger.find(_id_of(run_id))

    def report(self, run_id: str | None = None) -> RunReport:
        """Return a run as `run` does, its journals looked at byte by byte, with what its hooks said."""
        record = self.run(run_id)
        folder = self._ledger.folder(record.id)
        return RunReport(folder.with_journals(record), folder.hook_outputs(record))

    def plans(self, run: RunRecord) -> tuple[Plan, ...]:
        """Return the plans of a run, one a portion; of a damaged run those that can be read."""
        return self._ledger.plans(instance_of(run, RunRecord, "run", "Give what run or runs returned."))

    def remove_run(self, run_id: str) -> RunRecord:
        """Take away a run with its journal, so that it cannot be undone any more, and return what it was.

        Raises `InputError` for one that goes on, or whose journal is needed yet.
        """
        return self._ledger.remove(text_of(run_id, "run_id"))


def _id_of(run_id: str | None) -> str | None:
    return None if run_id is None else text_of(run_id, "run_id")
