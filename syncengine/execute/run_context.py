"""What a run works with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import pyarrow as pa

from syncengine.model.pair import Limits, Role
from syncengine.model.progress import Progress
from syncengine.model.selection import ReadQuery
from syncengine.servers.protocol import Server
from syncengine.staging.cache import Cache
from syncengine.staging.run_folder import RunFolder


class RowSource(Protocol):
    """What the rows of a step are read from, as the plan's `rows_from` says."""

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Stream rows."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """The servers, the disk and the promises of a run. Each of the two caches is used by one thread."""

    servers: Mapping[Role, Server]
    source: Callable[[Role], tuple[RowSource, str]]
    """Where rows for a server come from, and what that is called."""
    cache: Cache
    staging_cache: Cache
    run: RunFolder
    limits: Limits
    progress: Progress
    forget: Callable[[Iterable[tuple[str, int | None, date | None]]], None]
    """Drops what is remembered of tables, ACDs and days that are about to be written."""
    before_batch: Callable[[], None] = lambda: None
    """Waits until the user's own bounds let another batch begin."""
