"""The manual lines of a run that has not written everything: rows that are not written need none."""

from __future__ import annotations

import pytest

from syncengine.model.checklist import ChecklistLine, LineKind
from syncengine.model.pair import Role
from syncengine.planning.written_lines import lines_of_written_rows
from tests.builders import catalogue

BOTH = {"ttsctasks", "ttsched"}


@pytest.mark.parametrize(
    ("kind", "file", "planned", "written", "expected"),
    [
        (LineKind.REMOVE_LOGINS, "", {"users", "r_custom"}, {"r_custom"}, ""),
        (LineKind.LOGINS, "", {"users", "r_custom"}, {"users"}, "as planned"),
        (LineKind.VISUAL_VECTORS, "", {"synonyms", "users"}, {"users"}, ""),
        (LineKind.FILES, "/cms/db/gem/r_custom", {"r_custom", "users"}, {"users"}, ""),
        (LineKind.FILES, "/opt/pay/run", {"menu_add", "users"}, {"menu_add"}, "as planned"),
        (LineKind.FILES, "/opt/pay/run", {"menu_add", "users"}, {"users"}, ""),
        (LineKind.TIMETABLES, "", BOTH, BOTH, "as planned"),
        (LineKind.TIMETABLES, "", BOTH, {"ttsctasks"}, "they are only partly written"),
        # Multi-user mode is restored, and External Call History switched, whatever was written.
        (LineKind.MULTI_USER, "", {"users"}, set(), "as planned"),
        (LineKind.CALL_HISTORY_ON, "", {"htrunk"}, set(), "as planned"),
    ],
)
def test_manual_lines_are_only_of_written_rows(
    kind: LineKind, file: str, planned: set[str], written: set[str], expected: str
) -> None:
    """A line remains if a table it is about was written, or if it is about none; a partly written one says so."""
    line = ChecklistLine(kind, Role.SECONDARY, "as planned", file=file)
    places = [{(Role.SECONDARY, table) for table in tables} for tables in (planned, written)]

    found = [one.text for one in lines_of_written_rows([line], places[0], places[1], catalogue())]

    assert [text for text in found if expected in text] == found
    assert len(found) == bool(expected)
