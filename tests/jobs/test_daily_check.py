"""`syncengine status`: the daily check of both servers (High Availability guide, chapter 2)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from syncengine.model.hooks import CheckKind
from syncengine.model.pair import Role
from tests.builders import Files, build_files, ledger_of, row
from tests.cli.terminal import Typing
from tests.jobs.test_outages import broken, guides, link
from tests.rules.hooked import fails, hook, notes, python, with_hooks
from tests.scenes import storage, trunks


def healthy(folder: Path) -> Files:
    """Build a pair of which nothing has to be said."""
    return build_files(folder, ["htrunk"], both={"htrunk": trunks(400, 700)})


def test_a_healthy_pair_is_in_order(tmp_path: Path, typed: Typing) -> None:
    """Both servers stand beside each other, nothing differs, and what no table shows is listed; exit 0."""
    said = typed("status", "--pair", healthy(tmp_path).pair_file)

    assert said.code == 0, said.text
    assert "In sync since 2000-06-0" in said.out
    assert "Work on the primary" in said.out
    assert "Nothing is writing to this pair." in said.out
    for line in ("Backups: ", "Error log: ", "Links: ", "Users: ", "Internet Call Center: ", "Recovery kit of "):
        assert line in said.out


def test_an_outage_and_its_drift_are_reported(tmp_path: Path, typed: Typing) -> None:
    """Outages are counted by server, the tables that differ are named, and the exit code is 3."""
    said = typed("status", "--pair", guides(tmp_path).pair_file)

    assert said.code == 3
    assert [line.split()[-2:] for line in said.out.splitlines() if line.startswith("outages of links")] == [
        ["none", "1"]
    ]
    assert "1 table differs, in 2 rows: htrunk." in said.out
    assert "syncengine outages --pair" in said.out


def test_outages_are_offered_for_what_outages_cut(tmp_path: Path, typed: Typing) -> None:
    """A name that differs is not put down to an outage that both servers had; a verify finds it."""
    lost = [*trunks(400, 500), *trunks(530, 700)]
    named = row("synonyms", acd_no=1, item_type="vdn", item_name="Sales", value="45001")
    files = build_files(tmp_path, ["htrunk", "synonyms"], both={"htrunk": lost}, primary={"synonyms": [named]})

    said = typed("status", "--pair", files.pair_file)

    assert "1 table differs, in 1 row: synonyms." in said.out
    assert "To list the outages" not in said.out
    assert "To list all that differs:\n  syncengine verify" in said.out


def test_an_outage_that_is_just_over_is_not_in_sync(tmp_path: Path, typed: Typing) -> None:
    """At 5:25, six minutes after the link is back, nothing differs yet, and somebody has to come back to it."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": trunks(400, 500)},
        secondary={"linkex": [link(513, 360)]},
        archived=datetime(2000, 6, 5, 5, 0),
        as_of=datetime(2000, 6, 5, 5, 25),
    )

    said = typed("status", "--pair", files.pair_file)
    (waiting,) = typed("status", "--json", "--pair", files.pair_file).document["daily"]["waiting"]

    assert said.code == 3
    assert "since not archived on both servers yet: secondary, ACD 1 2000-06-05 05:00-05:29." in said.out
    assert "What both have archived is in sync" in said.out
    assert (waiting["acd"], waiting["servers"]) == (1, ["secondary"])


@pytest.mark.parametrize(("archived", "as_of"), [("07:00", "07:10"), ("05:00", "05:25")])
def test_an_outage_that_both_servers_had_is_lost(tmp_path: Path, typed: Typing, archived: str, as_of: str) -> None:
    """Nothing differs and nothing waits, and somebody has to know that calls are gone: exit 3 while it is looked at."""
    whole = [*trunks(400, 500), *trunks(530, 700)] if archived == "07:00" else trunks(400, 500)
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": [*whole, *broken(500, 530)], "linkex": [link(513, 360)]},
        archived=datetime.fromisoformat(f"2000-06-05T{archived}"),
        as_of=datetime.fromisoformat(f"2000-06-05T{as_of}"),
    )

    said = typed("status", "--pair", files.pair_file)
    daily = typed("status", "--json", "--pair", files.pair_file).document["daily"]

    assert said.code == 3
    assert "Lost on both servers: ACD 1 2000-06-05 05:00-05:29." in said.text
    assert f"To list what was lost:\n  syncengine outages --pair {files.pair_file}" in said.out
    assert "Otherwise in sync since 2000-06-0" in said.out
    assert [(one["acd"], one["window"]["from"]) for one in daily["lost"]] == [(1, "2000-06-05T05:00:00")]
    assert not daily["healthy"]
    assert not daily["holes"]
    assert not daily["waiting"]
    if archived == "07:00":
        # What lies before the time looked at is no news.
        assert typed("status", "--pair", files.pair_file, "--since", "2000-06-05 05:30").code == 0


def test_different_loads_are_reported(tmp_path: Path, typed: Typing) -> None:
    """Between different loads nothing can be copied (rule 14): a pair that is in sync yet is not in order."""
    files = healthy(tmp_path)
    files.pair_file.write_text(files.pair_file.read_text().replace("r3v8ag.f", "r3v8ah.a", 1))

    said = typed("status", "--pair", files.pair_file)

    assert said.code == 3
    assert "The servers run different CMS loads: primary r3v8ah.a, secondary r3v8ag.f" in said.out
    assert "syncengine checklist base-load-upgrade --pair" in said.out


def test_drift_of_long_ago_is_for_verify(tmp_path: Path, typed: Typing) -> None:
    """Only what happened since yesterday, or since --since, is compared."""
    files = healthy(tmp_path)
    files.run("primary", "INSERT INTO htrunk SELECT * REPLACE (DATE '2000-06-01' AS row_date) FROM htrunk")

    assert typed("status", "--pair", files.pair_file).code == 0
    assert typed("status", "--pair", files.pair_file, "--since", "2000-06-01").code == 3


def test_a_hole_that_no_diary_explains(tmp_path: Path, typed: Typing) -> None:
    """Intervals without rows are named with their server, if no diary shows an outage."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": [*trunks(400, 500), *trunks(600, 700)]},
        primary={"htrunk": trunks(500, 600)},
    )

    said = typed("status", "--pair", files.pair_file)

    assert said.code == 3
    assert "secondary: ACD 1 has no rows of 2000-06-05 05:00-05:59, and no outage in the diary of links" in said.out


def test_an_archive_that_stands_still(tmp_path: Path, typed: Typing) -> None:
    """An archive that has not run for hours, or failed, is reported with its ACD and server."""
    stands = {"primary": datetime(2000, 6, 5, 7, 0), "secondary": datetime(2000, 6, 5, 2, 0)}
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": trunks(400, 700)}, archived=stands)

    said = typed("status", "--pair", files.pair_file)

    assert said.code == 3
    assert (
        "secondary: the interval archive of ACD 1 has archived only up to 2000-06-05 02:00, 310 minutes ago."
        in said.out
    )


def test_a_full_circular_table(tmp_path: Path, typed: Typing) -> None:
    """A table that drops its oldest rows is named, and that alone is no reason to look."""
    files = build_files(
        tmp_path,
        ["htrunk", "call_rec"],
        both={
            "htrunk": trunks(400, 700),
            "call_rec": [row("call_rec", row_time=500, callid=number) for number in range(10)],
            "dcalloc": [storage("call records", rows=10)],
        },
    )

    said = typed("status", "--pair", files.pair_file)

    assert said.code == 0, said.text
    assert "call_rec full" in said.out
    assert "secondary: call_rec drop" in said.out


def test_a_server_that_does_not_answer(tmp_path: Path, typed: Typing) -> None:
    """Without its primary one works on the secondary; the other server is reported anyway, with exit 1."""
    files = healthy(tmp_path)
    files.database(Role.PRIMARY).unlink()

    said = typed("status", "--pair", files.pair_file)

    assert said.code == 1
    assert "Work on the secondary: the primary cannot be reached from here. Make sure that it is down." in said.out
    assert "primary: primary:" not in said.out
    assert "Not compared" in said.out
    assert "2000-06-05 07:00" in said.out
    assert "Traceback" not in said.text


def test_while_a_run_writes_the_servers_are_not_queried(tmp_path: Path, typed: Typing) -> None:
    """A run has the pair: the runs are shown, and neither server is opened, be it locked."""
    files = healthy(tmp_path)
    with (
        ledger_of(files.pair_file).locked() as lock,
        duckdb.connect(str(files.database(Role.SECONDARY))),
    ):
        lock.name("20000605-061203-3f1a")
        said = typed("status", "--pair", files.pair_file)

    assert said.code == 0, said.text
    assert "20000605-061203-3f1a" in said.out
    assert "Daily check" not in said.out


def test_the_document_of_the_daily_check(tmp_path: Path, typed: Typing) -> None:
    """JSON has the runs and the check in one document; with --ledger the check is null."""
    files = guides(tmp_path)

    document = typed("status", "--json", "--pair", files.pair_file).document
    alone = typed("status", "--json", "--ledger", "--pair", files.pair_file).document

    assert document["daily"]["healthy"] is False
    assert document["daily"]["differing"] == ["htrunk"]
    assert [server["outages"] for server in document["daily"]["servers"]] == [0, 1]
    assert document["daily"]["work_on"] == "primary"
    assert alone["daily"] is None


def test_hooks_check_what_no_table_shows(tmp_path: Path, typed: Typing) -> None:
    """What a hook says stands in place of the line to check by hand, and one that is not fine has to be looked at."""
    files = with_hooks(
        healthy(tmp_path),
        hook("backups", python("print('ended 2000-06-04 23:10')")),
        hook("error-log", fails("disk c0t1 fails"), "secondary"),
    )

    said = typed("status", "--pair", files.pair_file)
    document = typed("status", "--pair", files.pair_file, "--json").document["daily"]

    rows = {line.split("  ")[0]: line.split() for line in said.out.splitlines()}
    assert said.code == 3
    assert rows["backups"][1:] == ["fine", "fine"]
    assert rows["error log"][2:] == ["by", "hand", "not", "fine"]
    assert "primary: backups: ended 2000-06-04 23:10" in said.out
    assert "secondary: error log not fine: disk c0t1 fails" in said.out
    assert "Backups:" not in said.out
    assert "Error log: check the customer error log on primary for" in said.out
    assert [(one["kind"], one["server"], one["ok"]) for one in document["checks"]] == [
        ("backups", "primary", True),
        ("backups", "secondary", True),
        ("error-log", "secondary", False),
    ]
    assert [(line["kind"], line["server"]) for line in document["by_hand"]] == [
        ("error-log", "primary"),
        ("links", "primary"),
        ("links", "secondary"),
        ("users", "secondary"),
        ("internet-call-center", "secondary"),
        ("recovery-kit", "primary"),
        ("recovery-kit", "secondary"),
    ]


@pytest.mark.parametrize("code", [126, 127, 255])
def test_a_hook_that_did_not_come_so_far(tmp_path: Path, typed: Typing, code: int) -> None:
    """A shell that found no program and ssh without its connection tell nothing of links: nobody switches over."""
    files = with_hooks(healthy(tmp_path), hook("links", fails("no route to host", code), "primary"))

    said = typed("status", "--pair", files.pair_file)

    assert said.code == 3
    assert f"primary: the hook links ended with exit code {code}: no route to host" in said.out
    assert "Links: check System Setup, connection status on both servers" in said.out
    assert "Work on the primary" in said.out


def test_everything_is_checked_by_hooks(tmp_path: Path, typed: Typing) -> None:
    """Where hooks look after all of it and it is fine, nothing is left by hand, and the exit code is 0."""
    files = with_hooks(healthy(tmp_path), *(hook(kind) for kind in CheckKind))

    said = typed("status", "--pair", files.pair_file)

    assert said.code == 0, said.text
    assert "By hand" not in said.out
    checks = [(variables["SYNCENGINE_HOOK"], variables["SYNCENGINE_SERVER"]) for _, variables in notes(files)]
    assert sorted(checks) == sorted((kind, role) for kind in CheckKind for role in kind.servers)


def test_point_3_users_on_the_secondary_have_to_be_checked(tmp_path: Path, typed: Typing) -> None:
    """A hook that finds users on the secondary while the primary works ends with 3; the primary is not checked."""
    files = with_hooks(healthy(tmp_path), hook("users", fails("anna is logged in")))

    said = typed("status", "--pair", files.pair_file)

    assert said.code == 3
    assert "secondary: users not fine: anna is logged in" in said.out
    assert [variables["SYNCENGINE_SERVER"] for _, variables in notes(files)] == ["secondary"]


def test_point_3_users_are_to_be_on_the_secondary_without_its_primary(tmp_path: Path, typed: Typing) -> None:
    """While users work on the secondary, their number there is not checked."""
    files = with_hooks(healthy(tmp_path), hook("users", fails("anna is logged in")))
    files.database(Role.PRIMARY).unlink()

    said = typed("status", "--pair", files.pair_file)

    assert "anna" not in said.out
    assert "Users: " not in said.out
    assert notes(files) == []


def test_a_hook_that_failed(tmp_path: Path, typed: Typing) -> None:
    """Where a hook cannot be run, or takes too long, the line stays, and why is said; exit 3."""
    files = with_hooks(
        healthy(tmp_path),
        hook("backups", ("./nowhere",)),
        hook("links", python("import time; time.sleep(60)"), "secondary", timeout_seconds=1),
    )

    said = typed("status", "--pair", files.pair_file)

    assert said.code == 3
    assert "primary: the hook backups could not be started: No such file or directory" in said.out
    assert "secondary: the hook links did not finish within 1 second and was stopped" in said.out
    assert "Backups: check when the last one ended, in Maintenance, Backup Data on both servers" in said.out
    assert "Links: check System Setup, connection status on both servers" in said.out
    assert "Work on the primary" in said.out


@pytest.mark.parametrize("words", [("--ledger",), ()])
def test_hooks_are_left_alone_where_the_servers_are(tmp_path: Path, typed: Typing, words: tuple[str, ...]) -> None:
    """With --ledger, and while a run writes, no hook is run."""
    files = with_hooks(healthy(tmp_path), hook("backups"))
    with ledger_of(files.pair_file).locked() as lock:
        lock.name("20000605-061203-3f1a")
        typed("status", "--pair", files.pair_file, *words)

    assert notes(files) == []


@pytest.mark.parametrize("since", ["2001-01-01", "tomorrow"])
def test_an_invalid_time(tmp_path: Path, typed: Typing, since: str) -> None:
    """A slip in --since ends with 2 and one sentence."""
    said = typed("status", "--since", since, "--pair", healthy(tmp_path).pair_file)

    assert said.code == 2
    assert said.err.count("\n") == 1
