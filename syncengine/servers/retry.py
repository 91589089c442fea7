"""Retries transient errors of a server: a bounded number of times, with growing random waits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Concatenate, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from syncengine import machine
from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.errors import ServerError, UnknownOutcomeError
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.interrupts import stop_requested
from syncengine.servers.forwarding import Answer, Forwarding, ForwardingServer, Params, forwarded
from syncengine.servers.protocol import Server

log = logging.getLogger(__name__)

ATTEMPTS = 4
FIRST_WAIT = 1.0
LONGEST_WAIT = 20.0
"""Seconds; the waits are drawn from ever wider ranges up to it, so that two sessions do not collide again."""

Result = TypeVar("Result")


def is_transient(error: BaseException) -> bool:
    """Say whether a retry may succeed. A commit of unknown outcome is never retried blindly."""
    return isinstance(error, ServerError) and error.transient and not isinstance(error, UnknownOutcomeError)


def with_retries(do: Callable[[], Result], *, when: Callable[[BaseException], bool] = is_transient) -> Result:
    """Return the result of a call, which is repeated as a whole.

    `when` says which errors are retried. Each retry is a line in the log. Raises the error of the last try.
    """
    return Retrying(
        retry=retry_if_exception(lambda error: when(error) and not stop_requested()),
        stop=stop_after_attempt(ATTEMPTS),
        wait=_wait,
        sleep=machine.sleep,
        before_sleep=_warn,
        reraise=True,
    )(do)


def _wait(state: RetryCallState) -> float:
    """Return how long to wait before the next try."""
    return machine.fraction() * min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (state.attempt_number - 1))


def _warn(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    message = error.message if isinstance(error, ServerError) else str(error)
    wait = state.next_action.sleep if state.next_action else 0.0
    log.warning("%s Try %d of %d in %.1f seconds.", message, state.attempt_number + 1, ATTEMPTS, wait)


def retried(
    method: Callable[Concatenate[Server, Params], Answer],
) -> Callable[Concatenate[Forwarding[Server], Params], Answer]:
    """Return a method of a server with retries; its answer must be complete when it returns."""
    call = forwarded(method)

    def retrying(self: Forwarding[Server], /, *args: Params.args, **kwargs: Params.kwargs) -> Answer:
        return with_retries(lambda: call(self, *args, **kwargs))

    return retrying


class RetryingServer(ForwardingServer):
    """A server whose queries are retried. Streams and writes are for the caller to retry."""

    tables = retried(Server.tables)
    surroundings = retried(Server.surroundings)
    bounds = retried(Server.bounds)
    highest = retried(Server.highest)
    session_state = retried(Server.session_state)
    day_versions = retried(Server.day_versions)
    waiting_sessions = retried(Server.waiting_sessions)

    def fingerprint(self, query: FingerprintQuery) -> Iterator[tuple[Bucket, BucketState]]:
        """Retry until the answer is complete."""
        return iter(with_retries(lambda: list(self._inner.fingerprint(query))))
