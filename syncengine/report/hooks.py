"""The results of hooks, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from syncengine.model.hooks import HookRecord, HookState
from syncengine.model.names import command
from syncengine.model.sentences import plural
from syncengine.report.json_values import plain
from syncengine.report.text import next_commands, section

STYLES = {HookState.DONE: "green", HookState.BEGUN: "red", HookState.FAILED: "red", HookState.NOT_STARTED: "red"}
LINES_SHOWN = 10


def hook_lines(records: Sequence[HookRecord]) -> Iterator[Text]:
    """Yield a line for each hook that was run."""
    if records:
        yield from section("Hooks")
    for place, record in enumerate(records, start=1):
        yield _line(place, record)


def output_lines(outputs: Sequence[tuple[HookRecord, str]], *, every_line: bool) -> Iterator[Text]:
    """Yield the hooks of a run, each with its output: the last lines of it, or all."""
    if outputs:
        yield from section("Hooks")
    for place, (record, output) in enumerate(outputs, start=1):
        yield _line(place, record)
        lines = output.splitlines()
        shown = lines if every_line else lines[-LINES_SHOWN:]
        if len(shown) < len(lines):
            yield Text(f"       and {plural(len(lines) - len(shown), 'earlier line')}; -v shows them", style="dim")
        for line in shown:
            yield Text(f"       {line}", style="dim")


def retry_lines(run_id: str, pair: str) -> Iterator[Text]:
    """Yield how to run failed hooks again, where nothing else of their run is open."""
    yield from next_commands([("To try the hooks that failed again", command("resume", run_id, "--pair", pair))])


def hook_document(record: HookRecord) -> dict[str, Any]:
    """Return a hook that was run as plain data."""
    return {
        "kind": record.kind,
        "server": record.server.value,
        "state": record.state.value,
        "at": plain(record.at.replace(microsecond=0)),
        "seconds": record.seconds,
        "why": record.why,
        "last_lines": record.last_lines,
    }


def _line(place: int, record: HookRecord) -> Text:
    state = record.state.value if record.state is HookState.DONE else record.why or "started, and did not end"
    return Text.assemble(
        f"  {place}. {record.kind} on {record.server}: ",
        (state, STYLES[record.state]),
        (f", {record.seconds:,.1f} s" if record.seconds else "", "dim"),
    )
