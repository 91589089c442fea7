"""Stands between ibm_db and Derby so that the client seems to talk to Informix, and injects faults."""

from __future__ import annotations

import contextlib
import pickle
import re
import socket
import sys
import threading
from collections import deque
from typing import Any, BinaryIO, Self

from tests.servers.derby.faults import Faults
from tests.servers.derby.relay import Relay
from tests.servers.derby.sql_session import Session

REMEMBERED = 10_000
VERSION = re.compile(r"([0-9]+)\.([0-9]+)")


class Proxy:
    """A proxy at a port of its own, in threads, in front of one Derby database.

    Clients ask for the database by its Informix name; `upstream_database` is what it is called in Derby, where that
    is not the same. A database of any other name is passed on as it is, and so not found.
    """

    def __init__(
        self,
        upstream_port: int,
        *,
        database: str = "cms",
        upstream_database: str | None = None,
        owner: str = "root",
        port: int = 0,
        version: str = "14.10.FC9",
        unlogged: bool = False,
    ) -> None:
        self.upstream_port = upstream_port
        self.database = database
        self.upstream_database = (upstream_database or database).upper()
        self.owner = owner
        self.port = port
        self.version = version
        self.unlogged = unlogged
        self.refuse_login: int | None = None
        """A DRDA security check code to refuse every login with: 0x0E is an expired password."""
        self.faults = Faults()
        self.statements: deque[str] = deque(maxlen=REMEMBERED)
        """The SQL texts as clients sent them to be prepared or executed at once."""
        self.requests: deque[tuple[str, str]] = deque(maxlen=REMEMBERED)
        """Every request by the name of its command, with the SQL text it is about."""
        self.released = threading.Event()
        self._listener: socket.socket | None = None
        self._relays: set[Relay] = set()
        self._lock = threading.Lock()

    def start(self) -> Self:
        """Listen, where it does not, at the same port as before."""
        if self._listener is not None:
            return self
        self.released.clear()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Stop listening and break all connections; clients are refused until it is started again."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.disconnect()

    def disconnect(self) -> None:
        """Break all connections at once."""
        self.release()
        with self._lock:
            relays, self._relays = self._relays, set()
        for relay in relays:
            relay.close()
        for relay in relays:
            relay.join()

    def release(self) -> None:
        """Let go what a stall holds."""
        self.released.set()
        self.released = threading.Event()

    @property
    def connections(self) -> int:
        """Return how many connections there are."""
        with self._lock:
            return len(self._relays)

    @property
    def product(self) -> str:
        """Return the product id a server of this version gives."""
        match = VERSION.match(self.version)
        return f"IFX{int(match[1]):02d}{int(match[2]):02d}0" if match else "IFX12100"

    def new_session(self) -> Session:
        """Return what a new connection begins with."""
        return Session(self.database, self.version, logged=not self.unlogged)

    def forget(self, relay: Relay) -> None:
        """Take a connection that has ended off the list."""
        with self._lock:
            self._relays.discard(relay)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.upstream_port))
            except OSError:
                client.close()
                continue
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            relay = Relay(self, client, server)
            with self._lock:
                self._relays.add(relay)
            relay.start()


def obey(orders: BinaryIO, answers: BinaryIO) -> None:
    """Do what a test orders, one pickled name and its arguments at a time, until the orders end."""
    name, settings = pickle.load(orders)  # noqa: S301  # the test's own words
    assert name == "make"
    proxy = Proxy(**settings)
    while True:
        if name == "make":
            proxy.stop()
            proxy = Proxy(**settings)
        pickle.dump(("ok", None) if name == "make" else _done(proxy, name, settings), answers)
        answers.flush()
        try:
            name, settings = pickle.load(orders)  # noqa: S301  # the test's own words
        except EOFError:
            proxy.stop()
            return


def _done(proxy: Proxy, name: str, given: Any) -> tuple[str, Any]:
    try:
        match name:
            case "start":
                return "ok", proxy.start().port
            case "set":
                setattr(proxy, *given)
                return "ok", None
            case "get":
                value = getattr(proxy, given)
                return "ok", list(value) if isinstance(value, deque) else value
            case "forget":
                proxy.statements.clear()
                proxy.requests.clear()
                return "ok", None
            case "stop" | "disconnect" | "release":
                return "ok", getattr(proxy, name)()
            case "add":
                proxy.faults.add(given)
                return "ok", None
            case "clear":
                proxy.faults.clear()
                return "ok", None
            case "fired":
                return "ok", proxy.faults.fired(given)
            case _:
                return "error", f"no such order: {name}"
    except OSError as error:
        return "error", str(error)


if __name__ == "__main__":
    obey(sys.stdin.buffer, sys.stdout.buffer)
