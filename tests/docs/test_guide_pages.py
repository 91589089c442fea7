"""What the pages about the vendor's guide promise: every procedure, item and question has its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from syncengine.catalogue.procedure_file import procedure_names
from syncengine.model.hooks import KINDS
from syncengine.model.spec import SyncedBy
from tests.builders import DAY, build_files, catalogue, row
from tests.cli.terminal import Typing
from tests.docs.pages import DOCS
from tests.rules.timetabled import flags, schedule, task, timetabled
from tests.scenes import trunks

GUIDE = DOCS / "explanation" / "guide-procedures.md"
QUESTIONS = DOCS / "explanation" / "questions-and-answers.md"
SYNCED_BY_TEXT = {
    SyncedBy.COPYING: "copied",
    SyncedBy.BY_HAND: "by hand",
    SyncedBy.BY_SWITCH: "by the switch",
    SyncedBy.NEVER: "never copied",
}
"""What Appendix C says of a table, by how its spec says it is synchronised."""

PLACES = {
    "What can fail": (
        *("an ACD link", "hardware, and comes back", "hardware, replaced", "power, of one", "power, of both"),
        *("CMS software", "maintenance: a backup", "an upgrade", "a new release of the switch"),
    ),
    "Switching over": ("none", "a script", "by hand", "when to switch over"),
    "Chapter 2: primary and secondary": ("Internet Call Center", "External Call History", "timetables", "no users"),
    "The daily round": ("1. links", "2. archiving", "3. backups", "4. the customer error log", "recovery kit"),
    "Synchronised by the switch": ("VDN assignments, VDN skill preferences", "vector contents", "multi-agent skill"),
    "Administered on each server": (
        *("agent trace administration", "activate agent trace", "agent, split/skill, trunk group", "VDN, vector"),
        *("passwords", "Supervisor scripts", "scheduling of timetables", "CMS state", "data storage allocation"),
        *("External Application state", "External Call History state", "load pseudo-ACD data", "pseudo-ACD set-up"),
        *("storage intervals", "data collection on and off", "Data Summarizing", "VDN and split/skill call profiles"),
        *("call work codes", "removing users"),
    ),
    "Synchronised by backup and restore": (
        *("custom reports", "designer reports", "main menu additions", "timetables", "shortcuts", "user data"),
        *("feature access", "access to ACDs, splits, trunk groups, vectors, VDNs", "main menu addition access"),
        *(
            "agent groups",
            "calculations, constants, custom items",
            "ACDs",
            "announcements, AUX and log-out reason codes",
        ),
        *("call work codes", "location ids, login ids, splits/skills, trunk groups, VDNs, vectors"),
        "string values: agent, generic, split/skill, trunk",
    ),
    "What needs collection off": ("storage allocation, storage intervals", "local administration", "master ACD"),
    "Chapter 3: user scenarios": (
        *("agent trace", "base load upgrades", "call work codes", "change agent skills", "custom reports, 1"),
        *("custom reports, 2 to 5", "designer reports, method 1", "designer reports, methods 2 and 3"),
        *("dictionary, method 1", "calculations and constants", "dictionary, method 2, synonyms"),
        *("dictionary, method 2, agent groups", "dictionary, method 3", "exceptions, administered"),
        *("exceptions counted from the start", "External Call History", "forecast data storage, method 1"),
        *("forecast data storage, method 2", "forecasting", "main menu additions", "printers", "scripts", "shortcuts"),
        *(
            "split/skill and VDN call profiles",
            "collection off and on",
            "timetables",
            "users, added or modified, 1 and 2",
        ),
        *("users, added or modified, 3 to 7", "users, removed", "users, passwords", "Visual Vectors"),
    ),
    "Call profiles": ("split/skill or VDN profile, 1 to 3", "restore profiles", "restore history"),
    "Timetables": (
        "only on the primary: 1 to 3",
        "on both",
        "global edit: 1 to 4",
        "global edit: 5, 6",
        "7a",
        "7b to 13",
    ),
    "Appendix D: how data is restored": ("local", "system", "ACD", "restore range", "rows in the range", "event data"),
    "Appendix E: if a server fails": (
        *("links of the primary are down", "the primary has problems", "the primary is down", "the secondary is down"),
        *("links of both are down", "both servers are down"),
    ),
}
"""Words of the guide, by the heading on the page below which a row begins with them or holds them."""

STEPS = {"Collection off and on": 18, "Chapter 4: backups, and after an outage": 7, "Appendix G: base load upgrade": 33}
"""How many steps the guide has, by the heading on the page below which they are listed."""

QUESTION_SUBJECTS = (
    *("purpose", "platforms", "aware of each other", "dual ACD link", "same data", "real-time reports", "switch over"),
    *(
        "Whom do I call",
        "May users go back",
        "backup",
        "both were down",
        "while both servers collect",
        "never touch",
        "undo",
        "3",
        "single-user mode",
        "IN SYNC",
    ),
    *("see the rows", "other tables of mine", "How long", "cost the servers"),
)
"""What a question of the guide's Appendix F, or one of the night, is about."""


def rows(heading: str) -> list[list[str]]:
    """Return the rows of the tables below a heading of the page on the guide, up to the next heading."""
    parts = re.split(r"^#+ (.+)$", GUIDE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (text,) = [text for title, text in zip(parts[1::2], parts[2::2], strict=True) if title == heading]
    lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith("| ---")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def steps(cell: str) -> Iterator[int]:
    """Yield the numbers at the beginning of a row: `1, 2, 6: ...`, `8 to 14, 19 to 25: ...`, `2 and 3: ...`."""
    numbers = re.match(r"[\d, toand]*\d(?=[.:])", cell)
    for first, last in re.findall(r"(\d+)(?: to (\d+))?", numbers[0] if numbers else ""):
        yield from range(int(first), int(last or first) + 1)


@pytest.mark.parametrize("heading", PLACES)
def test_every_procedure_of_the_guide_has_its_row(heading: str) -> None:
    """Each list, scenario, failure and case of the guide has a row on the page."""
    first_cells = [cells[0] for cells in rows(heading)]
    assert not [words for words in PLACES[heading] if not any(words in cell for cell in first_cells)]


@pytest.mark.parametrize("heading", STEPS)
def test_every_step_of_the_guide_has_its_row(heading: str) -> None:
    """Each numbered step of the long procedures is listed, by number."""
    listed = {step for cells in rows(heading) for step in steps(cells[0])}
    assert listed == set(range(1, STEPS[heading] + 1))


def test_every_item_of_a_full_backup_is_on_the_page_as_its_spec_has_it() -> None:
    """Appendix C: every table once, with how it is synchronised, every file, and no set that there is not."""
    found = rows("Appendix C: what a full backup holds")
    listed = {name: cells for cells in found for name in re.findall(r"`([^`]+)`", cells[0])}

    tables = {spec.name: SYNCED_BY_TEXT[spec.synced_by] for spec in catalogue().tables}
    files = {file.path: "a file" for file in catalogue().files if file.path}
    assert {name: cells[1] for name, cells in listed.items()} == tables | files
    named = {name for cells in found for name in re.findall(r"--set ([a-z-]+)", cells[2])}
    assert named <= {one.name for one in catalogue().sets}
    assert not [
        (table, one)
        for table, cells in listed.items()
        for one in re.findall(r"--set ([a-z-]+)", cells[2])
        if table in tables and table not in catalogue().set(one).tables
    ]


@pytest.mark.parametrize("page", [GUIDE, QUESTIONS], ids=["procedures", "questions"])
def test_what_the_pages_name_is_there(page: Path) -> None:
    """Each set, checklist and hook that these pages name exists; the page on the guide has all checklists."""
    text = page.read_text(encoding="utf-8")
    lists = re.findall(r"[Cc]hecklists?\s((?:`[a-z-]+`(?:, | and )?)+)", text)
    checklists = {name for names in lists for name in re.findall(r"`([a-z-]+)`", names)}
    hooks = set(re.findall(r"hook `([a-z-]+)`", text))
    assert set(re.findall(r"--set ([a-z-]+)", text)) <= {one.name for one in catalogue().sets}
    assert checklists <= set(procedure_names())
    assert page is QUESTIONS or checklists == set(procedure_names())
    assert hooks <= set(KINDS)


def test_the_guides_questions_and_those_of_the_night_are_answered() -> None:
    """Each question has a heading, and an answer below it."""
    answered = re.findall(r"^### (.+)\n\n(\S.*)", QUESTIONS.read_text(encoding="utf-8"), re.MULTILINE)
    assert not [about for about in QUESTION_SUBJECTS if not any(about in question for question, _ in answered)]


def test_a_loss_that_no_server_noted_is_found_by_verify_alone(tmp_path: Path, typed: Typing) -> None:
    """An interval in which a server lost calls without a mark is no outage, and is copied from the server you name."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": [*trunks(400, 500), *trunks(530, 700)]},
        primary={"htrunk": trunks(500, 530, incalls=2)},
        secondary={"htrunk": trunks(500, 530)},
    )
    window = ("--window", "2000-06-05 05:00..05:29", "--table", "htrunk", "--pair", files.pair_file)

    assert typed("outages", "--pair", files.pair_file).code == 0
    assert typed("verify", *window).code == 3
    assert typed("resync", *window, "--from", "secondary", "--yes").code == 0
    assert files.run("primary", "SELECT DISTINCT incalls FROM htrunk") == [(5,)]


def test_a_name_of_any_item_of_the_dictionary_is_copied(tmp_path: Path, typed: Typing) -> None:
    """Names are copied whatever their item type, also those whose spelling is in no source."""
    items = ("announcement", "loc_id", "log_rsn", "string value", "whatever")
    names = [row("synonyms", acd_no=1, item_type=one, item_name="Welcome", value="5") for one in items]
    files = build_files(tmp_path, ["synonyms", "agroups", "dbitems"], primary={"synonyms": names})

    assert typed("sync", "--set", "dictionary", "--yes", "--pair", files.pair_file).code == 0
    assert files.bag("secondary", "synonyms") == files.bag("primary", "synonyms")


def test_on_a_first_sync_what_only_one_server_has_survives_a_fill(tmp_path: Path, typed: Typing) -> None:
    """What the pages say of administration on both before the first sync: replacing deletes, filling does not."""
    first, second = ({"synonyms": [row("synonyms", value=value)]} for value in ("1", "2"))
    files = build_files(tmp_path, ["synonyms"], primary=first, secondary=second)
    back = ("--set", "synonyms", "--from", "secondary", "--pair", files.pair_file)

    assert "1 row that only primary has will be deleted" in typed("sync", *back, "--dry-run").out
    assert typed("sync", *back, "--policy", "fill", "--yes").code == 3
    assert typed("sync", "--set", "synonyms", "--yes", "--pair", files.pair_file).code == 0
    assert len(files.bag("primary", "synonyms")) == len(files.bag("secondary", "synonyms")) == 2


@pytest.mark.parametrize("source", ["primary", pytest.param("secondary", marks=pytest.mark.soak)])
def test_a_server_that_was_replaced_is_filled_in_three_steps(tmp_path: Path, typed: Typing, source: str) -> None:
    """Administration, history, and then forecasts of future days, which are in no window of a backfill."""
    ahead = [row("f_ispday", row_date=DAY + timedelta(days=30), starttime=900, split=1)]
    profile = [row("split_pro", split=1, servicelevel=20)]
    rows_of_source = {
        "htrunk": trunks(400, 700),
        "synonyms": [row("synonyms", value="1")],
        "split_pro": profile,
        "f_ispday": ahead,
    }
    sides: dict[str, Any] = {source: rows_of_source}
    files = build_files(tmp_path, list(rows_of_source), **sides)
    options = ("--pair", files.pair_file, "--from", source)

    result = typed("sync", "--set", "administration", "--include-manual", "--yes", *options)
    assert result.code == 0, result.text
    result = typed("backfill", "--window", "2000-06", "--yes", *options)
    assert result.code == 0, result.text
    assert typed("verify", *options).code == 3
    result = typed("sync", "--set", "forecast", "--yes", *options)
    assert result.code == 0, result.text

    assert typed("verify", *options).code == 0


@pytest.mark.soak
def test_a_timetable_made_during_a_takeover_goes_to_the_primary_as_the_page_says(tmp_path: Path, typed: Typing) -> None:
    """Made on the secondary it runs on there, whatever is undone; deleted there and copied back it does not."""
    made, text = ("jm", "Made there"), [task("jm", "Made there")]
    rows_of_secondary = {"ttsched": [schedule(*made, "o")], "ttsctasks": text}
    files = timetabled(tmp_path, secondary=rows_of_secondary)
    options = ("--set", "timetables", "--yes", "--pair", files.pair_file)

    assert typed("sync", "--from", "secondary", *options).code == 0
    assert (flags(files, "primary"), flags(files)) == ({"Made there": "n"}, {"Made there": "o"})

    files.run("primary", "UPDATE ttsched SET run_local = 'o'")
    for table in rows_of_secondary:
        files.run("secondary", f'DELETE FROM "{table}"')
    assert typed("sync", *options).code == 4
    assert typed("sync", "--prefer", "primary", *options).code == 0
    assert (flags(files, "primary"), flags(files)) == ({"Made there": "o"}, {"Made there": "n"})


def test_a_table_without_a_spec_is_neither_named_nor_written(tmp_path: Path, typed: Typing) -> None:
    """What the page says of other tables: a verify is in sync beside one that differs, and does not name it."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": trunks(400, 700)})
    for role in ("primary", "secondary"):
        files.run(role, "CREATE TABLE c_callbacks (promised INTEGER)")
    files.run("primary", "INSERT INTO c_callbacks VALUES (1)")

    result = typed("verify", "--pair", files.pair_file)

    assert result.code == 0
    assert "c_callbacks" not in result.text


def test_what_neither_server_has_is_lost_and_ends_with_0(tmp_path: Path, typed: Typing) -> None:
    """What the page says of both down: lost on both, nothing to repair, and the rows are alike."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": [*trunks(400, 500), *trunks(530, 700)]})

    result = typed("outages", "--pair", files.pair_file)

    assert result.code == 0
    assert "lost on both" in result.out
    assert typed("resync", "--outages", "--yes", "--pair", files.pair_file).code == 0
