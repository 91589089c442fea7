"""Checks what the pair file says of tables with the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from syncengine.catalogue import Catalogue, load_catalogue
from syncengine.model.errors import PairFileError
from syncengine.model.expected import ExpectedRows
from syncengine.model.names import folded
from syncengine.model.pair import PairSettings
from syncengine.model.sentences import plural
from syncengine.model.spec import DataClass, SyncedBy, TableSpec

WHOLE = {"smallint": 15, "integer": 31, "int8": 63, "bigint": 63}
"""Types of whole numbers, with the bits that a number of each has beside its sign."""


def checked_catalogue(settings: PairSettings, folders: tuple[Path, ...]) -> Catalogue:
    """Return the catalogue of a pair: the shipped specs, those its file names and those in the folders.

    Raises `PairFileError`, with every fault and its key, if the file names something that no spec describes.
    """
    catalogue = load_catalogue(*settings.specs, *folders)
    specs = {folded(spec.name): spec for spec in catalogue.tables}
    faults = tuple(
        f"expected.{place}.{fault}"
        for place, meant in enumerate(settings.expected)
        for fault in _faults(meant, specs.get(meant.table))
    )
    if faults:
        raise PairFileError(f"The pair file {settings.file} has {plural(len(faults), 'fault')}:", faults)
    return catalogue


def _faults(expected: ExpectedRows, spec: TableSpec | None) -> Iterator[str]:
    if spec is None:
        yield f"table: no spec describes {expected.table!r}; `syncengine tables` lists those there are"
        return
    if spec.data_class is DataClass.LOCAL or spec.synced_by is SyncedBy.NEVER:
        yield f"table: {spec.name} is never compared, so none of its rows need to be expected"
        return
    if spec.time is None:
        yield f"table: {spec.name} is administration; only rows of history can be expected to differ"
        return
    for name, values in expected.where:
        column = spec.column(name)
        if column is None or name in spec.ignored:
            why = "has no such column" if column is None else "does not compare that column"
            yield f"where.{name}: {spec.name} {why}; `syncengine tables {spec.name}` lists those it has"
            continue
        bits = WHOLE.get(column.type.name)
        if not column.type.is_text and bits is None:
            yield f"where.{name}: is of type {column.type}; name columns of text or of whole numbers"
            continue
        kind = "text" if bits is None else "whole numbers"
        if not all(isinstance(value, str if bits is None else int) for value in values):
            yield f"where.{name}: is {kind}, of type {column.type}; write its values as {kind}"
        elif bits is not None and not all(-(2**bits) <= int(value) < 2**bits for value in values):
            yield f"where.{name}: the number is too large for a column of type {column.type}"
