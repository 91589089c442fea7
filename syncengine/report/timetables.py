"""Timetables for people and as JSON: what they do, where they run, and edits of that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from syncengine.model.names import command
from syncengine.model.pair import Role
from syncengine.model.sentences import listed, of_server, plural
from syncengine.model.timetable_flag import FlagEdit
from syncengine.model.timetables import (
    SCHEDULES,
    Schedule,
    Timetable,
    TimetableListing,
    TimetableSide,
    leftover_text,
    named,
)
from syncengine.report.grid import Grid
from syncengine.report.json_values import plain
from syncengine.report.text import grid, next_commands, print_lines

FORMAT = "syncengine.timetables"
VERSION = 2
FLAG_NOT_KNOWN = (
    "Where they run is not known, since the pair file names no column for it. Compare ttsched on a real server before "
    "and after setting one timetable in its window, and write the column and its three values under [timetables] "
    "(docs/how-to/timetables.md)."
)
TIMETABLES_NAMED = 20


def unscheduled_lines(
    listing: TimetableListing | None, role: Role, ones: Sequence[Timetable], *, tried: bool = False
) -> Iterator[Text]:
    """Yield which timetables have no schedule on a server, and what to do; `tried`: a plan could make none."""
    if not ones:
        return
    it, runs = ("it", "runs") if len(ones) == 1 else ("they", "run")
    yield Text(
        f"Without a schedule on {role}, where {it} never {runs}: {named(ones, TIMETABLES_NAMED)}.", style="yellow"
    )
    flag_known = listing is not None and listing.flag is not None
    if flag_known and not tried and any(one.states_known for one in ones):
        back = " --from secondary" if role is Role.PRIMARY else ""
        again = f"`syncengine sync --set timetables{back}`"
        yield Text(f"{again} makes schedules from those on {role.other}, and lists those that it cannot make.")
        return
    window = f"In the timetable window on {role}, choose where {it} {runs}, and Modify it"
    flag = "write the flag under [timetables] into the pair file (docs/how-to/timetables.md), and sync again"
    above = " The plan says why it makes no schedule." if tried else ""
    yield Text(f"{window}.{above}" if flag_known else f"{window}. Or {flag}.")


def print_timetables(console: Console, listing: TimetableListing, pair: str, *, every_line: bool = False) -> None:
    """Print the timetables of both servers side by side; `every_line` adds the text of their tasks."""
    console.print(Text(f"Timetables, as of {listing.as_of:%Y-%m-%d %H:%M}", "bold"))
    for role, problem in listing.failed:
        console.print(Text(of_server(role, problem), style="red"))
    if listing.timetables:
        console.print()
        console.print(_table(listing))
    if every_line:
        for line in _lines(listing):
            console.print(Text(line))
    for note in listing.notes:
        console.print(Text(f"Note: {note}.", style="dim"))
    console.print()
    console.print(Text(_summary(listing), style="bold"))
    if listing.doubled:
        console.print(Text(f"These run on both servers: {named(listing.doubled, TIMETABLES_NAMED)}.", style="yellow"))
    if listing.state_unknown:
        console.print(Text(_unknown_flags(listing), style="yellow"))
    for role in Role:
        print_lines(console, unscheduled_lines(listing, role, listing.unscheduled(role)))
        if left := listing.leftover(role):
            console.print(Text(leftover_text(left, role), style="yellow"))
    if listing.flag is None and listing.timetables:
        console.print(Text(FLAG_NOT_KNOWN))
    if listing.differing and not listing.failed:
        preview = command("sync", "--pair", pair, "--set", "timetables", "--dry-run")
        print_lines(console, next_commands([("To see what a sync would copy to the secondary", preview)]))


def _unknown_flags(listing: TimetableListing) -> str:
    """Say for which timetables the flag is none of the three, and what to do."""
    column = f"ttsched.{listing.flag.column}" if listing.flag else SCHEDULES
    return (
        f"Where these run is not known, since {column} has none of the three values that the pair file names: "
        f"{named(listing.state_unknown, TIMETABLES_NAMED)}. Check in their windows where they run, and correct "
        "[timetables] in the pair file (docs/how-to/timetables.md)."
    )


def _table(listing: TimetableListing) -> Grid:
    where = ("on primary", "on secondary") if listing.flag else ()
    table = grid("owner", "timetable", *where, "what it does", "", wraps=(*where, "what it does", ""))
    for one in listing.timetables:
        states = [_state(one.side(role)) for role in Role] if listing.flag else []
        table.add_row(one.owner, one.name, *states, _does(one), _remark(one))
    return table


def _state(side: TimetableSide) -> str:
    """Return where a timetable runs by the rows of one server; more than one state where its schedules differ."""
    if not side.there:
        return "·"
    if not side.schedules:
        return "no schedule"
    return ", ".join(dict.fromkeys(map(_schedule_state, side.schedules)))


def _schedule_state(schedule: Schedule) -> str:
    if schedule.state is not None:
        return schedule.state.value
    return "unknown: " + ("NULL" if schedule.flag is None else repr(schedule.flag))


def _does(one: Timetable) -> str:
    """Return its first task, and how many follow."""
    return listed(one.primary.tasks or one.secondary.tasks, 1) or "nothing"


def _remark(one: Timetable) -> Text:
    if one.own:
        return Text("each server's own", style="dim")
    return Text(", ".join(difference.value for difference in one.differences), style="yellow")


def _lines(listing: TimetableListing) -> Iterator[str]:
    for one in listing.timetables:
        yield ""
        yield one.shown
        alike = one.primary.tasks == one.secondary.tasks and one.primary.lines == one.secondary.lines
        for role in Role:
            side = one.side(role)
            if side.there and not (alike and role is Role.SECONDARY):
                yield f"  {'both' if alike else role}: {'; '.join(side.tasks) or 'no task'}"
                yield from (f"    {line}" for line in side.lines)


def _summary(listing: TimetableListing) -> str:
    count = plural(len(listing.timetables), "timetable")
    if listing.failed:
        return f"{count} on the server that answers; nothing is compared."
    if not listing.differing:
        unknown = len(listing.state_unknown)
        return f"{count}, alike on both servers{f'; where they run is not known for {unknown:,}' if unknown else ''}."
    return f"{count}, {len(listing.differing):,} of them not alike."


def timetables_document(listing: TimetableListing) -> dict[str, Any]:
    """Return the timetables as plain data."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "as_of": plain(listing.as_of),
        "flag": f"ttsched.{listing.flag.column}" if listing.flag else None,
        "alike": not (listing.differing or listing.state_unknown or listing.failed),
        "timetables": [
            {
                "owner": one.owner,
                "name": one.name,
                "own": one.own,
                "runs_on_both": _runs_on_both(one, listing),
                "differences": plain(one.differences),
                "primary": _side(one.primary),
                "secondary": _side(one.secondary),
            }
            for one in listing.timetables
        ],
        "failed": [{"server": role.value, "problem": problem} for role, problem in listing.failed],
        "notes": list(listing.notes),
    }


def _runs_on_both(one: Timetable, listing: TimetableListing) -> bool | None:
    """Say whether a timetable runs on both servers, None where that is not known."""
    if listing.flag is None or not (one.states_known or one.runs_on_both):
        return None
    return one.runs_on_both


def _side(side: TimetableSide) -> dict[str, Any]:
    return {
        "there": side.there,
        "state": side.state.value if side.state else None,
        "tasks": list(side.tasks),
        "lines": list(side.lines),
        "schedules": [{**plain(schedule), "values": dict(schedule.values)} for schedule in side.schedules],
    }


def edit_table(edit: FlagEdit) -> Grid:
    """Return what an edit changes, a line a timetable."""
    return _changes_table(edit, "now", "then")


def schedules_table(made: FlagEdit, into: Role) -> Grid:
    """Return the schedules that are made on a server, a line a timetable."""
    return _changes_table(made, f"on {into.other}", f"then on {into}")


def _changes_table(edit: FlagEdit, before: str, after: str) -> Grid:
    table = grid("owner", "timetable", before, after, wraps=(before, after))
    for change in edit.changes:
        table.add_row(*change.timetable, *change.labels)
    return table


def edit_summary(edit: FlagEdit, into: Role, made: FlagEdit | None, *, skipped: bool) -> str:
    """Return a sentence that sums up an edit, with the schedules that are `made` with it."""
    count = len({change.timetable for change in made.changes}) if made else 0
    if count and not edit.changes:
        return (
            f"{plural(count, 'schedule')} is made on {into}."
            if count == 1
            else f"{count} schedules are made on {into}."
        )
    changed = len({change.timetable for change in edit.changes})
    alike = f"{plural(edit.alike, 'timetable')} {'is' if edit.alike == 1 else 'are'} so already" if edit.alike else ""
    if not changed:
        return "Nothing to write." if skipped else f"Nothing to do{f': {alike}' if alike else ''}."
    what = f"ttsched.{edit.column} of {plural(changed, 'timetable')} is set on {into}"
    what += f", and {plural(count, 'schedule')} made" if count else ""
    return f"{what}; {alike}." if alike else f"{what}."


def edit_document(edit: FlagEdit) -> dict[str, Any]:
    """Return an edit as plain data."""
    return {
        "about": edit.about,
        "column": f"ttsched.{edit.column}",
        "unchanged": edit.alike,
        "timetables": _changes(edit, "now"),
    }


def schedules_document(made: FlagEdit | None) -> list[dict[str, Any]]:
    """Return the schedules that are made as plain data."""
    return _changes(made, "source") if made else []


def _changes(edit: FlagEdit, before: str) -> list[dict[str, Any]]:
    """Return how each flag changes; `before` names the rows that its first value is of."""
    return [
        {
            "owner": change.timetable[0],
            "name": change.timetable[1],
            before: {"label": change.labels[0], "stored": change.before},
            "then": {"label": change.labels[1], "stored": change.after},
        }
        for change in edit.changes
    ]
