"""From a bucket that differs to its rows: exact, and no more of them than asked for."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncengine import BucketRows, ChangedSincePlanError, InputError, Observation, Pair, Role
from tests.builders import build_files, row
from tests.scenes import table_of, trunk
from tests.stories.servers import MARKS, HomedPair

KINDS = [("embedded", "embedded"), ("postgresql", "informix"), ("informix", "postgresql")]
BOTH = {"htrunk": [trunk(500, 1), trunk(500, 3), trunk(500, 4), trunk(530, 1)], "synonyms": []}
PRIMARY = {
    "htrunk": [trunk(500, 2, incalls=5), trunk(500, 2, incalls=5), trunk(500, 7), *(trunk(600, n) for n in range(40))],
    "synonyms": [row("synonyms", item_type="vdn", value="1", item_name="Summer", descr="a  b")],
}
SECONDARY = {"htrunk": [trunk(500, 2, incalls=6), trunk(500, 8)]}


def homed(folder: Path, kinds: tuple[str, str] = ("embedded", "embedded")) -> HomedPair:
    """Build a pair that differs, the price of a trunk group among it."""
    files = build_files(folder, ["htrunk", "synonyms"], both=BOTH, primary=PRIMARY, secondary=SECONDARY)
    there = HomedPair.of(files, kinds)
    for role, home in there.homes.items():
        home.run("ALTER TABLE htrunk ADD COLUMN price DECIMAL(12, 3)")
        home.run(f"UPDATE htrunk SET price = {'12.345' if role is Role.PRIMARY else '12.346'} WHERE tkgrp = 1")
        home.run("UPDATE htrunk SET price = 99999999.125 WHERE tkgrp = 3")
    return there


def rows_of(pair: Pair, observation: Observation, name: str, at: int, **options: Any) -> BucketRows:
    """Return the rows of the bucket that begins at a time of day, or of the only one."""
    table = table_of(observation, name)
    (drift,) = [one for one in table.differing if one.bucket.slot in (at, None)]
    return pair.rows(observation, table, drift, **options)


def columns_of(bucket_rows: BucketRows, rows: tuple[tuple[object, ...], ...], *names: str) -> list[tuple[object, ...]]:
    """Return some columns of rows."""
    return [tuple(one[bucket_rows.names.index(name)] for name in names) for one in rows]


@pytest.mark.soak("postgresql-informix", "informix-postgresql")
@pytest.mark.parametrize(
    "kinds",
    [pytest.param(one, marks=[MARKS[kind] for kind in one if kind in MARKS]) for one in KINDS],
    ids=["-".join(one) for one in KINDS],
)
def test_the_rows_of_a_bucket_are_exact(tmp_path: Path, kinds: tuple[str, str]) -> None:
    """What only one side has stands by itself as often as it is there, the rest in pairs with what differs in them."""
    there = homed(tmp_path, kinds)
    try:
        pair = there.open()
        observation = pair.verify(tables=("htrunk", "synonyms"))
        found, names = rows_of(pair, observation, "htrunk", 500), rows_of(pair, observation, "synonyms", 0)
    finally:
        there.end()

    assert sorted(columns_of(found, found.missing, "row_date", "tkgrp", "incalls")) == [
        (date(2000, 6, 5), 2, 5),
        (date(2000, 6, 5), 7, 5),
    ]
    assert columns_of(found, found.extra, "tkgrp") == [(8,)]
    assert [(one.columns, one.target[found.names.index("tkgrp")]) for one in found.changed] == [
        (("price",), 1),
        (("incalls",), 2),
    ]
    assert columns_of(found, (found.changed[0].source, found.changed[0].target), "price") == [
        (Decimal("12.345"),),
        (Decimal("12.346"),),
    ]
    assert {column.name: str(column.type) for column in found.columns}["price"] == "decimal(12,3)"
    assert (found.bucket.slot, found.more) == (500, False)
    assert columns_of(names, names.missing, "item_name", "descr", "standard") == [("Summer", "a  b", 0)]


def test_no_more_rows_come_than_the_limit(tmp_path: Path) -> None:
    """Of each kind as many as asked for, the first by their key, and it is said that there are more."""
    pair = homed(tmp_path).open()
    observation = pair.verify(tables="htrunk")

    few, all_of_them = rows_of(pair, observation, "htrunk", 600, limit=3), rows_of(pair, observation, "htrunk", 600)

    assert (columns_of(few, few.missing, "tkgrp"), few.more) == ([(0,), (1,), (2,)], True)
    assert (len(all_of_them.missing), all_of_them.more) == (40, False)


def test_rows_of_another_time_are_not_returned(tmp_path: Path) -> None:
    """Rows that changed since they were compared, or were never compared, are not returned."""
    there = homed(tmp_path)
    pair = there.open()
    observation = pair.verify(tables="htrunk")
    there.homes[Role.SECONDARY].run("UPDATE htrunk SET incalls = 9 WHERE starttime = 500 AND tkgrp = 8")

    with pytest.raises(ChangedSincePlanError, match="htrunk has changed since it was compared"):
        rows_of(pair, observation, "htrunk", 500)
    table = table_of(observation, "htrunk")
    with pytest.raises(InputError, match="of that table does not differ"):
        pair.rows(pair.verify(tables="htrunk"), table, table.differing[0])
    with pytest.raises(InputError, match="of other servers than those of this pair"):
        rows_of(homed(tmp_path / "another").open(), observation, "htrunk", 500)
