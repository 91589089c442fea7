"""Output to the terminal: reports to standard output, progress and errors to standard error."""

from __future__ import annotations

import sys
import time
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from syncengine.cli.hints import complete_commands, completions
from syncengine.cli.streams import cursor_hidden
from syncengine.model.interrupts import stop_if_requested
from syncengine.report.grid import Grid

PIPED_WIDTH = 1000
PLAIN_LINE_SECONDS = 5.0
MB = 2**20


class ReportConsole(Console):
    """A console that breaks lines and never cuts them: a command longer than the screen stays whole."""

    def print(self, *objects: Any, **options: Any) -> None:  # noqa: ANN401  # as the class above it has them
        """Print, as the class above does, with commands that can be typed."""
        if any(isinstance(one, Text) and one.no_wrap for one in objects):
            # It joins texts into one, and ignores the options of each.
            options = {"soft_wrap": True, **options}
        super().print(*map(_completed, objects), **{"crop": False, **options})


def _completed(shown: object) -> object:
    """Return an object to print with commands that can be typed."""
    match shown:
        case Text():
            return complete_text(shown)
        case Grid():
            return shown.with_cells(complete_text)
        case str():
            return complete_commands(shown)
        case _:
            return shown


def complete_text(text: Text) -> Text:
    """Return a text with commands that can be typed, and its styles."""
    for start, stop, instead in completions(text.plain):
        before, after = text[:start], text[stop:]
        before.append(instead)
        before.append_text(after)
        before.no_wrap, before.overflow, before.style = text.no_wrap, text.overflow, text.style
        text = before
    return text


def out() -> Console:
    """Return the console for reports; piped text is not cut at 80 columns and has no colours."""
    return ReportConsole(
        width=None if sys.stdout.isatty() else PIPED_WIDTH, markup=False, highlight=False, soft_wrap=False
    )


def err() -> Console:
    """Return the console for progress and errors."""
    return Console(stderr=True, width=None if sys.stderr.isatty() else PIPED_WIDTH, markup=False, highlight=False)


class TerminalProgress:
    """A bar with rate and time left."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._task: TaskID = TaskID(0)
        self._rows = self._size = 0
        self._started = 0.0

    def begin(self, what: str, total: int, *, done: int = 0) -> None:
        """Start a bar."""
        self._rows, self._size, self._started = 0, 0, time.monotonic()
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[detail]}", style="dim", markup=False),
            console=err(),
            transient=True,
        )
        self._task = self._bar.add_task(what, total=total, completed=done, rate="", detail="")
        cursor_hidden()
        self._bar.start()

    def advance(self, units: int, detail: str = "", *, rows: int = 0, size: int = 0) -> None:
        """Advance the bar; raise if a stop was requested meanwhile."""
        stop_if_requested()
        if self._bar is None:
            return
        self._rows += rows
        self._size += size
        rate = _rate(self._rows, self._size, self._started)
        self._bar.update(self._task, advance=units, detail=detail, rate=rate)

    def end(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


class PlainProgress:
    """Plain lines, one every few seconds."""

    def __init__(self) -> None:
        self._what, self._total, self._before, self._done, self._rows, self._size = "", 0, 0, 0, 0, 0
        self._started = self._last_line = 0.0

    def begin(self, what: str, total: int, *, done: int = 0) -> None:
        """Remember what is being done."""
        self._what, self._total, self._before, self._done = what, total, done, done
        self._rows = self._size = 0
        self._started = self._last_line = time.monotonic()

    def advance(self, units: int, detail: str = "", *, rows: int = 0, size: int = 0) -> None:
        """Print the progress every few seconds; raise if a stop was requested meanwhile."""
        stop_if_requested()
        self._done += units
        self._rows += rows
        self._size += size
        now = time.monotonic()
        if now - self._last_line >= PLAIN_LINE_SECONDS:
            self._last_line = now
            now_done = self._done - self._before
            seconds_left = (now - self._started) / now_done * (self._total - self._done) if now_done else 0
            rate = _rate(self._rows, self._size, self._started)
            line = (
                f"{self._what}: {self._done:,} of {self._total:,}, {rate}, about {seconds_left:.0f} s left ({detail})\n"
            )
            sys.stderr.write(line)
            sys.stderr.flush()

    def end(self) -> None:
        """Print nothing more."""


def progress() -> TerminalProgress | PlainProgress:
    """Return a bar at a terminal, plain lines elsewhere."""
    return TerminalProgress() if sys.stderr.isatty() else PlainProgress()


def _rate(rows: int, size: int, started: float) -> str:
    """Return rows a second, and the megabytes staged for them where rows are written."""
    seconds = max(time.monotonic() - started, 0.001)
    return f"{rows / seconds:,.0f} rows/s" + (f", {size / MB:,.1f} MB" if size else "")
