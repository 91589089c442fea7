"""Archives that are late or failed on one server (High Availability guide, chapter 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from syncengine.model.grain import Archive


class ArchiveFaultKind(StrEnum):
    """What is amiss with an archive."""

    FAILED = "failed"
    LATE = "late"
    NOT_RUN = "not run"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class ArchiveFault:
    """One archive of one ACD that is not as it should be, or of which that is not known."""

    acd: int | None
    """None where nothing is known of any."""
    archive: Archive | None
    kind: ArchiveFaultKind
    message: str
    """What is amiss, to go on from the archive; where nothing is known of any, a sentence without its end."""
    since: datetime | None = None
    """Up to when it is known to have run."""


def fault_sentences(faults: Iterable[ArchiveFault]) -> Iterator[str]:
    """Yield sentences without their ends; ACDs of which the same is to be said stand together."""
    acds: dict[tuple[Archive | None, str], list[int]] = {}
    for fault in faults:
        acds.setdefault((fault.archive, fault.message), []).extend(() if fault.acd is None else (fault.acd,))
    for (archive, says), named in acds.items():
        what = f"the {archive} archive of ACD {', '.join(map(str, named))} " if named else ""
        yield f"{what}{says}"
