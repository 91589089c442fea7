"""Says what of a difference no copy is meant to remove, and what of a set nobody looked at. Pure.

High Availability guide, chapter 2: what has to be administered on each server, and what the switch sends to both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from syncengine.model.checklist import ChecklistLine, LineKind
from syncengine.model.drift import Observation, TableObservation
from syncengine.model.pair import Role
from syncengine.model.sentences import listed
from syncengine.model.spec import CompanionFile, Kept

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


def left_after(after: Observation | None) -> tuple[tuple[ChecklistLine, str], ...]:
    """Return what the last look of a run leaves to people, as lines that no hook was tried for."""
    return tuple((line, "") for line in administered(after)) if after is not None else ()


def files_not_looked_at(files: Iterable[CompanionFile], target: Role) -> Iterator[ChecklistLine]:
    """Yield the files that go with what was asked for, of which no table tells whether they are alike."""
    for file in files:
        text = f"{file.path} ({file.holds}) is a file and was not looked at: {file.advice}."
        yield ChecklistLine(LineKind.FILES, target, text, file=file.path)
