"""Opens the server a URL names."""

from __future__ import annotations

from pathlib import Path

from syncengine.model.errors import InputError
from syncengine.model.pair import Limits, ServerSettings
from syncengine.servers.driver_loading import INFORMIX, POSTGRESQL, loading
from syncengine.servers.duckdb.server import DuckDBServer
from syncengine.servers.informix import url as informix
from syncengine.servers.postgresql import url as postgresql
from syncengine.servers.protocol import Server
from syncengine.servers.retry import RetryingServer

DUCKDB_SCHEME = "duckdb:///"


def database_path(settings: ServerSettings, folder: Path) -> Path:
    """Return the file of a `duckdb:///` URL; a relative path is taken from the pair file's folder."""
    return folder / settings.url.removeprefix(DUCKDB_SCHEME)


def open_server(settings: ServerSettings, folder: Path, *, writable: bool, limits: Limits) -> Server:
    """Open one server of a pair; raises `ServerError` when it cannot be reached."""
    if settings.url.startswith(DUCKDB_SCHEME):
        may_write = writable and not settings.read_only
        path = database_path(settings, folder)
        return DuckDBServer(path, settings.role, writable=may_write, limits=limits, load=settings.load)
    scheme = settings.shown_url.split(":", 1)[0]
    if scheme in informix.SCHEMES:
        return RetryingServer(_informix(settings, writable=writable and not settings.read_only, limits=limits))
    if scheme in postgresql.SCHEMES:
        return RetryingServer(_postgresql(settings, writable=writable and not settings.read_only, limits=limits))
    raise InputError(
        f"{settings.role}: no server is known for urls that begin with {scheme!r}.",
        hint="Write informix+ibm_db://USER:${PASSWORD}@HOST:PORT/DATABASE, postgresql://USER:${PASSWORD}@HOST/DATABASE "
        "or duckdb:///FILE.",
    )


def _informix(settings: ServerSettings, *, writable: bool, limits: Limits) -> Server:
    with loading(settings.role, INFORMIX):
        from syncengine.servers.informix.server import InformixServer
    return InformixServer(settings.url, settings.role, writable=writable, limits=limits, load=settings.load)


def _postgresql(settings: ServerSettings, *, writable: bool, limits: Limits) -> Server:
    with loading(settings.role, POSTGRESQL):
        from syncengine.servers.postgresql.server import PostgreSQLServer
    return PostgreSQLServer(settings.url, settings.role, writable=writable, limits=limits, load=settings.load)
