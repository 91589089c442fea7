"""Finds the intervals that a server has only because runs of this pair copied them to it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import replace

from syncengine.model.bucket import Bucket
from syncengine.model.facts import ServerFacts
from syncengine.model.pair import Role
from syncengine.model.run import Image, RunKind, RunRecord


def own_coverage(facts: ServerFacts, runs: Iterable[RunRecord]) -> ServerFacts:
    """Return the facts of a server with only the intervals it recorded itself, by the records of its runs.

    Copied rows look like its own, and are no sign that it records calls. `runs` come in the order they were begun.
    """
    copied = _copied_into(facts.role, runs, {table for one in facts.coverage for table in one.tables})
    covered = (
        one
        for one in facts.coverage
        if not copied.get(Bucket(one.row_date, one.label, one.acd), frozenset()).issuperset(one.tables)
    )
    return replace(facts, coverage=tuple(covered))


def _copied_into(role: Role, runs: Iterable[RunRecord], witnesses: Set[str]) -> Mapping[Bucket, frozenset[str]]:
    """Return, by interval, the witness tables in which a server had no row before a run wrote some."""
    copied: dict[Bucket, frozenset[str]] = defaultdict(frozenset)
    ever: set[tuple[str, Bucket]] = set()
    written = ((run.header.kind, part) for run in runs for one in run.done if one.into is role for part in one.parts)
    for kind, part in written:
        if part.table not in witnesses:  # Other tables do not show intervals.
            continue
        before, after = _with_rows(part.before), _with_rows(part.after)
        for bucket in after - before:
            # An undo restores the server's own rows, or those that an earlier undo removed.
            if kind is not RunKind.UNDO or (part.table, bucket) in ever:
                copied[bucket] |= {part.table}
                ever.add((part.table, bucket))
        for bucket in before - after:
            copied[bucket] -= {part.table}
    return copied


def _with_rows(image: Image) -> frozenset[Bucket]:
    return frozenset(bucket for bucket, *_ in image.states)
