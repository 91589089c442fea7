"""An administrator who follows a checklist from its first line to its last, and does what each line says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from syncengine.catalogue.procedure_file import read_procedure
from syncengine.model.pair import Role
from syncengine.planning.checklist_progress import chosen_way
from tests.builders import DAY, Files, archive_rows, connected, insert
from tests.cli.terminal import Typing
from tests.docs.running import apply_outage

WRITES = ("resync", "sync", "backfill", "undo")
Actions = Mapping[str, Callable[[], object]]
"""What is done for a line, by its name; of other lines nothing of the pair shows that they are done."""


@dataclass
class Administrator:
    """Somebody who follows a checklist on a pair. Commands of lines are typed as they are shown."""

    typed: Typing
    files: Files
    name: str
    way: str = ""
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What is typed in place of a word that a command leaves open, once for each."""
    exit_codes: Collection[int] = (0,)
    """What a command may end with."""
    ticked: dict[str, str] = field(default_factory=dict)
    """Who has ticked each line, by its name."""
    _by_hand: list[int] = field(default_factory=list)
    """Lines that were done by hand since it last was ticked."""

    def follow(self, actions: Actions) -> dict[str, str]:
        """Begin the checklist, follow it to its end, and return who has ticked each line: hand, hook or probe.

        The boxes are read after each line that is more than to be ticked: all up to it are done.
        """
        procedure = read_procedure(self.name)
        way = chosen_way(procedure, self.way)
        lines = list(procedure.numbered(way.name if way else ""))
        self.checklist("--anew", *(("--way", self.way) if self.way else ()))
        for number, _ in lines:
            self._do(number, actions)
        self._tick(lines[-1][0])
        assert self.code == 0
        for _, line in lines:
            tick = self._line(self.shown, procedure.number_of(line.name))["tick"]
            self.ticked[line.name] = tick["by"] if tick else "not needed"
        return self.ticked

    def _do(self, number: int, actions: Actions) -> None:
        """Do one line; what is by hand alone is ticked with the next that is more."""
        line = self._line(self.shown, number)
        no_probe = line["probe"] is None or line["probe"]["state"] == "unknown"
        if no_probe and not (line["done"] or line["command"] or line["hook"] or line["name"] in actions):
            self._by_hand.append(number)
            return
        self._tick(number - 1)
        actions.get(line["name"], lambda: None)()
        for words in self._commands(line["command"] or ""):
            result = self.typed(*words, *(("--yes",) if writes(words) else ()))
            assert result.code in self.exit_codes, result.text
        if not line["done"] and line["hook"]:
            self.checklist("--do", number)
        elif not line["done"] and (line["probe"] or line["name"] in actions):
            self.checklist()
        if not self._line(self.shown, number)["done"]:
            self._by_hand.append(number)

    def _tick(self, last: int) -> None:
        """Tick what was done by hand: all lines up to the last are done then, and none is contradicted."""
        if self._by_hand:
            self.checklist(*(word for number in self._by_hand for word in ("--tick", number)))
            self._by_hand.clear()
        assert [number for number in self.shown["remaining"] if number <= last] == []
        assert [line["contradicted"] for line in self.shown["lines"] if line["contradicted"]] == []

    def _commands(self, command: str) -> list[list[str]]:
        """Return what is typed for a command, with something in place of what it leaves open."""
        words = shlex.split(command)[1:]
        for left_open, given in self.words.items():
            if left_open in words:
                return [[one if word == left_open else word for word in words] for one in given]
        return [words] if words else []

    def checklist(self, *options: object) -> dict[str, Any]:
        """Type the checklist and return its document."""
        result = self.typed("checklist", self.name, "--pair", self.files.pair_file, "--json", *map(str, options))
        assert result.code in (0, 3), result.text
        self.code, self.shown = result.code, result.document
        return result.document

    @staticmethod
    def _line(shown: dict[str, Any], number: int) -> dict[str, Any]:
        return next(line for line in shown["lines"] if line["number"] == number)


def writes(words: Sequence[str]) -> bool:
    """Say whether a command asks before it writes."""
    return (words[0] in WRITES or "--run-on" in words) and "--dry-run" not in words


def clock(files: Files, time: str) -> None:
    """Let it be another time of the day on the switch."""
    text = files.pair_file.read_text()
    files.pair_file.write_text(re.sub(r"^as_of = .*$", f"as_of = {DAY}T{time}:00", text, count=1, flags=re.MULTILINE))


def archived(files: Files, time: str) -> None:
    """Let both servers have archived their intervals up to a time of the day, which it is by now."""
    until = datetime.fromisoformat(f"{DAY} {time}")
    for role in Role:
        with connected(files.database(role)) as connection:
            acds = [acd for (acd,) in connection.execute("SELECT acd FROM acds").fetchall()]
            connection.execute("DELETE FROM arch_stat")
            insert(connection, "arch_stat", [one for acd in acds for one in archive_rows(acd, until)])
    clock(files, time)


def link_down(files: Files, role: str, down: str, up: str, reason: int = 93) -> None:
    """Let the links of a server have been down for a while, as when data collection is off; it is back by now."""
    with connected(files.database(role)) as connection:
        apply_outage(connection, down, up, str(reason))
    clock(files, up)
