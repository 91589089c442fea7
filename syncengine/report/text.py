"""What reports share: tables, sections, the commands to type next, terms explained, values as text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from rich.console import Console, RenderableType
from rich.text import Text

from syncengine.model.bucket import Bucket, BucketColumns, bucket_start
from syncengine.model.sentences import listed
from syncengine.model.spec import TableSpec
from syncengine.report.grid import Column, Grid

TABLES_NAMED = 4
NO_TIME_OF_DAY = "at no time of day"
"""The time of rows whose label is none: NULL, 9999, 875."""
SIGNS_SHOWN = 60
"""Of a longer value people see a part; JSON has all of it."""
SIGNS_AFTER = 20
"""Signs shown behind the first one that differs."""
TERMS = {
    "bucket": "A bucket is the rows of one ACD in one interval or day.",
    "key group": "A key group is all rows with the same key.",
    "fingerprint": "A fingerprint, a row count and a checksum, misses a difference about once in 200 million buckets.",
    "fill": "fill adds what the target lacks, and changes and deletes nothing.",
    "portion": "A portion is a stretch of days that is planned, written and compared before the next.",
}
"""Our own words, each explained in one sentence where a user first meets it."""


def grid(*columns: str, right: tuple[str, ...] = (), wraps: tuple[str, ...] = ()) -> Grid:
    """Return an empty table without lines; columns in `right` hold numbers, those in `wraps` words."""
    return Grid([Column(name, name in right, name in wraps) for name in columns])


def indented(*lines: str | Text, style: str = "") -> Grid:
    """Return lines that stay indented where they are broken."""
    paragraphs = grid(" ", "  ", wraps=("  ",))
    for line in lines:
        paragraphs.add_row("", line if isinstance(line, Text) else Text(line, style))
    return paragraphs


def explained(*terms: str) -> Grid:
    """Return lines that explain words of ours."""
    return indented(" ".join(TERMS[term] for term in terms), style="dim")


def section(title: str) -> Iterator[Text]:
    """Yield the title of a part of a report, after a blank line."""
    yield Text()
    yield Text(title, style="bold")


def print_lines(console: Console, lines: Iterable[RenderableType]) -> None:
    """Print lines as they come."""
    for line in lines:
        console.print(line)


def unbroken(line: str, style: str = "") -> Text:
    """Return a line with a command: never broken here, so that it can be copied as one line."""
    return Text(line, style=style, no_wrap=True, overflow="ignore")


def next_steps(label: str, commands: Sequence[str], style: str = "bold") -> Iterator[Text]:
    """Yield what to do next: a sentence, and below it each command whole, on a line of its own."""
    if commands:
        yield Text(f"{label}:", style=style)
        yield from (unbroken(f"  {command}") for command in commands)


def next_commands(steps: Iterable[tuple[str, str]]) -> Iterator[Text]:
    """Yield the end of a report: each command that can be typed next, below the sentence that says what it does."""
    for place, (label, typed) in enumerate(steps):
        if place == 0:
            yield Text()
        yield from next_steps(label, [typed])


def number(count: int) -> str:
    """Return a count, a dot for none, so that the eye finds the others."""
    return f"{count:,}" if count else "·"


def value_text(value: object) -> str:
    """Return a value as people read it: text in quotes, signs that a terminal does not show spelled out."""
    text = value if isinstance(value, str) else _as_written(value)
    shown = _printable(text[:SIGNS_SHOWN]) if len(text) > SIGNS_SHOWN else _printable(text)
    quote = "'" if isinstance(value, str) else ""
    if len(text) > SIGNS_SHOWN:
        return f"{quote}{shown}…{quote} ({len(text):,} signs)"
    return f"{quote}{shown}{quote}"


def difference_text(one: object, other: object) -> tuple[str, str]:
    """Return two values as people read them: of long ones the part where they begin to differ."""
    texts = [value if isinstance(value, str) else _as_written(value) for value in (one, other)]
    shorter = min(map(len, texts))
    common = next((place for place in range(shorter) if texts[0][place] != texts[1][place]), shorter)
    if max(map(len, texts)) <= SIGNS_SHOWN or common < SIGNS_SHOWN - SIGNS_AFTER:
        return value_text(one), value_text(other)
    return _part(one, texts[0], common), _part(other, texts[1], common)


def _part(value: object, text: str, place: int) -> str:
    """Return the part of a long value around a place."""
    begin = place - (SIGNS_SHOWN - SIGNS_AFTER)
    quote = "'" if isinstance(value, str) else ""
    after = "…" if len(text) > place + SIGNS_AFTER else ""
    return (
        f"{quote}…{_printable(text[begin : place + SIGNS_AFTER])}{after}{quote} (sign {place + 1:,} of {len(text):,})"
    )


def _as_written(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    return str(value)


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


EACH_ACD = "ACD\0"
"""The place of an ACD's number in a note."""


def scope_notes(scopes: Iterable[tuple[str, int | None, tuple[str, ...]]]) -> Iterator[str]:
    """Yield where less was compared than requested; `scopes` are tables, ACDs, and the notes on each.

    Tables with the same note share a line. ACDs are named where a note is not about all of a table's; rows of no ACD,
    which reach as far as the ACD that reaches least, have no line of their own.
    """
    all_acds: dict[str, set[int]] = defaultdict(set)
    note_acds: dict[tuple[str, str], set[int]] = defaultdict(set)
    for table, acd, notes in scopes:
        all_acds[table] |= set() if acd is None else {acd}
        for note in notes:
            # Notes that differ in nothing but the number of their ACD become one.
            of_any = note if acd is None else note.replace(f"ACD {acd} ", f"{EACH_ACD} ")
            note_acds[of_any, table] |= set() if acd is None else {acd}
    tables: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (note, table), acds in note_acds.items():
        if acds or not all_acds[table]:
            numbers = f"ACD {', '.join(map(str, sorted(acds)))}"
            # A note that names its ACD already does not need it again.
            named = acds == all_acds[table] or "ACD" in note
            tables[note.replace(EACH_ACD, numbers), "" if named else f" of {numbers}"].append(table)
    for (note, place), names in tables.items():
        unique = sorted(names)
        yield f"{listed(unique, TABLES_NAMED)}{place}: {note}"


def bucket_text(bucket: Bucket, spec: TableSpec, zone: str) -> str:
    """Return a bucket as people name it: ACD, day and interval."""
    acd = f"ACD {bucket.acd}" if bucket.acd is not None else ""
    columns = BucketColumns.of(spec)
    start = bucket_start(bucket, columns, zone)
    when = ""
    if start is not None and bucket.slot is not None:
        when = f"{start:%Y-%m-%d %H:%M}"
        if spec.grain.events:
            when += f"-{start + timedelta(minutes=14):%H:%M}"
    elif bucket.row_date is not None:
        when = f"{bucket.row_date}" + (f" {NO_TIME_OF_DAY}" if columns.label is not None else "")
    elif spec.time is not None:
        when = "of no time"
    return " ".join(part for part in (acd, when) if part) or "all rows"
