"""Resolves one spec file into the specs of its tables, saying where each value came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from syncengine.catalogue.schema import ColumnEntry, PiecesEntry, SpecFile, TableEntry, TimeEntry
from syncengine.model.grain import Archive
from syncengine.model.spec import (
    ColumnSpec,
    ColumnType,
    DataClass,
    Needed,
    Pieces,
    RelatedAdministration,
    SetUp,
    TableSpec,
    TimeColumns,
)


def resolve(file: SpecFile, place: str) -> tuple[TableSpec, ...]:
    """Return one spec for each table of the file; `place` is the file's name for people."""
    return tuple(_table(file, place, name, entry) for name, entry in file.tables.items())


def faults_in(file: SpecFile) -> Iterator[str]:
    """Yield the faults inside a well-formed file: references that lead nowhere, and missing parts."""
    yield from _name_faults(file)
    for name, column in file.columns.items():
        yield from _column_faults(file, name, column)
    for name, table in file.tables.items():
        yield from _table_faults(file, name, table)


def _name_faults(file: SpecFile) -> Iterator[str]:
    named: list[tuple[str, str | None]] = [("acd", file.acd), ("row_number", file.row_number)]
    named.append(("user_column", file.user_column))
    named += [("key", column) for column in file.key]
    named += [("not_compared", column) for column in file.not_compared]
    named += [(f"follows.{name}.columns", column) for name, entry in file.follows.items() for column in entry.columns]
    named += [("set_up.own", column) for column in (file.set_up.own if file.set_up is not None else ())]
    if file.pieces is not None:
        named += [("pieces.same", column) for column in file.pieces.same]
        named += [(f"pieces.{role}", getattr(file.pieces, role)) for role in PIECES]
        yield from _pieces_faults(file, file.pieces)
    if file.time is not None:
        named += [
            (f"time.{role}", getattr(file.time, role)) for role in ("date", "label", "epoch", "interval", "incomplete")
        ]
        if file.time.label and file.time.epoch:
            yield "time: needs label or epoch, not both"
    if file.at_once and (file.class_ is not DataClass.CUSTOM or file.time is None):
        yield "at_once: is only for custom tables with a [time]"
    for where, column in named:
        if column is not None and column not in file.columns:
            yield f"{where}: names the column {column!r}, which [columns] does not have"
    if file.user_column is not None and file.user_column not in file.key:
        yield f"user_column: names the column {file.user_column!r}, which key does not have"
    if file.witness and not (file.class_ is DataClass.HISTORICAL and _tiling(file)):
        yield "witness: is only for historical interval tables"
    if (file.needs or file.afterwards or file.set_up) and file.time is not None:
        yield "needs, afterwards, set_up: are only for administration, which has no [time]"
    cited = [(f"follows.{name}", entry.source) for name, entry in file.follows.items()]
    cited += [(f"needs.{name}", entry.source) for name, entry in file.needs.items()]
    for where, source in cited:
        if source and file.sources and source not in file.sources:
            yield f"{where}.source: {source!r} is not in [sources]"
    if file.row_number is not None and file.row_number not in file.not_compared:
        yield f"row_number: each server has its own numbers, so [not_compared] must have {file.row_number!r} too"


IN_PARTS = {"tables", "not_compared", "follows", "needs", "sources", "columns"}
"""Keys whose own keys have an origin each, or that need none."""
PIECES = ("begin", "end", "lasts", "begin_flag", "end_flag")


def _pieces_faults(file: SpecFile, pieces: PiecesEntry) -> Iterator[str]:
    if (pieces.end is None) == (pieces.lasts is None):
        yield "pieces: needs end or lasts, and not both"
    if (pieces.begin_flag is None) != (pieces.end_flag is None):
        yield "pieces: needs begin_flag and end_flag, or neither"
    if not all(table.archive and table.archive.grain.events for table in file.tables.values()):
        yield "pieces: only rows of event tables are cut"


def _column_faults(file: SpecFile, name: str, entry: ColumnEntry) -> Iterator[str]:
    if entry.source and file.sources and entry.source not in file.sources:
        yield f"columns.{name}.source: {entry.source!r} is not in [sources]"
    if entry.significant and not ColumnType.parse(entry.type).is_text:
        yield f"columns.{name}.significant: only text has significant characters, and this is {entry.type}"
    archives = {table.archive for table in file.tables.values()}
    if entry.only == ():
        yield f"columns.{name}.only: is empty, so no table has the column"
    for archive in entry.only or ():
        if archive not in archives:
            yield f"columns.{name}.only: names the archive {archive.value!r}, which no table of the file has"
    for archive in entry.in_:
        if entry.only is not None and archive not in entry.only:
            yield f"columns.{name}.in: names the archive {archive.value!r}, which `only` excludes"


def _table_faults(file: SpecFile, name: str, table: TableEntry) -> Iterator[str]:
    if file.class_ is DataClass.HISTORICAL and (table.archive is None or file.time is None):
        yield f"tables.{name}: a historical table needs an archive, and the file a [time]"
    elif table.archive is None and file.time is not None:
        yield f"tables.{name}.archive: is missing, and a file with a [time] needs it"
    if table.archive is not None and file.time is None:
        yield f"tables.{name}.archive: an archive needs a [time]"
    if not _has(file, file.acd, table.archive):
        yield f"tables.{name}: acd is {file.acd!r}, and the `only` of that column excludes this table"
    if file.time is not None and table.archive is not None:
        yield from _time_faults(file, file.time, name, table.archive)


def _time_faults(file: SpecFile, time: TimeEntry, name: str, archive: Archive) -> Iterator[str]:
    """Yield the time columns that a table lacks: without them a whole day would be taken as midnight."""
    if not _has(file, time.date, archive):
        yield f"tables.{name}: time.date is {time.date!r}, and the `only` of that column excludes this table"
    if archive.grain.tiles:
        for role, column in (("label", time.label), ("interval", time.interval)):
            if column is None or not _has(file, column, archive):
                yield f"tables.{name}: an interval table needs time.{role}, and a column of it in this archive"
    if archive.grain.events and not any(
        column is not None and _has(file, column, archive) for column in (time.label, time.epoch)
    ):
        yield f"tables.{name}: an event table needs time.label or time.epoch, and a column of it in this archive"


def _tiling(file: SpecFile) -> str | None:
    """Return the interval table of a file, if it has one."""
    return next((name for name, entry in file.tables.items() if entry.archive and entry.archive.grain.tiles), None)


def _has(file: SpecFile, column: str | None, archive: Archive | None) -> bool:
    """Say whether a table of an archive has a column; a column that is not in the file is a fault of its own."""
    entry = file.columns.get(column) if column is not None else None
    return entry is None or entry.only is None or archive in entry.only


def _table(file: SpecFile, place: str, name: str, entry: TableEntry) -> TableSpec:
    columns = tuple(
        _column(file, column, item, entry.archive)
        for column, item in file.columns.items()
        if item.only is None or entry.archive in item.only
    )
    present = {column.name for column in columns}
    intervals = _tiling(file)
    given = ((key, field.alias or key) for key, field in SpecFile.model_fields.items() if key in file.model_fields_set)
    origin = [(key, f"{place}: {key}") for field, key in given if field not in IN_PARTS]
    origin.append(("archive", f"{place}: tables.{name}.archive" if entry.archive else "default: none, not historical"))
    origin += [(key, "default") for key in ("circular", "optional", "at_once") if key not in file.model_fields_set]
    parts: dict[str, Mapping[str, object]] = {
        "not_compared": file.not_compared,
        "follows": file.follows,
        "needs": file.needs,
    }
    origin += [(f"{part}.{one}", f"{place}: {part}.{one}") for part, ones in parts.items() for one in ones]
    return TableSpec(
        name=name,
        summary=file.summary,
        data_class=file.class_,
        synced_by=file.synced_by,
        columns=columns,
        key=tuple(column for column in file.key if column in present),
        acd=file.acd,
        archive=entry.archive,
        time=_time(file, present),
        synced_why=file.synced_why,
        screen=file.screen,
        not_compared=tuple((c, why) for c, why in file.not_compared.items() if c in present),
        row_number=file.row_number,
        retention=file.retention,
        circular=file.circular,
        optional=file.optional,
        future_dates=file.future_dates,
        at_once=file.at_once,
        user_column=file.user_column,
        rolled_from=intervals if entry.archive and entry.archive.grain.summarised else None,
        follows=tuple(_followed(file, present)),
        pieces=Pieces(**file.pieces.model_dump()) if file.pieces is not None else None,
        witness=file.witness and name == intervals,
        needs=tuple(
            Needed(name, one.why, one.one_step, one.evidence, file.sources.get(one.source, one.source))
            for name, one in file.needs.items()
        ),
        afterwards=file.afterwards,
        set_up=SetUp(**file.set_up.model_dump()) if file.set_up is not None else None,
        origin=tuple(origin),
    )


def _followed(file: SpecFile, present: set[str]) -> Iterator[RelatedAdministration]:
    """Yield the administration a table follows from, without that of columns which its archive lacks."""
    for name, entry in file.follows.items():
        columns = tuple(column for column in entry.columns if column in present)
        if columns or not entry.columns:
            source = file.sources.get(entry.source, entry.source)
            yield RelatedAdministration(name, entry.why, columns, entry.screen, entry.evidence, source)


def _time(file: SpecFile, present: set[str]) -> TimeColumns | None:
    if file.time is None:
        return None

    def if_present(column: str | None) -> str | None:
        return column if column in present else None

    time = file.time
    return TimeColumns(
        time.date,
        if_present(time.label),
        if_present(time.epoch),
        if_present(time.interval),
        if_present(time.incomplete),
    )


def _column(file: SpecFile, name: str, entry: ColumnEntry, archive: Archive | None) -> ColumnSpec:
    text = entry.type
    if archive is not None:
        if archive.grain.summarised and entry.summed is not None:
            text = entry.summed
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
