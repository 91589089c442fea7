"""How a spec file becomes the specs of its tables, and which faults a broken one has."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncengine.catalogue import load_catalogue
from syncengine.model.errors import SpecError, UnknownTableError
from syncengine.model.grain import Archive
from syncengine.model.spec import ColumnType, DataClass, SyncedBy
from tests.builders import catalogue
from tests.cli.terminal import Typing

GOOD = """
summary = "Calls a customer counts"
class = "custom"
synced_by = "copying"
acd = "acd"
key = ["desk", "intrvl"]
row_number = "number"

[tables]
c_desk = { archive = "interval" }
c_ddesk = { archive = "daily" }

[time]
date = "row_date"
label = "starttime"
interval = "intrvl"

[not_compared]
number = "each server counts for itself"

[sources]
s1 = "the customer"

[columns]
row_date = { type = "date", source = "s1" }
starttime = { type = "smallint", only = ["interval"] }
intrvl = { type = "smallint", only = ["interval"] }
acd = { type = "smallint" }
desk = { type = "char(8)", significant = 4 }
calls = { type = "smallint", summed = "integer", rollup = "sum", in = { monthly = "bigint" } }
number = { type = "integer", only = ["interval"] }
"""
OWN = """
summary = "Names of a customer"
class = "custom"
synced_by = "copying"
[tables]
c_names = {}

[columns]
name = { type = "char(20)" }
"""

DESK = """
summary = "Calls a customer counts"
class = "custom"
synced_by = "copying"
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


def folder_of(tmp_path: Path, **files: str) -> Path:
    """Write spec files into a new folder."""
    folder = tmp_path / "specs"
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text)
    return folder


def faults_of(folder: Path) -> tuple[str, ...]:
    """Load a broken folder and return its faults, without the folder's name."""
    with pytest.raises(SpecError) as refused:
        load_catalogue(folder)
    return tuple(fault.replace(f"{folder}/", "") for fault in refused.value.faults)


def test_a_family_resolves_into_one_spec_a_table(tmp_path: Path) -> None:
    """Columns, key and time of each table are those its archive has, and only those."""
    found = load_catalogue(folder_of(tmp_path, desk=GOOD))

    interval, daily = found.table("c_desk"), found.table("C_DDESK")
    assert [column.name for column in interval.columns][-1] == "number"
    assert [column.name for column in daily.columns] == ["row_date", "acd", "desk", "calls"]
    assert (interval.key, daily.key) == (("desk", "intrvl"), ("desk",))
    assert interval.time is not None
    assert daily.time is not None
    assert (interval.time.label, daily.time.label) == ("starttime", None)
    assert (interval.ignored, daily.ignored) == (frozenset({"number"}), frozenset())
    assert (interval.rolled_from, daily.rolled_from) == (None, "c_desk")
    assert interval.data_class is DataClass.CUSTOM
    assert interval.synced_by is SyncedBy.COPYING


def test_a_type_is_widened_where_the_archive_sums() -> None:
    """A count that is SMALLINT in intervals is INTEGER in days, as R3V8 has it."""
    interval, daily = catalogue().table("hsplit"), catalogue().table("dsplit")

    types = [table.column("acwincalls") for table in (interval, daily)]

    assert [str(one.type) for one in types if one] == ["smallint", "integer"]
    assert (interval.archive, daily.archive) == (Archive.INTERVAL, Archive.DAILY)
    assert daily.rolled_from == "hsplit"


def test_a_single_archive_can_have_a_type_of_its_own(tmp_path: Path) -> None:
    """`in` names the type of one archive and beats `summed`."""
    text = GOOD.replace("[tables]", '[tables]\nc_mdesk = { archive = "monthly" }')

    found = load_catalogue(folder_of(tmp_path, desk=text))

    types = [found.table(name).column("calls") for name in ("c_desk", "c_ddesk", "c_mdesk")]
    assert [str(one.type) for one in types if one] == ["smallint", "integer", "bigint"]


def test_every_value_has_its_origin(tmp_path: Path) -> None:
    """A spec has the origin of each value: the key of its file, or a default."""
    folder = folder_of(tmp_path, desk=GOOD)

    origin = dict(load_catalogue(folder).table("c_desk").origin)

    assert origin["class"] == f"{folder}/desk.toml: class"
    assert origin["archive"] == f"{folder}/desk.toml: tables.c_desk.archive"
    assert origin["not_compared.number"] == f"{folder}/desk.toml: not_compared.number"
    assert origin["circular"] == "default"


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("SMALLINT", ColumnType("smallint")),
        (" char(20) ", ColumnType("char", 20)),
        ("varchar(300)", ColumnType("varchar", 300)),
        ("decimal(10,2)", ColumnType("decimal", 10, 2)),
        ("int8", ColumnType("int8")),
    ],
)
def test_a_type_is_read_as_informix_writes_it(text: str, parsed: ColumnType) -> None:
    """Type names are taken in any case, with the width of text and the digits of decimals."""
    assert ColumnType.parse(text) == parsed
    assert ColumnType.parse(str(parsed)) == parsed


@pytest.mark.parametrize("text", ["char", "char(0)", "char(-1)", "text", "decimal(10)", "integer(4)", "", "char(20"])
def test_an_unknown_type_is_no_type(text: str) -> None:
    """What Informix has not, or what lacks its width, is refused by name."""
    with pytest.raises(ValueError, match="is not a type known here"):
        ColumnType.parse(text)


def test_all_faults_of_a_folder_are_listed(tmp_path: Path) -> None:
    """Broken files of all kinds are reported together, each with its file and its key."""
    folder = folder_of(
        tmp_path,
        a_syntax="summary = ",
        b_keys='summary = "x"\nclass = "historic"\nsynced_by = "copying"\ncolour = "red"\n[tables]\nt_b = {}\n'
        '[columns]\nacd = { type = "smallint", widht = 3 }\nname = { type = "text" }\n',
        c_missing="acd = 'acd'\n",
        d_nowhere=GOOD.replace('acd = "acd"\n', 'acd = "ucd"\n').replace('"desk", "intrvl"', '"dosk"'),
        e_twice=GOOD.replace("c_desk", "hsplit").replace("c_ddesk", "c_other"),
        f_name=GOOD.replace("c_desk", '"c\\tdesk"').replace("c_ddesk", "c_third"),
        g_archive='summary = "x"\nclass = "historical"\nsynced_by = "copying"\n[tables]\nt_g = {}\n'
        '[columns]\nacd = { type = "smallint" }\n',
        h_significant=GOOD.replace("c_desk", "c_eight")
        .replace("c_ddesk", "c_nine")
        .replace('acd = { type = "smallint" }', 'acd = { type = "smallint", significant = 3 }'),
        sets='[sets.Mine]\nsummary = "x"\n[sets.lost]\nsummary = "x"\ntables = ["nowhere"]\n',
    )

    faults = faults_of(folder)

    text = "\n".join(faults)
    assert "a_syntax.toml: not TOML" in text
    assert "b_keys.toml: colour: unknown key" in faults
    assert "b_keys.toml: columns.acd.widht: unknown key" in faults
    assert "b_keys.toml: class: must be" in text
    assert "b_keys.toml: columns.name.type: 'text' is not a type known here" in faults
    assert {
        f"c_missing.toml: {key}: is missing" for key in ("summary", "class", "synced_by", "tables", "columns")
    } <= set(faults)
    assert "d_nowhere.toml: acd: names the column 'ucd', which [columns] does not have" in faults
    assert "d_nowhere.toml: key: names the column 'dosk', which [columns] does not have" in faults
    assert "e_twice.toml: tables.hsplit: table_specs/historical/split.toml already describes this table" in faults
    assert "'c\\tdesk' cannot be the name of a table or column" in text
    assert "g_archive.toml: tables.t_g: a historical table needs an archive, and the file a [time]" in faults
    assert "h_significant.toml: columns.acd.significant: only text has significant characters" in text
    assert "sets.toml: sets: 'Mine' cannot be the name of a set" in text


def test_a_set_of_unknown_tables_names_them(tmp_path: Path) -> None:
    """A set that names a table no spec describes is a fault with the set's place."""
    folder = folder_of(
        tmp_path,
        sets='[sets.lost]\nsummary = "x"\ntables = ["nowhere", "hsplit"]\nonly_with = { user_id = ["vdns"] }\n',
    )

    assert faults_of(folder) == (
        "sets.toml: sets.lost.tables: no spec describes 'nowhere'",
        "sets.toml: sets.lost.only_with: 'vdns' is not in the set",
    )


def test_a_companion_of_an_unknown_set_names_its_file(tmp_path: Path) -> None:
    """A fault in files.toml names files.toml and the companion, not only its path."""
    folder = folder_of(tmp_path, files='[[file]]\npath = "/cms/x"\nholds = "x"\nadvice = "x"\nsets = ["lost"]\n')

    (fault,) = faults_of(folder)

    assert fault.startswith("files.toml: ")
    assert "/cms/x" in fault
    assert "'lost'" in fault


def test_a_folder_that_is_not_there_is_a_fault_among_the_others(tmp_path: Path) -> None:
    """A misspelt folder is reported together with the faults of the other folders."""
    broken = folder_of(tmp_path, a="summary = ")

    with pytest.raises(SpecError) as refused:
        load_catalogue(tmp_path / "nowhere", broken)

    assert len(refused.value.faults) == 2
    assert f"{tmp_path / 'nowhere'}: no such folder of specs" in refused.value.faults
    assert str(refused.value).startswith("The table specs have 2 faults:\n  ")


def test_an_unknown_table_is_answered_with_the_nearest_names() -> None:
    """A misspelt table or set gets the names it may have meant, or where to find them all."""
    with pytest.raises(UnknownTableError) as near:
        catalogue().table("hspilt")
    with pytest.raises(UnknownTableError) as far:
        catalogue().table("zzzzzz")
    with pytest.raises(UnknownTableError) as near_set:
        catalogue().set("forcast")

    assert "hsplit" in near.value.hint
    assert far.value.hint.startswith("`syncengine tables` lists them all. A table of your own needs a spec")
    assert "forecast" in near_set.value.hint


def faults_of_text(folder: Path, text: str) -> tuple[str, ...]:
    """Return the faults of one new spec file, without its name."""
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

    assert faults_of_text(tmp_path, text.replace('archive = "interval"', f'archive = "{archive}"')) == ()


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
            ("row_number: each server has its own numbers, so [not_compared] must have 'number' too",),
        ),
        (
            'number = { type = "integer" }',
            'number = { type = "integer", only = [] }',
            ("columns.number.only: is empty, so no table has the column",),
        ),
    ],
)
def test_each_missing_part_is_reported_with_its_key(
    tmp_path: Path, old: str, new: str, expected: tuple[str, ...]
) -> None:
    """Each missing part is one fault that begins with its key, reported once."""
    assert faults_of_text(tmp_path, DESK.replace(old, new)) == expected


def test_an_event_without_a_moment_is_refused(tmp_path: Path) -> None:
    """Events that have only a date would all be taken for midnight."""
    text = DESK.replace('label = "starttime"\ninterval = "intrvl"\n', "").replace('"interval"', '"event"')

    assert faults_of_text(tmp_path, text) == (MOMENT,)


def test_administration_without_time_needs_no_archive(tmp_path: Path) -> None:
    """A table without [time] is compared whole, without archives."""
    start, stop = DESK.index("[time]"), DESK.index("[not_compared]")
    text = (DESK[:start] + DESK[stop:]).replace('{ archive = "interval" }', "{}")

    assert faults_of_text(tmp_path, text) == ()


def test_a_column_of_one_archive_is_not_required_in_the_others(tmp_path: Path) -> None:
    """In a family the label may be only in the intervals, and a fault of one table names that table."""
    family = DESK.replace("c_desk = ", 'c_ddesk = { archive = "daily" }\nc_desk = ')
    label = 'starttime = { type = "smallint", only = ["interval"] }'
    split = family.replace('starttime = { type = "smallint" }', label)
    narrow = split.replace('number = { type = "integer" }', 'number = { type = "integer", only = ["interval"] }')

    assert faults_of_text(tmp_path, narrow) == ()
    assert faults_of_text(tmp_path, narrow.replace(label, label.replace('"interval"', '"daily"'))) == (LABEL,)
    assert faults_of_text(
        tmp_path, narrow.replace('only = ["interval"] }', 'only = ["interval"], in = { daily = "int8" } }')
    )[:1] == ("columns.starttime.in: names the archive 'daily', which `only` excludes",)


@pytest.mark.parametrize(("column", "key"), [("row_date", "time.date"), ("acd", "acd")])
def test_every_table_of_a_family_has_its_day_and_its_acd(tmp_path: Path, column: str, key: str) -> None:
    """If `only` excludes one table from the date or ACD column, that is a fault of the table."""
    family = DESK.replace("c_desk = ", 'c_ddesk = { archive = "daily" }\nc_desk = ')
    kind = "date" if column == "row_date" else "smallint"
    text = family.replace(f'{column} = {{ type = "{kind}" }}', f'{column} = {{ type = "{kind}", only = ["interval"] }}')

    assert faults_of_text(tmp_path, text) == (
        f"tables.c_ddesk: {key} is {column!r}, and the `only` of that column excludes this table",
    )


@pytest.mark.parametrize(
    ("follows", "expected"),
    [
        (
            '[follows.no_table]\nwhy = "set on each server"\n',
            "tables.c_desk: follows.no_table: no spec describes 'no_table'; "
            "if no table has it, name the `screen` it is set on",
        ),
        (
            '[follows.hsplit]\nwhy = "counted there"\n',
            "tables.c_desk: follows.hsplit: 'hsplit' is not administration that can be compared",
        ),
        (
            '[follows.arch_stat]\nwhy = "archived there"\n',
            "tables.c_desk: follows.arch_stat: 'arch_stat' is not administration that can be compared",
        ),
        (
            '[follows.ag_ex_adm]\nwhy = "set on each server"\nscreen = "Exceptions"\n',
            "tables.c_desk: follows.ag_ex_adm.screen: the table 'ag_ex_adm' has it, so it needs no screen",
        ),
        (
            '[follows.ag_ex_adm]\nwhy = "set on each server"\ncolumns = ["level"]\n',
            "follows.ag_ex_adm.columns: names the column 'level', which [columns] does not have",
        ),
        ("[follows.ag_ex_adm]\n", "follows.ag_ex_adm.why: is missing"),
    ],
)
def test_what_a_table_follows_from_is_administration(tmp_path: Path, follows: str, expected: str) -> None:
    """A name that leads nowhere, to history, or to a table that is never compared is a fault with its file and key."""
    assert faults_of_text(tmp_path, DESK.replace("[columns]", f"{follows}\n[columns]")) == (expected,)


@pytest.mark.parametrize(
    "follows", ['[follows.ag_ex_adm]\nwhy = "w"\n', '[follows.desks]\nwhy = "w"\nscreen = "Desks"\n']
)
def test_a_table_may_follow_from_a_table_or_a_screen(tmp_path: Path, follows: str) -> None:
    """Administration is named by its table, or by its screen where no table holds it."""
    assert faults_of_text(tmp_path, DESK.replace("[columns]", f"{follows}\n[columns]")) == ()


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ('end = "number"\nlasts = "number"\n', "pieces: needs end or lasts, and not both"),
        ("", "pieces: needs end or lasts, and not both"),
        ('end = "number"\nend_flag = "number"\n', "pieces: needs begin_flag and end_flag, or neither"),
        ('end = "stop"\n', "pieces.end: names the column 'stop', which [columns] does not have"),
    ],
)
def test_pieces_name_an_end_and_both_flags(tmp_path: Path, pieces: str, expected: str) -> None:
    """`[pieces]` needs existing columns, one end, both flags or none, and an event table."""
    text = f'[pieces]\nof = "desk"\nsame = ["number"]\nbegin = "number"\n{pieces}\n[columns]'
    events = "pieces: only rows of event tables are cut"

    assert sorted(faults_of_text(tmp_path, DESK.replace("[columns]", text))) == sorted((expected, events))


def test_a_table_shows_how_outages_cut_its_rows(typed: Typing) -> None:
    """What names a login, and where that comes from, is shown with its table."""
    fault = typed("tables", "haglog")

    assert "a login with the same logid, extn, split" in " ".join(fault.out.split())
    assert "haglog.toml: pieces" in fault.out


@pytest.mark.parametrize(
    ("table", "fault", "expected"),
    [
        (OWN, '[needs.no_table]\nwhy = "w"\n', "needs.no_table: no spec describes 'no_table'"),
        (OWN, '[needs.hsplit]\nwhy = "w"\n', "needs.hsplit: 'hsplit' is not administration that can be written"),
        (
            OWN,
            '[needs.arch_stat]\nwhy = "w"\n',
            "needs.arch_stat: 'arch_stat' is not administration that can be written",
        ),
        (OWN, "[needs.users]\n", "needs.users.why: is missing"),
        (OWN, 'afterwards = ["reboot"]\n', "afterwards.0: must be 'visual-vectors' or 'logins'"),
        (
            DESK,
            'afterwards = ["logins"]\n',
            "needs, afterwards, set_up: are only for administration, which has no [time]",
        ),
        (DESK, "witness = true\n", "witness: is only for historical interval tables"),
    ],
)
def test_keys_of_special_tables_are_refused_for_others(tmp_path: Path, table: str, fault: str, expected: str) -> None:
    """Only administration needs other tables or leaves anything to people; only intervals of the CMS are witnesses."""
    (fault,) = faults_of_text(tmp_path, table.replace("[tables]", f"{fault}\n[tables]"))

    assert fault.endswith(expected)
