"""Prints the lowest release of everything that pyproject.toml says is enough, for `make test-lowest`."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
BOUND = re.compile(r"(?P<name>[A-Za-z0-9._-]+)>=(?P<lowest>[0-9.]+)(?:,<[0-9.]+)?")


def lowest() -> Iterator[tuple[str, str]]:
    """Yield each dependency of use with the lowest release it may have; raises `ValueError` for one without."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    extras = {name: needs for name, needs in project["optional-dependencies"].items() if name != "dev"}
    for need in dict.fromkeys([*project["dependencies"], *(need for needs in extras.values() for need in needs)]):
        found = BOUND.fullmatch(need)
        if found is None:
            raise ValueError(f"{need!r} has no lower bound")
        yield found["name"], found["lowest"]


if __name__ == "__main__":
    sys.stdout.write("".join(f"{name}=={bound}\n" for name, bound in lowest()))
