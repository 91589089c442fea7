"""What a well-formed spec file lacks to place its rows in time, and what each lack is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncengine.catalogue import load_catalogue
from syncengine.model.errors import SpecError

DESK = """
summary = "Calls a customer counts"
class = "custom"
kept = "copying"
acd = "acd"
row_number = "number"

[tables]
c_desk = { archive = "interval" }

[time]
date = "row_date"
label = "starttime"
interval = "intrvl"

[not_compared]
number = "each server counts for itself"

[columns]
row_date = { type = "date" }
starttime = { type = "smallint" }
intrvl = { type = "smallint" }
acd = { type = "smallint" }
number = { type = "integer" }
"""
LABEL = "tables.c_desk: an interval table needs time.label, and a column of it in this archive"
LENGTH = "tables.c_desk: an interval table needs time.interval, and a column of it in this archive"
MOMENT = "tables.c_desk: an event table needs time.label or time.epoch, and a column of it in this archive"


def faults_of(folder: Path, text: str) -> tuple[str, ...]:
    """Return the faults of one spec file of one's own, its name left out."""
    (folder / "desk.toml").write_text(text)
    try:
        load_catalogue(folder)
    except SpecError as refused:
        return tuple(fault.replace(f"{folder}/desk.toml: ", "") for fault in refused.faults)
    return ()


@pytest.mark.parametrize(
    ("archive", "time"),
    [
        ("interval", 'label = "starttime"\ninterval = "intrvl"'),
        ("daily", ""),
        ("monthly", 'label = "starttime"'),
        ("event", 'label = "starttime"'),
        ("event", 'epoch = "number"'),
    ],
)
def test_a_spec_that_places_its_rows_has_no_fault(tmp_path: Path, archive: str, time: str) -> None:
    """Intervals need label and length, events a label or an epoch, and days only their date."""
    text = DESK.replace('label = "starttime"\ninterval = "intrvl"', time)

    assert faults_of(tmp_path, text.replace('archive = "interval"', f'archive = "{archive}"')) == ()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('{ archive = "interval" }', "{}", ("tables.c_desk.archive: is missing, and a file with a [time] needs it",)),
        ('label = "starttime"\n', "", (LABEL,)),
        ('interval = "intrvl"\n', "", (LENGTH,)),
        ('label = "starttime"\n', 'epoch = "starttime"\n', (LABEL,)),
        (
            'starttime = { type = "smallint" }',
            'starttime = { type = "smallint", only = ["daily"] }',
            ("columns.starttime.only: names the archive 'daily', which no table of the file has", LABEL),
        ),
        (
            "[not_compared]\nnumber = ",
            "[not_compared]\nintrvl = ",
            ("row_number: each server numbers by itself, so [not_compared] must name 'number' too",),
        ),
        (
            'number = { type = "integer" }',
            'number = { type = "integer", only = [] }',
            ("columns.number.only: names no archive, so that no table has the column",),
        ),
    ],
)
def test_what_a_spec_lacks_is_told_by_its_key(tmp_path: Path, old: str, new: str, expected: tuple[str, ...]) -> None:
    """Each lack is one fault that begins with its key, told once."""
    assert faults_of(tmp_path, DESK.replace(old, new)) == expected


def test_an_event_without_a_moment_is_refused(tmp_path: Path) -> None:
    """Events that have only a date would all be taken for midnight."""
    text = DESK.replace('label = "starttime"\ninterval = "intrvl"\n', "").replace('"interval"', '"event"')

    assert faults_of(tmp_path, text) == (MOMENT,)


def test_administration_without_time_needs_no_archive(tmp_path: Path) -> None:
    """A table without [time] is compared whole, and says nothing of archives."""
    start, stop = DESK.index("[time]"), DESK.index("[not_compared]")
    text = (DESK[:start] + DESK[stop:]).replace('{ archive = "interval" }', "{}")

    assert faults_of(tmp_path, text) == ()


def test_a_column_of_one_archive_is_not_asked_of_the_others(tmp_path: Path) -> None:
    """In a family the label may be only in the intervals, and what one table lacks is told of that table."""
    family = DESK.replace("c_desk = ", 'c_ddesk = { archive = "daily" }\nc_desk = ')
    label = 'starttime = { type = "smallint", only = ["interval"] }'
    split = family.replace('starttime = { type = "smallint" }', label)
    narrow = split.replace('number = { type = "integer" }', 'number = { type = "integer", only = ["interval"] }')

    assert faults_of(tmp_path, narrow) == ()
    assert faults_of(tmp_path, narrow.replace(label, label.replace('"interval"', '"daily"'))) == (LABEL,)
    assert faults_of(
        tmp_path, narrow.replace('only = ["interval"] }', 'only = ["interval"], in = { daily = "int8" } }')
    )[:1] == ("columns.starttime.in: names the archive 'daily', which `only` leaves out",)


@pytest.mark.parametrize(("column", "key"), [("row_date", "time.date"), ("acd", "acd")])
def test_every_table_of_a_family_has_its_day_and_its_acd(tmp_path: Path, column: str, key: str) -> None:
    """A date or an ACD column that `only` keeps from one of the tables is a fault of that table."""
    family = DESK.replace("c_desk = ", 'c_ddesk = { archive = "daily" }\nc_desk = ')
    kind = "date" if column == "row_date" else "smallint"
    text = family.replace(f'{column} = {{ type = "{kind}" }}', f'{column} = {{ type = "{kind}", only = ["interval"] }}')

    assert faults_of(tmp_path, text) == (
        f"tables.c_ddesk: lacks the column {column!r}, which {key} names, since its `only` leaves it out",
    )


@pytest.mark.parametrize(
    ("follows", "expected"),
    [
        (
            '[follows.no_table]\nwhy = "set on each server"\n',
            "tables.c_desk: follows.no_table: no spec describes 'no_table'; "
            "where no table holds it, name the `screen` it is set on",
        ),
        (
            '[follows.hsplit]\nwhy = "counted there"\n',
            "tables.c_desk: follows.hsplit: 'hsplit' is no administration that two servers can be compared by",
        ),
        (
            '[follows.arch_stat]\nwhy = "archived there"\n',
            "tables.c_desk: follows.arch_stat: 'arch_stat' is no administration that two servers can be compared by",
        ),
        (
            '[follows.ag_ex_adm]\nwhy = "set on each server"\nscreen = "Exceptions"\n',
            "tables.c_desk: follows.ag_ex_adm.screen: the table 'ag_ex_adm' holds it, so it needs no screen",
        ),
        (
            '[follows.ag_ex_adm]\nwhy = "set on each server"\ncolumns = ["level"]\n',
            "follows.ag_ex_adm.columns: names the column 'level', which [columns] does not have",
        ),
        ("[follows.ag_ex_adm]\n", "follows.ag_ex_adm.why: is missing"),
    ],
)
def test_what_a_table_follows_from_is_administration(tmp_path: Path, follows: str, expected: str) -> None:
    """A name that leads nowhere, to history, or to what is never compared is a fault with its file and key."""
    assert faults_of(tmp_path, DESK.replace("[columns]", f"{follows}\n[columns]")) == (expected,)


@pytest.mark.parametrize(
    "follows", ['[follows.ag_ex_adm]\nwhy = "w"\n', '[follows.desks]\nwhy = "w"\nscreen = "Desks"\n']
)
def test_a_table_may_follow_from_a_table_or_a_screen(tmp_path: Path, follows: str) -> None:
    """Administration is named by its table, or by its screen where no table holds it."""
    assert faults_of(tmp_path, DESK.replace("[columns]", f"{follows}\n[columns]")) == ()
