"""Documents: small files of JSON, each with a checksum as its last entry, written whole and used only if intact."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from syncengine.staging.checksums import checksum
from syncengine.staging.durable import write_whole
from syncengine.staging.errors import damaged, staging_errors

T = TypeVar("T")
CHECKSUM = b',\n  "checksum": "'
"""The separator between a document and the checksum of everything before it."""


def write_document(path: Path, text: str, *, about: str) -> None:
    """Write an object of JSON, durable when this returns; `about` identifies the document."""
    body = text.rstrip().removesuffix("}").rstrip().encode()
    write_whole(path, (body + _end(body, about)).decode())


def read_document(path: Path, *, about: str, lost: str) -> bytes:
    """Return a document as it was written, without its checksum.

    Raises `StagingError`, which ends with `lost`, where a byte of it has changed or it is gone.
    """
    if not path.exists():
        raise damaged(path, lost)
    with staging_errors(path.parent):
        data = path.read_bytes()
    body = data.rpartition(CHECKSUM)[0]
    if not body or data != body + _end(body, about):
        raise damaged(path, lost)
    return body + b"}"


def read_value(path: Path, kind: TypeAdapter[T], *, about: str, lost: str) -> T:
    """Return a document as the value it was written from; raises `StagingError` as `read_document` does."""
    text = read_document(path, about=about, lost=lost)
    try:
        return kind.validate_json(text)
    except ValidationError as error:
        raise damaged(path, lost) from error


def _end(body: bytes, about: str) -> bytes:
    return CHECKSUM + checksum(body, about=about).encode() + b'"\n}\n'
