"""`syncengine outages` and `resync --outages`: what people and scripts see."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tests.builders import build_files
from tests.cli.terminal import Typing
from tests.jobs.test_outages import guides
from tests.scenes import trunks


def test_an_outage_is_listed_with_the_command_that_repairs_it(tmp_path: Path, typed: Typing) -> None:
    """It names time, server, cause and cost; the command shown repairs it, and then nothing differs."""
    files = guides(tmp_path)

    result = typed("outages", "--pair", files.pair_file)

    assert result.code == 3
    assert "ACD 1  2000-06-05 05:00-05:29  can be repaired, from primary to secondary: 1 table, 2 rows" in result.out
    assert "secondary: link down 05:13 to 05:19, the session was down (97), 1 interval marked incomplete" in result.out
    command = next(line for line in result.out.splitlines() if "--window" in line).split("'")
    assert command[1] == "2000-06-05 05:00..05:29"
    assert typed("resync", "--pair", files.pair_file, "--window", command[1], "--acd", "1", "--yes").code == 0
    again = typed("outages", "--pair", files.pair_file)
    assert again.code == 0
    assert "1 outage: 1 nothing differs." in again.out
    assert "link down" not in again.out
    assert "link down" in typed("outages", "-v", "--pair", files.pair_file).out


def test_all_outages_are_repaired_at_once(tmp_path: Path, typed: Typing) -> None:
    """`resync --outages` shows its plan, writes it with --yes, and can be undone."""
    files = guides(tmp_path)

    listed = typed("resync", "--outages", "--pair", files.pair_file, "--dry-run")
    assert listed.code == 3
    assert "reconcile in both directions" in listed.out
    assert files.bag("secondary", "htrunk") != files.bag("primary", "htrunk")
    assert typed("resync", "--outages", "--pair", files.pair_file, "--yes").code == 0
    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")
    assert typed("undo", "--pair", files.pair_file, "--yes").code == 0
    assert files.bag("secondary", "htrunk") != files.bag("primary", "htrunk")


def test_the_document_of_outages(tmp_path: Path, typed: Typing) -> None:
    """With --json times, servers, reasons, tables and the repair command are one document."""
    files = guides(tmp_path)

    document = typed("outages", "--json", "--pair", files.pair_file).document

    (outage,) = document["outages"]
    assert (document["format"], document["open"]) == ("syncengine.outages", True)
    assert (outage["acd"], outage["outlook"], outage["window"]["shown"]) == (
        1,
        "can be repaired",
        "2000-06-05 05:00-05:29",
    )
    (side,) = outage["blind"]
    assert (side["server"], side["incomplete_intervals"], side["explained"]) == ("secondary", 1, True)
    assert (side["links"][0]["reason"], side["links"][0]["reason_text"]) == (97, "the session was down")
    assert [(cost["table"], cost["into"]) for cost in outage["tables"]] == [("htrunk", "secondary")]
    assert outage["repair"].startswith("syncengine resync --pair ")
    assert document["plan"]["policy"] == "reconcile"


def test_after_a_repair_no_outage_is_listed(tmp_path: Path, typed: Typing) -> None:
    """Where no server missed calls both commands say so, and end with 0; JSON is a plan without steps."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": trunks(400, 700)})

    result = typed("outages", "--pair", files.pair_file)
    assert (result.code, "No outage is known from" in result.out) == (0, True)
    repaired = typed("resync", "--outages", "--yes", "--pair", files.pair_file)
    assert (repaired.code, "o outage" in repaired.out) == (0, True)
    assert typed("resync", "--outages", "--yes", "--json", "--pair", files.pair_file).document["steps"] == []


def test_an_outage_that_comes_too_early_is_listed(tmp_path: Path, typed: Typing) -> None:
    """Before the archive has run the outage is shown as waiting; its repair is refused by rule 6, with 4."""
    files = guides(tmp_path, archived=datetime(2000, 6, 5, 5, 0), as_of=datetime(2000, 6, 5, 5, 45))

    result = typed("outages", "--pair", files.pair_file)
    assert (result.code, "can be repaired once archived" in result.out) == (3, True)
    refused = typed("resync", "--outages", "--yes", "--pair", files.pair_file)
    assert refused.code == 4
    assert "--wait" in refused.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("outages", "--since", "yesterday"), "'yesterday'"),
        (("outages", "--since", "05:13"), "has no day"),
        (("outages", "--since", "2001-01-01"), "lies in the future"),
        (("outages", "--acd", "7"), "ACD 7"),
        (("resync", "--yes", "--since", "2000-06-05"), "--outages"),
        (("resync", "--yes", "--outages", "--window", "2000-06-05"), "finds the times"),
        (("resync", "--yes", "--outages", "--from", "secondary"), "finds the times"),
        (("resync", "--yes", "--outages", "--policy", "fill"), "finds the times"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path: Path, typed: Typing, words: tuple[str, ...], sentence: str) -> None:
    """A slip ends with 2 and one sentence that names it."""
    files = guides(tmp_path)

    result = typed(*words, "--pair", files.pair_file)

    assert result.code == 2
    assert sentence in result.err
    assert "Traceback" not in result.err


def test_an_unknown_time_is_no_all_clear(tmp_path: Path, typed: Typing) -> None:
    """Where a server shows neither its links nor its intervals, the report says so, with exit code 3."""
    files = build_files(tmp_path, ["users"])
    for role in ("primary", "secondary"):
        for table in ("linkex", "arch_stat"):
            files.run(role, f"DROP TABLE IF EXISTS {table}")

    result = typed("outages", "--pair", files.pair_file)
    document = typed("outages", "--pair", files.pair_file, "--json").document

    assert result.code == 3
    assert "none can be ruled out" in result.out
    assert "No outage is known" not in result.out
    assert (document["open"], [one["server"] for one in document["unknown_coverage"]]) == (
        True,
        ["primary", "secondary"],
    )
