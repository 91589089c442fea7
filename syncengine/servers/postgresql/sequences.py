"""The sequences that number columns of PostgreSQL tables, and how they are advanced past what is written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from syncengine.model.surroundings import Counter
from syncengine.servers.postgresql.families import Families, RunQuery
from syncengine.servers.sql.dialect import Statement
from syncengine.servers.sql.sequence_calls import sequences_called

DISPLAY_NAME = "CASE WHEN {n}.nspname = ANY(current_schemas(false)) THEN '' ELSE {n}.nspname || '.' END || {c}.relname"
"""A table as shown to people: with its schema where that is not on the search path."""
DEPENDED_ON = (
    "SELECT refobjid AS tab, CAST(refobjsubid AS BIGINT) AS num, objid AS seq FROM pg_depend "
    "WHERE classid = CAST('pg_class' AS regclass) AND refclassid = CAST('pg_class' AS regclass) AND deptype = 'i' "
    "AND refobjid IN ({oids}) "
    "UNION SELECT d.adrelid, d.adnum, p.refobjid FROM pg_attrdef d JOIN pg_depend p ON p.objid = d.oid "
    "AND p.classid = CAST('pg_attrdef' AS regclass) AND p.refclassid = CAST('pg_class' AS regclass) "
    "WHERE d.adrelid IN ({oids})"
)
"""Identities, and defaults that name a sequence as one."""
BASE = "COALESCE(NULLIF(t.typbasetype, 0), t.oid)"
COUNTS = f"{BASE} IN (20, 21, 23, 700, 701, 1700)"
"""Whole numbers, floats and decimals."""
COUNTERS = (
    "WITH used AS ({used}) "
    "SELECT CAST(u.tab AS BIGINT), CAST(a.attname AS TEXT), "
    f"{DISPLAY_NAME.format(n='n', c='s')}, CAST(s.oid AS BIGINT), "
    "q.seqincrement, q.seqmin, q.seqmax, q.seqcache, CAST(n.nspname AS TEXT), "
    "has_schema_privilege(n.oid, 'USAGE'), "
    "has_sequence_privilege(s.oid, 'UPDATE') AND has_sequence_privilege(s.oid, 'SELECT'), "
    f"pg_has_role(s.relowner, 'USAGE'), {COUNTS}, format('%I.%I', n.nspname, s.relname) "
    "FROM used u JOIN pg_attribute a ON a.attrelid = u.tab AND a.attnum = u.num AND NOT a.attisdropped "
    "JOIN pg_type t ON t.oid = a.atttypid "
    "JOIN pg_class s ON s.oid = u.seq AND s.relkind = 'S' JOIN pg_sequence q ON q.seqrelid = s.oid "
    "JOIN pg_namespace n ON n.oid = s.relnamespace ORDER BY a.attnum, s.oid"
)
DEFAULTS = (
    "SELECT CAST(a.attrelid AS BIGINT), CAST(a.attnum AS BIGINT), CAST(a.attname AS TEXT), "
    f"COALESCE(pg_get_expr(d.adbin, d.adrelid), t.typdefault), {COUNTS}, "
    "(SELECT string_agg(CAST(f.proname AS TEXT), ', ' ORDER BY f.proname) FROM pg_depend p "
    "JOIN pg_proc f ON f.oid = p.refobjid AND f.provolatile = 'v' WHERE p.objid = d.oid "
    "AND p.classid = CAST('pg_attrdef' AS regclass) AND p.refclassid = CAST('pg_proc' AS regclass)) "
    "FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
    "LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attrelid IN ({oids}) "
    "AND a.attnum > 0 AND NOT a.attisdropped AND COALESCE(to_jsonb(a) ->> 'attgenerated', '') = '' "
    "AND (d.oid IS NOT NULL OR t.typdefault IS NOT NULL) ORDER BY a.attnum"
)
"""Defaults, including those of domains; user functions that they call may use a sequence, too."""
NAMED = (
    "SELECT CAST(s.oid AS BIGINT) FROM pg_class s JOIN pg_namespace n ON n.oid = s.relnamespace "
    "WHERE s.relkind = 'S' AND s.relname = ? AND {schema} "
    "ORDER BY array_position(current_schemas(true), n.nspname) LIMIT 1"
)
BEHIND = "(s.last_value {behind} ? OR (s.last_value = ? AND NOT s.is_called))"
BEHIND_NUMBER = f"SELECT s.last_value, s.is_called FROM {{sequence}} AS s WHERE {BEHIND}"
LOCK = "ALTER SEQUENCE {sequence} INCREMENT BY {increment}"
"""This changes nothing, but sessions that need a number wait until the transaction ends, and the numbers they have
cached become invalid."""
ADVANCE = f"SELECT setval(CAST(CAST(? AS BIGINT) AS regclass), ?) FROM {{sequence}} AS s WHERE {BEHIND}"
TAKE = "SELECT count(nextval(CAST(CAST(? AS BIGINT) AS regclass))) FROM generate_series(1, CAST(? AS BIGINT))"
AT_ONCE = 200
"""Tables named in one query."""
MOST_TAKEN = 1_000_000
"""Numbers that are taken one by one; beyond that setval is used, since no other session takes so many meanwhile."""

NO_SCHEMA = "this login may not: GRANT USAGE ON SCHEMA {schema} TO it"
NO_RIGHT = "this login may not: GRANT SELECT, UPDATE ON SEQUENCE {sequence} TO it"
NOT_A_NUMBER = "its column is not numeric"
CACHED = (
    "sessions may have cached lower numbers (CACHE {cache}), which only its owner can withdraw: the next "
    "inserts there may collide with numbers that were written"
)
NOT_READ = "syncengine cannot read which sequence its default names: {default}"
NOT_FOUND = "its default names {sequence}, which is not a sequence that this login sees"
CALLS = "its default calls {functions}, which may use a sequence of its own"


@dataclass(frozen=True, slots=True)
class ColumnSequence:
    """The sequence that numbers a column of a table."""

    counter: Counter
    """The column, as it is shown to people."""
    oid: int = 0
    """The sequence's number in the catalogue, 0 where it is not known."""
    quoted: str = ""
    increment: int = 1
    least: int = 0
    most: int = 0
    owned: bool = False
    """This login may alter it."""
    cached: bool = False
    """Sessions cache several numbers at a time."""

    def advance(self, run_query: RunQuery, lowest: int, highest: int) -> None:
        """Set it past written numbers, where it is behind them; it never goes backwards.

        No session gets one of those numbers afterwards. Where the login does not own it, the numbers are
        taken as others take theirs, since reading its value and setting it are not one atomic step.
        """
        up = self.increment > 0
        reached = min(highest, self.most) if up else max(lowest, self.least)
        words = {"sequence": self.quoted, "behind": "<" if up else ">"}
        standing = Statement(BEHIND_NUMBER.format(**words), (reached, reached))
        setting = Statement(ADVANCE.format(**words), (self.oid, reached, reached, reached))
        if self.owned:
            # Its value does not show the numbers that sessions have cached.
            if self.cached or run_query(standing):
                run_query(Statement(LOCK.format(sequence=self.quoted, increment=self.increment)))
                run_query(setting)
            return
        while found := run_query(standing):
            ((last, called),) = found
            between = (abs(reached - last) + abs(self.increment) - 1) // abs(self.increment) + (not called)
            if between > MOST_TAKEN or reached in (self.least, self.most):
                run_query(setting)
                return
            run_query(Statement(TAKE, (self.oid, between)))


def read_sequences(
    run_query: RunQuery, families: Families, tables: Collection[int]
) -> Iterator[tuple[int, ColumnSequence]]:
    """Yield the sequences that number columns of tables, of their partitions, and of their parents."""
    if not tables:
        return
    everything = in_list({one for table in tables for one in families.all_of(table)})
    found = list(_catalogued(run_query, DEPENDED_ON.format(oids=everything)))
    named, unknown = _named_in_defaults(run_query, everything)
    if named:
        found += _catalogued(
            run_query, " UNION ".join(f"SELECT {tab} AS tab, {num} AS num, {seq} AS seq" for tab, num, seq in named)
        )
    numbered = {(table, one.counter.column) for table, one in found}
    found += [(table, one) for table, one in unknown if (table, one.counter.column) not in numbered]
    for table in tables:
        family = frozenset(families.all_of(table))
        yield from ((table, one) for one in dict.fromkeys(one for of, one in found if of in family))


def in_list(oids: Collection[int]) -> str:
    """Return numbers of tables as a list; they come from the catalogue itself."""
    return ", ".join(str(int(oid)) for oid in sorted(oids))


def catalogue_rows(run_query: RunQuery, text: str, oids: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """Yield the catalogue's rows about tables, some tables in one query."""
    for at in range(0, len(oids), AT_ONCE):
        yield from run_query(Statement(text.format(oids=in_list(oids[at : at + AT_ONCE]))))


def _catalogued(run_query: RunQuery, used: str) -> Iterator[tuple[int, ColumnSequence]]:
    for row in run_query(Statement(COUNTERS.format(used=used))):
        table, column, shown, oid, increment, least, most, cache, schema, reached, may, owned, counts, quoted = row
        stays = but = ""
        if not counts:
            stays = NOT_A_NUMBER
        elif not reached:
            stays = NO_SCHEMA.format(schema=schema)
        elif not may:
            stays = NO_RIGHT.format(sequence=shown)
        elif cache > 1 and not owned:
            but = CACHED.format(cache=cache)
        counter = Counter(column, shown, stays, but)
        yield table, ColumnSequence(counter, oid, quoted, increment, least, most, owned, cached=cache > 1)


def _named_in_defaults(
    run_query: RunQuery, oids: str
) -> tuple[set[tuple[int, int, int]], list[tuple[int, ColumnSequence]]]:
    """Return the sequences that defaults name, by table and column, and the columns whose sequence is not known."""
    named: set[tuple[int, int, int]] = set()
    unknown: list[tuple[int, ColumnSequence]] = []
    for table, number, column, default, counts, functions in run_query(Statement(DEFAULTS.format(oids=oids))):
        called = list(sequences_called(default))
        why = CALLS.format(functions=functions) if functions and counts and not called else ""
        for parts in called:
            oid = _named(run_query, parts) if parts is not None else None
            if oid is not None:
                named.add((table, number, oid))
            elif parts is None:
                why = NOT_READ.format(default=default)
            else:
                why = NOT_FOUND.format(sequence=".".join(parts))
        if why:
            unknown.append((table, ColumnSequence(Counter(column, why_not_advanced=why))))
    return named, unknown


def _named(run_query: RunQuery, parts: tuple[str, ...]) -> int | None:
    """Return the number of the sequence with a name, None where there is none."""
    *schema, name = parts
    where = "n.nspname = ?" if schema else "n.nspname = ANY(current_schemas(true))"
    found = run_query(Statement(NAMED.format(schema=where), (name, *schema[-1:])))
    return int(found[0][0]) if found else None
