"""Informix's SQL where it differs, and how long a statement may get."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from syncengine.model.bucket import EPOCH_DAY
from syncengine.model.selection import Selection
from syncengine.servers.sql.dialect import Dialect
from syncengine.servers.sql.predicates import predicate

INFORMIX = Dialect(
    quotes=False,
    coalesce="NVL",
    # SUBSTR past the end of a text gives NULL on some releases and nothing on others.
    character="NVL(ASCII(SUBSTR({text}, {place}, 1)), 0)",
    trimmed="TRIM(TRAILING ' ' FROM {text})",
    date_literal="MDY({day.month}, {day.day}, {day.year})",
    day_number=f"({{date}} - MDY({EPOCH_DAY.month}, {EPOCH_DAY.day}, {EPOCH_DAY.year}))",
)
MOST_TEXT = 12_000
"""Characters of a condition.

With the fingerprint of the widest table the statement then stays under the 32,767 that are known to work.
"""
MOST_GROUPS = 50
"""Key groups named in one statement."""


def portions(selection: Selection) -> Iterator[Selection]:
    """Yield parts of a selection, none overlapping, that together are all of it and each fit a statement.

    Whole days of buckets make short conditions and scattered ones long, so that the text decides, not the number.
    """
    # Groups of named buckets are few, and a bucket must not be divided between statements.
    if selection.groups is not None and selection.buckets is None and len(selection.groups) > MOST_GROUPS:
        groups = tuple(dict.fromkeys(selection.groups))
        for at in range(0, len(groups), MOST_GROUPS):
            yield replace(selection, groups=groups[at : at + MOST_GROUPS])
        return
    buckets = selection.buckets or ()
    if len(buckets) < 2 or len(predicate(selection, INFORMIX).text) <= MOST_TEXT:
        yield selection
        return
    ordered = sorted(set(buckets), key=lambda bucket: bucket.order)
    middle = len(ordered) // 2
    for half in (ordered[:middle], ordered[middle:]):
        yield from portions(replace(selection, buckets=tuple(half)))
