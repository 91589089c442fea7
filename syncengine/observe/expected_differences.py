"""Counts the expected differences of a table (rule 8), and removes them before drift is counted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from syncengine.diffing.buckets import BucketPair
from syncengine.model.bucket import Bucket
from syncengine.model.drift import Scope
from syncengine.model.expected import ExpectedDifference, ExpectedKind, ExpectedRows
from syncengine.model.facts import ServerFacts
from syncengine.model.fingerprint import FingerprintColumn
from syncengine.model.pair import Role
from syncengine.model.spec import TableSpec


@dataclass(frozen=True, slots=True)
class Expectations:
    """What of one table is expected to differ."""

    pseudo_acds: Mapping[int, tuple[Role, ...]] = field(default_factory=dict)
    """The servers on which each is a pseudo-ACD."""
    rows: tuple[ExpectedRows, ...] = ()
    columns: tuple[FingerprintColumn, ...] = ()
    """Columns that are not compared, and are to be counted by one more fingerprint each."""
    written: bool = False
    """Whether a write follows, which takes a bucket that drifts with all its rows, these too."""


def pseudo_acds_of(facts: Iterable[ServerFacts]) -> dict[int, tuple[Role, ...]]:
    """Return the pseudo-ACDs of both servers, and whose each is."""
    found: dict[int, tuple[Role, ...]] = {}
    for one in facts:
        for acd in one.pseudo_acds:
            found[acd] = (*found.get(acd, ()), one.role)
    return found


@dataclass(slots=True)
class ExpectedCounts:
    """The expected differences of one table that were found so far."""

    expectations: Expectations
    pseudo_acds: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    """Buckets and rows of source and target of each pseudo-ACD."""
    columns: dict[str, int] = field(default_factory=dict)
    """Buckets that differ in a column, and in nothing that is compared."""
    rows: dict[tuple[Bucket, ExpectedRows], tuple[int, int]] = field(default_factory=dict)
    """Rows that only source and target have of those the pair file names."""

    def without_pseudo_acds(self, pairs: Iterable[BucketPair]) -> Iterator[BucketPair]:
        """Yield the buckets that are compared; those of pseudo-ACDs are counted instead."""
        for pair in pairs:
            acd = pair.bucket.acd
            if acd is None or acd not in self.expectations.pseudo_acds:
                yield pair
                continue
            buckets, source, target = self.pseudo_acds.get(acd, (0, 0, 0))
            self.pseudo_acds[acd] = (buckets + 1, source + pair.source.rows, target + pair.target.rows)

    def count_column(
        self, column: FingerprintColumn, pairs: Iterable[BucketPair], drifting: Collection[Bucket]
    ) -> None:
        """Count the buckets of which both servers have as many rows, but not the same values in a column."""
        differ = sum(
            1
            for pair in self._compared(pairs)
            if pair.bucket not in drifting
            and pair.source.rows == pair.target.rows
            and not pair.source.same_rows(pair.target)
        )
        self.columns[column.name] = self.columns.get(column.name, 0) + differ

    def _compared(self, pairs: Iterable[BucketPair]) -> Iterator[BucketPair]:
        """Yield the buckets that are compared."""
        return (pair for pair in pairs if pair.bucket.acd not in self.expectations.pseudo_acds)

    def forget(self, buckets: Collection[Bucket]) -> None:
        """Forget the rows of buckets that are read once more, or written with all their rows."""
        self.rows = {place: found for place, found in self.rows.items() if place[0] not in buckets}

    def count_rows(self, expected: ExpectedRows, found: Iterable[tuple[Any, ...]]) -> None:
        """Count rows that are expected to differ; each comes as date, slot, ACD and the source's surplus of it."""
        for row_date, slot, acd, surplus in found:
            place = (Bucket(row_date, slot, acd), expected)
            source, target = self.rows.get(place, (0, 0))
            self.rows[place] = (source + max(surplus, 0), target + max(-surplus, 0))

    def differences(self, spec: TableSpec) -> Iterator[ExpectedDifference]:
        """Yield all of it, in no order."""
        for name, why in spec.not_compared:
            if name in self.columns:
                yield ExpectedDifference(ExpectedKind.COLUMN, name, why, self.columns[name])
        for acd, (buckets, source, target) in self.pseudo_acds.items():
            owners = " and ".join(sorted(self.expectations.pseudo_acds[acd]))
            why = f"a pseudo-ACD of {owners}"
            yield ExpectedDifference(ExpectedKind.PSEUDO_ACD, f"ACD {acd}", why, buckets, source, target)
        for (_, meant), (source, target) in self.rows.items():
            yield ExpectedDifference(ExpectedKind.ROWS, meant.condition, meant.why, 1, source, target)


def dropped(scopes: tuple[Scope, ...]) -> Iterator[ExpectedDifference]:
    """Yield what a server may have dropped of what the other still has, or of what was requested (rule 12).

    ACDs are named where not all begin at the same time. Rows of no ACD begin where the latest of them does.
    """
    reported = tuple(scope for scope in scopes if scope.acd is not None) or scopes
    alike = len({scope.dropped for scope in reported}) == 1
    for scope in reported[:1] if alike else reported:
        if scope.dropped is not None:
            acd = "" if alike or scope.acd is None else f"ACD {scope.acd} "
            before = f"{scope.dropped.before:%Y-%m-%d %H:%M}".removesuffix(" 00:00")
            what = f"{acd}before {before}"
            yield ExpectedDifference(ExpectedKind.DROPPED, what, scope.dropped.why)
