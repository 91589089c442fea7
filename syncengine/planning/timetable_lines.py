"""Says what of timetables is to be looked at after a plan: which run on both servers, which do not run (rule 18)."""

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
"""Every timetable that would run on both servers, or on none, is named, whatever there may be (rule 18)."""
UNLIKE = (TimetableDifference.ONLY_PRIMARY, TimetableDifference.ONLY_SECONDARY, TimetableDifference.TASKS)
"""What of a timetable a copy of its tasks removes."""
BY_HAND = "choose where it is to run in its window on {role}, and Modify it"


@dataclass(frozen=True, slots=True)
class CopiedTimetables:
    """Which timetables steps write rows of, by what is known of the key groups that differ."""

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
        # Of very many groups that differ only those that the target changed are known one by one.
        return bool(written) and any(difference in UNLIKE for difference in one.differences)

    @property
    def skipped(self) -> Iterator[tuple[str, str]]:
        """The timetables of which something is left as it is on the target."""
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
    """Return the line about the timetables of a server that tasks were copied to, or put back on.

    `listing` is how they stood on both servers before, None for an undo; `copied` those the tasks are of; `made` are
    the schedules that are made there, `left` the timetables that stay without one: None takes all that lack one;
    `orphaned` lose their tasks.
    """
    start = f"Look at the timetables of {role}"
    if listing is None or listing.failed:
        text = f"{start}: what the run had copied of them is as it was before."
        return ChecklistLine(LineKind.TIMETABLES, role, text)
    on_other = [one for one in listing.timetables if one.side(role.other).there and not one.own]
    both = [one for one in on_other if one.side(role).schedules and one.side(role.other).schedules]
    unknown = [one for one in both if (listing.flag is None or not one.states_known) and copied.includes(one, role)]
    doubled = [*_shown(listing.doubled), *(one.shown for one in made if _runs_on_both(one))]
    neither = [one.shown for one in made if one.labels == (TimetableState.NOT_HERE, TimetableState.NOT_HERE)]
    # That what runs only on the primary does not run on the secondary is as it should be, and nothing to look at.
    away = (TimetableState.ONLY_HERE, TimetableState.NOT_HERE)
    elsewhere = [one.shown for one in made if role is Role.PRIMARY and one.labels == away]
    without = _shown(listing.without_schedule(role) if unscheduled is None else unscheduled)
    words = []
    if doubled:
        words.append(f"these run on both servers then: {listed(doubled, MOST_NAMED)}")
    if unknown:
        words.append(f"these may now run on both, since where they run is not known: {named(unknown, MOST_NAMED)}")
    if not words:
        words.append(f"none of those that came from {role.other} runs on both")
    if neither:
        words.append(
            f"these run on neither, since they did not run on {role.other}: {listed(neither, MOST_NAMED)} "
            f"({BY_HAND.format(role=role)}, if one is to)"
        )
    if elsewhere:
        words.append(
            f"these go on running only on {role.other}, and do not run on {role}: {listed(elsewhere, MOST_NAMED)} "
            f"({BY_HAND.format(role=role)}, if it is to run there)"
        )
    if without:
        words.append(
            f"these have no schedule there and do not run, nor after a takeover: {listed(without, MOST_NAMED)}; "
            f"of each, {BY_HAND.format(role=role)}"
        )
    deleted = _shown(orphaned)
    if deleted:
        words.append(
            f"these are no more on {role.other}, and their schedules stay: {listed(deleted, MOST_NAMED)}; delete them in "
            f"the window on {role}"
        )
    return ChecklistLine(LineKind.TIMETABLES, role, f"{start}: {'; '.join(words)}.")


def takeover_line(role: Role, unscheduled: Sequence[Timetable], *, edited: bool) -> ChecklistLine:
    """Return what is left to be done by hand after flags of timetables were set in the table of a server."""
    words = []
    if edited:
        words.append(
            f"Look at the timetables of {role}: the guide's global edit schedules them at once, and a flag written "
            "into the table may be noticed only later. Where one does not run as its flag says, choose that there and "
            "Modify it."
        )
    if unscheduled:
        words.append(
            f"These timetables have no schedule on {role} and do not run there: {named(unscheduled, MOST_NAMED)}. Of each, "
            f"{BY_HAND.format(role=role)}."
        )
    return ChecklistLine(LineKind.TIMETABLES, role, " ".join(words))


def _name(change: PlannedChange) -> tuple[str, str]:
    values = dict(change.group.key)
    return str(values.get(OWNER) or "").rstrip(" "), str(values.get(NAME) or "").rstrip(" ")


def _shown(timetables: Iterable[Timetable]) -> list[str]:
    return list(dict.fromkeys(one.shown for one in timetables))


def _runs_on_both(made: FlagChange) -> bool:
    return TimetableState.NOT_HERE not in made.labels
