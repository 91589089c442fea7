"""Text with characters of more than 16 bits is compared and repaired exactly, on every kind of server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import build_files
from tests.cli.terminal import WINDOW, Typing
from tests.scenes import code
from tests.stories.servers import MARKS, PASSWORDS, HomedPair

SMILE, FROWN, CLEF = "\U0001f600", "\U0001f641", "\U0001d11e"
KINDS = [("embedded", "embedded"), ("embedded", "informix"), ("informix", "embedded"), ("postgresql", "informix")]


@pytest.mark.soak("embedded-embedded", "informix-embedded", "postgresql-informix")
@pytest.mark.parametrize(
    "kinds",
    [
        pytest.param(kinds, id="-".join(kinds), marks=[MARKS[kind] for kind in sorted(set(kinds)) if kind in MARKS])
        for kinds in KINDS
    ],
)
def test_wide_characters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, kinds: tuple[str, str]
) -> None:
    """A bucket that has such text alike on both is in sync, and one that has other text is repaired."""
    for name, value in PASSWORDS.items():
        monkeypatch.setenv(name, value)
    typed = Typing(capsys)
    files = build_files(
        tmp_path,
        ["hcwc"],
        both={"hcwc": [code(500, f"a{SMILE}"), code(530, "plain")]},
        primary={"hcwc": [code(530, f"{SMILE}{CLEF}")]},
        secondary={"hcwc": [code(530, f"{FROWN}{CLEF}")]},
    )
    pair = HomedPair.of(files, kinds)
    try:
        words = ("--pair", pair.pair_file, "--table", "hcwc", "--window", "2000-06-05 05:00..05:59")
        found = typed("verify", *words, "--json")
        alike = typed("verify", "--pair", pair.pair_file, "--table", "hcwc", *WINDOW)
        repaired = typed("resync", "--yes", *words)

        assert found.code == 3
        assert "compared" not in found.err
        (table,) = found.document["tables"]
        assert [(one["rows_missing"], one["rows_extra"], one["rows_changed"]) for one in table["buckets"]] == [
            (1, 1, 0)
        ]
        assert alike.code == 0, alike
        assert repaired.code == 0, repaired
        assert pair.bag("primary", "hcwc") == pair.bag("secondary", "hcwc")
        assert typed("verify", *words).code == 0
    finally:
        pair.end()
