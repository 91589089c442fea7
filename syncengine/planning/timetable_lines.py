"""Lists the timetables to check after a plan: those that run on both servers, and those that do not run (rule 18)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from syncengine.model.checklist import ChecklistLine, LineKind
from syncengine.model.pair import Role
from syncengine.model.plan import PlannedChange, Step, written_by
from syncengine.model.sentences import listed
from syncengine.model.timetable_flag import FlagChange, TimetableState
from syncengine.model.timetables import (
    COPIED,
    NAME,
    OWNER,
    Timetable,
    TimetableDifference,
    TimetableListing,
    named,
)

MOST_NAMED = 1000
"""Every timetable that would run on both servers, or on neither, is named, however many there are (rule 18)."""
UNLIKE = (TimetableDifference.ONLY_PRIMARY, TimetableDifference.ONLY_SECONDARY, TimetableDifference.TASKS)
"""The differences of a timetable that a copy of its tasks removes."""
BY_HAND = "choose where it is to run in its window on {role}, and Modify it"


@dataclass(frozen=True, slots=True)
class CopiedTimetables:
    """The timetables whose rows steps write, by the key groups that are known to differ."""

    steps: Sequence[Step]
    changes: Sequence[PlannedChange] = ()

    def includes(self, one: Timetable, role: Role) -> bool:
        """Say whether rows of a timetable are written on a server."""
        parts = (part for step in self.steps for part in step.parts if step.into is role)
        written = {part.table for part in parts if part.table in COPIED}
        changes = [
            change for change in self.changes if change.table in COPIED and _name(change) == (one.owner, one.name)
        ]
        if changes:
            return any(change.table in written and change.skip_reason is None for change in changes)
        # If very many groups differ, only those that the target changed are known one by one.
        return bool(written) and any(difference in UNLIKE for difference in one.differences)

    @property
    def skipped(self) -> Iterator[tuple[str, str]]:
        """The timetables of which something is skipped on the target."""
        for _, part, write in written_by(self.steps):
            for place in write.skipped_groups if part.table in COPIED else ():
                values = dict(zip(part.key, place, strict=True))
                yield (values.get(OWNER) or "").rstrip(" "), (values.get(NAME) or "").rstrip(" ")


def timetables_line(
    role: Role,
    listing: TimetableListing | None,
    copied: CopiedTimetables,
    made: Sequence[FlagChange] = (),
    unscheduled: Iterable[Timetable] | None = None,
    orphaned: Iterable[Timetable] = (),
) -> ChecklistLine:
    """Return the line about the timetables of a server that tasks were copied to, or restored on.

    `listing` is their state on both servers before, None for an undo; `copied` are those the tasks belong to; `made`
    the schedules that are created there, `unscheduled` the timetables that remain without one, None for all without
    one; `orphaned` lose their tasks.
    """
    start = f"Check the timetables of {role}"
    if listing is None or listing.failed:
        text = f"{start}: those that the run had changed are restored."
        return ChecklistLine(LineKind.TIMETABLES, role, text)
    on_other = [one for one in listing.timetables if one.side(role.other).there and not one.own]
    both = [one for one in on_other if one.side(role).schedules and one.side(role.other).schedules]
    unknown = [one for one in both if (listing.flag is None or not one.states_known) and copied.includes(one, role)]
    doubled = [*_shown(listing.doubled), *(one.shown for one in made if _runs_on_both(one))]
    neither = [one.shown for one in made if one.labels == (TimetableState.NOT_HERE, TimetableState.NOT_HERE)]
    # A timetable that runs only on the primary is as it should be on the secondary, and needs no check.
    away = (TimetableState.ONLY_HERE, TimetableState.NOT_HERE)
    elsewhere = [one.shown for one in made if role is Role.PRIMARY and one.labels == away]
    without = _shown(listing.without_schedule(role) if unscheduled is None else unscheduled)
    words = []
    if doubled:
        words.append(f"these will run on both servers: {listed(doubled, MOST_NAMED)}")
    if unknown:
        words.append(f"these may run on both, since it is not known where they run: {named(unknown, MOST_NAMED)}")
    if not words:
        words.append(f"none of those copied from {role.other} runs on both")
    if neither:
        words.append(
            f"these run on neither, since they did not run on {role.other}: {listed(neither, MOST_NAMED)} "
            f"(to run one, {BY_HAND.format(role=role)})"
        )
    if elsewhere:
        words.append(
            f"these still run only on {role.other}, and not on {role}: {listed(elsewhere, MOST_NAMED)} "
            f"(to run one there, {BY_HAND.format(role=role)})"
        )
    if without:
        words.append(
            f"these have no schedule there and do not run, not even after a takeover: {listed(without, MOST_NAMED)}; "
            f"for each, {BY_HAND.format(role=role)}"
        )
    deleted = _shown(orphaned)
    if deleted:
        words.append(
            f"these no longer exist on {role.other}, but their schedules remain: {listed(deleted, MOST_NAMED)}; delete "
            f"them in the window on {role}"
        )
    return ChecklistLine(LineKind.TIMETABLES, role, f"{start}: {'; '.join(words)}.")


def takeover_line(role: Role, unscheduled: Sequence[Timetable], *, edited: bool) -> ChecklistLine:
    """Return the manual lines after flags of timetables were set in the table of a server."""
    words = []
    if edited:
        words.append(
            f"Check the timetables of {role}: the guide's global edit schedules them at once, but a flag written "
            "into the table may take effect later. If one does not run as its flag says, choose its run option there "
            "and Modify it."
        )
    if unscheduled:
        words.append(
            f"These timetables have no schedule on {role} and do not run there: {named(unscheduled, MOST_NAMED)}. "
            f"For each, {BY_HAND.format(role=role)}."
        )
    return ChecklistLine(LineKind.TIMETABLES, role, " ".join(words))


def _name(change: PlannedChange) -> tuple[str, str]:
    values = dict(change.group.key)
    return str(values.get(OWNER) or "").rstrip(" "), str(values.get(NAME) or "").rstrip(" ")


def _shown(timetables: Iterable[Timetable]) -> list[str]:
    return list(dict.fromkeys(one.shown for one in timetables))


def _runs_on_both(made: FlagChange) -> bool:
    return TimetableState.NOT_HERE not in made.labels
