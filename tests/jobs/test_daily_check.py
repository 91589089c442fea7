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
    """Build a pair with nothing to report."""
    return build_files(folder, ["htrunk"], both={"htrunk": trunks(400, 700)})


def test_a_healthy_pair_is_in_order(tmp_path: Path, typed: Typing) -> None:
    """Both servers are shown side by side, nothing differs, and checks by hand are listed; exit 0."""
    output = typed("status", "--pair", healthy(tmp_path).pair_file)

    assert output.code == 0, output.text
    assert "In sync since 2000-06-0" in output.out
    assert "Work on the primary" in output.out
    assert "Nothing is writing to this pair." in output.out
    for line in ("Backups: ", "Error log: ", "Links: ", "Users: ", "Internet Call Center: ", "Recovery kit of "):
        assert line in output.out


def test_an_outage_and_its_drift_are_reported(tmp_path: Path, typed: Typing) -> None:
    """Outages are counted by server, the tables that differ are named, and the exit code is 3."""
    output = typed("status", "--pair", guides(tmp_path).pair_file)

    assert output.code == 3
    assert [line.split()[-2:] for line in output.out.splitlines() if line.startswith("outages of links")] == [
        ["none", "1"]
    ]
    assert "1 table differs, in 2 rows: htrunk." in output.out
    assert "syncengine outages --pair" in output.out


def test_the_outages_command_is_offered_for_drift_of_outages(tmp_path: Path, typed: Typing) -> None:
    """A name that differs is not put down to an outage that both servers had; a verify finds it."""
    lost = [*trunks(400, 500), *trunks(530, 700)]
    named = row("synonyms", acd_no=1, item_type="vdn", item_name="Sales", value="45001")
    files = build_files(tmp_path, ["htrunk", "synonyms"], both={"htrunk": lost}, primary={"synonyms": [named]})

    output = typed("status", "--pair", files.pair_file)

    assert "1 table differs, in 1 row: synonyms." in output.out
    assert "To list the outages" not in output.out
    assert "To list all that differs:\n  syncengine verify" in output.out


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

    output = typed("status", "--pair", files.pair_file)
    (waiting,) = typed("status", "--json", "--pair", files.pair_file).document["daily"]["waiting"]

    assert output.code == 3
    assert (
        "not archived on both servers yet (secondary, ACD 1 2000-06-05 05:00-05:29), and is repaired then" in output.out
    )
    assert "What both have archived is in sync" in output.out
    assert (waiting["acd"], waiting["servers"]) == (1, ["secondary"])


@pytest.mark.parametrize(("archived", "as_of"), [("07:00", "07:10"), ("05:00", "05:25")])
def test_an_outage_that_both_servers_had_is_lost(tmp_path: Path, typed: Typing, archived: str, as_of: str) -> None:
    """Nothing differs and nothing waits, but lost calls are reported: exit 3 while they are in the window."""
    whole = [*trunks(400, 500), *trunks(530, 700)] if archived == "07:00" else trunks(400, 500)
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": [*whole, *broken(500, 530)], "linkex": [link(513, 360)]},
        archived=datetime.fromisoformat(f"2000-06-05T{archived}"),
        as_of=datetime.fromisoformat(f"2000-06-05T{as_of}"),
    )

    output = typed("status", "--pair", files.pair_file)
    daily = typed("status", "--json", "--pair", files.pair_file).document["daily"]

    assert output.code == 3
    assert (
        "Lost on both: ACD 1 2000-06-05 05:00-05:29: neither server saw it whole; call support, and tell those who "
        "read reports. Look: syncengine outages --pair "
    ) in output.out
    assert "Otherwise in sync since 2000-06-0" in output.out
    assert [(one["acd"], one["window"]["from"]) for one in daily["lost"]] == [(1, "2000-06-05T05:00:00")]
    assert not daily["healthy"]
    assert not daily["holes"]
    assert not daily["waiting"]
    if archived == "07:00":
        # Drift before the window is not reported.
        assert typed("status", "--pair", files.pair_file, "--since", "2000-06-05 05:30").code == 0


def test_different_loads_are_reported(tmp_path: Path, typed: Typing) -> None:
    """Between different loads nothing can be copied (rule 14): a pair that is in sync yet is not in order."""
    files = healthy(tmp_path)
    files.pair_file.write_text(files.pair_file.read_text().replace("r3v8ag.f", "r3v8ah.a", 1))

    output = typed("status", "--pair", files.pair_file)

    assert output.code == 3
    assert "The servers run different CMS loads: primary r3v8ah.a, secondary r3v8ag.f" in output.out
    assert "syncengine checklist base-load-upgrade --pair" in output.out


def test_drift_of_long_ago_is_for_verify(tmp_path: Path, typed: Typing) -> None:
    """Only what happened since yesterday, or since --since, is compared."""
    files = healthy(tmp_path)
    files.run("primary", "INSERT INTO htrunk SELECT * REPLACE (DATE '2000-06-01' AS row_date) FROM htrunk")

    assert typed("status", "--pair", files.pair_file).code == 0
    assert typed("status", "--pair", files.pair_file, "--since", "2000-06-01").code == 3


def test_a_hole_that_no_diary_explains(tmp_path: Path, typed: Typing) -> None:
    """Intervals without rows and without a known outage are named with their server."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": [*trunks(400, 500), *trunks(600, 700)]},
        primary={"htrunk": trunks(500, 600)},
    )

    output = typed("status", "--pair", files.pair_file)

    assert output.code == 3
    assert "secondary: ACD 1 2000-06-05 05:00-05:59: no rows, and no outage in the diary explains it." in output.out


def test_an_archive_that_stands_still(tmp_path: Path, typed: Typing) -> None:
    """An archive that has not run for hours, or failed, is reported with its ACD and server."""
    stands = {"primary": datetime(2000, 6, 5, 7, 0), "secondary": datetime(2000, 6, 5, 2, 0)}
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": trunks(400, 700)}, archived=stands)

    output = typed("status", "--pair", files.pair_file)

    assert output.code == 3
    assert (
        "secondary: the interval archive of ACD 1 has archived only up to 2000-06-05 02:00, 310 minutes ago."
        in output.out
    )


def test_a_full_circular_table(tmp_path: Path, typed: Typing) -> None:
    """A table that drops its oldest rows is named; that alone does not change the exit code."""
    files = build_files(
        tmp_path,
        ["htrunk", "call_rec"],
        both={
            "htrunk": trunks(400, 700),
            "call_rec": [row("call_rec", row_time=500, callid=number) for number in range(10)],
            "dcalloc": [storage("call records", rows=10)],
        },
    )

    output = typed("status", "--pair", files.pair_file)

    assert output.code == 0, output.text
    assert "call_rec full" in output.out
    assert "secondary: call_rec drop" in output.out


def test_a_server_that_does_not_answer(tmp_path: Path, typed: Typing) -> None:
    """Without the primary users work on the secondary; that server is still reported on, with exit 1."""
    files = healthy(tmp_path)
    files.database(Role.PRIMARY).unlink()

    output = typed("status", "--pair", files.pair_file)

    assert output.code == 1
    assert "Work on the secondary: the primary cannot be reached from here. Make sure that it is down." in output.out
    assert "primary: primary:" not in output.out
    assert "Not compared" in output.out
    assert "2000-06-05 07:00" in output.out
    assert "Traceback" not in output.text


def test_servers_are_not_queried_while_a_run_writes(tmp_path: Path, typed: Typing) -> None:
    """A run has the pair: the runs are shown, and neither server is opened, be it locked."""
    files = healthy(tmp_path)
    with (
        ledger_of(files.pair_file).locked() as lock,
        duckdb.connect(str(files.database(Role.SECONDARY))),
    ):
        lock.name("20000605-061203-3f1a")
        output = typed("status", "--pair", files.pair_file)

    assert output.code == 0, output.text
    assert "20000605-061203-3f1a" in output.out
    assert "Daily check" not in output.out


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
    """The answer of a hook replaces the line to check by hand; a failed check is reported."""
    files = with_hooks(
        healthy(tmp_path),
        hook("backups", python("print('ended 2000-06-04 23:10')")),
        hook("error-log", fails("disk c0t1 fails"), "secondary"),
    )

    output = typed("status", "--pair", files.pair_file)
    document = typed("status", "--pair", files.pair_file, "--json").document["daily"]

    rows = {line.split("  ")[0]: line.split() for line in output.out.splitlines()}
    assert output.code == 3
    assert rows["backups"][1:] == ["fine", "fine"]
    assert rows["error log"][2:] == ["by", "hand", "not", "fine"]
    assert "primary: backups: ended 2000-06-04 23:10" in output.out
    assert "secondary: error log not fine: disk c0t1 fails" in output.out
    assert "Backups:" not in output.out
    assert "Error log: look through the customer error log on primary for" in output.out
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
    """A shell without its program and ssh without its connection are no answer about links: no switch-over."""
    files = with_hooks(healthy(tmp_path), hook("links", fails("no route to host", code), "primary"))

    output = typed("status", "--pair", files.pair_file)

    assert output.code == 3
    assert f"primary: the hook links ended with exit code {code}: no route to host" in output.out
    assert "Links: System Setup, connection status on both servers" in output.out
    assert "Work on the primary" in output.out


def test_hooks_can_check_everything(tmp_path: Path, typed: Typing) -> None:
    """Where hooks check everything and find no fault, nothing remains by hand, and the exit code is 0."""
    files = with_hooks(healthy(tmp_path), *(hook(kind) for kind in CheckKind))

    output = typed("status", "--pair", files.pair_file)

    assert output.code == 0, output.text
    assert "By hand" not in output.out
    run_hooks = [(one["SYNCENGINE_HOOK"], one["SYNCENGINE_SERVER"]) for _, one in notes(files)]
    assert sorted(run_hooks) == sorted((kind, role) for kind in CheckKind for role in kind.servers)


def test_point_3_users_on_the_secondary_have_to_be_checked(tmp_path: Path, typed: Typing) -> None:
    """A hook that finds users on the secondary while the primary works means exit 3; the primary has no such hook."""
    files = with_hooks(healthy(tmp_path), hook("users", fails("anna is logged in")))

    output = typed("status", "--pair", files.pair_file)

    assert output.code == 3
    assert "secondary: users not fine: anna is logged in" in output.out
    assert [one["SYNCENGINE_SERVER"] for _, one in notes(files)] == ["secondary"]


def test_point_3_users_are_to_be_on_the_secondary_without_its_primary(tmp_path: Path, typed: Typing) -> None:
    """While users belong on the secondary, the hook that finds users there is not run."""
    files = with_hooks(healthy(tmp_path), hook("users", fails("anna is logged in")))
    files.database(Role.PRIMARY).unlink()

    output = typed("status", "--pair", files.pair_file)

    assert "anna" not in output.out
    assert "Users: " not in output.out
    assert notes(files) == []


def test_a_hook_without_an_answer(tmp_path: Path, typed: Typing) -> None:
    """Where a hook cannot be run, or takes too long, the line stays, with the reason; exit 3."""
    files = with_hooks(
        healthy(tmp_path),
        hook("backups", ("./nowhere",)),
        hook("links", python("import time; time.sleep(60)"), "secondary", timeout_seconds=1),
    )

    output = typed("status", "--pair", files.pair_file)

    assert output.code == 3
    assert "primary: the hook backups could not be started: No such file or directory" in output.out
    assert "secondary: the hook links did not finish within 1 second and was stopped" in output.out
    assert "Backups: Maintenance, Backup Data on both servers" in output.out
    assert "Links: System Setup, connection status on both servers" in output.out
    assert "Work on the primary" in output.out


@pytest.mark.parametrize("words", [("--ledger",), ()])
def test_hooks_are_left_alone_where_the_servers_are(tmp_path: Path, typed: Typing, words: tuple[str, ...]) -> None:
    """With --ledger, and while a run writes, no hook is run."""
    files = with_hooks(healthy(tmp_path), hook("backups"))
    with ledger_of(files.pair_file).locked() as lock:
        lock.name("20000605-061203-3f1a")
        typed("status", "--pair", files.pair_file, *words)

    assert notes(files) == []


@pytest.mark.parametrize("since", ["2001-01-01", "tomorrow"])
def test_an_impossible_time_is_refused(tmp_path: Path, typed: Typing, since: str) -> None:
    """A slip in --since ends with 2 and one sentence."""
    output = typed("status", "--since", since, "--pair", healthy(tmp_path).pair_file)

    assert output.code == 2
    assert output.err.count("\n") == 1
