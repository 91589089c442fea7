"""Says what of a difference no copy is meant to remove, and what of a set nobody looked at. Pure.

High Availability guide, chapter 2: what has to be administered on each server, and what the switch sends to both.
"""

from __future__ import annotations

from collections.abc import Iterator

from syncengine.model.checklist import ChecklistLine, LineKind
from syncengine.model.drift import Observation, TableObservation
from syncengine.model.pair import Role
from syncengine.model.sentences import listed
from syncengine.model.spec import Kept
from syncengine.model.timetables import SCHEDULES, leftover_text

NAMED = 6


def administered(observation: Observation) -> Iterator[ChecklistLine]:
    """Yield where people make alike what differs and is kept in step by hand or by the switch (rule 19).

    Tables that are administered at the same place have one line.
    """
    groups: dict[tuple[Kept, str, str], list[TableObservation]] = {}
    for table in observation.tables:
        spec = table.spec
        if table.differing and spec.kept in (Kept.BY_HAND, Kept.BY_SWITCH):
            groups.setdefault((spec.kept, spec.why_kept, spec.screen), []).append(table)
    target, source = observation.target, observation.source
    for (kept, why, screen), tables in groups.items():
        told = listed([table.spec.name for table in tables], NAMED)
        place = screen or why
        text = f"On {target}, administer {told} as on {source}{f' ({place})' if place else ''}"
        if kept is Kept.BY_SWITCH:
            text = f"Have the switch send its translations again, since {told} differ{'s' if len(tables) == 1 else ''}"
        yield ChecklistLine(LineKind.ADMINISTER, target, f"{text}.")


def left_to_people(observation: Observation) -> Iterator[ChecklistLine]:
    """Yield what a verdict leaves to people: what they administer, and what is left of deleted timetables (rule 18).

    No copy takes the schedule of a deleted timetable away, since schedules are each server's own.
    """
    yield from administered(observation)
    listing = observation.timetables
    if listing is not None and any(table.spec.name == SCHEDULES for table in observation.tables):
        for role in Role:
            if ones := listing.leftover(role):
                yield ChecklistLine(LineKind.TIMETABLES, role, leftover_text(ones, role))


def left_after(after: Observation | None) -> tuple[tuple[ChecklistLine, str], ...]:
    """Return what the last look of a run leaves to people, as lines that no hook was tried for."""
    return tuple((line, "") for line in administered(after)) if after is not None else ()
