"""Plans the schedules of timetables that a server lacks, in the state a restore would give them (rules 8, 18). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from syncengine.model.bucket import EMPTY, Bucket, BucketState
from syncengine.model.checklist import Checklist, ChecklistLine, LineKind
from syncengine.model.drift import Counts
from syncengine.model.pair import Hook, Role
from syncengine.model.plan import BucketWrite, Plan, Skipped, SkipReason, Step, TablePart
from syncengine.model.plan_kind import Sync
from syncengine.model.sentences import listed
from syncengine.model.timetable_flag import FlagEdit, TimetableState
from syncengine.model.timetables import COPIED, LINES, SCHEDULES, TASKS, Timetable, TimetableListing
from syncengine.planning.checklist import edit_checklist, mark_hooked
from syncengine.planning.timetable_lines import MOST_NAMED, CopiedTimetables, timetables_line

LATER_LINES = (LineKind.VERIFY_INTERVAL, LineKind.DATA_SUMMARIZING, LineKind.CALL_HISTORY_ON, LineKind.CALL_HISTORY_OFF)
"""What comes after the line about timetables in a checklist."""


@dataclass(frozen=True, slots=True)
class MadeSchedules:
    """Schedules that a step creates on a server."""

    edit: FlagEdit
    """Their flags, on the other server and then on this one."""
    part: TablePart
    rows: BucketState
    """What is written."""

    def step(self, number: int, into: Role, after: tuple[int, ...] = ()) -> Step:
        """Return the step that creates them; it is applied only if the server has none of them."""
        write = BucketWrite(
            Bucket(), self.rows, EMPTY, Counts(missing=self.rows.rows, in_missing_groups=self.rows.rows)
        )
        return Step(number, into, (replace(self.part, buckets=(write,)),), after)


@dataclass(frozen=True, slots=True)
class MissingSchedules:
    """The schedules that a server lacks: those that are created, and those that cannot be, each with the reason."""

    made: MadeSchedules | None = None
    not_made: tuple[tuple[Timetable, str], ...] = ()

    @property
    def edit(self) -> FlagEdit | None:
        """Those that are created, if any: their flags, on the other server and then on this one."""
        return self.made.edit if self.made else None

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Those that cannot be created, as the plan lists them."""
        whys: dict[str, list[Timetable]] = {}
        for one, why in self.not_made:
            whys.setdefault(why, []).append(one)
        return tuple(
            Skipped(
                SCHEDULES,
                None,
                SkipReason.UNSCHEDULED,
                (),
                Counts(missing=len(ones)),
                f"{listed([one.shown for one in ones], MOST_NAMED)}: {why}",
            )
            for why, ones in whys.items()
        )


NOTHING_MISSING = MissingSchedules()


def restored(state: TimetableState) -> TimetableState:
    """Return the state that a restore gives a timetable which is in one on the source.

    High Availability guide, chapter 3: what runs only there does not run here, and the default runs here, too. The
    guide does not mention timetables that do not run there: they do not run here either.
    """
    return TimetableState.NOT_HERE if state is TimetableState.ONLY_HERE else state


def arriving(plan: Plan, listing: TimetableListing) -> tuple[Timetable, ...]:
    """Return the timetables that the target has after a plan without a schedule, which the source has."""
    copied = {part.table for step in plan.steps for part in step.parts if step.into is plan.target}
    skipped = set(CopiedTimetables(plan.steps).skipped)

    def arrives(one: Timetable) -> bool:
        source = one.side(plan.source)
        if one.side(plan.target).does or not source.does:
            return True
        needed = {table for table, there in ((TASKS, source.tasks), (LINES, source.lines)) if there}
        return needed <= copied and (one.owner, one.name) not in skipped

    return tuple(one for one in listing.without_schedule(plan.target) if arrives(one))


def orphaned(plan: Plan, listing: TimetableListing) -> tuple[Timetable, ...]:
    """Return the timetables whose tasks a plan deletes on the target, since the source no longer has them."""
    deletes = any(part.deletes for step in plan.steps for part in step.parts if part.table in COPIED)
    skipped = set(CopiedTimetables(plan.steps).skipped)
    return tuple(
        one
        for one in listing.timetables
        if deletes and not one.own and not one.side(plan.source).there and (one.owner, one.name) not in skipped
        if one.side(plan.target).does and one.side(plan.target).schedules
    )


def with_schedules(
    plan: Plan, sync: Sync, missing: MissingSchedules, listing: TimetableListing, hooks: Sequence[Hook]
) -> Plan:
    """Return the plan of a sync with the schedules that the target lacks, created or named."""
    steps = plan.steps
    if missing.made is not None:
        tasks = (step.number for step in steps if any(part.table in COPIED for part in step.parts))
        number = max((step.number for step in steps), default=0) + 1
        steps = (*steps, missing.made.step(number, plan.target, tuple(tasks)))
    unscheduled = [one for one, _ in missing.not_made]
    copied = CopiedTimetables(plan.steps, plan.changes)
    flag_changes = missing.edit.changes if missing.edit else ()
    line = timetables_line(plan.target, listing, copied, flag_changes, unscheduled, orphaned(plan, listing))
    return replace(
        plan,
        kind=replace(sync, schedules=missing.edit),
        steps=steps,
        skipped=(*plan.skipped, *missing.skipped),
        checklist=_with_line(plan.checklist, line, hooks),
    )


def with_made_schedules(
    edit: Plan, missing: MissingSchedules, undo_steps: Sequence[Step] = (), hooks: Sequence[Hook] = ()
) -> Plan:
    """Return the plan of an edit of flags with the schedules that its server lacks, created or named.

    `undo_steps` remove created schedules. All come after the flags, which concern the whole table.
    """
    into, steps = edit.target, list(edit.steps)
    if missing.made is not None:
        steps.append(missing.made.step(len(steps) + 1, into))
    steps += [replace(step, number=len(steps) + at) for at, step in enumerate(undo_steps, start=1)]
    unscheduled = [one for one, _ in missing.not_made]
    return replace(
        edit,
        steps=tuple(steps),
        skipped=(*edit.skipped, *missing.skipped),
        checklist=edit_checklist(into, hooks, unscheduled, edited=bool(steps)) if steps or unscheduled else Checklist(),
    )


def _with_line(checklist: Checklist, line: ChecklistLine, hooks: Sequence[Hook]) -> Checklist:
    """Return a checklist with a line about timetables in the place of the one it has, or where that would stand."""
    others = [one for one in checklist.after if one.place != line.place]
    place = next((at for at, one in enumerate(others) if one.kind in LATER_LINES), len(others))
    return replace(checklist, after=(*others[:place], *mark_hooked((line,), hooks), *others[place:]))
