"""One database is not a pair, under any two names."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncengine.model.errors import InputError
from syncengine.model.pair import Role
from tests.builders import build_files, half_hours
from tests.cli.terminal import Typing


def test_a_failed_server_leads_to_the_status_command(tmp_path: Path, typed: Typing) -> None:
    """Whoever types outages when the primary has just died is shown the command that works with one server."""
    files = build_files(tmp_path)
    files.database(Role.PRIMARY).unlink()

    output = typed("outages", "--pair", files.pair_file)

    assert output.code == 1
    assert f"`syncengine status --pair {files.pair_file}` says where users work until it is back" in output.text


def test_one_file_under_two_names_is_refused(tmp_path: Path) -> None:
    """A hard link to the primary's file is the primary, not a second server."""
    files = build_files(tmp_path, both={"hsplit": half_hours()})
    files.database(Role.SECONDARY).unlink()
    files.database(Role.SECONDARY).hardlink_to(files.database(Role.PRIMARY))

    with pytest.raises(InputError, match="are the same server"):
        files.open().verify(tables=("hsplit",))
