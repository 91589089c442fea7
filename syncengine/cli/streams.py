"""The streams of a command, made safe: signs they cannot show, closed or full files, readers that stop reading."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import re
import select
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from syncengine.cli.hints import complete_commands, complete_document
from syncengine.model.errors import OutputError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PLAIN_SIGNS = {"·": ".", "…": "...", "≠": "!=", "━": "-", "╸": "-", "╺": "-"}
"""What replaces our own signs in an encoding without them; other signs are replaced by their number."""

WHOLE = re.compile(r"\S*`[^`]*`\S*|\S+")
"""What is never broken: a word, or a command to type."""
PLAINLY = "syncengine-plainly"
STANDARD = (0, 1, 2)
SHOW_CURSOR = "\x1b[?25h"


class _Descriptor(io.RawIOBase):
    """A file that is written to as long as it is read.

    If its reader stops (`| head`), the rest is dropped, and the exit code is the same. If a file cannot be written for
    another reason, `needed` raises OutputError; otherwise the rest is dropped.
    """

    def __init__(self, descriptor: int, *, needed: bool) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._needed = needed
        self._dropping = False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: ReadableBuffer, /) -> int:
        size = memoryview(data).nbytes
        if self._dropping:
            return size
        try:
            return self._written(data)
        except BrokenPipeError:
            self._dropping = True
        except OSError as error:
            self._dropping = True
            if self._needed:
                raise OutputError(
                    f"The output could not be written: {error.strerror}.",
                    hint="`syncengine runs` shows what a run has done.",
                ) from None
        return size

    def _written(self, data: ReadableBuffer) -> int:
        while True:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:
                select.select([], [self._descriptor], [])


def print_line(line: str) -> None:
    """Write a line of text to standard output."""
    sys.stdout.write(f"{complete_commands(line)}\n")


def warn(line: str) -> None:
    """Write text to standard error; on a screen lines break between words, and a command stays in one piece."""
    text = complete_commands(line)
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns
        text = "\n".join(part for one in text.split("\n") for part in _broken(one, width))
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _broken(line: str, width: int) -> Iterator[str]:
    """Yield a line in pieces that fit the width, unless a word is longer."""
    begin = stop = 0
    for word in WHOLE.finditer(line):
        if stop > begin and word.end() - begin > width:
            yield line[begin:stop]
            begin = word.start()
        stop = word.end()
    yield line[begin:]


class _Cursor:
    """Whether a bar has hidden the cursor and may not have shown it again."""

    hidden = False


def cursor_hidden() -> None:
    """Remember that a bar is about to hide the cursor."""
    _Cursor.hidden = True


class _Documents:
    """Whether the command under way has written its JSON document."""

    written = False


def expect_document() -> None:
    """Begin a command that may write one document."""
    _Documents.written = False


def print_document(document: dict[str, Any]) -> None:
    """Write the JSON document of a command to standard output; a second one is left out."""
    from syncengine.report.json_values import as_text

    if not _Documents.written:
        _Documents.written = True
        sys.stdout.write(f"{as_text(complete_document(document))}\n")


def open_streams() -> None:
    """Replace standard output and error by safe streams.

    A standard stream that was closed becomes the null device, so that no file opened later gets its number and the
    messages.
    """
    codecs.register_error(PLAINLY, _plainly)
    for descriptor in STANDARD:
        _occupy(descriptor)
    sys.stdin = sys.stdin or io.StringIO()
    sys.stdout = _stream(sys.stdout, needed=True)
    sys.stderr = _stream(sys.stderr, needed=False)


def close_streams() -> None:
    """Write the rest of the output, and show the cursor again that a bar has hidden; raises OutputError."""
    if _Cursor.hidden:
        sys.stderr.write(SHOW_CURSOR)
        sys.stderr.flush()
    with contextlib.suppress(ValueError):
        sys.stdout.flush()


def _occupy(descriptor: int) -> None:
    """Make sure that the number of a standard stream is in use."""
    try:
        os.fstat(descriptor)
    except OSError:
        null = os.open(os.devnull, os.O_RDWR)
        if null != descriptor:
            os.dup2(null, descriptor)
            os.close(null)


def _stream(stream: TextIO | None, *, needed: bool) -> TextIO:
    """Return a safe stream to the file of another one; Python has none where the stream was closed."""
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    stream.flush()
    raw = _Descriptor(stream.fileno(), needed=needed)
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=stream.encoding, errors=PLAINLY, line_buffering=not needed or raw.isatty()
    )


def _plainly(error: UnicodeError) -> tuple[str | bytes, int]:
    """Return a replacement for signs that an encoding lacks: the error handler of the safe streams."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(PLAIN_SIGNS.get(sign) or _spelled(sign) for sign in signs), error.end


def _spelled(sign: str) -> str:
    return sign.encode("ascii", "backslashreplace").decode("ascii")
