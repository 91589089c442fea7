"""At 80 columns nothing that a person needs is cut: no count, no name, no ACD, no time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from syncengine.cli import terminal
from tests.builders import DAY, Files, build_files, row
from tests.cli.terminal import Typing, suggested
from tests.scenes import trunks

ACDS = (1, 2, 11, 12)
WIDTH = 80


def history(days: int, **values: Any) -> list[dict[str, Any]]:
    """Return a row of two trunk groups for every interval of some days and each ACD."""
    ago = [DAY - timedelta(days=number) for number in range(1, days + 1)]
    return [one for day in ago for acd in ACDS for one in trunks(0, 2400, row_date=day, acd=acd, **values)]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Build a pair of four ACDs, whose counts have a comma; tests only read it, or work on a copy."""
    days = [DAY - timedelta(days=number) for number in range(1, 4)]
    return build_files(
        tmp_path_factory.mktemp("narrow") / "pair",
        ["htrunk", "dtrunk", "synonyms"],
        primary={
            "htrunk": history(3, incalls=9),
            "synonyms": [row("synonyms", item_type="split", value="1", item_name="a long name of a split", acd_no=11)],
        },
        secondary={
            "htrunk": history(3),
            "dtrunk": [row("dtrunk", row_date=day, acd=acd) for day in days for acd in ACDS],
        },
        acds=dict.fromkeys(ACDS, 30),
        settings="[limits]\ndeletions = 100000\n",
    )


@pytest.fixture
def files(shared: Files, monkeypatch: pytest.MonkeyPatch) -> Files:
    """Return the pair, at a screen of 80 columns."""
    monkeypatch.setattr(terminal, "PIPED_WIDTH", WIDTH)
    return shared


def counts_of(document: Any, *names: str) -> Iterator[int]:
    """Yield the counts of some names in a document, but for zeros."""
    if isinstance(document, dict):
        for name, value in document.items():
            if name in names and value:
                yield value
            else:
                yield from counts_of(value, *names)
    if isinstance(document, list):
        for one in document:
            yield from counts_of(one, *names)


def fits(text: str) -> bool:
    """Return whether nothing is cut and each line fits; a command is one line, and a long path one word."""
    long = [line for line in text.splitlines() if len(line) > WIDTH and "/pair.toml" not in line]
    return "…" not in text and not long


def test_a_verdict_of_eighty_columns_cuts_nothing(files: Files, typed: Typing) -> None:
    """Every count and ACD of a verify is in its text, with and without -v."""
    document = typed("verify", "--pair", files.pair_file, "--json").document

    short = typed("verify", "--pair", files.pair_file).out
    detailed = typed("verify", "--pair", files.pair_file, "-v").out

    for text in (short, detailed):
        assert fits(text)
        assert "ACD 1, 2, 11, 12" in text
        assert "1,152" in text
    for table in document["tables"]:
        assert all(f"{one:,}" in short for one in counts_of(table.get("counts", {}), "missing", "extra", "changed"))
        assert all(f"{one:,}" in detailed for one in counts_of(table, "buckets_compared", "rows_compared"))


def test_a_plan_of_eighty_columns_cuts_nothing(files: Files, typed: Typing) -> None:
    """Every ACD with its range, and every count of a plan is in its text; the command that writes it is one line."""
    words = ("resync", "--pair", files.pair_file, "--window", "2000-06-02..2000-06-04")
    document = typed(*words, "--dry-run", "--json").document

    text = typed(*words, "--dry-run").out

    assert fits(text)
    assert {one["acd"] for one in document["ranges"]} == set(ACDS)
    assert text.count("\n1, 2, 11, 12  2000-06-02 00:00 to") == 2
    assert all(f"{one:,}" in text for one in counts_of(document["steps"], "missing", "extra", "changed"))
    assert "1,152" in text
    [command] = suggested(text, "Nothing is written yet. To write this")
    assert command == [*map(str, words)]


def test_runs_of_eighty_columns_cut_nothing(files: Files, typed: Typing, tmp_path: Path) -> None:
    """The texts of a run, of its report, its undo and of a sync fit, with every count and the id of the run."""
    copy = Files(tmp_path / "pair")
    shutil.copytree(files.folder, copy.folder)
    pair = ("--pair", copy.pair_file)
    done = typed("resync", *pair, "--window", "2000-06-02..2000-06-04", "--table", "htrunk", "--yes")
    synced = typed("sync", *pair, "--table", "synonyms", "--dry-run")
    undone = typed("undo", *pair, "--dry-run")
    listed = typed("runs", *pair)
    report = typed("report", *pair)

    run = copy.open().run()
    for result in (done, synced, undone, listed, report):
        assert fits(result.out)
    for result in (done, undone, listed, report):
        assert run.id in result.out
    for result in (done, listed, report):
        assert f"{sum(batch.inserted for batch in run.done):,}" in result.out
    assert "synonyms  ACD 11  item_type 'split' value '1'" in synced.out
