"""Rule 15: administration flows one way, and what the other side changed is not written over unasked."""

from __future__ import annotations

import shutil
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.drift import ChangedBy
from syncengine.model.errors import InputError
from syncengine.model.plan import Plan, SkipReason
from syncengine.model.refusals import ConflictsError
from tests.builders import Files, build_files, row
from tests.cli.terminal import Typing
from tests.damaged_runs import DAMAGES
from tests.examples import some_of
from tests.scenes import resync, sync, sync_plan_of, trunks


def name(value: str, text: str, acd: int = 1) -> dict[str, Any]:
    """Return a synonyms row: the name of a VDN."""
    return row("synonyms", acd_no=acd, item_type="vdn", value=value, item_name=text)


def alike(folder: Path, **options: Any) -> Files:
    """Build a pair with the same three names, and let it be seen alike."""
    names = [name("1", "Sales"), name("2", "Service"), name("3", "Spares")]
    files = build_files(folder, ["synonyms"], both={"synonyms": names}, **options)
    assert sync_plan_of(files, tables="synonyms").changes == ()
    return files


def rename(files: Files, role: str, value: str, text: str) -> None:
    """Let somebody give a VDN another name on one server."""
    files.run(role, "UPDATE synonyms SET item_name = rpad(?, 20, ' ') WHERE trim(value) = ?", (text, value))


def conflicts(plan: Plan) -> dict[str, tuple[str, SkipReason | None]]:
    """Return who changed each name, and why it is left if it is."""
    return {
        str(dict(change.group.key)["value"]).strip(): (change.group.changed_by.value, change.skip_reason)
        for change in plan.changes
    }


def names(files: Files, role: str) -> dict[str, str]:
    """Return the names of a server."""
    return {value.strip(): text.strip() for value, text in files.run(role, "SELECT value, item_name FROM synonyms")}


def test_what_only_the_source_changed_flows(tmp_path: Path) -> None:
    """A name changed, one added and one removed on the primary arrive without a question."""
    files = alike(tmp_path)
    rename(files, "primary", "1", "Sales East")
    files.run("primary", "DELETE FROM synonyms WHERE trim(value) = '2'")
    files.add("primary", "synonyms", name("4", "Stock"))

    done = sync(files, tables="synonyms")

    assert conflicts(done.plan) == {"1": ("source", None), "2": ("source", None), "4": ("source", None)}
    assert names(files, "secondary") == names(files, "primary")
    assert done.after is not None
    assert done.after.in_sync


@pytest.mark.parametrize("change", ["changed", "added", "removed"])
def test_what_only_the_target_changed_is_not_written_over_unasked(tmp_path: Path, change: str) -> None:
    """Somebody administered the wrong server: the plan says so, and nothing is written until it is decided."""
    files = alike(tmp_path)
    value = {"changed": "1", "added": "9", "removed": "1"}[change]
    if change == "changed":
        rename(files, "secondary", "1", "Sales West")
    elif change == "added":
        files.add("secondary", "synonyms", name("9", "Surplus"))
    else:
        files.run("secondary", "DELETE FROM synonyms WHERE trim(value) = '1'")
    rename(files, "primary", "2", "Service desk")
    before = files.bag("secondary", "synonyms")

    plan = sync_plan_of(files, tables="synonyms")

    assert conflicts(plan) == {value: ("target", SkipReason.CONFLICT), "2": ("source", None)}
    with pytest.raises(ConflictsError, match="was changed on secondary since both servers were last alike") as refusal:
        files.open().execute(plan)
    assert refusal.value.changes == plan.conflicts
    assert "(`syncengine sync --from secondary` copies them to primary)" in refusal.value.hint
    assert files.bag("secondary", "synonyms") == before


def test_both_versions_are_shown_beside_the_last_one(tmp_path: Path, typed: Typing) -> None:
    """A name that both changed is shown three times: as it was, and as each has it now; the exit code is 4."""
    files = alike(tmp_path)
    rename(files, "primary", "1", "Sales East")
    rename(files, "secondary", "1", "Sales West")

    result = typed("sync", "--pair", files.pair_file, "--table", "synonyms", "--yes")

    assert result.code == 4
    shown = [line.strip() for line in result.out.splitlines()]
    assert "synonyms  ACD 1  item_type 'vdn' value '1': changed on both; not decided" in shown
    assert "last alike  item_name 'Sales'" in shown
    assert "primary     item_name 'Sales East'" in shown
    assert "secondary   item_name 'Sales West'" in shown
    assert "--prefer primary to write primary's, or --prefer secondary to leave secondary's" in result.err


def test_preferring_the_source_writes_it_over(tmp_path: Path) -> None:
    """With --prefer primary the secondary ends with the primary's rows, its own changes and additions gone."""
    files = alike(tmp_path)
    rename(files, "primary", "1", "Sales East")
    rename(files, "secondary", "1", "Sales West")
    rename(files, "secondary", "2", "Service West")
    files.add("secondary", "synonyms", name("9", "Surplus"))

    done = sync(files, tables="synonyms", prefer="primary")

    assert names(files, "secondary") == names(files, "primary")
    assert done.plan.deletions == 1


def test_preferring_the_target_spares_its_version_and_copies_the_rest(tmp_path: Path) -> None:
    """With --prefer secondary what it changed stays, all else is copied, and the difference is reported afterwards."""
    files = alike(tmp_path)
    rename(files, "primary", "1", "Sales East")
    rename(files, "primary", "2", "Service desk")
    rename(files, "secondary", "1", "Sales West")
    files.add("secondary", "synonyms", name("9", "Surplus"))

    done = sync(files, tables="synonyms", prefer="secondary")

    assert names(files, "secondary") == {"1": "Sales West", "2": "Service desk", "3": "Spares", "9": "Surplus"}
    assert [(one.reason, one.counts.total) for one in done.plan.skipped] == [(SkipReason.PREFERRED, 2)]
    assert done.plan.deletions == 0
    assert done.after is not None
    assert [table.counts.total for table in done.after.tables] == [2]


def test_what_was_spared_is_still_known_to_be_the_targets(tmp_path: Path) -> None:
    """The next sync asks again about a version that was left, and copied back it is in sync without a question."""
    files = alike(tmp_path)
    rename(files, "secondary", "1", "Sales West")
    rename(files, "primary", "2", "Service desk")
    sync(files, tables="synonyms", prefer="secondary")

    assert conflicts(sync_plan_of(files, tables="synonyms")) == {"1": ("target", SkipReason.CONFLICT)}
    back = sync(files, tables="synonyms", source="secondary")

    assert conflicts(back.plan) == {"1": ("source", None)}
    assert names(files, "primary") == names(files, "secondary")
    assert sync_plan_of(files, tables="synonyms").changes == ()


def test_the_same_change_on_both_is_none(tmp_path: Path) -> None:
    """The same change on both servers, as the guide wants it, is no conflict."""
    files = alike(tmp_path)
    for role in ("primary", "secondary"):
        rename(files, role, "1", "Sales East")
    rename(files, "primary", "2", "Service desk")

    plan = sync_plan_of(files, tables="synonyms")

    assert conflicts(plan) == {"2": ("source", None)}


def test_with_nothing_remembered_a_difference_is_shown_and_not_guessed_about(tmp_path: Path) -> None:
    """Before the first sync it is unknown which server changed what: the plan says so and needs no --prefer."""
    files = build_files(
        tmp_path,
        ["synonyms"],
        primary={"synonyms": [name("1", "Sales East")]},
        secondary={"synonyms": [name("1", "Sales West"), name("9", "Surplus")]},
    )

    done = sync(files, tables="synonyms")

    assert conflicts(done.plan) == {"1": ("unknown", None), "9": ("unknown", None)}
    assert any("it is not known which server changed what" in note for note in done.plan.notes)
    assert names(files, "secondary") == names(files, "primary")


def test_a_dry_run_does_not_save_differences_as_equal(tmp_path: Path) -> None:
    """What differed when it was first seen stays unknown, however often it is compared; the rest is known."""
    files = build_files(
        tmp_path,
        ["synonyms"],
        both={"synonyms": [name("2", "Service")]},
        primary={"synonyms": [name("1", "Sales East")]},
        secondary={"synonyms": [name("1", "Sales West")]},
    )
    for _ in range(2):
        sync_plan_of(files, tables="synonyms")
    rename(files, "secondary", "2", "Service West")

    plan = sync_plan_of(files, tables="synonyms")

    assert conflicts(plan) == {"1": ("unknown", None), "2": ("target", SkipReason.CONFLICT)}


@pytest.mark.soak
def test_fill_only_reports_conflicts_of_what_it_would_add(tmp_path: Path) -> None:
    """With the policy fill a changed name is left anyway; one that was removed on purpose needs a decision."""
    files = alike(tmp_path)
    rename(files, "secondary", "1", "Sales West")
    assert conflicts(sync_plan_of(files, tables="synonyms", policy="fill")) == {"1": ("target", SkipReason.FILL_ONLY)}
    files.run("secondary", "DELETE FROM synonyms WHERE trim(value) = '2'")
    files.add("primary", "synonyms", name("4", "Stock"))

    plan = sync_plan_of(files, tables="synonyms", policy="fill")

    assert conflicts(plan)["2"] == ("target", SkipReason.CONFLICT)
    done = sync(files, tables="synonyms", policy="fill", prefer="secondary")
    assert names(files, "secondary") == {"1": "Sales West", "3": "Spares", "4": "Stock"}
    assert done.plan.deletions == 0


def test_one_acd_is_no_matter_of_another(tmp_path: Path) -> None:
    """With --acd 1 a conflict in ACD 2 is said to differ and is no reason to refuse."""
    files = build_files(
        tmp_path, ["synonyms"], both={"synonyms": [name("1", "Sales"), name("1", "Sales", acd=2)]}, acds={1: 30, 2: 30}
    )
    sync_plan_of(files, tables="synonyms")
    files.run("secondary", "UPDATE synonyms SET item_name = rpad('West', 20, ' ') WHERE acd_no = 2")
    files.run("primary", "UPDATE synonyms SET item_name = rpad('East', 20, ' ') WHERE acd_no = 1")

    done = sync(files, tables="synonyms", acds=1)

    assert conflicts(done.plan) == {"1": ("source", None)}
    assert any("differs for ACD 2 too" in note for note in done.plan.notes)


@pytest.mark.soak
def test_an_undo_forgets_what_was_alike(tmp_path: Path) -> None:
    """Rows that an undo restores are not reported by the next sync as changed on that server."""
    files = alike(tmp_path)
    rename(files, "primary", "1", "Sales East")
    sync(files, tables="synonyms")
    pair = files.open()
    pair.execute(pair.plan_undo())

    plan = sync_plan_of(files, tables="synonyms")

    assert conflicts(plan) == {"1": ("unknown", None)}
    assert names(files, "secondary")["1"] == "Sales"


def test_other_servers_have_never_been_alike(tmp_path: Path) -> None:
    """What is remembered of one pair of databases is not compared with another one under the same pair file."""
    files = alike(tmp_path / "one")
    other = build_files(tmp_path / "two", ["synonyms"], both={"synonyms": [name("1", "Other")]})
    for role in ("primary", "secondary"):
        files.database(role).unlink()
        other.database(role).rename(files.database(role))
    rename(files, "secondary", "1", "Sales West")

    assert conflicts(sync_plan_of(files, tables="synonyms")) == {"1": ("unknown", None)}


@pytest.mark.sampled
def test_damaged_memory_is_reported_and_ignored(tmp_path: Path) -> None:
    """What is altered by a bit, cut or gone of it is as good as nothing at all, and the plan says so."""
    files = alike(tmp_path)
    saved, sound = tmp_path / "pair.staging" / "synced", tmp_path / "sound"
    shutil.copytree(saved, sound)
    rename(files, "secondary", "1", "Sales West")
    assert conflicts(sync_plan_of(files, tables="synonyms")) != {"1": ("unknown", None)}
    for name, harm in some_of(list(product(["synonyms-*.parquet", "synonyms.json"], DAMAGES)), 7):
        shutil.rmtree(saved)
        shutil.copytree(sound, saved)
        [file] = saved.glob(name)
        harm(file)

        plan = sync_plan_of(files, tables="synonyms")

        assert conflicts(plan) == {"1": ("unknown", None)}, name
        assert any("what was remembered of the last sync cannot be read" in note for note in plan.notes), name


def test_rows_changed_after_the_plan_are_not_written_over(tmp_path: Path) -> None:
    """A target that changes between plan and execution is not written, as in every run."""
    files = alike(tmp_path)
    rename(files, "primary", "1", "Sales East")
    plan = sync_plan_of(files, tables="synonyms")
    rename(files, "secondary", "1", "Sales West")

    done = files.open().execute(plan)

    assert not done.outcome.done
    assert names(files, "secondary")["1"] == "Sales West"


def test_history_and_administration_have_a_command_each(tmp_path: Path, typed: Typing) -> None:
    """A resync of names and a sync of history are refused with what to type instead, and exit code 2."""
    files = build_files(tmp_path, ["synonyms", "htrunk"], primary={"htrunk": trunks()})

    with pytest.raises(InputError, match="synonyms has no time"):
        resync(files, tables="synonyms")
    result = typed("resync", "--pair", files.pair_file, "--set", "dictionary", "--yes")
    assert (result.code, f"Use `syncengine sync --set dictionary --pair {files.pair_file}`." in result.err) == (2, True)
    result = typed("sync", "--pair", files.pair_file, "--table", "htrunk", "--yes")
    assert (result.code, f"Use `syncengine resync --window TIME --pair {files.pair_file}`" in result.err) == (2, True)
    result = typed("sync", "--pair", files.pair_file)
    assert (result.code, "sync needs --set or --table." in result.err) == (2, True)
    result = typed("sync", "--pair", files.pair_file, "--table", "synonyms", "--policy", "reconcile")
    assert (result.code, "'reconcile' is not one of 'replace', 'fill'" in result.err) == (2, True)


def test_json_shows_which_server_changed_what(tmp_path: Path, typed: Typing) -> None:
    """Scripts get every conflict with its versions, and the exit code of a refusal."""
    files = alike(tmp_path)
    rename(files, "primary", "1", "Sales East")
    rename(files, "secondary", "1", "Sales West")

    result = typed("sync", "--pair", files.pair_file, "--table", "synonyms", "--json", "--yes")

    assert result.code == 4
    assert result.document["changes"] == [
        {
            "table": "synonyms",
            "acd": 1,
            "key": {"item_type": "vdn", "value": "1"},
            "changed_by": ChangedBy.BOTH.value,
            "skipped": "conflict",
            "rows": {"last": 1, "primary": 1, "secondary": 1},
            "versions": [{"column": "item_name", "last": "Sales", "primary": "Sales East", "secondary": "Sales West"}],
        }
    ]
