"""The context of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date

from syncengine.execute.batches import Batch
from syncengine.execute.preparation import PreparedPart, RowSource
from syncengine.model.pair import Limits, Role
from syncengine.model.progress import Progress
from syncengine.servers.protocol import Server
from syncengine.staging.cache import Cache
from syncengine.staging.run_folder import RunFolder


@dataclass(frozen=True, slots=True)
class RunContext:
    """The servers, the files and the limits of a run. Each of the two caches is used by one thread."""

    servers: Mapping[Role, Server]
    source: Callable[[Role], tuple[RowSource, str]]
    """Where rows for a server come from, and its name in messages."""
    cache: Cache
    staging_cache: Cache
    run: RunFolder
    limits: Limits
    progress: Progress
    forget: Callable[[Iterable[tuple[str, int | None, date | None]]], None]
    """Drops remembered results of tables, ACDs and days that are about to be written."""
    prepare_elsewhere: Callable[[Batch], Future[list[PreparedPart]]] | None = None
    """Prepares a batch on an executor; None where that is done here."""
    before_batch: Callable[[], None] = lambda: None
    """Waits until another batch may begin."""
