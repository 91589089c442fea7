"""Each checklist followed from its first line to its last, by an administrator who does what the line says."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from syncengine.app import table_settings
from syncengine.catalogue.procedure_file import procedure_names
from syncengine.demo.build import build_pair
from syncengine.model.filled_checklist import TickedBy
from tests.builders import Files, build_files, catalogue, narrow, narrow_columns, row
from tests.cli.terminal import Typing
from tests.docs.conftest import SMALL
from tests.following import Administrator, archived, clock, link_down
from tests.rules.hooked import hook, python, with_hooks
from tests.scenes import storage, trunks

DAYS = "UPDATE dcalloc SET days_intrahour = days_intrahour + 1"
"""The change that collection is turned off for."""
BACKUPS = python("print('the last full backup ended 2000-06-05', open('backup').read())")
"""A hook that prints when the last backup ended."""


def built(folder: Path) -> Files:
    """Build a pair at five o'clock, alike on both servers, with few tables and intervals of half an hour."""
    tables = {"split_pro": [row("split_pro", split=1)], "vdn_pro": [row("vdn_pro")]}
    files = build_files(
        folder,
        ["htrunk", *tables],
        both={"htrunk": trunks(400, 700), "dcalloc": [storage("trunk_groups")], **tables},
    )
    archived(files, "05:00")
    return files


@pytest.fixture(scope="module")
def whole_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a demo pair before its outage, at five o'clock; it is copied, never written to."""
    folder = tmp_path_factory.mktemp("demo") / "pair"
    build_pair(folder, SMALL)
    narrow(folder)
    shutil.copyfile(folder / "primary.duckdb", folder / "secondary.duckdb")
    archived(Files(folder), "05:00")
    return folder


@pytest.fixture
def demo(whole_demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """Return a demo pair whose wide tables, and the specs of them, have few columns."""
    whole = catalogue()
    few = replace(whole, tables=tuple(replace(spec, columns=narrow_columns(spec)) for spec in whole.tables))
    monkeypatch.setattr(table_settings, "load_catalogue", lambda *_: few)
    return Files(Path(shutil.copytree(whole_demo, tmp_path / "pair")))


@pytest.mark.parametrize("name", procedure_names())
def test_each_checklist_is_begun_and_ended(name: str, tmp_path: Path, typed: Typing) -> None:
    """At the start, only probes tick lines; at the end, the last line ends with exit code 0."""
    files = built(tmp_path)
    words = ("checklist", name, "--pair", files.pair_file, "--json")
    numbers = [str(line["number"]) for line in typed(*words).document["lines"]]

    begun = typed(*words, "--anew")
    ended = typed(*words, *(word for number in numbers for word in ("--tick", number)))

    assert begun.code == 3
    assert {line["tick"]["by"] for line in begun.document["lines"] if line["tick"]} <= {"probe"}
    assert ended.document["remaining"] == []
    contradicted = [line for line in ended.document["lines"] if line["contradicted"]]
    assert ended.code == (3 if contradicted else 0)


@pytest.mark.soak
def test_collection_off_and_on_is_followed(demo: Files, typed: Typing) -> None:
    """As the guide has it, in single-user mode: hooks do what they can, the pair shows what it can."""
    report = python("print('done on', sys.argv[1:])")
    kinds = ("log-off", "single-user", "multi-user", "collection-off", "collection-on")
    files = with_hooks(demo, *(hook(kind, report) for kind in kinds))

    ticked = Administrator(typed, files, "collection-off-and-on").follow(
        {
            "change-primary": lambda: files.run("primary", DAYS),
            "on-primary": lambda: link_down(files, "primary", "05:13", "05:19"),
            "archived-primary": lambda: archived(files, "05:30"),
            "change-secondary": lambda: files.run("secondary", DAYS),
            "on-secondary": lambda: link_down(files, "secondary", "05:35", "05:42"),
            "archived-secondary": lambda: archived(files, "06:00"),
        }
    )

    by_hooks = {"log-off-primary", "log-off-secondary", "off-primary", "on-primary", "off-secondary", "on-secondary"}
    by_hooks |= {f"{mode}-{role}" for mode in ("single-user", "multi-user") for role in ("primary", "secondary")}
    assert {name for name, by in ticked.items() if by == "hook"} == by_hooks
    assert {name for name, by in ticked.items() if by == "hand"} == {"log-on-primary"}
    assert files.bag("primary", "htrunk") == files.bag("secondary", "htrunk")


@pytest.mark.soak
def test_collection_off_and_on_is_followed_without_single_user_mode(demo: Files, typed: Typing) -> None:
    """The way without single-user mode; without hooks the diary of links shows collection off and on."""
    files = demo

    ticked = Administrator(typed, files, "collection-off-and-on", "multi-user").follow(
        {
            "off-primary": lambda: link_down(files, "primary", "05:13", "05:19"),
            "change-primary": lambda: files.run("primary", DAYS),
            "archived-primary": lambda: archived(files, "05:30"),
            "off-secondary": lambda: link_down(files, "secondary", "05:35", "05:42"),
            "change-secondary": lambda: files.run("secondary", DAYS),
            "archived-secondary": lambda: archived(files, "06:00"),
        }
    )

    assert set(ticked.values()) == {TickedBy.PROBE}
    assert not any("single-user" in name for name in ticked)
    assert files.bag("primary", "htrunk") == files.bag("secondary", "htrunk")


def upgraded(files: Files, role: str) -> None:
    """Let a server run the new load, by the pair file."""
    before, _, after = files.pair_file.read_text().partition(f"[{role}]")
    files.pair_file.write_text(f"{before}[{role}]{after.replace('r3v8ag.f', 'r3v8ah.b', 1)}")


@pytest.mark.soak
def test_base_load_upgrade_is_followed(demo: Files, typed: Typing) -> None:
    """All 33 steps of the guide, and ours: probes find loads, links, archives, backups and the repair."""
    files = demo
    text = files.pair_file.read_text()
    files.pair_file.write_text(text.replace("[primary]", 'external_call_history = "primary"\n\n[primary]', 1))
    files = with_hooks(files, hook("backups", BACKUPS), hook("log-off"))

    def backup(time: str) -> None:
        (files.folder / "backup").write_text(time)
        clock(files, time)

    backup("04:00")
    ticked = Administrator(typed, files, "base-load-upgrade").follow(
        {
            "backup-secondary-before": lambda: backup("05:05"),
            "off-secondary": lambda: link_down(files, "secondary", "05:13", "05:19"),
            "load-secondary": lambda: upgraded(files, "secondary"),
            "archived-secondary": lambda: archived(files, "05:30"),
            "off-primary": lambda: link_down(files, "primary", "05:35", "05:42"),
            "load-primary": lambda: upgraded(files, "primary"),
            "archived-primary": lambda: archived(files, "06:00"),
            "backup-secondary-after": lambda: backup("06:05"),
        }
    )

    found = {"loads-before", "load-secondary", "load-primary", "alike"}
    found |= {f"{what}-{role}" for what in ("off", "on", "archived", "repair") for role in ("primary", "secondary")}
    found |= {f"backup-{role}-{when}" for role in ("primary", "secondary") for when in ("before", "after")}
    assert {name for name, by in ticked.items() if by == TickedBy.PROBE} == found
    assert {name for name, by in ticked.items() if by == "hook"} == {"users-to-secondary", "users-back"}
    assert files.bag("primary", "htrunk") == files.bag("secondary", "htrunk")


@pytest.mark.soak("demo")
@pytest.mark.parametrize("ground", ["built", "demo"])
def test_call_profile_change_is_followed(
    ground: str, tmp_path: Path, typed: Typing, request: pytest.FixtureRequest
) -> None:
    """Each server in an interval of its own: probes find the profiles different, then alike, and nothing is lost."""
    files: Files = request.getfixturevalue("demo") if ground == "demo" else built(tmp_path)

    def changed(role: str, down: str, up: str) -> None:
        files.run(role, "UPDATE split_pro SET servicelevel = 21")
        link_down(files, role, down, up)

    words = {"TIME": ("2000-06-05 05:00..05:10",)}
    ticked = Administrator(typed, files, "call-profile-change", words=words).follow(
        {
            "change-primary": lambda: changed("primary", "05:00", "05:10"),
            "next-interval": lambda: clock(files, "05:31"),
            "change-secondary": lambda: changed("secondary", "05:30", "05:40"),
            "archived": lambda: archived(files, "06:00"),
        }
    )

    by_hand = {"repair-primary", "repair-secondary"}
    assert {name for name, by in ticked.items() if by != TickedBy.PROBE} == by_hand
    assert files.bag("primary", "htrunk") == files.bag("secondary", "htrunk")


@pytest.mark.soak
def test_call_profile_change_missing_in_the_diary_is_repaired_by_its_time(tmp_path: Path, typed: Typing) -> None:
    """Rows seem complete and links never dropped: the repair of outages is not ticked, and the windows repair it."""
    files = built(tmp_path)

    def changed(role: str, label: int, now: str) -> None:
        files.run(role, "UPDATE split_pro SET servicelevel = 21")
        files.run(role, "UPDATE htrunk SET incalls = 1 WHERE starttime = ?", [label])
        clock(files, now)

    words = {"TIME": ("2000-06-05 05:00..05:10",)}
    followed = Administrator(typed, files, "call-profile-change", words=words, exit_codes=(0, 3))
    ticked = followed.follow(
        {
            "change-primary": lambda: changed("primary", 500, "05:10"),
            "next-interval": lambda: clock(files, "05:31"),
            "change-secondary": lambda: changed("secondary", 530, "05:40"),
            "archived": lambda: archived(files, "06:00"),
            "repair-secondary": lambda: words.update(TIME=("2000-06-05 05:30..05:40",)),
        }
    )

    assert {name for name, by in ticked.items() if by == "hand"} == {"repair", "repair-primary", "repair-secondary"}
    assert files.run("primary", "SELECT DISTINCT incalls FROM htrunk") == [(5,)]
    assert files.bag("primary", "htrunk") == files.bag("secondary", "htrunk")


@pytest.mark.soak
def test_call_profile_change_is_followed_at_once(demo: Files, typed: Typing) -> None:
    """Both quickly, in one interval: what was lost on both is named, and is not repaired."""
    followed = Administrator(typed, demo, "call-profile-change", "at-once")
    ticked = followed.follow(
        {
            "change-primary": lambda: link_down(demo, "primary", "05:00", "05:02"),
            "change-secondary": lambda: link_down(demo, "secondary", "05:00", "05:03"),
            "archived": lambda: archived(demo, "05:30"),
        }
    )

    hand = {"beginning", "change-primary", "change-secondary"}
    assert {name for name, by in ticked.items() if by == "hand"} == hand
    lost = next(line for line in followed.shown["lines"] if line["name"] == "lost")
    assert "lost on both servers" in lost["tick"]["how"]
