"""Resolves one spec file into the specs of its tables, saying where each value came from."""

from __future__ import annotations

from collections.abc import Iterator

from syncengine.catalogue.schema import ColumnEntry, SpecFile, TableEntry
from syncengine.model.spec import Archive, ColumnSpec, ColumnType, DataClass, TableSpec, TimeColumns

SUMMED = (Archive.DAILY, Archive.WEEKLY, Archive.MONTHLY)


def resolve(file: SpecFile, place: str) -> tuple[TableSpec, ...]:
    """Return one spec for each table of the file; `place` is the file's name as people know it."""
    return tuple(_table(file, place, name, entry) for name, entry in file.tables.items())


def faults_in(file: SpecFile) -> Iterator[str]:
    """Yield what is wrong inside a file that is well-formed: references that lead nowhere."""
    named: list[tuple[str, str | None]] = [("acd", file.acd), ("row_number", file.row_number)]
    named += [("key", column) for column in file.key]
    named += [("not_compared", column) for column in file.not_compared]
    if file.time is not None:
        named += [
            (f"time.{role}", getattr(file.time, role)) for role in ("date", "label", "epoch", "interval", "incomplete")
        ]
        if file.time.label and file.time.epoch:
            yield "time: a row's time is a label or an epoch, not both"
    for where, column in named:
        if column is not None and column not in file.columns:
            yield f"{where}: names the column {column!r}, which [columns] does not have"
    for name, entry in file.columns.items():
        if entry.source and file.sources and entry.source not in file.sources:
            yield f"columns.{name}.source: {entry.source!r} is not in [sources]"
        if entry.significant and not ColumnType.parse(entry.type).is_text:
            yield f"columns.{name}.significant: only text has significant characters, and this is {entry.type}"
    for name, table in file.tables.items():
        if file.class_ is DataClass.HISTORICAL and (table.archive is None or file.time is None):
            yield f"tables.{name}: a historical table needs an archive, and the file a [time]"
        if table.archive is not None and file.time is None:
            yield f"tables.{name}.archive: an archive needs a [time]"


def _table(file: SpecFile, place: str, name: str, entry: TableEntry) -> TableSpec:
    columns = tuple(
        _column(file, column, item, entry.archive)
        for column, item in file.columns.items()
        if item.only is None or entry.archive in item.only
    )
    present = {column.name for column in columns}
    intervals = next((n for n, e in file.tables.items() if e.archive is Archive.INTERVAL), None)
    origin = [
        (key, f"{place}: {key}")
        for key in (
            "summary",
            "class",
            "acd",
            "key",
            "kept",
            "why_kept",
            "retention",
            "circular",
            "optional",
            "row_number",
        )
        if (key if key != "class" else "class_") in file.model_fields_set
    ]
    origin.append(("archive", f"{place}: tables.{name}.archive" if entry.archive else "default: none, not historical"))
    origin += [(key, "default") for key in ("circular", "optional") if key not in file.model_fields_set]
    origin += [(f"not_compared.{column}", f"{place}: not_compared.{column}") for column in file.not_compared]
    return TableSpec(
        name=name,
        summary=file.summary,
        data_class=file.class_,
        kept=file.kept,
        columns=columns,
        key=tuple(column for column in file.key if column in present),
        acd=file.acd,
        archive=entry.archive,
        time=_time(file, present),
        why_kept=file.why_kept,
        not_compared=tuple((c, why) for c, why in file.not_compared.items() if c in present),
        row_number=file.row_number,
        retention=file.retention,
        circular=file.circular,
        optional=file.optional,
        future_dates=file.future_dates,
        rolled_from=intervals if entry.archive in SUMMED else None,
        origin=tuple(origin),
    )


def _time(file: SpecFile, present: set[str]) -> TimeColumns | None:
    if file.time is None:
        return None

    def held(column: str | None) -> str | None:
        return column if column in present else None

    time = file.time
    return TimeColumns(time.date, held(time.label), held(time.epoch), held(time.interval), held(time.incomplete))


def _column(file: SpecFile, name: str, entry: ColumnEntry, archive: Archive | None) -> ColumnSpec:
    text = entry.type
    if archive in SUMMED and entry.summed is not None:
        text = entry.summed
    if archive is not None:
        text = entry.in_.get(archive, text)
    return ColumnSpec(
        name=name,
        type=ColumnType.parse(text),
        nullable=entry.nullable,
        significant=entry.significant,
        rollup=entry.rollup,
        evidence=entry.evidence,
        source=file.sources.get(entry.source, entry.source),
    )
