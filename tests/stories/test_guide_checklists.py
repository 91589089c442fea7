"""Checklists of Appendix E, chapters 1, 2 and 4 and Appendix A, each followed from its first line to its last."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

from tests.builders import Files, archive_rows, build_files, row
from tests.cli.terminal import Typing
from tests.jobs.test_outages import broken, link
from tests.rules.hooked import hook, with_hooks
from tests.rules.timetabled import FLAG, flags, schedule, task
from tests.scenes import trunks
from tests.stories.following import Follower, time_passes

DOWN, BACK = datetime(2000, 6, 5, 5, 40), datetime(2000, 6, 5, 7, 10)
OWNERS = ("jm", "rg")
NAMES = (("jm", "Morning"), ("jm", "Weekly"), ("rg", "Greeting"))
SCHEDULES = [schedule("cms", "Nightly backup")]
ECHO = ("echo", "2000-06-05 07:05 all is fine")


def taken_down(folder: Path, *hooks: str) -> Files:
    """Build a pair whose primary cannot be reached any more since 5:13; it is 5:40."""
    files = build_files(
        folder,
        ["htrunk", "synonyms", "ttsched", "ttsctasks", "ttsc"],
        both={"htrunk": trunks(400, 500), "ttsctasks": [task(*name) for name in NAMES]},
        primary={"ttsched": [schedule(*name, "o") for name in NAMES] + SCHEDULES},
        secondary={"ttsched": [schedule(*name, "n") for name in NAMES] + SCHEDULES, "htrunk": trunks(500, 530)},
        archived=datetime(2000, 6, 5, 5, 30),
        as_of=DOWN,
        settings=f'external_call_history = "primary"\n{FLAG}',
    )
    files.database("primary").rename(folder / "away")
    return with_hooks(files, *hooks)


def comes_back(files: Files) -> None:
    """Let the primary be back since 6:40, and it be 7:10; meanwhile a name was added on the secondary."""
    (files.folder / "away").rename(files.database("primary"))
    files.add("primary", "htrunk", *broken(500, 530), *broken(630, 700))
    files.add("primary", "linkex", link(513, 87 * 60))
    files.add("secondary", "htrunk", *trunks(530, 700))
    files.add("secondary", "synonyms", row("synonyms", item_type="vdn", value="45001", item_name="Reception"))
    archived(files, datetime(2000, 6, 5, 6, 30))
    time_passes(files, BACK)


def archived(files: Files, until: datetime) -> None:
    """Let both servers have archived up to a moment."""
    for role in ("primary", "secondary"):
        files.run(role, "DELETE FROM arch_stat")
        files.add(role, "arch_stat", *archive_rows(1, until))


def test_takeover_and_return_are_followed_line_by_line(tmp_path: Path, typed: Typing) -> None:
    """Users go over with what belongs to them, and back once the primary has its history; each line as it says."""
    hooks = [hook(kind, ECHO) for kind in ("log-off", "log-on", "host-alias", "backups", "support", "multi-user")]
    files = taken_down(tmp_path, *hooks, hook("single-user", ECHO), hook("links", ECHO, "secondary"))
    over = Follower(typed, files, "takeover", {"USER": OWNERS}, answered=(0, 1, 3))
    over.look("--anew")

    over.follow()

    assert flags(files) == {"Greeting": "o", "Morning": "o", "Nightly backup": "y", "Weekly": "o"}
    assert {name: by for name, by in over.how.items() if by != "hand"} == {
        "secondary-fit": "sight",
        "log-off": "hook",
        "host-alias": "hook",
        "log-on": "hook",
        "support": "hook",
        "timetables-run": "sight",
    }
    assert over.document["done"]

    comes_back(files)
    runs = [run.id for run in files.open().runs()]
    back = Follower(typed, files, "return", {"RUN": runs[::-1]})
    back.look("--anew")
    assert back.line("archived")["sight"]["seen"] == "not yet"
    back.follow(past="archived")
    archived(files, datetime(2000, 6, 5, 7, 0))
    back.follow()

    assert flags(files) == {"Greeting": "n", "Morning": "n", "Nightly backup": "y", "Weekly": "n"}
    for table in ("htrunk", "synonyms"):
        assert files.bag("primary", table) == files.bag("secondary", table)
    assert back.line("back")["tick"]["at"].startswith("2000-06-05T06:40")
    assert list(back.how)[-4:] == ["log-off", "host-alias", "log-on", "nightly"]
    print([(l["name"], l["sight"]) for l in back.document["lines"]])
    assert back.document["done"]
    assert Counter(back.how.values()) == {}
