"""Opens the server a URL names."""

from __future__ import annotations

from pathlib import Path

from syncengine.model.errors import InputError
from syncengine.model.pair import Limits, ServerSettings
from syncengine.servers.duckdb.server import DuckDBServer
from syncengine.servers.protocol import Server

DUCKDB_SCHEME = "duckdb:///"


def database_path(settings: ServerSettings, folder: Path) -> Path:
    """Return the file of a `duckdb:///` URL; a relative path is taken from the pair file's folder."""
    return folder / settings.url.removeprefix(DUCKDB_SCHEME)


def open_server(settings: ServerSettings, folder: Path, *, writable: bool, limits: Limits) -> Server:
    """Open one server of a pair; raises `ServerError` when it cannot be reached."""
    if settings.url.startswith(DUCKDB_SCHEME):
        may_write = writable and not settings.read_only
        return DuckDBServer(database_path(settings, folder), settings.role, writable=may_write, limits=limits)
    scheme = settings.shown_url.split(":", 1)[0]
    raise InputError(
        f"{settings.role}: no server is known for urls that begin with {scheme!r}.",
        hint="Write duckdb:///FILE, with the path relative to the pair file.",
    )
