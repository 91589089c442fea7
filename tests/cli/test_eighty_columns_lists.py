"""At 80 columns no list cuts what a person needs: no name, no path, no label, no owner, no count, no time."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncengine.cli import terminal
from tests.cli.terminal import Typing
from tests.jobs.test_outages import guides

WIDTH = 80


@pytest.fixture(autouse=True)
def narrow_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Print to a screen of 80 columns."""
    monkeypatch.setattr(terminal, "PIPED_WIDTH", WIDTH)


def fits(text: str) -> bool:
    """Return whether nothing is cut and each line fits; a command is one line, and a long path one word."""
    return "…" not in text and not [
        line for line in text.splitlines() if len(line) > WIDTH and "/pair.toml" not in line
    ]


def test_lists_of_tables_and_sets_are_whole(typed: Typing) -> None:
    """Each table, column and set is named with its counts, and each file with its path."""
    tables, sets, one = typed("tables"), typed("tables", "--sets"), typed("tables", "hsplit")
    document, described = typed("tables", "--sets", "--json").document, typed("tables", "hsplit", "--json").document

    assert fits(tables.out + sets.out + one.out)
    for spec in typed("tables", "--json").document["tables"]:
        assert any(
            line.split()[:1] == [spec["name"]] and f" {len(spec['columns'])} " in line
            for line in tables.out.splitlines()
        )
    assert all(f"\n{entry['name']} " in f"\n{sets.out}" for entry in document["sets"])
    assert all(file["path"] in sets.out for file in document["files"] if file["path"])
    assert all(f"\n{column['name']} " in one.out for column in described["columns"])
    assert "\nkey group " in one.out


def test_reports_of_a_pair_are_whole(typed: Typing, tmp_path: Path) -> None:
    """Each time, count and command of outages, a backfill, a check, a checklist, timetables and status is whole."""
    pair = ("--pair", guides(tmp_path).pair_file)
    portions = ("backfill", *pair, "--window", "2000-06-05", "--dry-run")
    outages, cut = typed("outages", *pair), typed(*portions)
    others = [typed(*words, *pair) for words in (("check",), ("status",), ("timetables",), ("checklist", "nightly"))]

    for result in (outages, cut, *others):
        assert fits(result.out), result.out
    for outage in typed("outages", *pair, "--json").document["outages"]:
        assert f"ACD {outage['acd']}  {outage['window']['shown']}" in outages.out
        assert f"  {outage['repair']}\n" in outages.out
    for portion in typed(*portions, "--json").document["portions"]:
        assert f"{portion['rows_at_source']:,}" in cut.out
        assert portion["window"]["shown"] in cut.text
    for text in (outages.out, others[0].out, others[1].out):
        assert text.rstrip().splitlines()[-1].startswith("  syncengine ")
