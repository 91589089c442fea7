"""A guard: the lines that keep a promise, and what stands there when they are taken out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Guard:
    """Lines of the product that keep a promise of docs/explanation/what-survives.md."""

    name: str
    prevents: str
    """What would happen without it, as the end of a sentence that begins so."""
    file: str
    """The module, from the folder of the package."""
    lines: str
    """What stands there, once in the module."""
    replacement: str
    """What stands there instead when the guard is taken out."""
    failing_test: str
    """The test that fails then."""
    soak: bool = False
    """That test is one of `make soak` alone."""

    @property
    def path(self) -> Path:
        """The module, from the root of the project."""
        return Path("syncengine", self.file)

    def removed_from(self, text: str) -> str:
        """Return a module's text without the guard; raises `ValueError` where its lines are not there once."""
        found = text.count(self.lines)
        if found != 1:
            raise ValueError(f"{self.name}: its lines stand {found} times in {self.path}, and must once.")
        return text.replace(self.lines, self.replacement)
