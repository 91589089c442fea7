"""Opens the server a URL names."""

from __future__ import annotations

from pathlib import Path

from syncengine.model.errors import InputError
from syncengine.model.pair import Limits, ServerSettings
from syncengine.servers.driver_loading import INFORMIX, POSTGRESQL, loading
from syncengine.servers.duckdb.server import DuckDBServer
from syncengine.servers.informix import url as informix
from syncengine.servers.masked import MaskedServer
from syncengine.servers.masked_errors import masking
from syncengine.servers.postgresql import url as postgresql
from syncengine.servers.protocol import Server
from syncengine.servers.retry import RetryingServer

DUCKDB_SCHEME = "duckdb:///"


def database_path(settings: ServerSettings, folder: Path) -> Path:
    """Return the file of a `duckdb:///` URL; a relative path is taken from the pair file's folder."""
    return folder / settings.url.removeprefix(DUCKDB_SCHEME)


def is_embedded(settings: ServerSettings) -> bool:
    """Say whether a server is a file, which only one process can open for writing, and then no other at all."""
    return settings.url.startswith(DUCKDB_SCHEME)


def open_server(settings: ServerSettings, folder: Path, *, writable: bool, limits: Limits) -> Server:
    """Open one server of a pair; raises `ServerError` when it cannot be reached.

    Nothing it reports or raises shows the values that its url takes from the environment.
    """
    with masking(settings.mask):
        server = _opened(settings, folder, writable=writable and not settings.read_only, limits=limits)
    masked = MaskedServer(server, settings.mask) if settings.mask else server
    return masked if isinstance(server, DuckDBServer) else RetryingServer(masked)


def _opened(settings: ServerSettings, folder: Path, *, writable: bool, limits: Limits) -> Server:
    if is_embedded(settings):
        path = database_path(settings, folder)
        return DuckDBServer(path, settings.role, writable=writable, limits=limits, load=settings.load)
    scheme = settings.shown_url.split(":", 1)[0]
    if scheme in informix.SCHEMES:
        return _informix(settings, writable=writable, limits=limits)
    if scheme in postgresql.SCHEMES:
        return _postgresql(settings, writable=writable, limits=limits)
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
