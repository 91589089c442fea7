"""Says when External Call History is switched over, and back, and in which order. Pure.

High Availability guide, chapter 3 and Appendix E: where the primary fails it is turned on at the secondary, which sends
what it has buffered, then off at the primary; once the primary is back, the other way round. The guide's way back has
the other order. Here it is always turned on at one server before it is turned off at the other: data sent twice can be
distinguished, and data that neither sends is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from syncengine.catalogue import Catalogue
from syncengine.model.checklist import ChecklistLine, LineKind
from syncengine.model.drift import Observation
from syncengine.model.pair import Role
from syncengine.model.plan import Step
from syncengine.model.spec import DataClass
from syncengine.planning.coverage import CoverageLookup


def switch_over_lines(*, known: bool = True) -> Iterator[ChecklistLine]:
    """Yield the lines while the primary cannot work; `known` if the pair file says that it is on there.

    If the pair file does not say whether it is installed, the lines are shown as well: a takeover without them loses
    data.
    """
    where = "" if known else " (if it is installed, and not on at both: the pair file does not say)"
    yield ChecklistLine(
        LineKind.CALL_HISTORY_ON,
        Role.SECONDARY,
        f"Turn External Call History on at secondary{where}, and answer Yes to sending the buffered data.",
    )
    yield ChecklistLine(
        LineKind.CALL_HISTORY_OFF,
        Role.PRIMARY,
        "Then turn External Call History off at primary, as soon as that can be done; some calls may arrive twice.",
    )


def switch_back_lines() -> Iterator[ChecklistLine]:
    """Yield the lines for when the primary is back; no table shows whether it was switched over meanwhile."""
    yield ChecklistLine(
        LineKind.CALL_HISTORY_ON,
        Role.PRIMARY,
        "If External Call History was switched over to secondary, turn it on at primary again, once its links are up.",
    )
    yield ChecklistLine(
        LineKind.CALL_HISTORY_OFF,
        Role.SECONDARY,
        "Then turn External Call History off at secondary; some calls may arrive twice.",
    )


def primary_is_back(steps: Sequence[Step], observation: Observation, catalogue: Catalogue) -> bool:
    """Say whether a plan updates the primary after an event that may have caused a switch-over.

    It copies administration back, or intervals in which the primary did not record an ACD. One link down is reason
    enough to switch over (chapter 3 and Appendix E), even if others are up.
    """
    primary = CoverageLookup(observation.facts.of(Role.PRIMARY))
    for part in (part for step in steps if step.into is Role.PRIMARY for part in step.parts):
        spec = catalogue.table(part.table)
        if spec.data_class in (DataClass.SYSTEM, DataClass.ACD):
            return True
        if spec.grain.sliced:
            spans = {(write.bucket.acd, write.span) for write in part.buckets}
            if any(span is not None and primary.at(acd, span).blind for acd, span in spans):
                return True
    return False
