"""Checklists of Appendix E, chapters 1, 2 and 4 and Appendix A, each followed from its first line to its last."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from syncengine.app import table_settings
from syncengine.catalogue import Catalogue
from syncengine.demo.build import build_pair
from syncengine.model.filled_checklist import TickedBy
from syncengine.model.spec import DataClass
from tests.builders import Files, build_files, catalogue, connected, narrow, narrow_columns, row
from tests.cli.terminal import Typing
from tests.docs.conftest import SMALL
from tests.docs.running import apply_outage
from tests.following import Administrator, archived, clock
from tests.jobs.test_outages import broken, link
from tests.rules.hooked import hook, with_hooks
from tests.rules.timetabled import FLAG, flags, schedule, task
from tests.scenes import trunks

NAMES = (("jm", "Morning"), ("jm", "Weekly"), ("rg", "Greeting"))
TABLES = ("htrunk", "synonyms", "ttsched", "ttsctasks", "ttsc", "acds", "arch_stat", "dcalloc", "linkex")
WITNESSES = (spec.name for spec in catalogue().witnesses)
KNOWN = (*TABLES, *WITNESSES, "users", "features", "split_pro", "vdn_pro")
BACKUP = schedule("cms", "Nightly backup")
ECHO = ("echo", "2000-06-05 07:15 all is fine")
PROBES = (0, 3)
"""What a command that only reads ends with, in sync or not."""


def by(ticked: Mapping[str, str], who: str) -> list[str]:
    """Return the lines that somebody has ticked, in order."""
    return [name for name, one in ticked.items() if one == who]


def outage_demo(folder: Path, *hooks: str) -> Files:
    """Build a pair whose primary cannot be reached any more since 5:13; it is 5:40."""
    files = build_files(
        folder,
        TABLES,
        both={"htrunk": trunks(400, 500), "ttsctasks": [task(*name) for name in NAMES]},
        primary={
            "ttsched": [*(schedule(*name, "o") for name in NAMES), BACKUP],
            "synonyms": [row("synonyms", item_type="vdn", value="45002", item_name="Never copied")],
        },
        secondary={"ttsched": [*(schedule(*name, "n") for name in NAMES), BACKUP], "htrunk": trunks(500, 530)},
        archived=datetime(2000, 6, 5, 5, 30),
        as_of=datetime(2000, 6, 5, 5, 40),
        settings=f'external_call_history = "primary"\n{FLAG}',
    )
    files.database("primary").rename(folder / "away")
    return with_hooks(files, *hooks)


def primary_returns(files: Files) -> None:
    """Let the primary be back since 6:40, and the time be 7:10; meanwhile a name was added on the secondary."""
    (files.folder / "away").rename(files.database("primary"))
    files.add("primary", "htrunk", *broken(500, 530), *broken(630, 700))
    files.add("primary", "linkex", link(513, 87 * 60))
    files.add("secondary", "htrunk", *trunks(530, 700))
    files.add("secondary", "synonyms", row("synonyms", item_type="vdn", value="45001", item_name="Reception"))
    archived(files, "06:30")
    clock(files, "07:10")


def half_an_hour_passes(files: Files) -> None:
    """Let the interval in which administration was written be over, and archived."""
    for role in ("primary", "secondary"):
        files.add(role, "htrunk", *trunks(700, 730))
    archived(files, "07:30")


@functools.cache
def of_few_tables() -> Catalogue:
    """Return the shipped catalogue with few tables of history and administration apart from those of a takeover."""
    whole = catalogue()
    names = {spec.name for spec in whole.tables if spec.data_class is DataClass.LOCAL or spec.name in KNOWN}
    sets = tuple(replace(one, tables=tuple(name for name in one.tables if name in names)) for one in whole.sets)
    return Catalogue(tuple(spec for spec in whole.tables if spec.name in names), whole.files, sets)


@pytest.fixture
def few_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open every pair with few tables: a checklist compares all of them."""
    monkeypatch.setattr(table_settings, "load_catalogue", lambda *_: of_few_tables())


@pytest.mark.usefixtures("few_tables")
def test_takeover_is_followed(tmp_path: Path, typed: Typing) -> None:
    """Users go to the secondary with their timetables, while the primary cannot be reached; hooks do what they can."""
    files = outage_demo(tmp_path, hook("host-alias", ECHO), hook("links", ECHO, "secondary"))

    # The commands that query both servers end with 1 while the primary is down.
    administrator = Administrator(typed, files, "takeover", words={"USER": ("jm", "rg")}, exit_codes=(0, 1, 3))
    ticked = administrator.follow({})

    assert flags(files) == {"Greeting": "o", "Morning": "o", "Nightly backup": "y", "Weekly": "o"}
    assert by(ticked, "hook") == ["host-alias"]
    assert by(ticked, TickedBy.PROBE) == ["secondary-fit", "timetables-run"]


@pytest.mark.soak
@pytest.mark.usefixtures("few_tables")
def test_return_is_followed(tmp_path: Path, typed: Typing) -> None:
    """Administration is copied back, then history, then what was switched over, and users return last.

    A name that was added on the primary before it failed, and had not been copied yet, is there afterwards.
    """
    files = outage_demo(tmp_path, *(hook(kind, ECHO) for kind in ("host-alias", "single-user", "multi-user")))
    for owner in ("jm", "rg"):
        assert typed("timetables", "--pair", files.pair_file, "--run-on", "this", "--owner", owner, "--yes").code == 0
    primary_returns(files)
    runs = [run.id for run in files.open().runs()]

    words = {"RUN": runs[::-1], "SET": ("dictionary",)}
    administrator = Administrator(typed, files, "return", words=words, exit_codes=PROBES)
    ticked = administrator.follow({"archived": lambda: half_an_hour_passes(files)})

    assert flags(files) == {"Greeting": "n", "Morning": "n", "Nightly backup": "y", "Weekly": "n"}
    for table in ("htrunk", "synonyms"):
        assert files.bag("primary", table) == files.bag("secondary", table)
    names = files.run("primary", "SELECT TRIM(item_name) FROM synonyms ORDER BY ALL")
    assert names == [("Never copied",), ("Reception",)]
    found = ("back", "set-up-alike", "administration-back", "archived", "history-back", "verified")
    assert {*found, "timetables-back"} <= {*by(ticked, TickedBy.PROBE)}
    assert list(ticked)[-4:] == ["log-off", "host-alias", "log-on", "nightly"]


@pytest.mark.soak
def test_secondary_return_is_followed(tmp_path: Path, typed: Typing) -> None:
    """After an outage of the secondary everything is copied one way; unchanged administration is not copied."""
    files = build_files(
        tmp_path,
        ["htrunk", "synonyms"],
        both={"htrunk": trunks(400, 500)},
        primary={"htrunk": trunks(500, 700)},
        secondary={"htrunk": [*broken(500, 530), *broken(630, 700)], "linkex": [link(513, 87 * 60)]},
    )

    ticked = Administrator(typed, files, "secondary-return", exit_codes=PROBES).follow({})

    assert files.bag("primary", "htrunk") == files.bag("secondary", "htrunk")
    not_needed = ["administration-look", "single-user", "administration-over", "multi-user", "by-hand"]
    assert by(ticked, "not needed") == not_needed
    assert by(ticked, TickedBy.PROBE) == ["back", "set-up-alike", "archived", "history-over", "verified"]


@pytest.mark.soak
def test_new_server_is_followed(tmp_path: Path, typed: Typing) -> None:
    """A newly installed server ends with what the primary has, and each step of it is on the list."""
    files = build_files(
        tmp_path,
        ["htrunk", "synonyms", "sp_ex_adm", "f_cday"],
        primary={
            "htrunk": trunks(400, 700),
            "f_cday": [row("f_cday", row_date=date(2000, 7, 4))],
            "synonyms": [row("synonyms", item_type="vdn", value="45001", item_name="Reception")],
            "sp_ex_adm": [row("sp_ex_adm", split=1)],
        },
    )
    with_hooks(files, hook("backups", ECHO), hook("collection-on", ECHO))

    ticked = Administrator(typed, files, "new-server", words={"TIME": ("2000-06",)}, exit_codes=PROBES).follow({})

    for table in ("htrunk", "synonyms", "sp_ex_adm", "f_cday"):
        assert files.bag("secondary", table) == files.bag("primary", table) != []
    assert by(ticked, TickedBy.PROBE) == ["load", "administration", "set-up-alike", "full-backup"]
    assert by(ticked, "not needed") == []
    assert by(ticked, "hook") == ["collection-on"]


@pytest.mark.soak
def test_nightly_is_followed(tmp_path: Path, typed: Typing) -> None:
    """What hooks and servers report is ticked at once; the night's outage is repaired, and the rest is by hand."""
    before = [trunk for day in (3, 4) for trunk in trunks(0, 2400, row_date=date(2000, 6, day))]
    files = build_files(
        tmp_path,
        ["htrunk", "synonyms"],
        both={"htrunk": [*before, *trunks(0, 500), *trunks(530, 700)]},
        primary={"htrunk": trunks(500, 530)},
        secondary={"htrunk": broken(500, 530), "linkex": [link(513, 360)]},
    )
    with_hooks(files, *(hook(kind, ECHO) for kind in ("links", "backups", "error-log", "users")))

    words = {"SET": ("synonyms",)}
    ticked = Administrator(typed, files, "nightly", words=words, exit_codes=PROBES).follow({})

    assert files.bag("primary", "htrunk") == files.bag("secondary", "htrunk")
    by_hook = ["links", "archives", "backups", "error-log", "no-users"]
    assert by(ticked, TickedBy.PROBE) == [*by_hook, "outages", "verified"]
    assert by(ticked, "not needed") == ["administration"]


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """Return a demo pair after its outage, whose wide tables, and the specs of them, have few columns."""
    build_pair(tmp_path / "pair", SMALL)
    narrow(tmp_path / "pair")
    whole = catalogue()
    few = replace(whole, tables=tuple(replace(spec, columns=narrow_columns(spec)) for spec in whole.tables))
    monkeypatch.setattr(table_settings, "load_catalogue", lambda *_: few)
    files = Files(tmp_path / "pair")
    files.pair_file.write_text(files.pair_file.read_text() + FLAG)
    return files


def primary_fails(files: Files) -> None:
    """Make the primary unreachable."""
    files.database("primary").rename(files.folder / "away")


def primary_was_away(files: Files) -> None:
    """Let the primary have been down while a name was changed on the secondary, and timetables ran there."""
    shutil.copyfile(files.database("primary"), files.database("secondary"))
    with connected(files.database("primary")) as connection:
        apply_outage(connection, "04:40", "05:50", "94")
    files.run("secondary", "UPDATE synonyms SET item_name = 'Reception' WHERE acd_no = 1 AND TRIM(value) = '45001'")
    pair = files.open()
    pair.execute(pair.plan_run_on("this", owners="jmiller"))


def secondary_is_new(files: Files) -> None:
    """Let the secondary be newly installed: set up, and without what people and calls bring."""
    shutil.copyfile(files.database("primary"), files.database("secondary"))
    names = ("arch_stat", "users", "features", "acds")
    for spec in catalogue().tables:
        if spec.data_class is not DataClass.LOCAL and spec.name not in names:
            files.run("secondary", f'DELETE FROM "{spec.name}"')


@pytest.mark.soak
@pytest.mark.parametrize(
    ("name", "happens", "alike"),
    [
        ("takeover", primary_fails, ()),
        ("return", primary_was_away, ("hsplit", "synonyms", "ttsched")),
        ("secondary-return", None, ("hsplit", "synonyms", "agroups")),
        ("new-server", secondary_is_new, ("hsplit", "synonyms", "split_pro", "f_dsplit")),
        ("nightly", None, ("hsplit", "synonyms", "agroups")),
    ],
)
def test_each_is_followed_on_the_demo_pair(
    name: str, happens: Callable[[Files], None] | None, alike: tuple[str, ...], demo: Files, typed: Typing
) -> None:
    """From its first line to its last, with every table of a CMS; then both servers have the same rows."""
    if happens is not None:
        happens(demo)
    runs = [run.id for run in demo.open().runs()]
    words = {
        "USER": ("jmiller", "rgomez"),
        "SET": ("dictionary",),
        "RUN": runs[::-1],
        "TIME": ("2000-06-01..2000-06-05",),
    }
    administrator = Administrator(
        typed, demo, name, words=words, exit_codes=(0, 1, 3) if name == "takeover" else PROBES
    )

    administrator.follow({"archived": lambda: archived(demo, "06:30")})

    for table in alike:
        # The secondary of a demo has a day that the primary has dropped.
        where = "row_date = DATE '2000-06-05' AND starttime < 600" if table == "hsplit" else "1 = 1"
        assert demo.bag("primary", table, where) == demo.bag("secondary", table, where) != []
