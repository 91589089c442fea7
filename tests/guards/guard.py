"""A guard: lines that a promise depends on, and what replaces them when it is removed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Guard:
    """Lines of the product that a promise of docs/explanation/what-survives.md depends on."""

    name: str
    prevents: str
    """What would happen without it: the end of a sentence that begins "without it"."""
    file: str
    """The module, from the folder of the package."""
    lines: str
    """The lines, once in the module."""
    replacement: str
    """What replaces them when the guard is removed."""
    failing_test: str
    """The test that fails then."""
    soak: bool = False
    """That test is one of `make soak` alone."""

    @property
    def path(self) -> Path:
        """The module, from the root of the project."""
        return Path("syncengine", self.file)

    def removed_from(self, text: str) -> str:
        """Return a module's text without the guard; raises `ValueError` unless its lines are there once."""
        found = text.count(self.lines)
        if found != 1:
            raise ValueError(f"{self.name}: its lines are {found} times in {self.path}, and must be there once.")
        return text.replace(self.lines, self.replacement)
