"""Times that two servers, or one of them in itself, cut into intervals of different lengths (rule 5)."""

from __future__ import annotations

from dataclasses import dataclass

from syncengine.model.pair import Role
from syncengine.model.window import Window


@dataclass(frozen=True, slots=True)
class Stretch:
    """The time between two boundaries that both servers share, cut differently inside: what is decided as one.

    A server whose intervals there overlap does not tile it: its rows tell some of the time twice.
    """

    span: Window
    source_tiles: bool = True
    target_tiles: bool = True

    @property
    def turned(self) -> Stretch:
        """The same seen from the other side."""
        return Stretch(self.span, self.target_tiles, self.source_tiles)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Rows of one server that begin inside another row of the same key: some of the time is counted twice."""

    server: Role
    acd: int | None
    span: Window
    rows: int
