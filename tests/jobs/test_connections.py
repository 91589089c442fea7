"""One database is not a pair, whatever names it goes by."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncengine.model.errors import InputError
from syncengine.model.pair import Role
from tests.builders import build_files, half_hours


def test_one_file_under_two_names_is_refused(tmp_path: Path) -> None:
    """A hard link to the primary's file is the primary, not a second server."""
    files = build_files(tmp_path, both={"hsplit": half_hours()})
    files.database(Role.SECONDARY).unlink()
    files.database(Role.SECONDARY).hardlink_to(files.database(Role.PRIMARY))

    with pytest.raises(InputError, match="are the same server"):
        files.open().verify(tables=("hsplit",))
