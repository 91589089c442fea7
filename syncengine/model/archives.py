"""Archives that are late or failed on one server (High Availability guide, chapter 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from syncengine.model.grain import Archive


class ArchiveFaultKind(StrEnum):
    """What is wrong with an archive."""

    FAILED = "failed"
    LATE = "late"
    NOT_RUN = "not run"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class ArchiveFault:
    """One archive of one ACD that is late or failed, or whose state is not known."""

    acd: int | None
    """None if nothing is known of any ACD."""
    archive: Archive | None
    kind: ArchiveFaultKind
    message: str
    """What is wrong: the end of a sentence that begins with the archive; without an ACD, a whole sentence."""
    since: datetime | None = None
    """The time up to which it is known to have run."""


def fault_sentences(faults: Iterable[ArchiveFault]) -> Iterator[str]:
    """Yield sentences without full stops, one for all ACDs with the same fault."""
    acds: dict[tuple[Archive | None, str], list[int]] = {}
    for fault in faults:
        acds.setdefault((fault.archive, fault.message), []).extend(() if fault.acd is None else (fault.acd,))
    for (archive, message), named in acds.items():
        what = f"the {archive} archive of ACD {', '.join(map(str, named))} " if named else ""
        yield f"{what}{message}"
