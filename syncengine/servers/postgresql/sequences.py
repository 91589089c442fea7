"""The sequences that number columns of PostgreSQL tables, and how they are advanced past what is written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from syncengine.model.surroundings import Counter
from syncengine.servers.sql.dialect import Statement

SHOWN = "CASE WHEN {n}.nspname = ANY(current_schemas(false)) THEN '' ELSE {n}.nspname || '.' END || {c}.relname"
"""A table as people name it: with its schema where that is not on the search path."""
COUNTERS = (
    "WITH used AS (SELECT refobjid AS tab, refobjsubid AS num, objid AS seq FROM pg_depend "
    "WHERE classid = CAST('pg_class' AS regclass) AND refclassid = CAST('pg_class' AS regclass) AND deptype = 'i' "
    "UNION SELECT d.adrelid, d.adnum, p.refobjid FROM pg_attrdef d JOIN pg_depend p ON p.objid = d.oid "
    "AND p.classid = CAST('pg_attrdef' AS regclass) AND p.refclassid = CAST('pg_class' AS regclass)) "
    "SELECT CAST(u.tab AS BIGINT), CAST(a.attname AS TEXT), "
    f"{SHOWN.format(n='n', c='s')}, CAST(s.oid AS BIGINT), "
    "q.seqincrement, q.seqmin, q.seqmax, has_sequence_privilege(s.oid, 'UPDATE') AND "
    "has_sequence_privilege(s.oid, 'SELECT'), a.atttypid IN (20, 21, 23, 1700), "
    "format('%I.%I', n.nspname, s.relname) "
    "FROM used u JOIN pg_attribute a ON a.attrelid = u.tab AND a.attnum = u.num AND NOT a.attisdropped "
    "JOIN pg_class s ON s.oid = u.seq AND s.relkind = 'S' JOIN pg_sequence q ON q.seqrelid = s.oid "
    "JOIN pg_namespace n ON n.oid = s.relnamespace WHERE u.tab IN ({oids}) ORDER BY a.attnum"
)
"""Identities, and columns whose default takes a number from a sequence; int2, int4, int8 and numeric count."""
ADVANCE = (
    "SELECT setval(CAST(CAST(? AS BIGINT) AS regclass), ?) FROM {sequence} AS s "
    "WHERE s.last_value {behind} ? OR (s.last_value = ? AND NOT s.is_called)"
)
"""Others who insert wait for the lock on the table, and take no number before they have it."""

GRANT = "this login may not: GRANT SELECT, UPDATE ON SEQUENCE {sequence} TO it"
NOT_A_NUMBER = "its column holds no whole numbers"


@dataclass(frozen=True, slots=True)
class ColumnSequence:
    """A sequence that numbers a column of a table."""

    table: int
    """The number of the table in the catalogue."""
    column: str
    shown: str
    oid: int
    quoted: str
    increment: int
    least: int
    most: int
    stays: str
    """Why it is not advanced; empty where it is."""

    @property
    def counter(self) -> Counter:
        """The column, as people are told of it."""
        return Counter(self.column, self.shown, self.stays)

    def advanced(self, lowest: int, highest: int) -> Statement:
        """Return what sets it past numbers that were written, where it is behind them; it is never set back."""
        reached = min(highest, self.most) if self.increment > 0 else max(lowest, self.least)
        text = ADVANCE.format(sequence=self.quoted, behind="<" if self.increment > 0 else ">")
        return Statement(text, (self.oid, reached, reached, reached))


def read_sequences(
    ask: Callable[[Statement], list[tuple[Any, ...]]], tables: Collection[int]
) -> Iterator[ColumnSequence]:
    """Yield the sequences that number columns of tables."""
    if not tables:
        return
    for row in ask(Statement(COUNTERS.format(oids=in_list(tables)))):
        table, column, shown, oid, increment, least, most, may, counts, quoted = row
        stays = "" if may and counts else GRANT.format(sequence=shown) if counts else NOT_A_NUMBER
        yield ColumnSequence(table, column, shown, oid, quoted, increment, least, most, stays)


def in_list(oids: Collection[int]) -> str:
    """Return numbers of tables as a list; they come from the catalogue itself."""
    return ", ".join(str(int(oid)) for oid in oids)
