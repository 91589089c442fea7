"""Checklists that are followed, for people and as JSON: boxes, what fills them in, what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console
from rich.text import Text

from syncengine.model.filled_checklist import FilledChecklist, FilledLine, ProbeResult, ProbeState, Tick, TickedBy
from syncengine.model.names import command
from syncengine.model.procedure import Procedure, ProcedureLine
from syncengine.model.sentences import plural
from syncengine.report.grid import wrapped
from syncengine.report.json_values import plain
from syncengine.report.text import grid, next_commands, print_lines, unbroken

FORMAT = "syncengine.checklist"
VERSION = 2
INDENT = 8
"""Where what belongs to a line begins: behind its box and its number."""
LEAST_WIDTH = 20
BY = {TickedBy.HAND: "ticked by hand", TickedBy.HOOK: "done by its hook", TickedBy.PROBE: ""}


def print_checklist(console: Console, found: FilledChecklist, pair: str, *, reasons: bool = False) -> None:
    """Print a checklist as it stands; `pair` is empty where it belongs to none.

    `reasons` adds to each line why it is done so; without a pair the reasons are always there.
    """
    procedure = found.procedure
    console.print(Text(f"{procedure.title} (guide, {procedure.source})", style="bold"))
    print_lines(console, _head(found, pair, reasons=reasons))
    for place, filled in enumerate(found.lines):
        if filled.line.part or place == 0:
            console.print()
        if filled.line.part:
            console.print(Text(filled.line.part, style="bold"))
        print_lines(console, _line(console.width, filled, found, pair, reasons=reasons or not pair))
    console.print()
    print_lines(console, _end(found, pair))


def typed_command(line: ProcedureLine, pair: str) -> str:
    """Return the command that does a line, as it is typed."""
    first, *more = line.command
    return command(first, "--pair", pair, *more)


def print_procedures(console: Console, procedures: Iterable[Procedure]) -> None:
    """Print which checklists there are, and how to show one."""
    table = grid("checklist", "what it is for", "guide", wraps=("what it is for", "guide"))
    for procedure in procedures:
        table.add_row(procedure.name, procedure.title, procedure.source)
    console.print(table)
    show, fill_in = command("checklist", "NAME"), command("checklist", "NAME", "--pair", "FILE")
    print_lines(console, next_commands([("To show a checklist", show), ("To fill it in from your pair", fill_in)]))


def _head(found: FilledChecklist, pair: str, *, reasons: bool) -> Iterator[Text]:
    procedure = found.procedure
    if found.begun is not None and found.since is not None:
        yield Text(f"Begun. Only what happened since {found.since:%Y-%m-%d %H:%M} counts.")
        if found.outdated:
            yield Text(f"Its ticks are of {found.begun:%Y-%m-%d}. To begin today's checklist, type", style="red")
            yield unbroken(f"  {_typed(found, pair, '--anew')}", style="red")
    elif pair:
        begin = command("checklist", procedure.name, "--pair", pair, "--anew")
        yield Text("Not begun, so nothing is saved. To begin it, type")
        yield unbroken(f"  {begin}")
    if not pair or (found.begun is None and not any(line.tick for line in found.lines)):
        for paragraph in procedure.intro:
            yield Text()
            yield Text(paragraph)
    if procedure.ways:
        yield Text()
        yield from _ways(found, pair, costs=reasons or found.begun is None)
    for note in found.notes:
        yield Text(f"Note: {note}.", style="yellow")


def _ways(found: FilledChecklist, pair: str, *, costs: bool) -> Iterator[Text]:
    for way in found.procedure.ways:
        description = f"{way.title}. {way.costs}" if costs else f"{way.title}."
        if found.way is None:
            yield Text(f"Way {way.name}: {description}")
        elif way == found.way:
            yield Text(f"This way: {description}")
        else:
            yield Text(f"Another way, whose lines are not listed: {description}")
            yield unbroken(f"  {_typed(found, pair, '--way', way.name)}")


def _line(width: int, filled: FilledLine, found: FilledChecklist, pair: str, *, reasons: bool) -> Iterator[Text]:
    line = filled.line
    marks = [f"guide {line.guide}"] if line.guide else []
    marks += [f"only way {' or '.join(line.ways)}"] if line.ways and found.way is None else []
    text = f"{line.text} ({'; '.join(marks)})" if marks else line.text
    hook = " [hook]" if filled.by_hook and not filled.done else ""
    box = _box(filled, pair)
    lead = f"{box} {filled.number:>2}. "
    body = Text.assemble((text, "dim" if filled.done and not filled.contradicted else ""), (hook, "cyan"))
    yield from _hanging(Text(lead), body, width)
    for state_line in _state_lines(filled, every_line=reasons):
        yield from _hanging(Text(" " * INDENT), state_line, width)
    for detail in filled.details:
        yield from _hanging(Text(f"{' ' * INDENT}- "), Text(detail), width)
    if reasons and line.why:
        yield from _hanging(Text(" " * INDENT), Text(line.why, style="dim"), width)
    if not filled.done and line.command:
        yield unbroken(f"{' ' * INDENT}{typed_command(line, pair or 'FILE')}", style="cyan")


def _box(filled: FilledLine, pair: str) -> str:
    if filled.contradicted:
        return "[!]"
    if filled.tick is not None:
        return "[x]"
    return "[-]" if pair and filled.done else "[ ]"


def _state_lines(filled: FilledLine, *, every_line: bool) -> Iterator[Text]:
    """Yield the state of a line: when and how it was done, what contradicts that, or why it is not done."""
    tick, probe = filled.tick, filled.probe_result
    if tick is not None:
        yield Text(f"{tick.at:%Y-%m-%d %H:%M}, {_how(tick)}", style="green")
    if filled.contradicted:
        yield Text(f"But: {filled.contradicted}.", style="red")
    elif tick is None and probe is not None and (every_line or probe.state is not ProbeState.WAITS):
        yield Text(f"{_state_prefix(probe)}{probe.message}.", style="dim" if filled.done else "yellow")


def _how(tick: Tick) -> str:
    return ": ".join(part for part in (BY[tick.by], tick.how) if part)


def _state_prefix(probe: ProbeResult) -> str:
    match probe.state:
        case ProbeState.NOT_NEEDED:
            return "Nothing to do: "
        case ProbeState.UNKNOWN:
            return "Not known: "
        case ProbeState.DONE | ProbeState.NOT_YET | ProbeState.WAITS:
            return "Not yet: "


def _end(found: FilledChecklist, pair: str) -> Iterator[Text]:
    if not pair:
        with_pair = command("checklist", found.procedure.name, "--pair", "FILE")
        yield Text("Fill in the lines from your pair:")
        yield unbroken(f"  {with_pair}", style="bold")
        return
    idle = sum(line.done and line.tick is None for line in found.lines)
    done = len(found.lines) - len(found.remaining) - idle
    for filled in found.contradicted:
        untick = _typed(found, pair, "--untick", filled.number)
        yield Text(
            f"Line {filled.number} is ticked, but the pair shows otherwise. If it is not done, type", style="red"
        )
        yield unbroken(f"  {untick}", style="red")
    if not found.remaining:
        beside = f": {plural(done, 'line')}, and {idle} with nothing to do" if idle else ""
        yield Text(f"All {len(found.lines)} lines are done{beside}.", style="bold")
        if found.begun is not None and not found.outdated:
            yield Text("To begin it again, type")
            yield unbroken(f"  {_typed(found, pair, '--anew')}")
        return
    beside = f", and {idle} {'have' if idle > 1 else 'has'} nothing to do" if idle else ""
    standing = f"{done} of {len(found.lines)} lines are done{beside}."
    yield Text(f"{standing} Next is line {found.remaining[0].number}.", style="bold")
    yield from _next(found.remaining[0], found, pair)


def _next(first: FilledLine, found: FilledChecklist, pair: str) -> Iterator[Text]:
    """Yield how the next line is done and ticked."""
    if first.by_hook:
        yield Text("To run its hook, type")
        yield unbroken(f"  {_typed(found, pair, '--do', first.number)}")
    has_probe = first.line.probe is not None and not (
        first.probe_result and first.probe_result.state is ProbeState.UNKNOWN
    )
    if has_probe:
        yield Text("Once it is done, probe it again, or tick it by hand:")
        yield unbroken(f"  {_typed(found, pair)}")
    else:
        yield Text("Once it is done, tick it:")
    yield unbroken(f"  {_typed(found, pair, '--tick', first.number)}")


def _typed(found: FilledChecklist, pair: str, *more: object) -> str:
    where = ("--pair", pair) if pair else ()
    return command("checklist", found.procedure.name, *where, *more)


def _hanging(lead: Text, body: Text, width: int) -> Iterator[Text]:
    """Yield a text broken into lines, those after the first as far in as it begins."""
    for place, line in enumerate(wrapped(body, max(width - len(lead), LEAST_WIDTH))):
        yield Text.assemble(lead if place == 0 else " " * len(lead), line)


def checklist_document(found: FilledChecklist, pair: str = "") -> dict[str, Any]:
    """Return a checklist as plain data."""
    procedure = found.procedure
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": procedure.name,
        "title": procedure.title,
        "source": procedure.source,
        "intro": list(procedure.intro),
        "way": found.way.name if found.way else None,
        "ways": plain(procedure.ways),
        "as_of": plain(found.as_of),
        "begun": plain(found.begun),
        "since": plain(found.since),
        "done": bool(pair) and found.finished,
        "outdated": found.outdated,
        "remaining": [line.number for line in found.remaining],
        "notes": list(found.notes),
        "lines": [_line_document(line, procedure, pair) for line in found.lines],
    }


def _line_document(filled: FilledLine, procedure: Procedure, pair: str) -> dict[str, Any]:
    line, tick, probe = filled.line, filled.tick, filled.probe_result
    return {
        "number": filled.number,
        "name": line.name,
        "part": line.part or None,
        "text": line.text,
        "server": line.place.value,
        "guide": line.guide or None,
        "kind": line.kind.value if line.kind else None,
        "hook": filled.by_hook,
        "command": typed_command(line, pair or "FILE") if line.command else None,
        "note_time": line.note,
        "after": procedure.number_of(line.after) if line.after else None,
        "why": line.why or None,
        "ways": list(line.ways),
        "done": filled.done,
        "tick": {"at": plain(tick.at), "by": tick.by.value, "how": tick.how} if tick else None,
        "probe": plain(probe),
        "details": list(filled.details),
        "contradicted": filled.contradicted or None,
    }
