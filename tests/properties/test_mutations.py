"""Thousands of seeded mutations on real layouts: each one found, nothing else reported."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.bucket import Bucket
from syncengine.model.drift import Counts, Strength, TableObservation
from tests.builders import catalogue
from tests.examples import some_of
from tests.properties.layouts import (
    REPEATED,
    WINDOW,
    Row,
    bag,
    base_rows,
    bucket_in,
    buckets_of,
    build_loaded,
    inside,
    normal,
)
from tests.properties.mutations import (
    HARMFUL,
    HARMLESS,
    Bench,
    Mutation,
    balanced,
    character_changed,
    copy_gone,
    flagged,
    null_for_zero,
    padding_added,
    renumbered,
    row_gone,
    swapped,
    wrapped,
)

SEED = 585210911
BUCKETED = (
    "hsplit",
    "hagent",
    "hvdn",
    "htrunk",
    "dsplit",
    "call_rec",
    "haglog",
    "ag_actv",
    "synonyms",
    "agroups",
    "f_cday",
)
UNITS_OF_DBITEMS = 300
AT_LEAST = 2000


@dataclass
class Mutated:
    """Both servers' rows of a table, and what was done to the second's."""

    table: str
    primary: list[Row] = field(default_factory=list)
    secondary: list[Row] = field(default_factory=list)
    harmful: Counter[str] = field(default_factory=Counter)
    harmless: Counter[str] = field(default_factory=Counter)


def mutate(table: str, rows: list[Row], neighbour: list[Row], kinds: Sequence[Mutation], dice: random.Random) -> Any:
    """Apply the first mutation that can be applied and does what it says; return it with the rows it gives."""
    harmful = kinds[0] in HARMFUL
    for kind in kinds:
        bench = Bench(table, [dict(one) for one in rows], neighbour, dice)
        before = len(neighbour)
        result = kind(bench)
        if result is not None and (bag(table, bench.rows) != bag(table, result)) == harmful:
            return kind, bench.rows, result
        del neighbour[before:]
    raise AssertionError(f"nothing can be mutated in {table}")


@lru_cache(maxsize=2)
def mutated(table: str) -> Mutated:
    """Fill a layout and mutate most of its buckets, each in one way."""
    dice = random.Random(f"{SEED} {table}")  # noqa: S311
    made = Mutated(table)
    buckets = buckets_of(table) if table != "dbitems" else [Bucket()] * UNITS_OF_DBITEMS
    units = [base_rows(table, bucket, dice) for bucket in buckets]
    if table == "dbitems":
        for number, unit in enumerate(units):
            for one in unit:
                one["item_name"] = f"{number:04d}{one['item_name'].strip()}".ljust(20)[:20]
    turn = {True: 0, False: 0}
    skip = False
    for number, rows in enumerate(units):
        if skip:
            skip = False
            continue
        chosen = number % 10
        if chosen == 0 and not _edge(table, buckets, number):
            # Left alone: equal on both servers.
            made.primary += rows
            made.secondary += [dict(one) for one in rows]
            continue
        harmful = chosen < 8 or _edge(table, buckets, number)
        kinds = HARMFUL if harmful else HARMLESS
        start = turn[harmful] % len(kinds)
        turn[harmful] += 1
        rolled = [*kinds[start:], *kinds[:start]]
        free = number + 1 < len(units) and not _edge(table, buckets, number) and table != "dbitems"
        neighbour = units[number + 1] if free and not _edge(table, buckets, number + 1) else []
        original = [dict(one) for one in neighbour]
        kind, primary, secondary = mutate(table, rows, neighbour, rolled, dice)
        made.primary += primary
        made.secondary += secondary
        (made.harmful if harmful else made.harmless)[kind.__name__] += 1
        if len(neighbour) > len(original):
            made.primary += original
            made.secondary += neighbour
            skip = True
    return made


def _edge(table: str, buckets: list[Bucket], number: int) -> bool:
    """Say whether a bucket is the first or last of the window, just outside it, or of the repeated hour."""
    bucket = buckets[number]
    if catalogue().table(table).time is None:
        return False
    around = [inside(one, table) for one in buckets[max(number - 1, 0) : number + 2]]
    return len(set(around)) > 1 or number in (0, len(buckets) - 1) or (bucket.row_date, bucket.slot) in REPEATED


def expected(table: str, made: Mutated) -> dict[Bucket, Counts]:
    """Return the drift of each bucket, counted in Python: the reference for what is reported."""
    found: dict[Bucket, Counts] = {}
    for (bucket, _), (over, under) in surplus(table, made).items():
        if inside(bucket, table):
            changed = min(over, under)
            found[bucket] = found.get(bucket, Counts()) + Counts(over - changed, under - changed, changed)
    return found


def surplus(table: str, made: Mutated) -> dict[tuple[Bucket, tuple[Any, ...]], tuple[int, int]]:
    """Return for each differing key group how many rows only the first and only the second server has."""
    spec = catalogue().table(table)
    names = [column.name for column in spec.columns if column.name not in spec.ignored]
    key = [names.index(name) for name in spec.key]
    rows: Counter[tuple[Bucket, tuple[Any, ...]]] = Counter()
    for sign, side in ((1, made.primary), (-1, made.secondary)):
        for one in side:
            rows[bucket_in(table, one), normal(table, one)] += sign
    groups: dict[tuple[Bucket, tuple[Any, ...]], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for (bucket, values), count in rows.items():
        group = (bucket, tuple(values[at] for at in key))
        if count:
            over, under = groups[group]
            groups[group] = (over + max(count, 0), under + max(-count, 0))
    return groups


def reported(found: TableObservation) -> dict[Bucket, Counts]:
    """Return what a verify reports, a bucket never twice."""
    assert len({drift.bucket for drift in found.differing}) == len(found.differing)
    return {drift.bucket: drift.counts for drift in found.differing}


@pytest.mark.soak("hsplit", "call_rec")
@pytest.mark.sampled
@pytest.mark.parametrize("table", some_of(BUCKETED, 5))
def test_exactly_the_mutated_buckets_are_reported(tmp_path: Path, table: str) -> None:
    """Of hundreds of mutated buckets none is missed, none miscounted, and no other is reported, either way."""
    made = mutated(table)
    pair = build_loaded(tmp_path, table, made.primary, made.secondary).open()
    window = WINDOW if catalogue().table(table).time is not None else None

    quick = pair.verify(tables=(table,), window=window).tables[0]
    slow = pair.verify(tables=(table,), window=window, every_row=True).tables[0]

    wanted = expected(table, made)
    assert reported(quick) == wanted
    assert reported(slow) == wanted
    assert slow.strength is Strength.EVERY_ROW
    assert quick.strength is (Strength.EVERY_ROW if table == "f_cday" else Strength.FINGERPRINT)
    assert (quick.source_rows, quick.target_rows) == (slow.source_rows, slow.target_rows)


@pytest.mark.parametrize("every_row", [False, True])
def test_exactly_the_mutated_items_are_reported(tmp_path: Path, every_row: bool) -> None:
    """A table that is one bucket is compared by its keys: each mutated item is shown, and no other."""
    made = mutated("dbitems")
    files = build_loaded(tmp_path, "dbitems", made.primary, made.secondary)

    found = files.open().verify(tables=("dbitems",), every_row=every_row).tables[0]

    groups = surplus("dbitems", made)
    shown = {
        tuple(value for _, value in sample.key): (sample.source_rows, sample.target_rows) for sample in found.samples
    }
    assert shown == {key: counts for (_, key), counts in groups.items()}
    assert reported(found) == expected("dbitems", made)


@pytest.mark.soak
def test_there_are_thousands_of_mutations_of_every_kind() -> None:
    """The suite holds at least 2,000 harmful mutations, and every kind of mutation, harmless ones too."""
    harmful: Counter[str] = Counter()
    harmless: Counter[str] = Counter()

    for table in (*BUCKETED, "dbitems"):
        made = mutated(table)
        harmful += made.harmful
        harmless += made.harmless
        assert expected(table, made)

    assert harmful.total() >= AT_LEAST
    assert set(harmful) == {kind.__name__ for kind in HARMFUL}
    assert set(harmless) == {kind.__name__ for kind in HARMLESS}
    assert harmless.total() >= AT_LEAST // 10


ALONE = (
    *(("hsplit", swapped), ("hsplit", balanced), ("hagent", copy_gone), ("call_rec", renumbered)),
    *(("call_rec", null_for_zero), ("haglog", row_gone), ("synonyms", character_changed), ("haglog", flagged)),
    *(("hvdn", wrapped), ("synonyms", padding_added)),
)


@pytest.mark.sampled
@pytest.mark.parametrize(("table", "kind"), some_of(ALONE, 2))
def test_one_mutation_alone_gets_the_same_verdict_both_ways(tmp_path: Path, table: str, kind: Mutation) -> None:
    """A single difference in a small pair is found by fingerprints and by rows alike, or by neither."""
    dice = random.Random(SEED)  # noqa: S311
    buckets = [bucket for bucket in buckets_of(table) if inside(bucket, table)][:3]
    first, rows, last = (base_rows(table, bucket, dice) for bucket in buckets)
    done, primary, secondary = mutate(table, rows, [], [kind] * 50, dice)
    pair = build_loaded(tmp_path, table, [*first, *primary, *last], [*first, *secondary, *last]).open()
    window = WINDOW if catalogue().table(table).time is not None else None

    quick, slow = (pair.verify(tables=(table,), window=window, every_row=every_row) for every_row in (False, True))

    assert done is kind
    assert quick.in_sync == slow.in_sync == (kind in HARMLESS)
    assert reported(quick.tables[0]) == reported(slow.tables[0])
    assert set(reported(quick.tables[0])) == (set() if kind in HARMLESS else {buckets[1]})
