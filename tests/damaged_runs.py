"""Runs as a crash or an earlier version leaves them, with files as syncengine itself would write them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from syncengine.staging.documents import read_document, write_document
from syncengine.staging.mark_count import MarkCount, create_count
from syncengine.staging.marks import count_file


def killed_after(marks: Path, number: int) -> None:
    """Leave the first marks of a run, as if its process had been killed right after the last of them."""
    lines = marks.read_bytes().splitlines(keepends=True)[:number]
    marks.write_bytes(b"".join(lines))
    count = MarkCount(number, sum(map(len, lines)), json.loads(lines[-1])["sum"])
    create_count(count_file(marks), count, marks.parent.name)


def change_header(header: Path, **values: Any) -> None:
    """Change values of a run's header."""
    about = f"{header.parent.name}/{header.name}"
    document = json.loads(read_document(header, about=about, lost=""))
    write_document(header, json.dumps({**document, **values}, indent=2), about=about)


def flip_bit(file: Path, at: int, bit: int = 0) -> None:
    """Flip a bit of a file, in place."""
    data = bytearray(file.read_bytes())
    data[at] ^= 1 << bit
    file.write_bytes(data)


def _flipped_in_the_middle(file: Path) -> None:
    flip_bit(file, file.stat().st_size // 2)


def _cut_to_half(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def _zeroed(file: Path) -> None:
    file.write_bytes(bytes(file.stat().st_size))


DAMAGES: Sequence[Callable[[Path], None]] = (_flipped_in_the_middle, _cut_to_half, _zeroed, Path.unlink)
"""Damages of a whole file: a flipped bit, half of it or zeros after a crash, or no file."""
