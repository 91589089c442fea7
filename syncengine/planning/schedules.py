"""Plans the schedules of timetables that a server lacks, in the state a restore would give them (rules 8, 18). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from syncengine.model.bucket import EMPTY, Bucket, BucketState
from syncengine.model.checklist import Checklist, ChecklistLine, LineKind
from syncengine.model.drift import Counts
from syncengine.model.pair import Hook, Role
from syncengine.model.plan import BucketWrite, KeptBack, KeptWhy, Plan, Step, TablePart
from syncengine.model.plan_kind import Sync
from syncengine.model.sentences import listed
from syncengine.model.timetable_flag import FlagEdit, TimetableState
from syncengine.model.timetables import COPIED, LINES, SCHEDULES, TASKS, Timetable, TimetableListing
from syncengine.planning.checklist import edit_checklist, hooked
from syncengine.planning.timetable_lines import MOST_NAMED, CopiedTimetables, timetables_line

AFTER_IT = (LineKind.VERIFY_INTERVAL, LineKind.DATA_SUMMARIZING, LineKind.CALL_HISTORY_ON, LineKind.CALL_HISTORY_OFF)
"""What comes after the line about timetables in a checklist."""


@dataclass(frozen=True, slots=True)
class MadeSchedules:
    """Schedules that are made on a server, as what a step writes."""

    edit: FlagEdit
    """Their flags, on the other server and then on this one."""
    part: TablePart
    rows: BucketState
    """What is written."""

    def step(self, number: int, into: Role, after: tuple[int, ...] = ()) -> Step:
        """Return the step that makes them: it finds nothing of theirs, or it is not done."""
        write = BucketWrite(Bucket(), self.rows, EMPTY, Counts(missing=self.rows.rows, lacking=self.rows.rows))
        return Step(number, into, (replace(self.part, buckets=(write,)),), after)


@dataclass(frozen=True, slots=True)
class MissingSchedules:
    """What becomes of the schedules that a server lacks: some are made, others cannot be, each with why."""

    made: MadeSchedules | None = None
    left: tuple[tuple[Timetable, str], ...] = ()

    @property
    def edit(self) -> FlagEdit | None:
        """Those that are made, if any: their flags, on the other server and then on this one."""
        return self.made.edit if self.made else None

    @property
    def kept(self) -> tuple[KeptBack, ...]:
        """Those that cannot be made, as a plan has them."""
        whys: dict[str, list[Timetable]] = {}
        for one, why in self.left:
            whys.setdefault(why, []).append(one)
        return tuple(
            KeptBack(
                SCHEDULES,
                None,
                KeptWhy.UNSCHEDULED,
                (),
                Counts(missing=len(ones)),
                f"{listed([one.shown for one in ones], MOST_NAMED)}: {why}",
            )
            for why, ones in whys.items()
        )


NOTHING_MISSING = MissingSchedules()


def restored(state: TimetableState) -> TimetableState:
    """Return the state that a restore gives a timetable which is in one on the source.

    High Availability guide, chapter 3: what runs only there does not run here, and the default runs here, too. Of what
    does not run there the guide says nothing: it does not begin to here.
    """
    return TimetableState.NOT_HERE if state is TimetableState.ONLY_HERE else state


def arriving(made: Plan, listing: TimetableListing) -> tuple[Timetable, ...]:
    """Return the timetables that the target has after a plan without a schedule, which the source has."""
    copied = {part.table for step in made.steps for part in step.parts if step.into is made.target}
    spared = set(CopiedTimetables(made.steps).spared)

    def arrives(one: Timetable) -> bool:
        source = one.side(made.source)
        if one.side(made.target).does or not source.does:
            return True
        needed = {table for table, there in ((TASKS, source.tasks), (LINES, source.lines)) if there}
        return needed <= copied and (one.owner, one.name) not in spared

    return tuple(one for one in listing.without_schedule(made.target) if arrives(one))


def orphaned(made: Plan, listing: TimetableListing) -> tuple[Timetable, ...]:
    """Return the timetables whose tasks a plan deletes on the target, since the source has them no more."""
    deletes = any(part.deletes for step in made.steps for part in step.parts if part.table in COPIED)
    spared = set(CopiedTimetables(made.steps).spared)
    return tuple(
        one
        for one in listing.timetables
        if deletes and not one.own and not one.side(made.source).there and (one.owner, one.name) not in spared
        if one.side(made.target).does and one.side(made.target).schedules
    )


def with_schedules(
    made: Plan, sync: Sync, missing: MissingSchedules, listing: TimetableListing, hooks: Sequence[Hook]
) -> Plan:
    """Return the plan of a sync with the schedules that the target lacks, made or named."""
    steps = made.steps
    if missing.made is not None:
        tasks = (step.number for step in steps if any(part.table in COPIED for part in step.parts))
        number = max((step.number for step in steps), default=0) + 1
        steps = (*steps, missing.made.step(number, made.target, tuple(tasks)))
    left = [one for one, _ in missing.left]
    copied = CopiedTimetables(made.steps, made.changes)
    made_ones = missing.edit.changes if missing.edit else ()
    line = timetables_line(made.target, listing, copied, made_ones, left, orphaned(made, listing))
    return replace(
        made,
        kind=replace(sync, schedules=missing.edit),
        steps=steps,
        kept=(*made.kept, *missing.kept),
        checklist=_with_line(made.checklist, line, hooks),
    )


def with_made(edit: Plan, missing: MissingSchedules, back: Sequence[Step] = (), hooks: Sequence[Hook] = ()) -> Plan:
    """Return the plan of an edit of flags with the schedules that its server lacks, made or named.

    `back` are steps of an undo, which take made schedules away. All come after the flags: these are of the whole table.
    """
    into, steps = edit.target, list(edit.steps)
    if missing.made is not None:
        steps.append(missing.made.step(len(steps) + 1, into))
    steps += [replace(step, number=len(steps) + at) for at, step in enumerate(back, start=1)]
    left = [one for one, _ in missing.left]
    return replace(
        edit,
        steps=tuple(steps),
        kept=(*edit.kept, *missing.kept),
        checklist=edit_checklist(into, hooks, left, edited=bool(steps)) if steps or left else Checklist(),
    )


def _with_line(checklist: Checklist, line: ChecklistLine, hooks: Sequence[Hook]) -> Checklist:
    """Return a checklist with a line about timetables in the place of the one it has, or where that would stand."""
    others = [one for one in checklist.after if one.place != line.place]
    place = next((at for at, one in enumerate(others) if one.kind in AFTER_IT), len(others))
    return replace(checklist, after=(*others[:place], *hooked((line,), hooks), *others[place:]))
