"""Verifies each server by itself: one of them, even while the other is down, or both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from syncengine.catalogue import Catalogue
from syncengine.jobs.connections import Connections, as_of
from syncengine.model.errors import WindowError
from syncengine.model.pair import PairSettings, Role
from syncengine.model.progress import Progress
from syncengine.model.rollups import InternalVerdict
from syncengine.model.spec import TableSpec
from syncengine.model.window import Window
from syncengine.observe.rollups.verify import InternalQuestions, verify_rollups
from syncengine.servers.protocol import Server
from syncengine.staging.cache import Cache


@dataclass(frozen=True, slots=True)
class InternalVerification:
    """Compares the longer archives of each server of one pair with their own intervals."""

    settings: PairSettings
    catalogue: Catalogue
    connections: Connections
    progress: Progress

    def verify(
        self, specs: tuple[TableSpec, ...], acds: tuple[int, ...], window: Window | None, on: Role | None
    ) -> InternalVerdict:
        """Return how each longer archive compares with its own intervals. Reads only."""
        now = as_of(self.settings)
        if window is not None and window.start >= now:
            raise WindowError(
                f"The window {window} lies in the future: it is {now:%Y-%m-%d %H:%M} now.",
                hint="Give a window that has passed.",
            )
        questions = InternalQuestions(self.settings, self.catalogue, now, specs, acds, window)
        with self._servers(on) as servers, Cache.of(self.settings) as cache:
            verdict = verify_rollups(servers, questions, cache, self.progress)
        if not verdict.not_compared and not any(table.groups for table in verdict.tables):
            why = next((table.problem for table in verdict.tables if table.problem), "no period of it has a row")
            where = f" of {window}" if window is not None else ""
            raise WindowError(
                f"Nothing{where} can be compared with its intervals: {why}.",
                hint="Name whole days, weeks or months that are summarised and not older than the stored intervals.",
            )
        return verdict

    @contextmanager
    def _servers(self, on: Role | None) -> Iterator[Mapping[Role, Server]]:
        if on is None:
            with self.connections.servers(frozenset()) as servers:
                yield servers
            return
        server = self.connections.open(on, writable=False, limits=self.settings.limits)
        try:
            yield {on: server}
        finally:
            server.close()
