"""--json prints one versioned document and nothing beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import build_files, row
from tests.cli.terminal import TRUNKS, WINDOW, Typing, contents, drifting_pair, type_in_process
from tests.scenes import trunks

SPAN = {"from": "2000-06-05T05:00:00", "before": "2000-06-05T05:30:00", "shown": "2000-06-05 05:00-05:29"}


def test_the_document_of_verify(tmp_path: Path, typed: Typing) -> None:
    """The verdict names both servers, and of each table what was compared, what differs and how that was found."""
    files = drifting_pair(tmp_path)

    result = typed("verify", "--pair", files.pair_file, *TRUNKS, "--json")

    document = result.document
    (table,) = document["tables"]
    assert result.code == 3
    assert (document["format"], document["version"]) == ("syncengine.verify", 2)
    assert (document["in_sync"], document["source"], document["target"]) == (False, "primary", "secondary")
    assert document["as_of"] == "2000-06-05T07:10:00"
    expected = {
        "table": "htrunk",
        "data_class": "historical",
        "archive": "interval",
        "state": "compared",
        "in_sync": False,
        "window": SPAN,
        "buckets_compared": 1,
        "buckets_differing": 1,
        "rows_missing": 0,
        "rows_extra": 0,
        "rows_changed": 2,
        "strength": "fingerprint",
    }
    assert {key: table[key] for key in expected} == expected
    assert table["buckets"][0] | {"source_incomplete": 0} == table["buckets"][0]
    assert (table["buckets"][0]["slot"], table["buckets"][0]["rows_changed"]) == (500, 2)
    assert table["samples"][0]["changes"] == [{"column": "incalls", "source": 9, "target": 5}]


def test_the_strength_of_every_row(tmp_path: Path, typed: Typing) -> None:
    """With --full the document says that every row was compared."""
    files = drifting_pair(tmp_path)

    document = typed("verify", "--pair", files.pair_file, *TRUNKS, "--json", "--full").document

    assert document["tables"][0]["strength"] == "every-row"


def test_a_verdict_in_sync(tmp_path: Path, typed: Typing) -> None:
    """In sync is exit 0 and says what was compared all the same."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": trunks(400, 700)})

    result = typed("verify", "--pair", files.pair_file, "-t", "htrunk", "--json")

    assert result.code == 0
    assert result.document["in_sync"] is True
    assert result.document["tables"][0]["buckets_compared"] == 6


def test_tables_without_a_time_have_no_window(tmp_path: Path, typed: Typing) -> None:
    """Administration is compared whole: archive and window are null."""
    files = build_files(tmp_path, ["users"], primary={"users": [row("users", user_id="ann")]})

    (table,) = typed("verify", "--pair", files.pair_file, "-t", "users", "--json").document["tables"]

    assert (table["data_class"], table["archive"], table["window"]) == ("system-administration", None, None)
    assert table["rows_missing"] == 1


def test_the_document_of_a_dry_run(tmp_path: Path, typed: Typing) -> None:
    """The plan has requested and actual range, the steps, the skipped rows and why, and writes nothing."""
    files = drifting_pair(tmp_path)
    before = contents(tmp_path)

    result = typed("resync", "--pair", files.pair_file, *TRUNKS, "--dry-run", "--json")

    document = result.document
    assert result.code == 3
    assert (document["format"], document["version"]) == ("syncengine.plan-summary", 3)
    assert document["dry_run"] is True
    assert "outcome" not in document
    assert (document["source"], document["target"], document["policy"]) == ("primary", "secondary", "replace")
    [restore_range] = document["ranges"]
    spans = {"requested": SPAN, "requested_parts": [], "actual": SPAN, "pieces": [SPAN]}
    assert restore_range == {"table": "htrunk", "acd": 1, **spans, "notes": []}
    (step,) = document["steps"]
    assert (step["number"], step["into"]) == (1, "secondary")
    assert step["parts"][0] | {"table": "htrunk", "buckets": 1, "rows_changed": 2} == step["parts"][0]
    assert document["skipped"] == []
    assert contents(tmp_path) == before


def test_what_is_skipped_is_in_the_document(tmp_path: Path, typed: Typing) -> None:
    """A skipped interval is listed with its time, its reason and the number of rows."""
    files = drifting_pair(tmp_path)
    files.run("primary", "UPDATE htrunk SET incomplete = 1 WHERE starttime = 500")

    result = typed("resync", "--pair", files.pair_file, *TRUNKS, "--dry-run", "--json")

    (skipped,) = result.document["skipped"]
    assert (skipped["table"], skipped["acd"], skipped["reason"], skipped["rows"]) == ("htrunk", 1, "source-broken", 2)
    assert skipped["spans"] == [SPAN]


def test_the_document_of_a_run(tmp_path: Path, typed: Typing) -> None:
    """A run with --yes adds its outcome, step by step, and the verdict of the fresh look after it."""
    files = drifting_pair(tmp_path)

    result = typed("resync", "--pair", files.pair_file, *TRUNKS, "--yes", "--json")

    document = result.document
    assert result.code == 0
    assert document["dry_run"] is False
    outcome = document["outcome"]
    assert (outcome["done"], outcome["cancelled"], outcome["stopped"]) == (True, False, "")
    assert (outcome["rows_deleted"], outcome["rows_inserted"]) == (2, 2)
    assert [step["state"] for step in outcome["steps"]] == ["done"]
    assert (files.folder / "pair.staging" / "runs" / outcome["run"] / "plans" / "0001.json").is_file()
    assert document["after"]["format"] == "syncengine.verify"
    assert document["after"]["in_sync"] is True


def test_standard_output_of_a_process_is_the_document(tmp_path: Path) -> None:
    """In a process of its own too, standard output is the document from the first to the last character."""
    files = drifting_pair(tmp_path)

    result = type_in_process("resync", "--pair", files.pair_file, *TRUNKS, "--yes", "--json")

    assert result.code == 0
    assert result.document["after"]["in_sync"] is True


@pytest.mark.parametrize(
    ("words", "code", "rule", "message"),
    [
        (("verify", "-t", "htrnk"), 2, None, "htrnk"),
        (("verify", "--nothing-like-it"), 2, None, "--nothing-like-it"),
        (("resync", "-t", "acds", *WINDOW), 2, None, "acds"),
        (("resync", *TRUNKS), 2, None, "no terminal"),
        (("resync", *TRUNKS, "--policy", "fill", "--yes", "--from", "elsewhere"), 2, None, "elsewhere"),
        (("undo", "--yes"), 2, None, "run"),
        (("resync", "-t", "htrunk", "-w", "2000-06-05 06:30..07:00", "--yes"), 4, 6, "archived"),
    ],
)
def test_an_error_is_a_document(
    tmp_path: Path, typed: Typing, words: tuple[str, ...], code: int, rule: int | None, message: str
) -> None:
    """With --json an error is one document too, with its code, message, hint and rule, and a sentence for people."""
    files = drifting_pair(tmp_path)

    result = typed(*words, "--pair", files.pair_file, "--json")

    document = result.document
    assert result.code == document["code"] == code
    assert (document["format"], document["version"]) == ("syncengine.error", 1)
    assert document["rule"] == rule
    named = f"\n(rule {rule}: {document['rule_name']})" if rule else ""
    assert message in document["message"]
    assert result.err == f"{document['message']} {document['hint']}".strip() + f"{named}\n"


def test_no_document_holds_a_url(tmp_path: Path, typed: Typing) -> None:
    """Neither a verdict nor a plan nor a stored plan repeats what the pair file says a secret stands in."""
    files = drifting_pair(tmp_path)

    verdict = typed("verify", "--pair", files.pair_file, *TRUNKS, "--json").out
    outcome = typed("resync", "--pair", files.pair_file, *TRUNKS, "--yes", "--json")
    stored = next((tmp_path / "pair.staging").rglob("0001.json")).read_text()

    assert "duckdb:///" not in verdict + outcome.out + stored
