"""How Informix writes what is not the same everywhere, and how long a statement may get."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from syncengine.model.bucket import EPOCH_DAY
from syncengine.model.selection import Selection
from syncengine.servers.sql.dialect import Dialect

INFORMIX = Dialect(
    quotes=False,
    coalesce="NVL",
    # SUBSTR past the end of a text gives NULL on some releases and nothing on others.
    character="NVL(ASCII(SUBSTR({text}, {place}, 1)), 0)",
    trimmed="TRIM(TRAILING ' ' FROM {text})",
    text_term="CASE WHEN {name} IS NULL THEN {null} ELSE {term} END",
    day_number=f"({{date}} - MDY({EPOCH_DAY.month}, {EPOCH_DAY.day}, {EPOCH_DAY.year}))",
)
MOST_BUCKETS = 150
"""Buckets named in one statement, so that it stays under the 32,767 characters that are known to be taken."""
MOST_GROUPS = 50
"""Key groups named in one statement."""


def portions(selection: Selection) -> Iterator[Selection]:
    """Yield parts of a selection, none overlapping, that together are all of it and each fit a statement."""
    if selection.buckets is not None and len(selection.buckets) > MOST_BUCKETS:
        unique = sorted(set(selection.buckets), key=lambda bucket: bucket.order)
        for at in range(0, len(unique), MOST_BUCKETS):
            yield replace(selection, buckets=tuple(unique[at : at + MOST_BUCKETS]))
    elif selection.groups is not None and len(selection.groups) > MOST_GROUPS:
        groups = tuple(dict.fromkeys(selection.groups))
        for at in range(0, len(groups), MOST_GROUPS):
            yield replace(selection, groups=groups[at : at + MOST_GROUPS])
    else:
        yield selection
