"""Rule 19: what is synchronised by hand is written, and users are removed, only on request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from syncengine.model.plan import SkipReason
from syncengine.model.refusals import TooManyDeletionsError
from tests.builders import Files, build_files, row
from tests.cli.terminal import Typing, suggested
from tests.examples import some_of
from tests.scenes import sync, sync_plan_of

PERMISSIONS = ["users", "features", "user_colors", "user_defval"]


def user(name: str) -> dict[str, Any]:
    """Return a users row."""
    return row("users", user_id=name)


def may(name: str, feature: str = "reports") -> dict[str, Any]:
    """Return a features row."""
    return row("features", user_id=name, feature=feature, can_read="y")


def one_removed(folder: Path) -> Files:
    """Build a pair of which the primary no longer has carl; ann has lost a permission there, and ben is new."""
    return build_files(
        folder,
        PERMISSIONS,
        both={"users": [user("ann")], "features": [may("ann")]},
        primary={"users": [user("ben")], "features": [may("ben")]},
        secondary={
            "users": [user("carl")],
            "features": [may("carl"), may("ann", "timetables")],
            "user_colors": [row("user_colors", user_id="carl", item="calls", color=3)],
        },
    )


def ids(files: Files, table: str) -> list[str]:
    """Return whose rows the secondary has in a table."""
    return sorted(name.strip() for (name,) in files.run("secondary", f"SELECT user_id FROM {table}"))


@pytest.mark.soak
@pytest.mark.sampled
@pytest.mark.parametrize("known", some_of([True, False], 2))
def test_users_are_removed_only_if_confirmed(tmp_path: Path, known: bool) -> None:
    """A user gone from the primary stays on the secondary with all that is theirs; other permissions follow."""
    files = one_removed(tmp_path)
    if known:
        files.add("primary", "users", user("carl"))
        sync_plan_of(files, tables=PERMISSIONS)
        files.run("primary", "DELETE FROM users WHERE trim(user_id) = 'carl'")
    files.add("primary", "user_colors", row("user_colors", user_id="ann", item="calls", color=1))

    done = sync(files, tables=PERMISSIONS)

    assert ids(files, "users") == ["ann", "ben", "carl"]
    assert ids(files, "features") == ["ann", "ben", "carl"]
    assert ids(files, "user_colors") == ["ann", "carl"]
    assert {(one.table, one.reason) for one in done.plan.skipped} == {
        (table, SkipReason.REMOVAL) for table in ("users", "features", "user_colors")
    }
    assert done.after is not None
    assert not done.after.in_sync


@pytest.mark.soak
def test_with_consent_it_removes_users_and_their_rows(tmp_path: Path) -> None:
    """With --remove-users the secondary ends with the primary's users, and their rows count as deletions."""
    files = one_removed(tmp_path)
    files.add("primary", "user_colors", row("user_colors", user_id="ann", item="calls", color=1))

    done = sync(files, tables=PERMISSIONS, remove_users=True)

    for table in PERMISSIONS:
        assert files.bag("secondary", table) == files.bag("primary", table)
    # carl, his permission, his colour, and ann's lost permission.
    assert done.plan.deletions == 4
    lines = [line.text for line in done.plan.checklist.after]
    assert any("remove the logins of the deleted users (1)" in line for line in lines)


def test_removals_are_under_the_ceiling_of_deletions(tmp_path: Path) -> None:
    """With --remove-users, a plan that removes more rows than allowed is refused all the same."""
    files = one_removed(tmp_path)

    with pytest.raises(TooManyDeletionsError, match="would delete 3 rows") as refusal:
        sync(files, tables=["users", "features"], remove_users=True, allow_deletions=2)
    assert refusal.value.count == 3


@pytest.mark.soak
def test_permissions_bring_their_users_along(tmp_path: Path) -> None:
    """Asked for permissions alone the plan takes the users in: a permission of nobody would be of no use."""
    files = one_removed(tmp_path)

    sync(files, tables="features")

    assert ids(files, "users") == ["ann", "ben", "carl"]


def test_the_plan_of_a_removed_user_says_what_to_type(tmp_path: Path, typed: Typing) -> None:
    """A user only on the secondary is named with the option that would remove them; the exit code is 3."""
    result = typed("sync", "--pair", one_removed(tmp_path).pair_file, "--table", "users", "--dry-run")

    assert result.code == 3
    assert "user_id 'carl': only on secondary; skipped: only --remove-users removes it" in result.out
    assert "--remove-users" in result.out


def test_a_run_that_left_a_removed_user_says_what_to_type(tmp_path: Path, typed: Typing) -> None:
    """The verdict names the command that removes who was left, and what it does; it can be typed as it stands."""
    files = one_removed(tmp_path)

    done = typed("sync", "--pair", files.pair_file, "--set", "users", "--yes")
    [command] = suggested(done.out, "To remove users that only secondary has")
    removed = typed(*(word for word in command if word != "--dry-run"), "--yes")

    assert (done.code, removed.code) == (3, 0)
    assert "To remove users that only secondary has, with their rows in these tables" in done.text
    assert ids(files, "users") == ["ann", "ben"]
    assert "--remove-users" not in removed.text


def test_what_is_synchronised_by_hand_is_written_on_request(tmp_path: Path) -> None:
    """Call profiles and what the switch sends are left and said; --include-manual writes them, and says that."""
    files = build_files(
        tmp_path,
        ["split_pro", "vdns"],
        primary={
            "split_pro": [row("split_pro", split=1, servicelevel=20)],
            "vdns": [row("vdns", vdn="5001", vector=3)],
        },
        secondary={"split_pro": [row("split_pro", split=1, servicelevel=30)]},
    )

    plan = sync_plan_of(files, tables=("split_pro", "vdns"))
    assert not plan.steps
    assert any("a restore by the vendor's procedure would overwrite them" in note for note in plan.notes)
    done = sync(files, tables=("split_pro", "vdns"), include_manual=True)

    assert any("split_pro, vdns: written, though not synchronised by copying" in note for note in done.plan.notes)
    assert files.bag("secondary", "split_pro") == files.bag("primary", "split_pro")
    assert files.bag("secondary", "vdns") == files.bag("primary", "vdns")


@pytest.mark.parametrize("table", ["ttsched", "sys_info", "arch_stat"])
def test_nothing_lifts_never(tmp_path: Path, table: str) -> None:
    """State of one server is never written, even on request."""
    files = build_files(tmp_path, [table, "synonyms"], primary={table: [row(table)]})
    before = files.bag("secondary", table)

    done = sync(files, tables=(table, "synonyms"), include_manual=True)

    assert not done.plan.steps
    assert files.bag("secondary", table) == before


def test_local_administration_is_refused(tmp_path: Path, typed: Typing) -> None:
    """The set-up of data collection is never copied, even on request: exit code 4 and rule 1."""
    files = build_files(tmp_path, ["dcadmin"])

    result = typed("sync", "--pair", files.pair_file, "--table", "dcadmin", "--include-manual", "--yes")

    assert result.code == 4
    assert "never copied" in result.err
