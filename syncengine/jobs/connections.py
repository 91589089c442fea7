"""Opens the two servers of a pair, and refuses servers that must not be written to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from math import ceil
from zoneinfo import ZoneInfo

from syncengine import machine
from syncengine.jobs.hook_commands import HookCommands
from syncengine.jobs.outside_executor import with_executor
from syncengine.model.errors import (
    InputError,
    OccupiedError,
    ServerError,
    ServerLockedError,
    ServerReadOnlyError,
    ServerUnreachableError,
)
from syncengine.model.never_pickled import NeverPickled
from syncengine.model.pair import Limits, PairSettings, Role
from syncengine.model.refusals import NoTransactionsError
from syncengine.planning.refusals import refuse_unlike_loads
from syncengine.servers.kinds import is_embedded, open_server
from syncengine.servers.protocol import Server
from syncengine.staging.ledger import Ledger

SERVER_DOWN_HINT = (
    "If the server is down, `syncengine status` says where users work until it is back, and whom to call."
)
"""Shown where both servers are needed and one is missing: it may be the first sign of a failure."""


class Connections(NeverPickled):
    """Opens the servers of one pair."""

    def __init__(
        self, settings: PairSettings, ledger: Ledger, commands: HookCommands, executor: Executor | None = None
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._commands = commands
        self._executor = executor

    @contextmanager
    def servers(
        self, writable: frozenset[Role], *, needed: frozenset[Role] = frozenset(Role), slowed_by: float = 0.0
    ) -> Iterator[Mapping[Role, Server]]:
        """Open the servers needed, those of some roles for writing, and close them at the end.

        `slowed_by` is how many seconds longer a query may take, because its rows are throttled.
        """
        opened: dict[Role, Server] = {}
        limits = self._settings.limits
        limits = replace(limits, query_seconds=limits.query_seconds + ceil(slowed_by))
        try:
            for role in (one for one in Role if one in needed):
                opened[role] = self._open_or_name_run(role, writable=role in writable, limits=limits)
            refuse_one_server(opened)
            with with_executor(opened, self._settings, limits, self._outside(writable)) as servers:
                yield servers
        finally:
            for server in opened.values():
                server.close()

    @contextmanager
    def each(
        self, *, writable: bool = False, limits: Limits | None = None
    ) -> Iterator[tuple[Mapping[Role, Server], dict[Role, ServerError]]]:
        """Open each server that can be opened, with the errors of the others, and close them at the end."""
        servers: dict[Role, Server] = {}
        failed: dict[Role, ServerError] = {}
        with ExitStack() as stack:
            for role in Role:
                try:
                    servers[role] = self.open(role, writable=writable, limits=limits or self._settings.limits)
                except ServerError as error:
                    failed[role] = error
                else:
                    stack.callback(servers[role].close)
            refuse_one_server(servers)
            outside = self._outside(frozenset(Role) if writable else frozenset())
            with with_executor(servers, self._settings, limits or self._settings.limits, outside) as opened:
                yield opened, failed

    def _outside(self, writable: frozenset[Role]) -> Executor | None:
        """Return the executor for work on the servers; none where an open server admits no other process."""
        alone = any(is_embedded(self._settings.server(role)) for role in writable)
        return None if alone else self._executor

    def _open_or_name_run(self, role: Role, *, writable: bool, limits: Limits) -> Server:
        """Open one server; where a run of this pair has it locked, the error names that run."""
        try:
            return self.open(role, writable=writable, limits=limits)
        except ServerUnreachableError as error:
            error.hint = f"{error.hint} {SERVER_DOWN_HINT}".strip()
            raise
        except ServerLockedError as error:
            holder = self._ledger.holder()
            if not holder:
                raise
            raise OccupiedError(
                f"Another run is writing to this pair: {holder}.",
                hint="`syncengine status --ledger` shows how far it is; wait until it is done, or stop it.",
            ) from error

    def open(self, role: Role, *, writable: bool, limits: Limits) -> Server:
        """Open one server; where the pair file does not give its load, the load hook may."""
        settings = self._settings.server(role)
        settings = replace(settings, load=settings.load or self._commands.load(role))
        return open_server(settings, self._settings.file.parent, writable=writable, limits=limits)

    def refuse_upgraded(self, servers: Mapping[Role, Server]) -> None:
        """Refuse to carry out a plan where the servers no longer run the same CMS load."""
        refuse_unlike_loads({role: server.describe().load for role, server in servers.items()})

    def refuse_unwritable(self, servers: Mapping[Role, Server], roles: Iterable[Role]) -> None:
        """Refuse read-only servers, and servers without transactions unless the pair file allows it."""
        for role in roles:
            capabilities = servers[role].describe().capabilities
            if capabilities.read_only:
                raise ServerReadOnlyError(
                    f"{role}: the server {capabilities.read_only}.", hint="Use the server that accepts writes."
                )
            if not capabilities.writable:
                raise ServerReadOnlyError(
                    f"{role}: the database is open for reading only.", hint="Remove read_only from the pair file."
                )
            if not capabilities.transactions and not self._settings.server(role).without_transactions:
                raise NoTransactionsError(
                    f"{role}: the database has no transaction log: a step that is cut short cannot be rolled back, "
                    "only restored from its journal.",
                    role=role,
                    hint=f"Set {role}.without_transactions = true in the pair file to write to it anyway.",
                )


def refuse_one_server(opened: Mapping[Role, Server]) -> None:
    """Refuse a pair whose two servers are one."""
    identities = {server.describe().identity for server in opened.values()}
    if len(identities) < len(opened):
        raise InputError(
            f"Primary and secondary are the same server ({identities.pop()}).",
            hint="A pair is two: correct a url in the pair file.",
        )


def as_of(settings: PairSettings) -> datetime:
    """Return what the switch's clock shows: as the pair file fixes it, else now."""
    if settings.as_of is not None:
        return settings.as_of
    zone = ZoneInfo(settings.clock_zone) if settings.clock_zone else None
    return machine.now(zone).replace(tzinfo=None)
