"""Ways a bucket of rows on one server can differ from the other's, harmful and harmless."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from syncengine.model.bucket import BucketColumns
from tests.builders import catalogue
from tests.properties.layouts import Row, mutable

Rows = list[Row]


@dataclass(frozen=True)
class Bench:
    """What a mutation works with. It may change `rows` first: the other server has them."""

    table: str
    rows: Rows
    neighbour: Rows
    dice: random.Random

    def pick(self) -> Row:
        """Return one of the rows to be mutated."""
        return self.dice.choice(self.rows)

    def number(self) -> str | None:
        """Return a column of numbers, or None where there is none."""
        names = mutable(self.table, numbers=True)
        return self.dice.choice(names) if names else None

    def text(self) -> str | None:
        """Return a column of text, or None where there is none."""
        names = mutable(self.table, numbers=False)
        return self.dice.choice(names) if names else None

    def width(self, column: str) -> int:
        """Return the width of a column of text."""
        found = catalogue().table(self.table).column(column)
        assert found is not None
        return found.type.width

    def copies(self) -> Rows:
        """Return rows to mutate; those of the other server stay as they are."""
        return [dict(one) for one in self.rows]


Mutation = Callable[[Bench], "Rows | None"]


def _replaced(bench: Bench, column: str | None, before: Any, after: Any) -> Rows | None:
    """Have one row hold `before` on one server and `after` on the other."""
    if column is None:
        return None
    at = bench.dice.randrange(len(bench.rows))
    bench.rows[at][column] = before
    mutated = bench.copies()
    mutated[at][column] = after
    return mutated


def swapped(bench: Bench) -> Rows | None:
    """Two values change places between two rows."""
    column = bench.number() or bench.text()
    assert column is not None
    mutated = bench.copies()
    first, second = bench.dice.sample(mutated, 2)
    first[column], second[column] = second[column], first[column]
    return mutated


def crossed(bench: Bench) -> Rows | None:
    """Two values of like type change places between two columns of a row."""
    mutated = bench.copies()
    one = bench.dice.choice(mutated)
    spec = catalogue().table(bench.table)
    kinds = {column.name: column.type.name for column in spec.columns}
    names = [name for name in mutable(bench.table, numbers=True) if kinds[name] == "smallint"]
    if len(names) < 2:
        return None
    first, second = bench.dice.sample(names, 2)
    one[first], one[second] = one[second], one[first]
    return mutated


def balanced(bench: Bench) -> Rows | None:
    """One row gains 7 and another loses 7."""
    column = bench.number()
    if column is None:
        return None
    first, second = bench.dice.sample(range(len(bench.rows)), 2)
    bench.rows[first][column] = bench.dice.randint(-20, 20)
    bench.rows[second][column] = bench.dice.randint(-20, 20)
    mutated = bench.copies()
    mutated[first][column] += 7
    mutated[second][column] -= 7
    return mutated


def duplicated(bench: Bench) -> Rows | None:
    """Add a row once more."""
    return [*bench.copies(), dict(bench.pick())]


def copy_gone(bench: Bench) -> Rows | None:
    """One of two equal rows is gone."""
    bench.rows.append(dict(bench.rows[0]))
    return bench.copies()[:-1]


def row_gone(bench: Bench) -> Rows | None:
    """Lose a row."""
    mutated = bench.copies()
    mutated.remove(bench.dice.choice(mutated))
    return mutated


def bucket_gone(bench: Bench) -> Rows | None:
    """Every row of the bucket is gone."""
    return [] if bench.rows else None


def replaced_by_twin(bench: Bench) -> Rows | None:
    """Put a copy of another row in a row's place: the count stays."""
    mutated = bench.copies()
    first, second = bench.dice.sample(range(len(mutated)), 2)
    mutated[first] = dict(mutated[second])
    return mutated


def null_for_zero(bench: Bench) -> Rows | None:
    """NULL replaces 0."""
    return _replaced(bench, bench.number(), 0, None)


def zero_for_null(bench: Bench) -> Rows | None:
    """0 replaces NULL."""
    return _replaced(bench, bench.number(), None, 0)


def null_for_blank(bench: Bench) -> Rows | None:
    """NULL replaces blanks."""
    column = bench.text()
    return _replaced(bench, column, " " * bench.width(column) if column else "", None)


def blank_for_null(bench: Bench) -> Rows | None:
    """Blanks replace NULL."""
    column = bench.text()
    return _replaced(bench, column, None, " " * bench.width(column) if column else "")


def off_by_one(bench: Bench) -> Rows | None:
    """Make a number one higher or lower."""
    before = bench.dice.randint(-30000, 30000)
    return _replaced(bench, bench.number(), before, before + bench.dice.choice((-1, 1)))


def off_at_the_edge(bench: Bench) -> Rows | None:
    """Make the largest number a column takes one lower."""
    return _replaced(bench, bench.number(), 32767, 32766)


def sign_flipped(bench: Bench) -> Rows | None:
    """Turn the sign of a number."""
    before = bench.dice.choice((1, -1, bench.dice.randint(2, 32767)))
    return _replaced(bench, bench.number(), before, -before)


def wrapped(bench: Bench) -> Rows | None:
    """Put an integer where its like modulo 2^31 - 1 was: 0 and 2147483647."""
    spec = catalogue().table(bench.table)
    kinds = {column.name: column.type.name for column in spec.columns}
    names = [name for name in mutable(bench.table, numbers=True) if kinds[name] == "integer"]
    if not names:
        return None
    before, after = bench.dice.choice(((0, 2**31 - 1), (-1, -(2**31)), (2**31 - 1, 0), (1, -(2**31) + 2)))
    return _replaced(bench, bench.dice.choice(names), before, after)


def character_changed(bench: Bench) -> Rows | None:
    """One character of a text is another."""
    column = bench.text()
    if column is None:
        return None
    at = bench.dice.randrange(bench.width(column))
    before = "k" * bench.width(column)
    return _replaced(bench, column, before, before[:at] + bench.dice.choice("Kl-é") + before[at + 1 :])


def character_appended(bench: Bench) -> Rows | None:
    """Make a text one character longer."""
    column = bench.text()
    if column is None:
        return None
    before = "k" * bench.dice.randrange(bench.width(column))
    return _replaced(bench, column, before.ljust(bench.width(column)), (before + "z").ljust(bench.width(column)))


def characters_swapped(bench: Bench) -> Rows | None:
    """Two characters of a text change places."""
    column = bench.text()
    if column is None or bench.width(column) < 2:
        return None
    rest = "q" * (bench.width(column) - 2)
    return _replaced(bench, column, "ab" + rest, "ba" + rest)


def shifted(bench: Bench) -> Rows | None:
    """Have a text begin one blank later."""
    column = bench.text()
    if column is None or bench.width(column) < 2:
        return None
    return _replaced(bench, column, "k".ljust(bench.width(column)), " k".ljust(bench.width(column)))


def to_next_bucket(bench: Bench) -> Rows | None:
    """Move a row to the neighbouring bucket, so that both differ."""
    if not bench.neighbour:
        return None
    columns = BucketColumns.of(catalogue().table(bench.table))
    mutated = bench.copies()
    one = mutated.pop(bench.dice.randrange(len(mutated)))
    for name in (columns.date, columns.label, columns.epoch, columns.acd):
        if name is not None:
            one[name] = bench.neighbour[0][name]
    bench.neighbour.append(one)
    return mutated


def padding_added(bench: Bench) -> Rows | None:
    """Text has more blanks at its end."""
    return _padded(bench, lambda text: text + "   ")


def padding_removed(bench: Bench) -> Rows | None:
    """Text has no blanks at its end."""
    return _padded(bench, lambda text: text.rstrip(" "))


def _padded(bench: Bench, change: Callable[[str], str]) -> Rows | None:
    if bench.text() is None:
        return None
    return [
        {name: change(value) if isinstance(value, str) else value for name, value in one.items()} for one in bench.rows
    ]


def renumbered(bench: Bench) -> Rows | None:
    """Rows have other row numbers, which each server sets itself."""
    name = catalogue().table(bench.table).row_number
    if name is None:
        return None
    return [one | {name: bench.dice.randrange(2**31)} for one in bench.rows]


def flagged(bench: Bench) -> Rows | None:
    """Logins are marked as seen across an outage, which one server was and the other was not."""
    if bench.table != "haglog":
        return None
    return [one | {"inflag": "<", "outflag": bench.dice.choice((None, ">"))} for one in bench.rows]


def reordered(bench: Bench) -> Rows | None:
    """Rows come in another order."""
    mutated = bench.copies()
    mutated.reverse()
    return mutated


HARMFUL: tuple[Mutation, ...] = (
    swapped,
    crossed,
    balanced,
    duplicated,
    copy_gone,
    row_gone,
    bucket_gone,
    replaced_by_twin,
    null_for_zero,
    zero_for_null,
    null_for_blank,
    blank_for_null,
    off_by_one,
    off_at_the_edge,
    sign_flipped,
    wrapped,
    character_changed,
    character_appended,
    characters_swapped,
    shifted,
    to_next_bucket,
)
HARMLESS: tuple[Mutation, ...] = (padding_added, padding_removed, renumbered, flagged, reordered)
