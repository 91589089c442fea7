"""Lists the differences that people remove by hand, instead of a copy. Pure.

High Availability guide, chapter 2: what has to be administered on each server, and what the switch sends to both.
"""

from __future__ import annotations

from collections.abc import Iterator

from syncengine.model.checklist import ChecklistLine, LineKind
from syncengine.model.drift import Observation, TableObservation
from syncengine.model.pair import Role
from syncengine.model.sentences import listed
from syncengine.model.spec import SyncedBy
from syncengine.model.timetables import SCHEDULES, leftover_text

NAMED = 6


def administration_lines(observation: Observation) -> Iterator[ChecklistLine]:
    """Yield the lines about differing tables that are synchronised by hand or by the switch (rule 19).

    Tables that are administered at the same place have one line.
    """
    groups: dict[tuple[SyncedBy, str, str], list[TableObservation]] = {}
    for table in observation.tables:
        spec = table.spec
        if table.differing and spec.synced_by in (SyncedBy.BY_HAND, SyncedBy.BY_SWITCH):
            groups.setdefault((spec.synced_by, spec.synced_why, spec.screen), []).append(table)
    target, source = observation.target, observation.source
    for (synced_by, why, screen), tables in groups.items():
        names = listed([table.spec.name for table in tables], NAMED)
        place = screen or why
        text = f"On {target}, administer {names} as on {source}{f' ({place})' if place else ''}"
        if synced_by is SyncedBy.BY_SWITCH:
            text = f"Have the switch send its translations again, since {names} differ{'s' if len(tables) == 1 else ''}"
        yield ChecklistLine(LineKind.ADMINISTER, target, f"{text}.")


def manual_lines(observation: Observation) -> Iterator[ChecklistLine]:
    """Yield the manual lines of a verdict: administration, and schedules of deleted timetables (rule 18).

    A copy does not remove the schedule of a deleted timetable, since schedules are each server's own.
    """
    yield from administration_lines(observation)
    listing = observation.timetables
    if listing is not None and any(table.spec.name == SCHEDULES for table in observation.tables):
        for role in Role:
            if ones := listing.leftover(role):
                yield ChecklistLine(LineKind.TIMETABLES, role, leftover_text(ones, role))


def manual_lines_after_run(after: Observation | None) -> tuple[tuple[ChecklistLine, str], ...]:
    """Return the manual lines after the last comparison of a run, each without a hook."""
    return tuple((line, "") for line in administration_lines(after)) if after is not None else ()
