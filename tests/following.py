"""An administrator who follows a checklist from its first line to its last, and does what each line says."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from syncengine.catalogue.procedure_file import read_procedure
from syncengine.model.pair import Role
from syncengine.planning.filling import chosen_way
from tests.builders import DAY, Files, archive_rows, connected, insert, row
from tests.cli.terminal import Typing

WRITES = ("resync", "sync", "backfill")
Acts = Mapping[str, Callable[[], object]]
"""What is done for a line, by its name; of other lines nothing of the pair shows that they are done."""


@dataclass
class Administrator:
    """Somebody who follows a checklist on a pair. Commands of lines are typed as they are shown."""

    typed: Typing
    files: Files
    name: str
    way: str = ""
    ticked: dict[str, str] = field(default_factory=dict)
    """Who has ticked each line, by its name."""

    def follow(self, acts: Acts) -> dict[str, str]:
        """Begin the checklist, follow it to its end, and return who has ticked each line: hand, hook or sight.

        The boxes are read after each line: all up to it are done.
        """
        procedure = read_procedure(self.name)
        way = chosen_way(procedure, self.way)
        lines = list(procedure.numbered(way.name if way else ""))
        self.look("--anew", *(("--way", self.way) if self.way else ()))
        for place, (number, _) in enumerate(lines):
            shown = self._do(number, acts)
            assert [one["number"] for one in shown["lines"][: place + 1] if not one["done"]] == []
            assert shown["done"] is (not shown["left"])
        assert self.code == 0
        return self.ticked

    def _do(self, number: int, acts: Acts) -> dict[str, Any]:
        """Do one line, have it ticked, and return the checklist as it stands then."""
        line = self._line(self.shown, number)
        acts.get(line["name"], lambda: None)()
        if line["command"]:
            first, *more = shlex.split(line["command"])[1:]
            said = self.typed(first, *more, *(("--yes",) if first in WRITES else ()))
            assert said.code == 0, said.text
        shown = self.look("--do", number) if line["hook"] else self.look()
        if not self._line(shown, number)["done"]:
            shown = self.look("--tick", number)
        tick = self._line(shown, number)["tick"]
        self.ticked[line["name"]] = tick["by"] if tick else "not needed"
        return shown

    def look(self, *options: object) -> dict[str, Any]:
        """Type the checklist and return its document."""
        said = self.typed("checklist", self.name, "--pair", self.files.pair_file, "--json", *map(str, options))
        assert said.code in (0, 3), said.text
        self.code, self.shown = said.code, said.document
        return said.document

    @staticmethod
    def _line(shown: dict[str, Any], number: int) -> dict[str, Any]:
        return next(line for line in shown["lines"] if line["number"] == number)


def clock(files: Files, time: str) -> None:
    """Let it be another time of the day on the switch."""
    text = files.pair_file.read_text()
    files.pair_file.write_text(f"as_of = {DAY}T{time}:00\n" + text[text.index("\n") + 1 :])


def archived(files: Files, time: str, *, acds: tuple[int, ...] = (1,)) -> None:
    """Let both servers have archived their intervals up to a time of the day, which it is by now."""
    until = datetime.fromisoformat(f"{DAY} {time}")
    for role in Role:
        with connected(files.database(role)) as connection:
            connection.execute("DELETE FROM arch_stat")
            insert(connection, "arch_stat", [one for acd in acds for one in archive_rows(acd, until)])
    clock(files, time)


def link_down(files: Files, role: str, down: str, up: str, reason: int = 93, *, acd: int = 1) -> None:
    """Let the link of a server have been down for a while within one interval, whose rows are not whole then."""
    first, last = (datetime.fromisoformat(f"{DAY} {time}") for time in (down, up))
    label = first.hour * 100 + first.minute // 30 * 30
    files.run(role, "UPDATE htrunk SET incomplete = 1, incalls = 1 WHERE starttime = ?", [label])
    seconds = int((last - first).total_seconds())
    down_at = first.hour * 100 + first.minute
    files.add(role, "linkex", row("linkex", acd=acd, row_time=down_at, duration=seconds, reason=reason, seqno=down_at))
    clock(files, up)
