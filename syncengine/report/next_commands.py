"""What to type next, at the end of a report: a sentence for each command, and the command whole on its own line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.text import Text

from syncengine.report.text import section, unbroken


def next_lines(commands: Iterable[tuple[str, str]]) -> Iterator[Text]:
    """Yield each command to type next below what it does, if there is any."""
    commands = list(commands)
    if commands:
        yield from section("Next")
    for purpose, typed in commands:
        yield Text(f"  {purpose}:")
        yield unbroken(f"    {typed}", style="bold")
