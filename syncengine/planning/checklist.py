"""Lists what has to be done by hand before and after a plan is applied (rule 20). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from syncengine.catalogue import Catalogue
from syncengine.model.checklist import Checklist, ChecklistLine, LineKind
from syncengine.model.drift import Counts, Observation
from syncengine.model.interval import floor_to
from syncengine.model.pair import Hook, Role
from syncengine.model.plan import PlannedChange, StaleRollup, Step
from syncengine.model.policy import Rollups
from syncengine.model.sentences import listed
from syncengine.model.spec import Afterwards, DataClass, SyncedBy
from syncengine.model.timetables import COPIED, Timetable, TimetableListing
from syncengine.model.window import Window
from syncengine.model.window_syntax import typed_window
from syncengine.planning.file_lines import FileLineContext, file_lines
from syncengine.planning.timetable_lines import CopiedTimetables, takeover_line, timetables_line

CLASSES = {DataClass.SYSTEM: "system administration", DataClass.ACD: "ACD administration"}
NAMED = 6


def checklist_of(
    steps: Sequence[Step],
    tables: Sequence[str],
    stale: Sequence[StaleRollup],
    catalogue: Catalogue,
    hooks: Sequence[Hook] = (),
    *,
    call_history_lines: Iterable[ChecklistLine] = (),
    under_way: Window,
    timetables: TimetableListing | None = None,
    changes: Sequence[PlannedChange] = (),
    undone_run: str = "",
) -> Checklist:
    """Return the lines for the steps of a plan that compared `tables`, in the guide's order.

    High Availability guide, chapters 2 and 3. Copying single tables, or history, needs nothing before it. Lines that a
    hook carries out are marked; `call_history_lines` come last; `under_way` is the interval that writing ACD
    administration now would cost (rule 11); `timetables` is their state on both servers, if it was read; `changes` are
    the differences of administration, or those before `undone_run`, whose rows are restored.
    """
    written = _WrittenRows.of(steps)
    files = FileLineContext(catalogue, changes, lambda role, table: written.counts.get((role, table)), undone_run)
    copied = CopiedTimetables(steps, changes)
    after = (
        *_lines_after(
            written, tables, stale, catalogue, under_way, lambda role: timetables_line(role, timetables, copied), files
        ),
        *call_history_lines,
    )
    return Checklist(
        before=tuple(mark_hooked(_lines_before(written, tables, catalogue), hooks)),
        after=tuple(mark_hooked(after, hooks)),
    )


def with_summarizing_lines(checklist: Checklist, stale: Iterable[StaleRollup], hooks: Sequence[Hook] = ()) -> Checklist:
    """Return a checklist with a Data Summarizing line for exactly the servers with periods left to it."""
    others = [line for line in checklist.after if line.kind is not LineKind.DATA_SUMMARIZING]
    history = (LineKind.CALL_HISTORY_ON, LineKind.CALL_HISTORY_OFF)
    place = next((at for at, line in enumerate(others) if line.kind in history), len(others))
    lines = tuple(mark_hooked(_summarizing_lines(stale), hooks))
    return replace(checklist, after=(*others[:place], *lines, *others[place:]))


def edit_checklist(
    into: Role, hooks: Sequence[Hook], unscheduled: Sequence[Timetable] = (), *, edited: bool = True
) -> Checklist:
    """Return the manual lines after flags of timetables were set in the table of a server (rule 18).

    `unscheduled` are timetables without a schedule there; `edited` says whether any flag is set at all.
    """
    return Checklist(after=tuple(mark_hooked((takeover_line(into, unscheduled, edited=edited),), hooks)))


def mark_hooked(lines: Iterable[ChecklistLine], hooks: Sequence[Hook]) -> Iterator[ChecklistLine]:
    """Yield lines; those that a hook of the pair file carries out are marked."""
    places = {(hook.kind, hook.server) for hook in hooks}
    for line in lines:
        # If it is turned on by hand, it is also turned off by hand: on at one server comes first.
        on = (LineKind.CALL_HISTORY_ON, line.server.other)
        waits = line.kind is LineKind.CALL_HISTORY_OFF and on not in places
        yield replace(line, hook=line.hookable and line.place in places and not waits)


def interval_under_way(observation: Observation) -> Window:
    """Return the interval under way at the switch, the longest of all ACDs."""
    length = observation.length(None)
    start = floor_to(observation.as_of, length)
    return Window(start, start + timedelta(minutes=length))


@dataclass(frozen=True, slots=True)
class _WrittenRows:
    """Rows added, changed and deleted, by server and table."""

    counts: dict[tuple[Role, str], Counts]

    @classmethod
    def of(cls, steps: Sequence[Step]) -> _WrittenRows:
        """Add up what steps do."""
        counts: dict[tuple[Role, str], Counts] = {}
        for step in steps:
            for part in step.parts:
                effect = part.effect(part.counts)
                counts[step.into, part.table] = counts.get((step.into, part.table), Counts()) + effect
        return cls(counts)

    def into(self, *tables: str) -> tuple[Role, ...]:
        """Return the servers on which one of some tables is written."""
        return tuple(role for role in Role if any((role, table) in self.counts for table in tables))

    def of_class(self, data_class: DataClass, catalogue: Catalogue) -> tuple[Role, ...]:
        """Return the servers on which a table of a data class is written."""
        return self.into(*(spec.name for spec in catalogue.of_class(data_class)))


def _lines_before(written: _WrittenRows, tables: Sequence[str], catalogue: Catalogue) -> Iterator[ChecklistLine]:
    whole = {one: _whole_class(one, written, tables, catalogue) for one in CLASSES}
    for role in Role:
        classes = [one for one in CLASSES if role in whole[one]]
        names = [
            spec.name for one in classes for spec in catalogue.of_class(one) if (role, spec.name) in written.counts
        ]
        if classes:
            sentence = f"{' and '.join(CLASSES[one] for one in classes)} {'is' if len(classes) == 1 else 'are'}"
            text = (
                f"Put {role} in single-user mode: {sentence} copied as a whole (tables: {listed(names, NAMED)}); "
                "single tables can be copied without it."
            )
            yield ChecklistLine(LineKind.SINGLE_USER, role, text)


def _lines_after(
    written: _WrittenRows,
    tables: Sequence[str],
    stale: Sequence[StaleRollup],
    catalogue: Catalogue,
    under_way: Window,
    timetables: Callable[[Role], ChecklistLine],
    files: FileLineContext,
) -> Iterator[ChecklistLine]:
    whole = [role for one in CLASSES for role in _whole_class(one, written, tables, catalogue)]
    for role in dict.fromkeys(whole):
        yield ChecklistLine(LineKind.MULTI_USER, role, f"Return {role} to multi-user mode.")
    for users in catalogue.with_follow_up(Afterwards.LOGINS):
        yield from _login_lines_of_undo(written, users) if files.undone_run else _login_lines(written, users)
    for role in written.into(*catalogue.with_follow_up(Afterwards.VISUAL_VECTORS)):
        text = (
            f"If Visual Vectors is installed on {role}, stop and restart it (setupaas, run_vvs: 2, then 1) to load "
            "the new names. Copy its own comments through its menu."
        )
        yield ChecklistLine(LineKind.VISUAL_VECTORS, role, text)
    yield from file_lines(files)
    for role in written.into(*COPIED):
        yield timetables(role)
    for role in written.of_class(DataClass.ACD, catalogue):
        text = (
            f"Once the interval under way is archived on {role}, verify it: writing ACD administration may cost it, "
            f"without an entry in the diary of links. `syncengine verify --window '{typed_window(under_way)}'` offers "
            "the repair, if all is written in that interval."
        )
        yield ChecklistLine(LineKind.VERIFY_INTERVAL, role, text)
    yield from _summarizing_lines(stale)


def _summarizing_lines(stale: Iterable[StaleRollup]) -> Iterator[ChecklistLine]:
    for role in sorted({one.into for one in stale if one.then is Rollups.LIST or one.why}):
        text = (
            f"Rerun Data Summarizing on {role} for the days, weeks and months the plan names (`syncengine report` "
            "shows it), then verify them."
        )
        yield ChecklistLine(LineKind.DATA_SUMMARIZING, role, text)


def _login_lines(written: _WrittenRows, users: str) -> Iterator[ChecklistLine]:
    for role in written.into(users):
        counts = written.counts[role, users]
        if counts.missing:
            text = (
                f"On {role}, create the login and home directory of each added user ({counts.missing:,}), "
                f"and set the same password as on {role.other}."
            )
            yield ChecklistLine(LineKind.LOGINS, role, text)
        if counts.extra:
            text = f"On {role}, remove the logins of the deleted users ({counts.extra:,})."
            yield ChecklistLine(LineKind.REMOVE_LOGINS, role, text)


def _login_lines_of_undo(written: _WrittenRows, users: str) -> Iterator[ChecklistLine]:
    """Yield the login lines of an undo: logins are created and removed by hand."""
    for role in written.into(users):
        counts = written.counts[role, users]
        if counts.missing:
            text = (
                f"On {role}, check that each restored user ({counts.missing:,}) has a login, a home directory and a "
                "password."
            )
            yield ChecklistLine(LineKind.LOGINS, role, text)
        if counts.extra:
            removed = f"the users that the undo removed ({counts.extra:,})"
            text = f"On {role}, remove the logins of {removed}, if any were created."
            yield ChecklistLine(LineKind.REMOVE_LOGINS, role, text)


def _whole_class(
    data_class: DataClass, written: _WrittenRows, tables: Sequence[str], catalogue: Catalogue
) -> tuple[Role, ...]:
    """Return the servers written to, if a plan compared every table of a class that is synchronised by copying."""
    copied = {spec.name for spec in catalogue.of_class(data_class) if spec.synced_by is SyncedBy.COPYING}
    return written.of_class(data_class, catalogue) if copied and copied <= set(tables) else ()
