"""The fingerprint of a bucket: one definition for every kind of server and for staged pieces.

Every row becomes a number: a sum over its columns of coefficient times value, modulo a random prime,
squared twice under two more random primes. A bucket's fingerprint is its row count and the sum of these
numbers, so it does not depend on the order of rows, and counts repeated rows as often as they are there.
Two different bags have the same fingerprint about once in 200 million times; that figure is measured and
reasoned, not proven.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from syncengine.model.bucket import BucketColumns
from syncengine.model.selection import Selection
from syncengine.model.spec import ColumnType, TableSpec

VERSION = 2
COVERED_TYPES = frozenset({"smallint", "integer", "int8", "bigint", "date", "char", "varchar"})
"""The types the fingerprint can cover; a table with others is compared by rows."""
LONGEST_TEXT = 300
"""Longer text would make the query too long: such a column is compared by rows."""


@dataclass(frozen=True, slots=True)
class FingerprintColumn:
    """A column of a fingerprint: only `significant` characters of text count (rule 16)."""

    name: str
    type: ColumnType
    significant: int | None = None

    @property
    def padded(self) -> bool:
        """Say whether blanks at the end do not count (rule 16)."""
        return self.type.name == "char"

    @property
    def covered(self) -> bool:
        """Say whether the fingerprint can cover the column."""
        return self.type.name in COVERED_TYPES and (not self.type.is_text or 0 < self.characters <= LONGEST_TEXT)

    @property
    def characters(self) -> int:
        """How many characters of text count."""
        return min(self.significant or self.type.width, self.type.width)


def in_full(columns: tuple[FingerprintColumn, ...]) -> tuple[FingerprintColumn, ...]:
    """Return columns for the check of a write: text in its full width, not only the significant part."""
    return tuple(FingerprintColumn(column.name, column.type) for column in columns)


def group_key(spec: TableSpec, compared: tuple[FingerprintColumn, ...]) -> tuple[str, ...]:
    """Return the columns that, with the bucket, make a key group.

    Without a key, whole rows are the key, unless the table has a time.
    """
    names = tuple(column.name for column in compared)
    key = tuple(name for name in spec.key if name in names)
    return key if key or spec.time is not None else names


@dataclass(frozen=True, slots=True)
class FingerprintQuery:
    """Which rows to fingerprint, over which columns, under which seed."""

    selection: Selection
    columns: tuple[FingerprintColumn, ...]
    seed: int
    incomplete: str | None = None
    interval: str | None = None

    @property
    def buckets(self) -> BucketColumns:
        """The columns to group by."""
        return self.selection.columns


@dataclass(frozen=True, slots=True)
class FingerprintParameters:
    """The numbers that follow from a seed: primes p0, p1, p2 in [2^30, 2^31), offsets c1, c2 in [1, 2^29)."""

    seed: int
    p0: int
    p1: int
    p2: int
    c1: int
    c2: int

    def coefficient(self, column: str, place: str) -> int:
        """Return the coefficient in [1, p0) of a column's value, NULL or nth character.

        It follows from the column's name, so that the order of columns does not matter.
        """
        return 1 + _draw(self.seed, f"{column}\0{place}") % (self.p0 - 1)


@lru_cache(maxsize=64)
def parameters(seed: int) -> FingerprintParameters:
    """Return the fingerprint parameters of a seed."""
    primes: list[int] = []
    draw = 0
    while len(primes) < 3:
        candidate = 2**30 + _draw(seed, f"prime\0{draw}") % 2**30
        draw += 1
        if candidate not in primes and is_prime(candidate):
            primes.append(candidate)
    first, second = (1 + _draw(seed, f"offset\0{i}") % (2**29 - 1) for i in (1, 2))
    return FingerprintParameters(seed, primes[0], primes[1], primes[2], first, second)


def is_prime(number: int) -> bool:
    """Say whether a number below 3,215,031,751 is prime (Miller-Rabin; these bases are exact up to there)."""
    if number < 2:
        return False
    for small in (2, 3, 5, 7):
        if number % small == 0:
            return number == small
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7):
        power = pow(base, odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


def _draw(seed: int, what: str) -> int:
    digest = hashlib.blake2b(what.encode(), digest_size=8, key=seed.to_bytes(8, "big"))
    return int.from_bytes(digest.digest(), "big")
