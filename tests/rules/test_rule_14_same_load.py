"""Rule 14: nothing is written between unlike loads or unlike tables; verify says what is unlike."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from syncengine.app import Pair
from syncengine.cli.main import run_for_code
from syncengine.model.errors import ServerUnreachableError
from syncengine.model.refusals import UnlikeLoadsError
from tests.builders import Files, build_files
from tests.cli.terminal import Typing
from tests.rules.hooked import fails, hook, notes, python, ran, with_hooks
from tests.scenes import plan_of, trunk, trunks

Hit = Callable[[int, BaseException], None]

UNLIKE = {
    "a column less": ("ALTER TABLE htrunk DROP COLUMN intime", "column intime is missing on {role}"),
    "a column more": ("ALTER TABLE htrunk ADD COLUMN colour INTEGER", "column colour is missing on {other}"),
    "another type": ("ALTER TABLE htrunk ALTER incalls TYPE VARCHAR", "column incalls is"),
    "no table": ("DROP TABLE htrunk", "{role} has no table htrunk"),
}


def unlike(folder: Path, role: str, sql: str) -> Files:
    """Build a pair that lacks 5:00 on the secondary, and change the table on one server."""
    rows = trunks(430, 600)
    files = build_files(folder, ["htrunk"], both={"htrunk": rows}, primary={"htrunk": [trunk(500, 3)]})
    files.run(role, sql)
    return files


@pytest.mark.parametrize("role", ["primary", "secondary"])
@pytest.mark.parametrize("what", sorted(UNLIKE))
def test_different_tables_are_reported_by_verify_and_refused_by_resync(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], role: str, what: str
) -> None:
    """A table that is not alike on both is not compared by verify (exit 1) and, alone, refused by resync (exit 4)."""
    sql, says = UNLIKE[what]
    says = says.format(role=role, other="primary" if role == "secondary" else "secondary")
    files = unlike(tmp_path, role, sql)
    before = files.database("secondary").read_bytes()
    window = ("--window", "2000-06-05 05:13..05:19", "--table", "htrunk")

    verified = run_for_code(["verify", "--pair", str(files.pair_file), *window, "--json"])
    table = json.loads(capsys.readouterr().out)["tables"][0]
    refused = run_for_code(["resync", "--pair", str(files.pair_file), *window, "--yes"])

    result = capsys.readouterr().err
    assert (verified, refused) == (1, 4)
    assert (table["state"], table["in_sync"]) == ("not-comparable", None)
    assert says in table["problem"]
    assert "htrunk" in result
    assert says in result
    assert files.database("secondary").read_bytes() == before


@pytest.mark.parametrize("option", [(), ("--policy", "fill"), ("--take-broken",)])
def test_different_loads_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: tuple[str, ...]
) -> None:
    """Two servers on different CMS loads are never written to from one another, whatever the policy."""
    files = unlike(tmp_path, "primary", "SELECT 1")
    text = files.pair_file.read_text()
    files.pair_file.write_text(text.replace('load = "r3v8ag.f"', 'load = "r3v8aj.a"', 1))
    before = files.bag("secondary", "htrunk")
    window = ("--window", "2000-06-05 05:13..05:19", "--table", "htrunk", "--yes")

    code = run_for_code(["resync", "--pair", str(files.pair_file), *window, *option])

    result = capsys.readouterr().err
    assert code == 4
    assert "primary r3v8aj.a, secondary r3v8ag.f" in result
    assert files.bag("secondary", "htrunk") == before


def test_an_unknown_load_is_noted(tmp_path: Path) -> None:
    """A pair file without loads does not stop a resync, and the plan says that it could not be checked."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": trunks(430, 600)},
        primary={"htrunk": [trunk(500, 3)]},
        server_settings="",
    )

    planned = plan_of(files, tables=("htrunk",))

    assert planned.steps
    assert any("load" in note for note in planned.notes)


def test_columns_no_spec_describes_are_compared_and_copied(tmp_path: Path) -> None:
    """A column both servers have and no spec knows counts like the others, and the plan names it."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": trunks(430, 600)})
    for role, colour in (("primary", 7), ("secondary", 8)):
        files.run(role, f"ALTER TABLE htrunk ADD COLUMN colour INTEGER DEFAULT {colour}")

    pair = files.open()
    planned = plan_of(files, tables=("htrunk",))
    pair.execute(planned)

    assert any("colour" in note for note in planned.notes)
    assert files.run("secondary", "SELECT DISTINCT colour FROM htrunk WHERE starttime = 500") == [(7,)]


def without_load(folder: Path, *hooks: str) -> Files:
    """Build a pair that lacks 5:00 on the secondary, and whose file does not name the loads."""
    files = build_files(
        folder,
        ["htrunk"],
        both={"htrunk": trunks(430, 600)},
        primary={"htrunk": [trunk(500, 3)]},
        server_settings="",
    )
    return with_hooks(files, *hooks)


def pkginfo(load: str) -> tuple[str, ...]:
    """Return a command that prints what `pkginfo -x cms` does."""
    return python(f"print('cms             Call Management System\\n                (sparc) {load}')")


def test_a_hook_reports_the_load(tmp_path: Path, typed: Typing) -> None:
    """The last word that the hook prints is the load; `check` shows it, and a load that nobody tells is noted."""
    files = without_load(tmp_path, hook("load", pkginfo("r3v8ag.f")))

    planned = plan_of(files, tables=("htrunk",))
    checked = typed("check", "--pair", files.pair_file, "--json").document
    with_hooks(files, hook("load", pkginfo("r3v8ag.f"), "primary"))
    lone = plan_of(files, tables=("htrunk",))

    assert planned.steps
    assert not any("load" in note for note in planned.notes)
    assert [server["load"] for server in checked["servers"]] == ["r3v8ag.f"] * 2
    assert any("load" in note for note in lone.notes)


def test_different_loads_reported_by_hooks_are_refused(tmp_path: Path, typed: Typing) -> None:
    """A difference that only the hooks show refuses the write, as one in the pair file does."""
    own = hook("load", pkginfo("r3v8aj.a")) + f"secondary = {json.dumps(list(pkginfo('r3v8ag.f')))}\n"
    files = without_load(tmp_path, own)

    result = typed("resync", "--pair", files.pair_file, "-w", "2000-06-05 05:13..05:19", "-t", "htrunk", "--yes")

    assert result.code == 4
    assert "primary r3v8aj.a, secondary r3v8ag.f" in result.err


def test_the_load_of_the_pair_file_comes_first(tmp_path: Path) -> None:
    """Where the file names the load the hook is not asked."""
    files = with_hooks(unlike(tmp_path, "primary", "SELECT 1"), hook("load", fails()))

    assert plan_of(files, tables=("htrunk",)).steps
    assert ran(files) == []


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (fails("no such package"), "ended with exit code 3, and printed: no such package"),
        (python(""), "printed nothing"),
    ],
)
def test_an_unavailable_load_does_not_count_as_equal(
    tmp_path: Path, typed: Typing, command: tuple[str, ...], says: str
) -> None:
    """A hook that fails or prints nothing ends the command with 1 and a sentence that says what to do."""
    files = without_load(tmp_path, hook("load", command))

    result = typed("resync", "--pair", files.pair_file, "-w", "2000-06-05 05:13..05:19", "-t", "htrunk", "--yes")

    assert result.code == 1
    assert result.err.strip() == (
        f"primary: its CMS load is unknown: the command of hooks.load {says}. "
        "Repair it, or write primary.load in the pair file."
    )


def upgraded(files: Files) -> Pair:
    """Open the pair after its primary was brought to another load."""
    own = hook("load", pkginfo("r3v8aj.a")) + f"secondary = {json.dumps(list(pkginfo('r3v8ag.f')))}\n"
    return with_hooks(files, own).open()


def test_an_upgrade_between_plan_and_run_is_refused(tmp_path: Path) -> None:
    """A plan made while the loads were alike is not carried out when they are not any more, be it by a resume."""
    files = without_load(tmp_path, hook("load", pkginfo("r3v8ag.f")))
    planned = plan_of(files, tables=("htrunk",))

    with pytest.raises(UnlikeLoadsError, match=r"primary r3v8aj\.a, secondary r3v8ag\.f"):
        upgraded(files).execute(planned)
    assert files.open().runs() == ()


def test_an_upgrade_before_a_resume_is_refused(tmp_path: Path, before_batch: Hit) -> None:
    """An interrupted run is resumed only between servers of one load."""
    files = without_load(tmp_path, hook("load", pkginfo("r3v8ag.f")))
    before_batch(0, ServerUnreachableError("the line is cut"))
    files.open().execute(plan_of(files, tables=("htrunk",)))

    with pytest.raises(UnlikeLoadsError, match="different CMS loads"):
        upgraded(files).resume()


@pytest.mark.soak
def test_what_was_written_before_an_upgrade_can_be_undone(tmp_path: Path) -> None:
    """An undo puts a server's own rows back, and asks for no other server's load."""
    files = without_load(tmp_path, hook("load", pkginfo("r3v8ag.f")))
    before = files.bag("secondary", "htrunk")
    files.open().execute(plan_of(files, tables=("htrunk",)))
    pair = upgraded(files)

    pair.execute(pair.plan_undo())

    assert files.bag("secondary", "htrunk") == before


def test_the_daily_check_runs_each_hook_once(tmp_path: Path, typed: Typing) -> None:
    """Status opens each server once, and so asks for its load once."""
    files = without_load(tmp_path, hook("load", pkginfo("r3v8ag.f")))

    typed("status", "--pair", files.pair_file)

    assert [variables["SYNCENGINE_SERVER"] for _, variables in notes(files)] == ["primary", "secondary"]
