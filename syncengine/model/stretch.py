"""Times with intervals of different lengths, on the two servers or on one (rule 5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from syncengine.model.pair import Role
from syncengine.model.sentences import plural
from syncengine.model.window import Window


@dataclass(frozen=True, slots=True)
class Stretch:
    """The time between two boundaries that both servers share, with different intervals inside: it is decided as one.

    `source_rows` and `target_rows` say whether the table has any there. A server with overlapping rows of one key does
    not tile it: some of the time is counted twice.
    """

    span: Window
    source_rows: bool = True
    target_rows: bool = True
    source_tiles: bool = True
    target_tiles: bool = True

    @property
    def turned(self) -> Stretch:
        """The same with source and target swapped."""
        return Stretch(self.span, self.target_rows, self.source_rows, self.target_tiles, self.source_tiles)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Rows of one server that begin inside another row of the same key: some of the time is counted twice."""

    server: Role
    acd: int | None
    span: Window
    rows: int


def overlap_sentences(table: str, overlaps: Iterable[Overlap]) -> Iterator[str]:
    """Yield a sentence for each server and ACD on which intervals overlap: some time is counted twice."""
    found: dict[tuple[Role, int | None], list[Overlap]] = defaultdict(list)
    for one in overlaps:
        found[one.server, one.acd].append(one)
    for (server, acd), ones in found.items():
        rows = plural(sum(one.rows for one in ones), "row")
        times = sorted({one.span for one in ones}, key=lambda span: span.start)
        who = f"ACD {acd} " if acd is not None else ""
        more = f" and {plural(len(times) - 1, 'more time')}" if len(times) > 1 else ""
        yield f"{table}: intervals overlap on {server}, {who}{times[0]}{more}: {rows} inside another row"
