"""The catalogue against Appendix C of the High Availability guide, name by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncengine.catalogue import load_catalogue
from syncengine.catalogue.spec_folders import shipped_folder
from syncengine.model.bucket import BucketColumns
from syncengine.model.grain import Archive
from syncengine.model.spec import Afterwards, DataClass, Evidence, SyncedBy
from tests.builders import catalogue

NUMBERED = {"agex", "call_rec", "haglog", "linkex", "mctex", "spex", "tgex", "vdnex", "vecex"}
LOCAL = "dcadmin dcalloc print_adm fullex H_hostname"
SYSTEM = (
    "custobjects dbitems cmstbls features h_custom main_menu menu_add menu r_custom scwininfo sys_info user_colors "
    "user_defval users ttsched ttsctasks ttsc"
)
ACD = (
    "aar_agents acd_shifts acds ag_ex_adm agroups arch_stat dbstatus f_cdayconf f_chpap f_chprof f_cstap f_cstprof "
    "f_dataarch f_spdays f_status f_tkgpprof sp_ex_adm split_pro splits synonyms tg_ex_adm tgroups vdn_pro vdn_x_adm "
    "vdns vec_x_adm vectors"
)
HISTORICAL = (
    "ag_actv agex call_rec haglog linkex mctex spex tgex vdnex vecex d_secs dagent dcwc dsplit dtkgrp dtrunk dvdn "
    "dvector f_cday f_cdayrep f_dsplit f_dtkgrp f_ispday f_isplit f_itkgrp hagent hcwc hsplit htkgrp htrunk hvdn "
    "hvector m_secs magent mcwc msplit mtkgrp mtrunk mvdn mvector w_secs wagent wcwc wsplit wtkgrp wtrunk wvdn wvector"
)
FORECAST_ADMINISTRATION = "f_cdayconf f_chpap f_chprof f_cstap f_cstprof f_dataarch f_spdays f_status f_tkgpprof"
FORECAST_HISTORY = "f_cday f_cdayrep f_dsplit f_dtkgrp f_ispday f_isplit f_itkgrp"
MEASURED = ("hagent", "hcwc", "hsplit", "htkgrp", "htrunk", "hvdn", "hvector")
FILES = {
    DataClass.LOCAL: "/usr/lib/pbx/Aname /usr/lib/pbx/Pname /usr/lib/pbx/Sname",
    DataClass.SYSTEM: "/cms/db/ext /cms/db/gem/c_custom /cms/db/gem/h_custom /cms/db/gem/r_custom /cms/pbx/master "
    "/cms/pbx/sim_pbx /cms/cow/reports/designer /cms/db/journal/shortcut /cms/db/journal/timetable",
}


@pytest.mark.parametrize(
    ("data_class", "names", "count"),
    [
        (DataClass.LOCAL, LOCAL, 5),
        (DataClass.SYSTEM, SYSTEM, 17),
        (DataClass.ACD, ACD, 27),
        (DataClass.HISTORICAL, HISTORICAL, 48),
        (DataClass.CUSTOM, "", 0),
    ],
)
def test_every_table_of_the_appendix_is_there_and_no_other(data_class: DataClass, names: str, count: int) -> None:
    """The tables of a data class are those Appendix C lists under it."""
    found = sorted(spec.name for spec in catalogue().of_class(data_class))

    assert found == sorted(names.split())
    assert len(found) == count


def test_every_file_of_the_appendix_is_named() -> None:
    """Each path with a slash in Appendix C is a companion file of its data class, with advice."""
    for data_class, paths in FILES.items():
        found = [file for file in catalogue().files if file.data_class is data_class]

        assert sorted(file.path for file in found if file.path) == sorted(paths.split())
        assert all(file.holds and file.advice for file in found)
    # What main menu additions start is no path of the appendix: a note of chapter 3 warns of it, and rows name it.
    beside = [file.shown for file in catalogue().files if not file.path]
    assert beside == ["named in menu_add.command"]


def test_the_folders_are_the_appendix() -> None:
    """A spec lies in the folder of its data class, so that the listing is Appendix C."""
    folders = {
        DataClass.LOCAL: "local",
        DataClass.SYSTEM: "system",
        DataClass.ACD: "acd",
        DataClass.HISTORICAL: "historical",
    }
    places = {spec.name: Path(dict(spec.origin)["class"]).parts[1] for spec in catalogue().tables}

    assert places == {spec.name: folders[spec.data_class] for spec in catalogue().tables}


def test_forecast_is_nine_administration_tables_then_seven_historical() -> None:
    """The forecast set holds its 16 tables, and administration comes before history when they are written."""
    chosen = [spec.name for spec in catalogue().select(sets=("forecast",))]

    assert chosen[:9] == FORECAST_ADMINISTRATION.split()
    assert chosen[9:] == FORECAST_HISTORY.split()


@pytest.mark.parametrize(
    ("name", "tables"),
    [
        ("agent-groups", ("synonyms", "agroups")),
        ("synonyms", ("synonyms",)),
        ("dictionary", ("synonyms", "agroups", "dbitems")),
        ("timetables", ("ttsched", "ttsctasks", "ttsc")),
        ("shortcuts", ("scwininfo",)),
        ("custom-reports", ("custobjects", "h_custom", "r_custom")),
        ("designer-reports", ()),
        ("main-menu", ("menu", "main_menu", "menu_add")),
        ("call-profiles", ("split_pro", "vdn_pro")),
    ],
)
def test_a_set_holds_what_the_guide_synchronises_together(name: str, tables: tuple[str, ...]) -> None:
    """Each set of chapters 2 and 3 names its tables; one of files only names none."""
    assert set(catalogue().set(name).tables) == set(tables)


def test_the_users_set_takes_system_tables_and_permissions_for_every_acd() -> None:
    """User data is four system tables and the permissions in ACD administration, never for one ACD alone."""
    users = catalogue().set("users")

    assert set(users.tables) >= {"users", "features", "user_colors", "user_defval"}
    assert set(users.tables) & set(ACD.split())
    assert users.every_acd
    assert set(dict(users.only_with)) == set(users.tables) & set(ACD.split())


def test_the_whole_classes_are_sets_too() -> None:
    """History is all 48 historical tables; administration is the 17 and the 27, never the local five."""
    assert set(catalogue().set("history").tables) == set(HISTORICAL.split())
    assert set(catalogue().set("administration").tables) == set(f"{SYSTEM} {ACD}".split())


def test_files_only_sets_name_their_files() -> None:
    """A set without tables has a companion file with the procedure."""
    empty = [one.name for one in catalogue().sets if not one.tables]

    named = {name for file in catalogue().files for name in file.sets}
    assert empty
    assert set(empty) <= named


def test_every_column_has_its_evidence() -> None:
    """Each column of each table is marked found or inferred, and names the source of that."""
    silent = [
        f"{spec.name}.{column.name}" for spec in catalogue().tables for column in spec.columns if not column.source
    ]
    evidence = {column.evidence for spec in catalogue().tables for column in spec.columns}

    assert silent == []
    assert evidence == {Evidence.FOUND, Evidence.INFERRED}


def test_every_column_writes_its_evidence_down() -> None:
    """No shipped column leans on a default for its evidence: the word is in the file."""
    lines = [
        f"{path.name}: {line}"
        for path in shipped_folder().rglob("*.toml")
        for line in path.read_text().splitlines()
        if " = { type = " in line and "evidence = " not in line
    ]

    assert lines == []


def test_what_a_spec_names_is_there() -> None:
    """Key, ACD, time, row number and ignored columns of every table are columns of that very table."""
    for spec in catalogue().tables:
        names = {column.name for column in spec.columns}
        named = {*spec.key, *spec.ignored, spec.acd, spec.row_number}
        if spec.time is not None:
            time = spec.time
            named |= {time.date, time.label, time.epoch, time.interval, time.incomplete}
        assert named - {None} <= names, spec.name
        assert len(names) == len(spec.columns), spec.name


def test_history_knows_its_grain_and_administration_has_none() -> None:
    """Every historical table has an archive and a date; no other table has; first letters agree with it."""
    letters = {"h": Archive.INTERVAL, "d": Archive.DAILY, "w": Archive.WEEKLY, "m": Archive.MONTHLY}
    for spec in catalogue().tables:
        historical = spec.data_class is DataClass.HISTORICAL
        assert (spec.archive is not None) == (spec.time is not None) == historical, spec.name
        measured = any(spec.name[1:] == name[1:] for name in MEASURED)
        if measured or spec.name.endswith("_secs"):
            assert spec.archive is letters[spec.name[0]]
    interval = BucketColumns.of(catalogue().table("hsplit"))
    assert (interval.date, interval.label, interval.acd) == ("row_date", "starttime", "acd")


def test_what_is_never_copied_is_marked_so() -> None:
    """Rule 1 and rule 8: local tables, linkex, arch_stat, dbstatus, f_status, sys_info and schedules."""
    never = {spec.name for spec in catalogue().tables if spec.synced_by is SyncedBy.NEVER}

    assert never == {*LOCAL.split(), "linkex", "arch_stat", "dbstatus", "f_status", "sys_info", "ttsched"}


def test_row_numbers_are_never_compared() -> None:
    """Rule 8: each server's own row numbers are not drift, in every table that has them."""
    numbered = [spec for spec in catalogue().tables if any(c.name in ("seqno", "seqnum") for c in spec.columns)]

    assert {spec.name for spec in numbered} == NUMBERED
    for spec in numbered:
        assert spec.row_number in spec.ignored


def test_the_catalogue_loads_the_same_twice() -> None:
    """Loading is deterministic: the same files give an equal catalogue in the same order."""
    assert load_catalogue() == catalogue()


def test_what_is_written_together_and_what_it_leaves_to_people_is_in_the_specs() -> None:
    """Agent groups go with synonyms in one step, permissions with users; names and users leave something to people."""
    found = catalogue()
    needs = {(spec.name, one.name) for spec in found.tables for one in spec.needs}

    assert found.one_step == (("synonyms", "agroups"),)
    of_users = {(name, "users") for name in ("features", "user_colors", "user_defval")}
    assert needs == of_users | {("agroups", "synonyms")}
    assert {name for one in Afterwards for name in found.with_follow_up(one)} == {"agroups", "synonyms", "users"}
    assert {spec.name for spec in found.witnesses} == {"hsplit", "hvector", "htkgrp", "htrunk", "hvdn"}
