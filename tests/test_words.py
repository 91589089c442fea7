"""One word for one thing: words that were given up are in no name, message, comment or page."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
GAP = r"[\s#\"'>|]+"
"""What stands between two words of a phrase: also the end of a line, with what the next one begins with."""

RETIRED: Mapping[str, str] = {
    "told": "reported, printed, requested, recorded or distinguished; of a variable, what it holds",
    "kept": "skipped, stored, saved or recorded; of servers, synchronised",
    "mend|mends|mended|mending": "repair",
    "moved": "changed, or changed since planning",
    "toll|tolls": "cost",
    "wish|wishes|wished": "request",
    "looks": "inspects, probes or seems",
    "hands": "passes or gives",
    "amiss": "fault",
    "owed": "missing",
    "lent": "leased",
    "sight|sights|sighting|sightings": "probe",
    "wound|wounds|wounded": "damage, damaged",
    "held against|hold against|holds against|holding against": "compared with",
    r"(?:hold|holds|held|holding)(?: \w+){1,4}? against": "compare with",
    "gone on with|go on with|goes on with|going on with|went on with": "resumed, continued",
    "taken back|take back|takes back|taking back|took back|take it back|takes it back": "undone",
    "put back|puts back|putting back": "restored, undone",
    "set off|sets off|setting off": "fire, or side effect",
    "cannot be meant|is not told of|nobody looked": "one plain sentence that names the thing",
}
"""Words and phrases that nothing says any more, and the words that are used now."""

RETIRED_IN_NAMES: Mapping[str, str] = {
    "tell|tells": "report or message",
    "speaks": "answer kind",
    "met|meets|meeting": "side effect",
    "asked|asks|asking": "request, query or question",
    "look|looked|looking": "inspection, probe or recheck",
    "holding": "present, extent",
}
"""Words of ordinary English that say too little in a name of the code."""

ALLOWED: Mapping[str, str] = {
    "Toll free": "trunk groups of the demo are called so, as in real call centres",
    r"Contracts: [1-9]\d* kept, 0 broken": "import-linter prints it",
}
"""Text that may stand, and why."""

FOLDERS = {
    "syncengine": ("*.py", "*.toml"),
    "tests": ("*.py",),
    "benchmarks": ("*.py",),
    "table_specs": ("*.toml",),
    "docs": ("*.md", "*.py"),
}
FILES = ("README.md", "CHANGELOG.md", "pyproject.toml", "Makefile")
ITSELF = Path(__file__).resolve()


@dataclass(frozen=True, slots=True)
class Use:
    """A retired word where it stands."""

    place: str
    line: int
    word: str
    instead: str

    def __str__(self) -> str:
        return f"{self.place}:{self.line}: {self.word!r}: say {self.instead}"


def _pattern(words: Mapping[str, str]) -> re.Pattern[str]:
    """Return what finds any of the words; the name of the group that matched is its place in the list."""
    groups = (f"(?P<w{number}>{one.replace(' ', GAP)})" for number, one in enumerate(words))
    return re.compile(rf"\b(?:{'|'.join(groups)})\b")


ANYWHERE = _pattern(RETIRED)
IN_NAMES = _pattern(RETIRED_IN_NAMES)
EXCEPTIONS = re.compile("|".join(map(re.escape, ALLOWED)))
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_")
ALONE = "|".join(RETIRED_IN_NAMES)
MAY_BE_NAMED = re.compile(
    rf"(?i:_(?:{ALONE})(?![a-z])|(?<![a-z])(?:{ALONE})_|(?:def|class|for|as|[(,*]|^)\s*(?:{ALONE})\s*(?:[:=,()]|in\b))"
    rf"|(?:{ALONE.title()})(?=[A-Z])|(?<=[a-z])(?:{ALONE.title()})(?![a-z])",
    re.MULTILINE,
)
"""What a module has that defines such a name; others need not be parsed."""


def words_of(name: str) -> str:
    """Return the words of a name, in snake case or camel case, in small letters with blanks between them."""
    return HUMP.sub(" ", name).lower()


def _found(pattern: re.Pattern[str], words: Mapping[str, str], text: str) -> Iterator[tuple[int, str, str]]:
    instead = list(words.values())
    for match in pattern.finditer(text):
        number = int(str(match.lastgroup)[1:])
        yield text.count("\n", 0, match.start()), " ".join(re.split(GAP, match[0])), instead[number]


def uses_in_text(place: str, text: str) -> Iterator[Use]:
    """Yield retired words of a text: of its sentences, and of names in it."""
    readable = words_of(EXCEPTIONS.sub(lambda match: "\n" * match[0].count("\n"), text))
    for line, word, instead in _found(ANYWHERE, RETIRED, readable):
        yield Use(place, line + 1, word, instead)


def names_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield every name that a module defines, with its line: classes, functions, parameters, fields, variables."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr
            case _:
                pass


def uses_in_names(place: str, text: str) -> Iterator[Use]:
    """Yield words that say too little in the names that a module defines."""
    if MAY_BE_NAMED.search(text) is None:
        return
    for line, name in names_of(ast.parse(text)):
        for _, word, instead in _found(IN_NAMES, RETIRED_IN_NAMES, words_of(name)):
            yield Use(place, line, f"{word} in {name}", instead)


def files(folder: str) -> list[Path]:
    """Return the files of a folder that people read or write."""
    found = chain.from_iterable((ROOT / folder).rglob(kind) for kind in FOLDERS[folder])
    return sorted(path for path in found if "__pycache__" not in path.parts and path != ITSELF)


def uses_in_file(path: Path) -> Iterator[Use]:
    """Yield every retired word of a file, and of its own name."""
    place = str(path.relative_to(ROOT))
    text = path.read_text(encoding="utf-8")
    yield from uses_in_text(place, text)
    name = path.with_suffix("").name.replace("-", " ")
    if path.suffix == ".py":
        yield from uses_in_names(place, text)
        name += f"\n{name}"
        yield from (Use(place, 0, word, to) for _, word, to in _found(IN_NAMES, RETIRED_IN_NAMES, words_of(name)))
    yield from (Use(place, 0, one.word, one.instead) for one in uses_in_text(place, words_of(name)))


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_retired_word_is_used(folder: str) -> None:
    """No name, string, comment, key or page of the project uses a word that was given up for a plain one."""
    found = files(folder)

    assert found
    assert [str(use) for path in found for use in uses_in_file(path)] == []


def test_no_retired_word_is_used_in_the_files_at_the_top() -> None:
    """The README, the changelog and the settings of the project speak the same language."""
    assert [str(use) for name in FILES for use in uses_in_file(ROOT / name)] == []


def test_every_exception_is_needed() -> None:
    """Each text that may stand is somewhere; one that is not is to be deleted."""
    texts = [path.read_text(encoding="utf-8") for folder in FOLDERS for path in files(folder)]

    assert [one for one in ALLOWED if not any(one in text for text in texts)] == []


PHRASES = [form for forms in RETIRED if "(" not in forms for form in forms.split("|")]


@pytest.mark.parametrize("phrase", [*PHRASES, "held the plan against", "holds it against"])
def test_a_line_with_a_retired_word_is_found(phrase: str) -> None:
    """Each is found in a sentence, over the end of a line, in capitals, and in names, with its line and its word."""
    assert phrase in {use.word for use in uses_in_text("page", f"One\nis {phrase}.")}
    texts = (
        f'first = 1\n"""It is {phrase} here."""',
        f"first\n# It is {phrase.replace(' ', chr(10) + '    # ')} here",
        f"first\n| {phrase.capitalize()} | here |",
        f"first\n{phrase.replace(' ', '_')} = 1",
        f"first\nclass {phrase.title().replace(' ', '')}Thing:",
        f"first\ndef test_it_is_{phrase.replace(' ', '_')}_here() -> None:",
    )
    for text in texts:
        assert [(use.place, use.line) for use in uses_in_text("file", text)][:1] == [("file", 2)], text


@pytest.mark.parametrize("word", "|".join(RETIRED_IN_NAMES).split("|"))
def test_a_name_that_says_too_little_is_found(word: str) -> None:
    """Such a word is found in each kind of name, and may stand in a sentence."""
    lines = (f"def it_{word}(): ...", f"class {word.title()}: ...", f"def one({word}): ...", f"{word} = 1")

    assert [[use.line for use in uses_in_names("file", line)] for line in lines] == [[1]] * len(lines)
    assert list(uses_in_names("file", f'"""Users {word} the server."""')) == []


def test_parts_of_other_words_are_no_retired_words() -> None:
    """A word that only holds one in it is another word."""
    text = "removed, recommends, stolen, outlook, insight, overhead, swish, handset, keptn, lookup, stretold"

    assert list(uses_in_text("page", text)) == []
