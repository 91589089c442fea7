"""Rule 2: system administration tables are whole; the target ends with the source's rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from syncengine.model.errors import InputError
from tests.builders import Files, build_files, row
from tests.scenes import drift_counts, sync


def user(name: str, **values: Any) -> dict[str, Any]:
    """Return a users row."""
    return row("users", user_id=name, **values)


def unlike_users(folder: Path) -> Files:
    """Build a pair whose users differ in all three ways and agree in one."""
    return build_files(
        folder,
        ["users"],
        both={"users": [user("dana")]},
        primary={"users": [user("ann"), user("bob", room="12")]},
        secondary={"users": [user("bob", room="14"), user("cid")]},
    )


def test_the_target_ends_with_the_source_rows(tmp_path: Path) -> None:
    """Users that are missing and changed are added and corrected, and extra ones deleted on request."""
    files = unlike_users(tmp_path)
    wanted = files.bag("primary", "users")

    done = sync(files, tables=("users",), remove_users=True)

    assert files.bag("secondary", "users") == wanted
    assert files.bag("primary", "users") == wanted
    assert done.after is not None
    assert done.after.in_sync


def test_either_server_can_be_the_source(tmp_path: Path) -> None:
    """With the secondary as the source it is the primary that ends with the other's rows."""
    files = unlike_users(tmp_path)
    wanted = files.bag("secondary", "users")

    sync(files, tables=("users",), source="secondary", remove_users=True)

    assert files.bag("primary", "users") == wanted
    assert files.bag("secondary", "users") == wanted


def test_fill_adds_and_changes_nothing(tmp_path: Path) -> None:
    """The policy fill adds the users the target lacks and leaves every other row as it is."""
    files = unlike_users(tmp_path)
    before = files.bag("secondary", "users")

    sync(files, tables=("users",), policy="fill")

    after = files.bag("secondary", "users")
    assert [one for one in after if one not in before] == files.bag("primary", "users", "trim(user_id) = 'ann'")
    assert all(one in after for one in before)


def test_verify_counts_each_kind_of_difference(tmp_path: Path) -> None:
    """A verify says how many rows are missing, extra and changed."""
    files = unlike_users(tmp_path)

    assert drift_counts(files.open().verify(tables=("users",)), "users") == [(None, 1, 1, 1)]


def test_the_set_of_users_is_always_of_all_acds(tmp_path: Path) -> None:
    """The permissions of users are synchronised for all ACDs together, so naming one is refused."""
    files = build_files(tmp_path, ["users", "splits"], both={"users": [user("ann")]}, acds={1: 30, 2: 30})

    with pytest.raises(InputError, match="The set users is always of all ACDs"):
        files.open().verify(sets=("users",), acds=(1,))
    with pytest.raises(InputError, match="Leave `acds=` out"):
        files.open().plan_sync(sets=("users",), acds=(1,))
