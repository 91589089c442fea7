"""The fingerprint: DuckDB's figure against exact integers in Python, and what it must and must not see."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from syncengine.model.bucket import EPOCH_DAY, BucketColumns, BucketState
from syncengine.model.fingerprint import FingerprintColumn, FingerprintQuery, is_prime, parameters
from syncengine.model.selection import Selection
from syncengine.model.spec import ColumnType
from syncengine.servers.sql.fingerprints import bucket_state, fingerprint_statement
from tests.builders import build_files, catalogue, row

SEED = 20000605
TYPES = {
    "small": "smallint",
    "number": "integer",
    "large": "int8",
    "day": "date",
    "code": "char(4)",
    "words": "varchar(12)",
}
COLUMNS = tuple(FingerprintColumn(name, ColumnType.parse(text)) for name, text in TYPES.items())
STORED = "small SMALLINT, number INTEGER, large BIGINT, day DATE, code VARCHAR, words VARCHAR"
EXTREMES: dict[str, list[Any]] = {
    "small": [0, 1, -1, 32767, -32768, -32767, None],
    "number": [0, 1, -1, 2**31 - 1, -(2**31), -(2**31) + 1, 2**30, None],
    "large": [0, 1, -1, 2**63 - 1, -(2**63), -(2**63) + 1, 2**62, 2**31, None],
    "day": [
        date(1899, 12, 30),
        EPOCH_DAY,
        date(1900, 1, 1),
        date(2000, 2, 29),
        date(9999, 12, 31),
        date(1, 1, 1),
        None,
    ],
    "code": ["", "    ", "a", "a   ", " a", "é", "ß€", "日本", "𝄞", "~~~~", "\0", "a\0", "\0a\0 ", None],
    "words": ["", "twelve chars", "TWELVE CHARS", "a  ", "a\tb", "ÿ", "\0", " \0 ", None],
}
PLAIN: dict[str, Any] = {
    "small": 1,
    "number": 2,
    "large": 3,
    "day": date(2000, 6, 5),
    "code": "abcd",
    "words": "some words",
}
Row = dict[str, Any]
FROZEN = (1649480669, 1879520197, 1743560983, 367121479, 292437197, 1383147456)
"""The parameters of the seed."""


def reference_row(row: Row, columns: Sequence[FingerprintColumn], seed: int) -> int:
    """Return a row's number in exact integers, from the definition alone."""
    numbers = parameters(seed)
    total = 0
    for column in columns:
        value, name = row[column.name], column.name
        coefficient = numbers.coefficient(name, "value")
        if value is None:
            total += numbers.coefficient(name, "null")
        elif column.type.is_text:
            text = (value.rstrip(" ") if column.type.name == "char" else value)[: column.characters]
            total += sum(
                numbers.coefficient(name, str(place)) * (ord(c) or 0x110000) for place, c in enumerate(text, start=1)
            )
        elif column.type.name == "date":
            total += coefficient * (value - EPOCH_DAY).days
        else:
            total += coefficient * value
    x = total % numbers.p0
    x = (x + numbers.c1) ** 2 % numbers.p1
    return (x + numbers.c2) ** 2 % numbers.p2


def reference(rows: Sequence[Row], columns: Sequence[FingerprintColumn] = COLUMNS, seed: int = SEED) -> tuple[int, int]:
    """Return row count and sum."""
    return len(rows), sum(reference_row(row, columns, seed) for row in rows)


def state(rows: Sequence[Row], columns: Sequence[FingerprintColumn] = COLUMNS, seed: int = SEED) -> BucketState:
    """Return the fingerprint DuckDB computes for rows, all in one bucket."""
    query = FingerprintQuery(Selection("t", BucketColumns()), tuple(columns), seed)
    statement = fingerprint_statement(query)
    connection = memory()
    connection.execute(f"CREATE OR REPLACE TABLE t ({STORED})")
    connection.register("given", table_of(rows))
    connection.execute("INSERT INTO t SELECT * FROM given")
    found = connection.execute(statement.text, list(statement.values)).fetchall()
    return bucket_state(found[0])[1] if found else BucketState()


@lru_cache(maxsize=1)
def memory() -> duckdb.DuckDBPyConnection:
    """Return a database in memory."""
    return duckdb.connect(":memory:")


def table_of(rows: Sequence[Row]) -> pa.Table:
    """Return rows as a table."""
    types = {
        "small": pa.int16(),
        "number": pa.int32(),
        "large": pa.int64(),
        "day": pa.date32(),
        "code": pa.string(),
        "words": pa.string(),
    }
    return pa.Table.from_pylist(list(rows), schema=pa.schema(list(types.items())))


def figures(found: BucketState) -> tuple[int, int]:
    """Return row count and sum."""
    return found.rows, found.hash_sum


def singles() -> Iterator[Row]:
    """Yield a plain row for every extreme value of every column."""
    for name, values in EXTREMES.items():
        for value in values:
            yield PLAIN | {name: value}


@pytest.mark.parametrize("seed", [0, 1, SEED, 2**63 - 1])
def test_every_extreme_value_is_folded_in_exactly(seed: int) -> None:
    """On each extreme of each type DuckDB's sum is that of exact integers: nothing overflows or rounds."""
    for one in singles():
        assert figures(state([one], seed=seed)) == reference([one], seed=seed), one


def test_rows_of_nothing_but_extremes_add_up() -> None:
    """Many rows of extremes in every column at once still give the exact sum."""
    dice = random.Random(SEED)  # noqa: S311
    rows = [{name: dice.choice(values) for name, values in EXTREMES.items()} for _ in range(4000)]

    found = state(rows)

    assert figures(found) == reference(rows)


def test_the_widest_table_adds_up(tmp_path: Path) -> None:
    """The 172 columns of hsplit, all at their extremes, fit the arithmetic of the server."""
    extremes = {"smallint": [32767, -32768], "integer": [2**31 - 1, -(2**31)]}
    given = row("hsplit")
    spec = {column.name: column for column in _hsplit()}
    for name, column in spec.items():
        if name not in ("row_date", "starttime", "acd", "intrvl"):
            given[name] = extremes[column.type.name][len(name) % 2]
    files = build_files(tmp_path, primary={"hsplit": [given]}, whole=True)
    query = FingerprintQuery(Selection("hsplit", BucketColumns()), _hsplit(), SEED)

    statement = fingerprint_statement(query)
    found = files.run("primary", statement.text, statement.values)

    assert figures(bucket_state(found[0])[1]) == reference([given], _hsplit())


def _hsplit() -> tuple[FingerprintColumn, ...]:
    return tuple(FingerprintColumn(column.name, column.type) for column in catalogue().table("hsplit").columns)


def test_the_order_of_rows_and_columns_does_not_matter() -> None:
    """Shuffled rows and shuffled columns have the fingerprint of the rows as they were."""
    dice = random.Random(SEED)  # noqa: S311
    rows = list(singles())
    first = state(rows)

    dice.shuffle(rows)
    columns = list(COLUMNS)
    dice.shuffle(columns)

    assert figures(state(rows, columns)) == figures(first)


def test_repeated_rows_count_as_often_as_they_are_there() -> None:
    """A bag is not a set: one of two equal rows gone changes both count and sum."""
    once, twice = state([PLAIN]), state([PLAIN, PLAIN])

    assert (twice.rows, twice.hash_sum) == (2, 2 * once.hash_sum)


def test_another_seed_gives_another_fingerprint() -> None:
    """The same rows under 200 seeds have 200 fingerprints."""
    rows = list(singles())

    sums = Counter(reference(rows, seed=seed)[1] for seed in range(200))

    assert len(sums) == 200
    assert state(rows, seed=1).hash_sum != state(rows, seed=2).hash_sum


@pytest.mark.parametrize("name", list(TYPES))
def test_null_zero_and_blank_differ(name: str) -> None:
    """NULL is neither 0, nor blank, nor day 0, in any type (rule 16)."""
    nothing = EPOCH_DAY if name == "day" else "" if name in ("code", "words") else 0

    null, zero = state([PLAIN | {name: None}]), state([PLAIN | {name: nothing}])

    assert null.hash_sum != zero.hash_sum
    assert zero.hash_sum != state([PLAIN]).hash_sum


def test_padding_makes_no_difference_and_everything_else_does() -> None:
    """Blanks at the end pad a CHAR; blanks before, case, a tab and one more letter are values (rule 16)."""
    padded = {state([PLAIN | {"code": text}]).hash_sum for text in ("ab", "ab ", "ab" + " " * 10)}
    others = {state([PLAIN | {"code": text}]).hash_sum for text in (" ab", "AB", "ab\t", "abc", "ba", "a b", "b")}

    assert len(padded) == 1
    assert len(others) == 7
    assert not padded & others


def test_blanks_at_the_end_count_in_text_of_varying_length() -> None:
    """A VARCHAR has no padding, so that each blank at its end is a value of its own (rule 16)."""
    texts = ("", " ", "  ", "ab", "ab ", "ab  ")

    assert len({state([PLAIN | {"words": text}]).hash_sum for text in texts}) == len(texts)


def test_every_extreme_differs_from_every_other() -> None:
    """No two values of a column that differ have the same fingerprint: 0 and 2147483647, -1 and -2147483648."""
    for name, values in EXTREMES.items():
        distinct = {value.rstrip(" ") if isinstance(value, str) and name == "code" else value for value in values}
        sums = {state([PLAIN | {name: value}]).hash_sum for value in values}
        assert len(sums) == len(distinct), name


def test_values_swapped_between_rows_or_columns_are_found() -> None:
    """Two values swapped between rows, or between columns, or +7 and -7, change the sum."""
    rows = [PLAIN | {"small": 1, "number": 2}, PLAIN | {"small": 3, "number": 4}]
    swapped = [PLAIN | {"small": 1, "number": 4}, PLAIN | {"small": 3, "number": 2}]
    across = [PLAIN | {"small": 2, "number": 1}, PLAIN | {"small": 3, "number": 4}]
    balanced = [PLAIN | {"small": 8, "number": 2}, PLAIN | {"small": -4, "number": 4}]

    sums = {state(bag).hash_sum for bag in (rows, swapped, across, balanced)}

    assert len(sums) == 4


def test_bags_with_equal_moments_are_distinguished() -> None:
    """Even and odd subsets of five columns, which polynomial sums cannot distinguish, differ under every seed."""
    columns = tuple(FingerprintColumn(f"c{n}", ColumnType("integer")) for n in range(5))
    corners = [{f"c{n}": bits >> n & 1 for n in range(5)} for bits in range(32)]
    even = [corner for corner in corners if sum(corner.values()) % 2 == 0]
    odd = [corner for corner in corners if sum(corner.values()) % 2]

    missed = [seed for seed in range(300) if reference(even, columns, seed) == reference(odd, columns, seed)]

    assert len(even) == len(odd)
    assert missed == []


@pytest.mark.parametrize("seed", [0, 1, 12345, 2**63 - 1, *range(100, 140)])
def test_parameters_lie_where_the_arithmetic_is_safe(seed: int) -> None:
    """Three distinct primes from 2^30 up to 2^31, offsets below 2^29: no product passes 63 bits."""
    numbers = parameters(seed)

    primes = (numbers.p0, numbers.p1, numbers.p2)
    assert len(set(primes)) == 3
    assert all(2**30 <= prime < 2**31 and is_prime(prime) for prime in primes)
    assert all(1 <= offset < 2**29 for offset in (numbers.c1, numbers.c2))
    assert (max(primes) + 2**29) ** 2 < 2**63
    coefficients = [numbers.coefficient(name, place) for name in ("a", "b", "ab") for place in ("value", "null", "1")]
    assert all(1 <= one < numbers.p0 for one in coefficients)
    assert len(set(coefficients)) == len(coefficients)


def test_parameters_never_change_between_versions() -> None:
    """A seed in a plan written today gives the same numbers tomorrow."""
    numbers = parameters(SEED)

    again = (numbers.p0, numbers.p1, numbers.p2, numbers.c1, numbers.c2, numbers.coefficient("acd", "value"))

    assert again == FROZEN
    assert parameters.__wrapped__(SEED) == numbers


def test_primes_are_those_of_a_sieve() -> None:
    """The primality test agrees with trial division, also on numbers that fool weaker tests."""
    small = [n for n in range(2000) if n > 1 and all(n % d for d in range(2, int(n**0.5) + 1))]
    liars = (2047, 1373653, 25326001, 1729, 2465, 2**31 + 1, 46337 * 46339, 1073741825)

    assert [n for n in range(-2, 2000) if is_prime(n)] == small
    assert not any(is_prime(liar) for liar in liars)
    assert is_prime(2**31 - 1)
    assert is_prime(1073741827)


@pytest.mark.parametrize("text", ["smallfloat", "float", "decimal(10,2)", "char(301)"])
def test_columns_that_cannot_be_covered_are_reported(text: str) -> None:
    """Floats, decimals and very long text are not covered, and the column reports that."""
    assert not FingerprintColumn("c", ColumnType.parse(text)).covered
    assert FingerprintColumn("c", ColumnType.parse("char(300)")).covered
    assert not FingerprintColumn("c", ColumnType("char")).covered


def test_uncovered_columns_stay_out_of_the_sum() -> None:
    """A float column neither breaks the query nor changes its figure."""
    columns = (*COLUMNS, FingerprintColumn("change", ColumnType("float")))

    assert figures(state([PLAIN], columns)) == reference([PLAIN])


def test_text_longer_than_its_width_is_flagged() -> None:
    """Text past the width that is folded in is counted as overlong, and padding is not."""
    rows = [PLAIN | {"code": "abcde"}, PLAIN | {"code": "abcd   "}, PLAIN | {"words": "more than twelve"}, PLAIN]

    found = state(rows)

    assert found.overlong == 2
    assert not found.same_rows(found)
    assert state([PLAIN]).same_rows(state([PLAIN]))


@pytest.mark.parametrize(
    ("table", "column", "width", "values"),
    [
        ("agroups", "item_name", 20, {"item_type": "AGRP", "value": "4001"}),
        ("synonyms", "item_name", 20, {"item_type": "SPLIT", "value": "1"}),
        ("hagent", "extension", 6, {"starttime": 500, "logid": "4001"}),
    ],
)
def test_text_past_its_width_is_compared_by_rows(
    tmp_path: Path, table: str, column: str, width: int, values: Row
) -> None:
    """Names alike up to the spec's width and different after it are drift, not missed."""
    ends = {"primary": "left", "secondary": "rght"}
    own = {side: {table: [row(table, **values, **{column: "n" * width + end})]} for side, end in ends.items()}
    files = build_files(tmp_path, (table,), primary=own["primary"], secondary=own["secondary"])

    found = files.open().verify(tables=(table,)).tables[0]

    assert found.counts.total >= 1


def test_equal_text_past_its_width_is_not_drift(tmp_path: Path) -> None:
    """Overlong text that is the same on both servers is compared by rows and equal."""
    long = [row("agroups", item_type="AGRP", item_name="n" * 30, value="4001")]
    files = build_files(tmp_path, ("agroups",), both={"agroups": long})

    found = files.open().verify(tables=("agroups",))

    assert found.in_sync
    assert found.tables[0].rows_compared == 2


@pytest.mark.parametrize(("changed", "reported"), [("x" * 15 + "left", False), ("y" * 15, True)])
def test_only_significant_characters_count(tmp_path: Path, changed: str, reported: bool) -> None:
    """Of a synonym's value the first 15 characters are compared, and what follows is not (rule 16)."""
    own = {
        "primary": row("synonyms", item_type="SPLIT", item_name="n", value="x" * 15),
        "secondary": row("synonyms", item_type="SPLIT", item_name="n", value=changed),
    }
    files = build_files(
        tmp_path,
        ("synonyms",),
        primary={"synonyms": [own["primary"]]},
        secondary={"synonyms": [own["secondary"]]},
    )

    for every_row in (False, True):
        assert files.open().verify(tables=("synonyms",), every_row=every_row).in_sync is not reported
