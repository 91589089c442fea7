"""Selects the lines of a plan's checklist that apply to a run that has not written everything. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from syncengine.catalogue import Catalogue
from syncengine.model.checklist import ChecklistLine, LineKind
from syncengine.model.pair import Role
from syncengine.model.spec import Afterwards, DataClass
from syncengine.model.timetables import COPIED, SCHEDULES

ServerTable = tuple[Role, str]
"""A server and one of its tables."""


def lines_of_written_rows(
    lines: Iterable[ChecklistLine],
    planned: Collection[ServerTable],
    written: Collection[ServerTable],
    catalogue: Catalogue,
) -> Iterator[ChecklistLine]:
    """Yield the lines after a run, except those about planned tables that it has not written.

    To remove logins or files for rows that are still there would do harm.
    """
    for line in lines:
        about = {(line.server, table) for table in _tables(line, catalogue)}.intersection(planned)
        if about and about.isdisjoint(written):
            continue
        if line.kind is LineKind.TIMETABLES and about - set(written):
            text = (
                f"Check the timetables of {line.server}: they are only partly written. Once they are complete, "
                "`syncengine timetables` shows which run there."
            )
            yield replace(line, text=text)
        else:
            yield line


def _tables(line: ChecklistLine, catalogue: Catalogue) -> Iterable[str]:
    """Return the tables whose rows a line is about; none for a line that always applies."""
    match line.kind:
        case LineKind.LOGINS | LineKind.REMOVE_LOGINS:
            return catalogue.with_follow_up(Afterwards.LOGINS)
        case LineKind.VISUAL_VECTORS:
            return catalogue.with_follow_up(Afterwards.VISUAL_VECTORS)
        case LineKind.TIMETABLES:
            return (*COPIED, SCHEDULES)
        case LineKind.VERIFY_INTERVAL:
            return (spec.name for spec in catalogue.of_class(DataClass.ACD))
        case LineKind.FILES:
            known = [file for file in catalogue.files if file.path == line.file]
            # A path that no file has comes from a row.
            files = known or [file for file in catalogue.files if not file.path]
            return (table for file in files for table in catalogue.tables_of(file))
        case _:
            return ()
