"""Rule 6: what is copied must have been archived on both servers; the live interval is never read or written."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from syncengine import machine
from syncengine.cli.main import run_for_code
from syncengine.model.refusals import NotArchivedError
from tests.builders import Files, build_files
from tests.scenes import drift_counts, plan_of, ranges, resync, table_of, trunks


def behind(folder: Path, **options: object) -> Files:
    """Build a pair whose secondary lacks 5:00, and whose archives have run up to 7:00 or as the options say."""
    return build_files(
        folder,
        ["htrunk"],
        primary={"htrunk": trunks(400, 730)},
        secondary={"htrunk": [*trunks(400, 500), *trunks(530, 700)]},
        **options,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("role", ["primary", "secondary"])
@pytest.mark.parametrize(
    ("status", "says"),
    [("1", "has not run"), ("3", "ended in failure"), ("4", "is running now"), ("9", "unknown status '9'")],
)
def test_an_archive_that_has_not_finished_refuses_the_resync(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], role: str, status: str, says: str
) -> None:
    """Whatever arch_stat says but finished ends with exit 4, names server, ACD and why, and writes nothing."""
    files = behind(tmp_path)
    files.run(role, "UPDATE arch_stat SET status = ? WHERE trim(arch_type) = '1'", [status])
    before = files.bag("secondary", "htrunk")

    code = run_for_code(
        ["resync", "--pair", str(files.pair_file), "--window", "2000-06-05 05:13..05:19", "-t", "htrunk", "--yes"]
    )

    result = capsys.readouterr().err
    assert code == 4
    assert f"On {role} the interval archive of ACD 1" in result
    assert says in result
    assert files.bag("secondary", "htrunk") == before


@pytest.mark.parametrize("role", ["primary", "secondary"])
def test_an_unknown_archive_time_refuses_the_resync(tmp_path: Path, role: str) -> None:
    """Without a row in arch_stat it is not known what was archived, and nothing is copied."""
    files = behind(tmp_path)
    files.run(role, "DELETE FROM arch_stat")

    with pytest.raises(NotArchivedError, match=f"On {role} the interval archive of ACD 1 has no row"):
        plan_of(files, tables=("htrunk",))


def test_an_unreadable_time_refuses_the_resync(tmp_path: Path) -> None:
    """A last run written in a form that is not known is not guessed at."""
    files = behind(tmp_path)
    files.run("primary", "UPDATE arch_stat SET last_time = 'yesterday' WHERE trim(arch_type) = '1'")

    with pytest.raises(NotArchivedError, match="'yesterday', which is not a valid time"):
        plan_of(files, tables=("htrunk",))


@pytest.mark.parametrize(("hour", "minute", "allowed"), [(5, 0, False), (5, 29, False), (5, 30, True)])
@pytest.mark.parametrize("role", ["primary", "secondary"])
def test_the_interval_of_the_outage_must_be_archived_on_both(
    tmp_path: Path, role: str, hour: int, minute: int, allowed: bool
) -> None:
    """5:00-5:29 may be copied once both servers have archived up to 5:30, and not a minute before."""
    until = datetime(2000, 6, 5, hour, minute)
    archived = {"primary": datetime(2000, 6, 5, 7), "secondary": datetime(2000, 6, 5, 7), role: until}
    files = behind(tmp_path, archived=archived)

    if allowed:
        assert ranges(plan_of(files, tables=("htrunk",)))["htrunk", 1][1] == "05:00-05:29"
    else:
        with pytest.raises(NotArchivedError, match=f"{role} has archived ACD 1 only up to 2000-06-05 05:00"):
            plan_of(files, tables=("htrunk",))


def test_every_acd_of_the_plan_must_be_archived(tmp_path: Path) -> None:
    """ACD 2 still to be archived stops a resync of all ACDs, and not one of ACD 1 alone."""
    files = behind(tmp_path, acds={1: 30, 2: 30})
    files.run("secondary", "UPDATE arch_stat SET status = '4' WHERE acd = 2 AND trim(arch_type) = '1'")

    with pytest.raises(NotArchivedError, match="ACD 2 is running now"):
        plan_of(files, tables=("htrunk",))
    assert resync(files, tables=("htrunk",), acds=(1,)).outcome.done


def test_the_live_interval_is_never_read(tmp_path: Path) -> None:
    """Rows of the current interval on one server are not drift, although verify compares everything."""
    files = behind(tmp_path)

    observation = files.open().verify(tables=("htrunk",))

    assert drift_counts(observation, "htrunk") == [(500, 2, 0, 0)]


def test_a_window_that_reaches_into_the_live_interval_is_refused(tmp_path: Path) -> None:
    """A resync up to 07:05 at 07:10 would write the live interval, so it is refused and the target is untouched."""
    files = behind(tmp_path)
    before = files.bag("secondary", "htrunk")

    with pytest.raises(NotArchivedError) as refused:
        resync(files, window="2000-06-05 05:13..07:05", tables=("htrunk",))

    assert "07:00" in refused.value.hint
    assert files.bag("secondary", "htrunk") == before


def test_verify_says_how_far_a_window_could_be_compared(tmp_path: Path) -> None:
    """A window of verify that reaches past the archive is compared up to it, and the note says which server."""
    files = behind(tmp_path)
    archived = "UPDATE arch_stat SET last_time = '06/05/00 06:00' WHERE trim(arch_type) = '1'"
    files.run("secondary", archived)

    observation = files.open().verify(tables=("htrunk",), window="2000-06-05 05:13..06:40")

    scope = table_of(observation, "htrunk").scopes[0]
    assert str(scope.window) == "2000-06-05 05:00-05:59"
    assert scope.notes == ("compared up to 2000-06-05 06:00: secondary has archived ACD 1 no further",)


def test_waiting_ends_once_the_archive_has_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --wait a refused resync checks again, and the archive may finish meanwhile in another process."""
    files = behind(tmp_path)
    files.run("secondary", "UPDATE arch_stat SET status = '4' WHERE trim(arch_type) = '1'")
    waits = []

    def archive_meanwhile(seconds: float) -> None:
        waits.append(seconds)
        assert len(waits) < 3, "still waiting after the archive has run"
        text = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute(\"UPDATE arch_stat SET status = '2'\")"
        subprocess.run([sys.executable, "-c", text, str(files.database("secondary"))], check=True)

    monkeypatch.setattr(machine, "sleep", archive_meanwhile)
    done = resync(files, tables=("htrunk",), wait=True)

    assert len(waits) == 1
    assert done.after is not None
    assert done.after.in_sync
