"""Starts and commands a proxy that makes ibm_db believe that Derby is Informix."""

from __future__ import annotations

import argparse
import atexit
import contextlib
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.servers.derby.faults import Fault
from tests.servers.derby.proxy import Proxy

PROJECT = Path(__file__).resolve().parents[3]
_IDLE: list[subprocess.Popen[bytes]] = []
"""Processes of shims that were closed, to be used again."""


class ShimError(Exception):
    """The proxy could not carry out an order."""


class ArmedFaults:
    """The faults that wait in the proxy for their request."""

    def __init__(self, shim: Shim) -> None:
        self._shim = shim

    def add(self, fault: Fault) -> Fault:
        """Arm a fault and return it."""
        self._shim.order("add", fault)
        return fault

    def clear(self) -> None:
        """Forget all faults."""
        self._shim.order("clear")

    def fired(self, fault: Fault) -> int:
        """Return how often a fault has fired."""
        times: int = self._shim.order("fired", fault.number)
        return times


class Shim:
    """A proxy at a port of its own in front of one Derby database.

    Clients ask for the database by its Informix name; `upstream_database` is what it is called in Derby, where that
    is not the same. A database of any other name is passed on as it is, and so not found.

    The proxy is a process of its own: the driver holds Python's lock while it asks the server for the text of an
    error, so that a proxy in the process of the test could never answer it.
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
        self.port = port
        self.faults = ArmedFaults(self)
        self._settings = {
            "upstream_port": upstream_port,
            "database": database,
            "upstream_database": upstream_database,
            "owner": owner,
            "port": port,
            "version": version,
            "unlogged": unlogged,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def start(self) -> Self:
        """Listen, at the same port as before where it was stopped."""
        if self._process is None:
            self._process = _IDLE.pop() if _IDLE else _begun()
            self.order("make", self._settings)
        self.port = self.order("start")
        return self

    def stop(self) -> None:
        """Break all connections and refuse new ones, until it is started again."""
        self.order("stop")

    def close(self) -> None:
        """Stop it for good, and leave its process to the next one."""
        process = self._process
        if process is None:
            return
        try:
            self.stop()
        except BaseException:
            _end(process)
            raise
        else:
            _IDLE.append(process)
        finally:
            self._process = None

    def disconnect(self) -> None:
        """Break all connections at once."""
        self.order("disconnect")

    def release(self) -> None:
        """Let go what stalls hold."""
        self.order("release")

    def forget(self) -> None:
        """Empty the records of statements and requests."""
        self.order("forget")

    def set(self, name: str, value: Any) -> None:
        """Change what new connections find: `version`, `unlogged`, `database`, `owner` or `refuse_login`.

        `refuse_login` is a DRDA security check code to refuse every login with: 0x0E is an expired password.
        """
        self.order("set", (name, value))

    @property
    def statements(self) -> list[str]:
        """Return the SQL texts as clients sent them to be prepared or executed at once."""
        texts: list[str] = self.order("get", "statements")
        return texts

    @property
    def requests(self) -> list[tuple[str, str]]:
        """Return every request by the name of its command, with the SQL text it is about."""
        named: list[tuple[str, str]] = self.order("get", "requests")
        return named

    @property
    def connections(self) -> int:
        """Return how many connections there are."""
        count: int = self.order("get", "connections")
        return count

    def order(self, name: str, given: Any = None) -> Any:
        """Have the proxy do something, and return what it answers."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise ShimError("the shim was not started")
        with self._turn:
            pickle.dump((name, given), process.stdin)
            process.stdin.flush()
            kind, value = pickle.load(process.stdout)  # noqa: S301  # the proxy's own words
        if kind != "ok":
            raise ShimError(value)
        return value


def _begun() -> subprocess.Popen[bytes]:
    """Begin the process of a proxy."""
    command = [sys.executable, "-m", "tests.servers.derby.proxy"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=PROJECT)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process of a proxy."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


@atexit.register
def end_idle() -> None:
    """End the processes that wait for another shim."""
    while _IDLE:
        _end(_IDLE.pop())


def main() -> None:
    """Run a proxy until it is interrupted."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--upstream", type=int, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", default="cms")
    parser.add_argument("--upstream-database")
    given = parser.parse_args()
    proxy = Proxy(given.upstream, database=given.database, upstream_database=given.upstream_database, port=given.port)
    proxy.start()
    sys.stdout.write(f"ready {proxy.port}\n")
    sys.stdout.flush()
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
    proxy.stop()


if __name__ == "__main__":
    main()
