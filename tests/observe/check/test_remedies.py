"""The advice of check fits the problem."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncengine.model.check import Severity
from syncengine.model.errors import ServerError, ServerLockedError
from syncengine.model.pair import Role
from tests.builders import build_files
from tests.cli.terminal import Typing
from tests.interference import Interference, interfere

GRANT = "Have the owner of the table grant it."
ERRORS = {
    "htrunk": ServerError("secondary: this login may not do that", hint=GRANT),
    "hcwc": ServerLockedError("secondary: another session holds a lock on the rows", transient=True),
}


def test_each_table_that_cannot_be_read_has_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A right is granted, a broken view is repaired, and a lock ends by itself: nothing must be done about that."""
    files = build_files(tmp_path, ["htrunk", "hcwc", "synonyms"])
    files.run("secondary", "ALTER TABLE synonyms RENAME TO below")
    files.run("secondary", "CREATE VIEW synonyms AS SELECT * FROM below")
    files.run("secondary", "DROP TABLE below")

    def questions(name: str) -> None:
        if name in ERRORS:
            raise ERRORS[name]

    interfere(monkeypatch, Role.SECONDARY, Interference(before_query=questions))
    found = {
        one.tables: (one.severity, one.advice)
        for one in files.open().check().findings
        if "cannot be read" in one.message
    }

    assert found["htrunk",] == (Severity.MUST, GRANT)
    assert found["hcwc",][0] is Severity.SHOULD
    assert found["synonyms",][0] is Severity.MUST
    assert not any("GRANT" in advice for _, advice in found.values())


@pytest.mark.parametrize(("load", "different"), [('load = "r3v8ag.f"', False), ("", True)])
def test_equal_loads_are_not_to_be_made_alike(tmp_path: Path, typed: Typing, load: str, different: bool) -> None:
    """A column that one server lacks is a matter of CMS loads only where these are not known to be equal."""
    files = build_files(tmp_path, ["htrunk"], server_settings=load)
    files.run("primary", "ALTER TABLE htrunk ADD COLUMN more INTEGER")

    result = typed("check", "--pair", files.pair_file)

    assert ("Bring both servers to the same CMS load" in result.text) is different
    assert ("Make them alike on both servers." in result.text) is not different
