"""Rule 1: local administration belongs to one server and is never copied; no flag lifts this."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncengine.cli.main import run_for_code
from syncengine.model.drift import TableState
from syncengine.model.errors import InputError
from syncengine.model.refusals import LocalAdministrationError
from tests.builders import Files, build_files, row
from tests.scenes import plan_of, storage, table_of, trunk, trunks

EVERY_OPTION = ("--take-broken", "--allow-deletions", "1000000")


@pytest.mark.parametrize("policy", ["replace", "fill", "rows", "reconcile"])
@pytest.mark.parametrize("table", ["dcadmin", "dcalloc", "print_adm", "fullex"])
def test_no_option_copies_local_administration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str, policy: str
) -> None:
    """A resync of a local table ends with exit 4 under any option and leaves the target as it was."""
    files = build_files(tmp_path, [table], primary={table: [row(table)]})

    code = run_for_code(
        ["resync", "--pair", str(files.pair_file), "--table", table, "--policy", policy, "--yes", *EVERY_OPTION]
    )

    assert code == 4
    assert "local administration belongs to one server" in capsys.readouterr().err
    assert files.bag("secondary", table) == []


def test_one_local_table_refuses_the_whole_request(tmp_path: Path) -> None:
    """A local table among others stops all of them, so that it is not taken for copied."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": trunks(400, 500)}, primary={"htrunk": [trunk(500)]})

    with pytest.raises(LocalAdministrationError, match="dcalloc") as refused:
        plan_of(files, tables=("htrunk", "dcalloc"))

    assert refused.value.tables == ("dcalloc",)


def unlike_storage(folder: Path) -> Files:
    """Build a pair whose servers keep splits for unlike times."""
    return build_files(
        folder,
        ["synonyms"],
        primary={"dcalloc": [storage("splits")]},
        secondary={"dcalloc": [storage("splits", days=31)]},
    )


def test_local_administration_is_never_drift(tmp_path: Path) -> None:
    """A verify that names a local table among others says that it is each server's own, and finds no drift in it."""
    files = unlike_storage(tmp_path)

    observation = files.open().verify(tables=("dcalloc", "synonyms"))

    assert table_of(observation, "dcalloc").state is TableState.NEVER
    assert observation.in_sync


def test_a_verify_of_local_tables_alone_does_not_say_in_sync(tmp_path: Path) -> None:
    """A verify of nothing comparable names the reason instead of giving a verdict."""
    files = unlike_storage(tmp_path)

    with pytest.raises(InputError, match=r"nothing to compare. dcalloc: local administration belongs to one server"):
        files.open().verify(tables=("dcalloc",))
