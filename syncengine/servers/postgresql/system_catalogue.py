"""What a PostgreSQL server reports about itself and its tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncengine.model.errors import ServerUnreachableError
from syncengine.model.fingerprint import COVERED_TYPES
from syncengine.model.names import folded, quoted
from syncengine.servers.postgresql.connections import ConnectionLease
from syncengine.servers.postgresql.dialect import PostgreSQLDialect
from syncengine.servers.postgresql.types import live_type, readable
from syncengine.servers.postgresql.url import schema_of
from syncengine.servers.protocol import LiveColumn, LiveTable
from syncengine.servers.sql.dialect import Statement
from syncengine.servers.url import ServerUrl

CODE_POINTS = frozenset({"UTF8", "LATIN1"})
"""Encodings in which the server's ASCII() gives Unicode code points."""
UNKNOWN_ENCODING = "SQL_ASCII"
"""The encoding of a database with unknown characters."""
STARTED = "CAST(EXTRACT(EPOCH FROM pg_postmaster_start_time()) AS TEXT)"
PROFILE = (
    "SELECT current_setting('server_version'), CAST(current_user AS TEXT), CAST(current_schema() AS TEXT), "
    "CAST(d.oid AS BIGINT), pg_encoding_to_char(d.encoding), CAST(d.datcollate AS TEXT), pg_is_in_recovery(), "
    "(SELECT reset_val FROM pg_settings WHERE name = 'default_transaction_read_only'), "
    f"{STARTED}, current_setting('session_replication_role') "
    "FROM pg_database d WHERE d.datname = current_database()"
)
SYSTEM = "SELECT CAST(system_identifier AS TEXT) FROM pg_control_system()"
RIGHTS = (
    "SELECT has_function_privilege('pg_control_system()', 'EXECUTE'), "
    "has_function_privilege('pg_control_checkpoint()', 'EXECUTE'), "
    # Row versions are numbered, but not hashed, before release 14.
    "CAST(current_setting('server_version_num') AS INTEGER) >= 140000"
)
COLUMNS = (
    "SELECT CAST(n.nspname AS TEXT), CAST(c.relname AS TEXT), CAST(a.attname AS TEXT), "
    "format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, CAST(pg_get_userbyid(c.relowner) AS TEXT) "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid "
    "WHERE n.nspname = ANY(current_schemas(false)) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') "
    # As names are compared here, independent of the collation of the database.
    "AND a.attnum > 0 AND NOT a.attisdropped "
    'AND lower(CAST(c.relname AS TEXT) COLLATE "C") IN ({names}) '
    "ORDER BY array_position(current_schemas(false), n.nspname), c.relname, a.attnum"
)
INDEXES = (
    "SELECT CAST(n.nspname AS TEXT), CAST(c.relname AS TEXT), CAST(i.relname AS TEXT) "
    "FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = ANY(current_schemas(false)) "
    'AND lower(CAST(c.relname AS TEXT) COLLATE "C") IN ({names}) ORDER BY i.relname'
)


@dataclass(frozen=True, slots=True)
class ServerProfile:
    """What a server reported about itself at the first connection."""

    version: str
    identity: str
    user: str
    schema: str
    encoding: str
    locale: str
    read_only: str
    """Why it takes no writes, empty where it does."""
    started: str
    """When it was started: another time means that it was restarted, or that it is another server."""
    shows_row_versions: bool
    """Whether it shows the numbers of its row versions."""
    replication_role: str
    """Which triggers and rules run for this login: origin, replica or local."""

    @property
    def folds(self) -> frozenset[str]:
        """The types whose fingerprint it computes as defined."""
        return COVERED_TYPES if self.encoding in CODE_POINTS else COVERED_TYPES - {"char", "varchar"}

    @property
    def has_unknown_characters(self) -> bool:
        """Say whether the characters of its text are unknown."""
        return self.encoding == UNKNOWN_ENCODING

    @property
    def notes(self) -> tuple[str, ...]:
        """What is unusual about it."""
        notes = [self.read_only] if self.read_only else []
        if self.replication_role == "replica":
            notes.append(
                "treats this login as a replica (session_replication_role): only triggers enabled for "
                "replicas run, and foreign keys are not enforced"
            )
        if self.encoding not in CODE_POINTS:
            notes.append(f"stores text as {self.encoding}: tables with text are fetched and fingerprinted here")
        return tuple(notes)


@dataclass(frozen=True, slots=True)
class Layout:
    """A table as it is stored."""

    live: LiveTable
    schema: str
    table: str
    actual: Mapping[str, str]
    """The stored names of its columns, by their names in lower case."""

    @property
    def source(self) -> str:
        """The table as a statement names it, unambiguously."""
        return f"{quoted(self.schema)}.{quoted(self.table)}"

    @property
    def dialect(self) -> PostgreSQLDialect:
        """The SQL about the table."""
        return PostgreSQLDialect(actual=self.actual)


def read_profile(lease: ConnectionLease, url: ServerUrl) -> ServerProfile:
    """Read a server's profile; raises `ServerUnreachableError` where the schema of the url is not found."""
    row = lease.rows(Statement(PROFILE))[0]
    version, user, schema, database, encoding, collation, standby, read_only, started, replication_role = row
    if schema is None:
        raise ServerUnreachableError(
            f"{lease.name}: there is no schema {schema_of(url) or user!r} in {url.database}, or {user} may not use it.",
            hint="Check schema in the url, or have USAGE on it granted.",
        )
    why = "is a standby of another server: it can only be read" if standby else ""
    if read_only == "on" and not why:
        why = f"lets {user} only read (default_transaction_read_only)"
    names_itself, names_timeline, hashes = lease.rows(Statement(RIGHTS))[0]
    system = str(lease.rows(Statement(SYSTEM))[0][0]) if names_itself else ""
    place = f"system {system}, database {database}" if system else f"{url.place}/{url.database}"
    return ServerProfile(
        version=version,
        identity=f"{place}, schema {schema}",
        user=user,
        schema=schema,
        encoding=encoding,
        locale=f"{encoding}, {collation}",
        read_only=why,
        started=started,
        shows_row_versions=names_itself and names_timeline and hashes,
        replication_role=replication_role,
    )


def read_layouts(lease: ConnectionLease, names: Collection[str]) -> dict[str, Layout]:
    """Return those of the named tables that are on the search path, by their names in lower case."""
    wanted = tuple(sorted({folded(name) for name in names}))
    if not wanted:
        return {}
    columns = _grouped(lease.rows(_with_names(COLUMNS, wanted)))
    indexes = _grouped(lease.rows(_with_names(INDEXES, wanted)))
    by_name: dict[str, list[tuple[str, str]]] = {}
    for schema, table in columns:
        alike = by_name.setdefault(folded(table), [])
        # Of several schemas on the search path the first counts.
        if not alike or alike[0][0] == schema:
            alike.append((schema, table))
    found: dict[str, Layout] = {}
    for name in names:
        alike = by_name.get(folded(name), [])
        if not alike:
            continue
        meant = next((one for one in alike for wanted_name in (name, folded(name)) if one[1] == wanted_name), alike[0])
        described = columns[meant]
        live = LiveTable(
            folded(name),
            tuple(_column(*one[:3]) for one in described),
            owner=described[0][3],
            indexes=tuple(index for (index,) in indexes.get(meant, ())),
            problem=_problem(name, meant[1], alike, [one[0] for one in described]),
        )
        found[folded(name)] = Layout(live, *meant, {folded(one[0]): one[0] for one in described})
    return found


def _problem(name: str, meant: str, alike: Sequence[tuple[str, str]], columns: Sequence[str]) -> str:
    """Return why a table, or one of its columns, cannot be distinguished from another."""
    if len(alike) > 1 and meant not in (name, folded(name)):
        named = " and ".join(f'"{table}"' for _, table in alike)
        return f"has {named}, whose names differ only in case, and none is called {name}"
    twice = [one for one in columns if sum(folded(other) == folded(one) for other in columns) > 1]
    if twice:
        named = " and ".join(f'"{column}"' for column in twice)
        return f"has the columns {named}, whose names differ only in case"
    return ""


def _with_names(text: str, names: Sequence[str]) -> Statement:
    return Statement(text.format(names=", ".join("?" * len(names))), tuple(names))


def _grouped(rows: Sequence[tuple[Any, ...]]) -> dict[tuple[str, str], list[tuple[Any, ...]]]:
    found: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for schema, table, *rest in rows:
        found.setdefault((schema, table), []).append(tuple(rest))
    return found


def _column(name: str, native: str, nullable: bool) -> LiveColumn:
    live = live_type(native)
    return LiveColumn(folded(name), live, native, nullable, readable(live))
