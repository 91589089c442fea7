"""Tries again what a server refused only for the moment: a bounded number of times, with growing random waits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

import pyarrow as pa
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from syncengine.model.bucket import Bucket, BucketColumns, BucketState
from syncengine.model.errors import ServerError, UnknownOutcomeError
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.interrupts import asked_to_stop
from syncengine.model.remembered_days import DaysQuery, DayVersions
from syncengine.model.selection import ReadQuery
from syncengine.model.spec import ColumnType
from syncengine.model.surroundings import Surroundings
from syncengine.servers.protocol import Bounds, LiveTable, Server, ServerDescription, SessionState, WriteSession

log = logging.getLogger(__name__)

ATTEMPTS = 4
FIRST_WAIT = 1.0
LONGEST_WAIT = 20.0
"""Seconds; the waits are drawn from ever wider ranges up to it, so that two who collided do not meet again."""

Result = TypeVar("Result")


def is_transient(error: BaseException) -> bool:
    """Say whether the same again may succeed. A commit of unknown outcome is never tried again blindly."""
    return isinstance(error, ServerError) and error.transient and not isinstance(error, UnknownOutcomeError)


def tried(do: Callable[[], Result], *, when: Callable[[BaseException], bool] = is_transient) -> Result:
    """Return what a call returns, which must be whole in itself: what it began is begun anew.

    `when` says which errors are worth another try. Each new try is a line in the log. Raises what the last one raised.
    """
    return Retrying(
        retry=retry_if_exception(lambda error: when(error) and not asked_to_stop()),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT),
        before_sleep=_tell,
        reraise=True,
    )(do)


def _tell(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    message = error.message if isinstance(error, ServerError) else str(error)
    wait = state.next_action.sleep if state.next_action else 0.0
    log.warning("%s Try %d of %d in %.1f seconds.", message, state.attempt_number + 1, ATTEMPTS, wait)


class RetryingServer:
    """A server whose questions are asked again. What is streamed or written is the caller's to begin anew."""

    def __init__(self, inner: Server) -> None:
        self._inner = inner

    def describe(self) -> ServerDescription:
        """Pass it on."""
        return self._inner.describe()

    def tables(self, names: Collection[str]) -> Mapping[str, LiveTable]:
        """Ask, and again."""
        return tried(lambda: self._inner.tables(names))

    def surroundings(self, names: Collection[str]) -> Mapping[str, Surroundings]:
        """Ask, and again."""
        return tried(lambda: self._inner.surroundings(names))

    def fingerprint(self, query: FingerprintQuery) -> Iterator[tuple[Bucket, BucketState]]:
        """Ask, and again; the answer is held until it is whole."""
        return iter(tried(lambda: list(self._inner.fingerprint(query))))

    def bounds(self, table: str, columns: BucketColumns) -> tuple[Bounds, ...]:
        """Ask, and again."""
        return tried(lambda: self._inner.bounds(table, columns))

    def highest(self, table: str, column: str) -> int:
        """Ask, and again."""
        return tried(lambda: self._inner.highest(table, column))

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Pass it on: whoever reads a stream to its end begins it anew."""
        return self._inner.read(query)

    def begin(self) -> AbstractContextManager[WriteSession]:
        """Pass it on: a step is tried again as a whole."""
        return self._inner.begin()

    def scratch(self, columns: Sequence[tuple[str, ColumnType]]) -> AbstractContextManager[str]:
        """Pass it on."""
        return self._inner.scratch(columns)

    def session_state(self, session: str) -> SessionState:
        """Ask, and again."""
        return tried(lambda: self._inner.session_state(session))

    def ending(self, session: str) -> str:
        """Pass it on."""
        return self._inner.ending(session)

    def day_versions(self, query: DaysQuery) -> DayVersions | None:
        """Ask, and again."""
        return tried(lambda: self._inner.day_versions(query))

    def waiting(self) -> int | None:
        """Ask, and again."""
        return tried(self._inner.waiting)

    def interrupt(self) -> None:
        """Pass it on."""
        self._inner.interrupt()

    def close(self) -> None:
        """Pass it on."""
        self._inner.close()
