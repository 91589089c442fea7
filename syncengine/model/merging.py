"""Merges observations of parts of a request: any split has the same result as one observation of the whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import TypeVar

from syncengine.model.cuts import Cut
from syncengine.model.drift import BucketExtent, GroupChange, Observation, TableObservation, TableState
from syncengine.model.expected import sorted_differences
from syncengine.model.pair import Role
from syncengine.model.remembered_days import ALL_READ, RememberedCounts
from syncengine.model.stretch import Overlap
from syncengine.model.window import Window
from syncengine.model.without_acd import without_acd_notes

COMMON_FIELDS = ("as_of", "seed", "requested", "facts", "zone", "acds", "interval_lengths")
"""The fields that all parts of one request have in common."""
One = TypeVar("One")


def merged(parts: Sequence[Observation], *, samples: int) -> Observation:
    """Return the observation of a request from its parts, each of some tables or of some of their months.

    Of the sample key groups, the first `samples` of each table are included. Raises ValueError without any part,
    and for parts of different requests.
    """
    if not parts:
        raise ValueError("There is no observation to merge.")
    first = parts[0]
    for name in COMMON_FIELDS:
        if any(getattr(part, name) != getattr(first, name) for part in parts):
            raise ValueError(f"Observations of several requests do not merge: not all have the same {name}.")
    tables: dict[str, list[TableObservation]] = defaultdict(list)
    for table in chain.from_iterable(part.tables for part in parts):
        tables[table.spec.name].append(table)
    whole = Observation(
        as_of=first.as_of,
        seed=first.seed,
        requested=first.requested,
        facts=first.facts,
        tables=tuple(merged_tables(some, samples=samples) for some in tables.values()),
        zone=first.zone,
        acds=first.acds,
        notes=(),
        timetables=_first(part.timetables for part in parts),
        files=tuple(sorted(_each(part.files for part in parts), key=lambda file: (file.shown, file.holds))),
        excluded_tables=tuple({table.spec.name: table for part in parts for table in part.excluded_tables}.values()),
        by_hand=_each(part.by_hand for part in parts),
        interval_lengths=first.interval_lengths,
    )
    own = (tuple(note for note in part.notes if note not in set(_following(part))) for part in parts)
    return replace(whole, notes=(*_each(own), *_following(whole)))


def merged_tables(parts: Sequence[TableObservation], *, samples: int) -> TableObservation:
    """Return the observation of a table from its parts; if one part could not be compared, the table could not."""
    first = parts[0]
    for part in parts:
        if part.state is not TableState.COMPARED:
            return part
    return TableObservation(
        spec=first.spec,
        state=first.state,
        problem=first.problem,
        hint=first.hint,
        scopes=first.scopes,
        compared=first.compared,
        all_columns=first.all_columns,
        uncovered=first.uncovered,
        unknown=first.unknown,
        strength=first.strength,
        buckets_compared=sum(part.buckets_compared for part in parts),
        rows_compared=sum(part.rows_compared for part in parts),
        differing=tuple(sorted(_all(part.differing for part in parts), key=lambda drift: drift.bucket.order)),
        other_acds=tuple(_all(part.other_acds for part in parts)),
        source_extents=tuple(_extents(_all(part.source_extents for part in parts))),
        source_rows=sum(part.source_rows for part in parts),
        target_rows=sum(part.target_rows for part in parts),
        samples=tuple(sorted(_all(part.samples for part in parts), key=lambda one: one.bucket.order))[:samples],
        notes=_each(part.notes for part in parts),
        changes=_changes(parts),
        excluded=_first(part.excluded for part in parts),
        remembered=_remembered([part.remembered for part in parts]),
        expected=sorted_differences(_all(part.expected for part in parts), first.spec.not_compared),
        overlaps=tuple(sorted(_all(part.overlaps for part in parts), key=_place)),
        cuts=tuple(sorted(dict.fromkeys(_all(part.cuts for part in parts)), key=_begin)),
        unwritable=_first(part.unwritable or None for part in parts) or "",
    )


def _following(observation: Observation) -> Iterator[str]:
    """Yield the notes that follow from the content of an observation."""
    if observation.timetables is not None:
        yield from observation.timetables.sentences
    yield from without_acd_notes(observation)


def _extents(found: Iterable[BucketExtent]) -> Iterator[BucketExtent]:
    by_acd: dict[int | None, list[BucketExtent]] = defaultdict(list)
    for one in found:
        by_acd[one.acd].append(one)
    for acd, ones in sorted(by_acd.items(), key=lambda item: (item[0] is not None, item[0] or 0)):
        first = min((one.first for one in ones), key=lambda bucket: bucket.order)
        last = max((one.last for one in ones), key=lambda bucket: bucket.order)
        yield BucketExtent(acd, sum(one.buckets for one in ones), first, last)


def _remembered(found: Sequence[RememberedCounts]) -> RememberedCounts:
    """Add up what was not read again, over parts of one table."""
    return replace(sum(found, ALL_READ), tables=max(one.tables for one in found))


def _changes(parts: Sequence[TableObservation]) -> tuple[GroupChange, ...] | None:
    known = [part.changes for part in parts if part.changes is not None]
    return tuple(_all(known)) if known else None


def _place(overlap: Overlap) -> tuple[Role, bool, int, Window, int]:
    return overlap.server, overlap.acd is not None, overlap.acd or 0, overlap.span, overlap.rows


def _begin(cut: Cut) -> tuple[datetime, str]:
    return cut.begin, repr(cut)


def _all(found: Iterable[Iterable[One]]) -> Iterator[One]:
    return chain.from_iterable(found)


def _each(found: Iterable[Iterable[One]]) -> tuple[One, ...]:
    """Return each item once, in the order of its first occurrence."""
    return tuple(dict.fromkeys(_all(found)))


def _first(found: Iterable[One | None]) -> One | None:
    return next((one for one in found if one is not None), None)
