"""Every dry run ends alike: 3 where it would write, 0 where there is nothing to write, 4 where that is refused."""

from __future__ import annotations

from pathlib import Path

from tests.builders import Files, build_files, row
from tests.cli.terminal import TRUNKS, Typing, drifting_pair
from tests.rules.timetabled import three_owners
from tests.scenes import trunk, trunks

RESYNC = ("resync", *TRUNKS)
BACKFILL = ("backfill", "--window", "2000-06-05", "--table", "htrunk", "--policy", "replace")


def test_what_would_be_written_is_3_and_nothing_to_write_0(tmp_path: Path, typed: Typing) -> None:
    """A resync, a backfill and the undo of each say so, before and after they are done."""
    files = drifting_pair(tmp_path)

    before = [_dry_run(files, typed, *words) for words in (RESYNC, BACKFILL)]
    typed(*RESYNC, "--pair", files.pair_file, "--yes")
    after = [_dry_run(files, typed, *words) for words in (RESYNC, BACKFILL, ("undo",))]
    files.run("secondary", "UPDATE htrunk SET incalls = 5 WHERE starttime = 500")

    assert (before, after) == ([3, 3], [0, 0, 3])
    assert _dry_run(files, typed, "undo") == 0


def test_what_is_refused_is_4(tmp_path: Path, typed: Typing) -> None:
    """Deletions without consent, a conflict, and a run of which nothing can be undone any more."""
    files = build_files(
        tmp_path,
        ["htrunk", "synonyms", "agroups"],
        both={"htrunk": trunks(400, 600)},
        primary={"synonyms": [row("synonyms", value="1")]},
        secondary={"htrunk": [trunk(500, 3)]},
        settings="[limits]\ndeletions = 0",
    )
    sync = ("sync", "--table", "synonyms")
    typed(*sync, "--pair", files.pair_file, "--yes")
    files.run("secondary", "UPDATE synonyms SET item_name = 'Ours'")

    forbidden = [RESYNC, BACKFILL, sync, ("undo",)]

    assert [_dry_run(files, typed, *words) for words in forbidden] == [4, 4, 4, 4]


def test_the_edit_of_timetables_ends_as_the_others(tmp_path: Path, typed: Typing) -> None:
    """Its dry run says 3 before it is made, and 0 once all of them are as they are to be."""
    files = three_owners(tmp_path)
    edit = ("timetables", "--run-on", "this", "--owner", "jm")
    before = _dry_run(files, typed, *edit)
    typed(*edit, "--pair", files.pair_file, "--yes")

    assert (before, _dry_run(files, typed, *edit)) == (3, 0)


def _dry_run(files: Files, typed: Typing, *words: str) -> int:
    """Return how a dry run ends, which begins no run."""
    runs = len(files.open().runs())
    code = typed(*words, "--pair", files.pair_file, "--dry-run").code
    assert len(files.open().runs()) == runs
    return code
