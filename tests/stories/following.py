"""Somebody who follows a checklist from its first line to its last, and does what each line says."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.builders import Files
from tests.cli.terminal import Typing

Document = dict[str, Any]
ANSWERED = (0, 3)
"""What a command that reads, or leaves something to be looked at, ends with."""
WRITES = ("sync", "resync", "backfill", "undo")


@dataclass
class Follower:
    """Follows one checklist of a pair.

    A line with a command is done by typing it, with `words` in place of what the line leaves open; one with a hook by
    --do; what the pair does not show then is done by hand, and ticked before anything else is typed.
    """

    typed: Typing
    files: Files
    name: str
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    answered: tuple[int, ...] = ANSWERED
    """What a command may end with."""
    document: Document = field(default_factory=dict)
    """The checklist as it was when last looked at."""
    _by_hand: list[int] = field(default_factory=list)

    def look(self, *more: str) -> Document:
        """Look at the checklist, or change something of it."""
        said = self.typed("checklist", self.name, "--pair", self.files.pair_file, "--json", *more)
        assert said.code in ANSWERED, said.text
        self.document = said.document
        assert (said.code == 0) is self.document["done"], said.text
        return self.document

    def line(self, name: str) -> Document:
        """Return a line as it was when last looked at."""
        return next(line for line in self.document["lines"] if line["name"] == name)

    def follow(self, past: str = "") -> None:
        """Do the lines that are left, in order, up to one of them or to the last."""
        for name in [line["name"] for line in self.document["lines"]]:
            if name == past:
                break
            self._do(name)
        self._tick()

    @property
    def how(self) -> dict[str, str]:
        """Who says, by line, that it is done."""
        lines = [line for line in self.document["lines"] if line["done"]]
        return {line["name"]: line["tick"]["by"] if line["tick"] else "not needed" for line in lines}

    def _do(self, name: str) -> None:
        line = self.line(name)
        if not line["done"] and line["command"]:
            self._tick()
            self._type(line["command"])
        if not line["done"] and line["sight"]:
            self._tick()
            self.look()
            line = self.line(name)
        if not line["done"] and line["hook"]:
            self._tick()
            self.look("--do", str(line["number"]))
            line = self.line(name)
        if not line["done"]:
            assert not line["sight"] or line["sight"]["seen"] == "cannot be seen", line["sight"]
            self._by_hand.append(line["number"])

    def _tick(self) -> None:
        """Tick what was done by hand, and see that it stays so."""
        if self._by_hand:
            self.look(*(word for number in self._by_hand for word in ("--tick", str(number))))
            assert set(self._by_hand).isdisjoint(self.document["left"])
            self._by_hand.clear()
        assert [line["contradicted"] for line in self.document["lines"] if line["contradicted"]] == []

    def _type(self, command: str) -> None:
        for words in self._spelt_out(shlex.split(command)[1:]):
            yes = ["--yes"] if _writes(words) else []
            said = self.typed(*words, *yes)
            assert said.code in self.answered, f"{shlex.join(words)}: {said.text}"

    def _spelt_out(self, words: list[str]) -> Iterable[list[str]]:
        """Return a command once for each of the words that stand for what it leaves open."""
        for left_open, given in self.words.items():
            if left_open in words:
                return [[one if word == left_open else word for word in words] for one in given]
        return [words]


def _writes(words: Sequence[str]) -> bool:
    return (words[0] in WRITES or "--run-on" in words) and "--dry-run" not in words


def time_passes(files: Files, until: datetime) -> None:
    """Let it be later: the pair file says what time it is."""
    lines = files.pair_file.read_text().splitlines()
    assert lines[0].startswith("as_of")
    files.pair_file.write_text("\n".join([f"as_of = {until:%Y-%m-%dT%H:%M:%S}", *lines[1:]]) + "\n")
