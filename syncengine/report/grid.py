"""A table without lines that never cuts a name, a time or a number, however narrow the screen is.

Columns of words are broken between words. Where that is not enough they go under their row, and where even the rest
does not fit beside a long name, that has a line of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions
from rich.segment import Segment
from rich.text import Text

GAP = 2
INDENT = 4
LEAST = 16
"""Signs that a broken column has at least, or words would stand one below the other."""
UNBROKEN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d\S*|\S+")
"""What stays on one line: a word, or a day with its time."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: of numbers, which stand at its right, or of words, between which it may be broken."""

    name: str
    right: bool = False
    wraps: bool = False


class Grid:
    """Rows under headers."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._rows: list[list[Text]] = []

    def add_row(self, *cells: str | Text, style: str = "") -> None:
        """Add a row, a cell for each column."""
        self._rows.append([cell if isinstance(cell, Text) else Text(cell, style) for cell in cells])

    def with_cells(self, change: Callable[[Text], Text]) -> Grid:
        """Return the same table with what `change` makes of each cell."""
        changed = Grid(self._columns)
        for row in self._rows:
            changed.add_row(*map(change, row))
        return changed

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        """Yield the lines, no wider than there is room where that can be."""
        header = [Text(column.name, "bold") for column in self._columns]
        rows = [header, *self._rows] if any(column.name.strip() for column in self._columns) else self._rows
        places = range(len(self._columns))
        natural = [max((_width(row[place]) for row in rows), default=0) for place in places]
        widths = self._narrowed(natural, rows, options.max_width)
        for row in rows:
            lines = (
                self._side_by_side(row, places, widths) if widths else self._stacked(row, natural, options.max_width)
            )
            for line in lines:
                line.rstrip()
                yield from line.render(console)
                yield Segment.line()

    def _narrowed(self, natural: list[int], rows: list[list[Text]], room: int) -> list[int]:
        """Return widths with which all columns stand beside each other, or none."""
        widths = list(natural)
        least = [
            max((_longest_word(row[place]) for row in rows), default=0) if column.wraps else natural[place]
            for place, column in enumerate(self._columns)
        ]
        least = [max(one, min(all_of_it, LEAST)) for one, all_of_it in zip(least, natural, strict=True)]
        over = sum(widths) + GAP * (len(widths) - 1) - room
        while over > 0:
            place = max(range(len(widths)), key=lambda place: (widths[place] > least[place], widths[place]))
            if widths[place] <= least[place]:
                return []
            widths[place] -= 1
            over -= 1
        return widths

    def _side_by_side(self, row: list[Text], places: Collection[int], widths: list[int], indent: int = 0) -> list[Text]:
        """Return the lines of a row whose cells stand beside each other."""
        cells = [wrapped(row[place], widths[place]) for place in places]
        lines = []
        for number in range(max(map(len, cells), default=0)):
            line = Text(" " * indent)
            for place, cell in zip(places, cells, strict=True):
                part = cell[number] if number < len(cell) else Text()
                blank = " " * (widths[place] - part.cell_len)
                line = line + Text(blank) + part if self._columns[place].right else line + part + Text(blank)
                line = line + Text(" " * GAP)
            lines.append(line)
        return lines

    def _stacked(self, row: list[Text], widths: list[int], room: int) -> Iterator[Text]:
        """Yield the lines of a row whose words stand below it."""
        first, *others = [place for place, column in enumerate(self._columns) if not column.wraps or place == 0]
        if widths[first] + sum(widths[place] + GAP for place in others) <= room:
            yield from self._side_by_side(row, [first, *others], widths)
        else:
            yield from wrapped(row[first], room)
            yield from self._side_by_side(row, others, widths, INDENT)
        for place, column in enumerate(self._columns):
            if column.wraps and place != first and row[place].plain:
                yield from (Text(" " * INDENT) + line for line in wrapped(row[place], room - INDENT))


def _width(cell: Text) -> int:
    return max((line.cell_len for line in cell.split("\n")), default=0)


def _longest_word(cell: Text) -> int:
    return max((Text(word).cell_len for word in UNBROKEN.findall(cell.plain)), default=0)


def wrapped(cell: Text, width: int) -> list[Text]:
    """Return the lines of a text; a word that is wider than there is room stays whole."""
    return [part for line in cell.split("\n", allow_blank=True) or [Text()] for part in _broken(line, width)]


def _broken(line: Text, width: int) -> Iterator[Text]:
    begin = stop = 0
    for word in UNBROKEN.finditer(line.plain):
        if stop > begin and Text(line.plain[begin : word.end()]).cell_len > width:
            yield line[begin:stop]
            begin = word.start()
        stop = word.end()
    yield line[begin:stop]
