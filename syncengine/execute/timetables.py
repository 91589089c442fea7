"""Rows of timetables with their flags set, as the rows a step writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from syncengine.execute.preparation import RowSource
from syncengine.model.selection import ReadQuery
from syncengine.model.timetable_flag import FlagEdit, FlagRow, stored_text
from syncengine.model.timetables import NAME, OWNER, SCHEDULES


@dataclass(frozen=True, slots=True)
class ReadRows:
    """Rows of ttsched that were read once."""

    rows: pa.Table

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Stream them all, for any query."""
        del query
        return self.rows.to_reader()

    def flags(self, column: str) -> Iterator[FlagRow]:
        """Yield the flag of each row that names a timetable."""
        values = (self.rows.column(name).to_pylist() for name in (OWNER, NAME, column))
        for owner, name, value in zip(*values, strict=True):
            if owner is not None and name is not None:
                yield FlagRow(owner, name, value)


@dataclass(frozen=True, slots=True)
class Schedules:
    """Rows of which those of some timetables, queried by name, have a source of their own: schedules that are made."""

    others: RowSource
    made: RowSource

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Stream rows."""
        by_name = query.selection.table == SCHEDULES and query.selection.groups is not None
        return (self.made if by_name else self.others).read(query)


@dataclass(frozen=True, slots=True)
class EditedRows:
    """Rows of a server, edited as they are read; a query must include owner, name and flag."""

    rows: RowSource
    edit: FlagEdit

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Stream the rows with their flags as the edit sets them."""
        reader = self.rows.read(query)
        return pa.RecordBatchReader.from_batches(reader.schema, self._edited(reader))

    def _edited(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        after = {(one.owner, one.name, stored_text(one.before)): one.after for one in self.edit.changes}
        for batch in reader:
            place = batch.schema.get_field_index(self.edit.column)
            owners, names, flags = (batch.column(name).to_pylist() for name in (OWNER, NAME, self.edit.column))
            values = [
                after.get((owner, name, stored_text(flag)), flag)
                for owner, name, flag in zip(owners, names, flags, strict=True)
            ]
            column = pa.array(values, type=batch.schema.field(place).type)
            yield batch.set_column(place, batch.schema.field(place), column)
