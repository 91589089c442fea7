"""The glossary has every word that is used in a sense of ours, and no other."""

from __future__ import annotations

import functools
import re

import pytest

from tests.docs.pages import DOCS, README, REPOSITORY, pages

GLOSSARY = DOCS / "glossary.md"
OURS = """
    ACD, administration, after image, archive, archive interval, bag, batch, before image, bucket, checklist,
    companion file, conflict, data class, data collection, data storage allocation, drift, fill, fingerprint, guard,
    history, hook, journal, key group, label, last alike, lease, load, mark, outage, pair, part, piece, plan, policy,
    portion, probe, restore range, retention, roll-up, run, sample, scope, seed, selection, set, side effect, skipped,
    snapshot, spec, staging, step, storage interval, sync, takeover, tick, timetable, undo,
    verdict, version, way, window, witness
"""
"""Nouns of the model that people read in messages, help and pages."""


@functools.cache
def entries() -> dict[str, str]:
    """Return the words of the glossary, each with what it means."""
    rows = re.findall(r"^\| ([^|]+) \| (.+) \|$", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)
    return {word: meaning for words, meaning in rows[2:] for word in words.split(", ")}


@functools.cache
def texts() -> str:
    """Return all that people read: the other pages, and the source, whose messages and help are among it."""
    files = [README, *(page for page in pages() if page != GLOSSARY), *(REPOSITORY / "syncengine").rglob("*.py")]
    return " ".join(" ".join(file.read_text(encoding="utf-8") for file in files).split()).lower()


def test_the_words_of_ours_are_in_the_glossary() -> None:
    """Each noun of the model that people read is explained."""
    assert sorted(word for word in " ".join(OURS.split()).split(", ") if word not in entries()) == []


@pytest.mark.parametrize("word", entries())
def test_a_word_of_the_glossary_is_used(word: str) -> None:
    """No word is explained that people never read, in the singular or the plural."""
    assert re.search(rf"\b{re.escape(word.lower())}(?:e?s)?\b", texts())


def test_a_word_is_explained_in_one_sentence() -> None:
    """A word that takes two sentences is the wrong word; and words are in the order of the alphabet."""
    words = [word for word in entries() if word not in {"secondary", "target"}]

    assert [word for word, meaning in entries().items() if re.search(r"\.( |$)", meaning)] == []
    assert words == sorted(words, key=lambda word: word.lower().replace("-", " "))
