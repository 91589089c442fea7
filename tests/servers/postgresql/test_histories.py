"""Numbers of versions that a server gives out again: each time it can, the history is another one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from syncengine.model.pair import Limits, Role
from syncengine.model.remembered_days import DayVersions
from syncengine.servers.postgresql.server import PostgreSQLServer
from tests.builders import hsplit
from tests.servers.postgresql.cluster import Cluster, Database
from tests.servers.postgresql.conftest import fill
from tests.servers.postgresql.loading import create_table
from tests.servers.postgresql.test_row_versions import versions

pytestmark = [pytest.mark.postgresql, pytest.mark.soak]
SECONDS = 60


@contextmanager
def own_cluster() -> Iterator[tuple[Cluster, Database]]:
    """Give a cluster that may be killed, and a database in it."""
    cluster = Cluster()
    cluster.start()
    try:
        database = cluster.create_database()
        create_table(database, "hsplit")
        fill(database, hsplit(500))
        yield cluster, database
    finally:
        cluster.stop()


def versions_of(database: Database) -> DayVersions:
    """Return the versions that a server opened anew tells, as soon as it answers."""
    until = time.monotonic() + SECONDS
    while True:
        try:
            server = PostgreSQLServer(database.url(), Role.PRIMARY, writable=False, limits=Limits())
        except Exception:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
            continue
        try:
            return versions(server)
        finally:
            server.close()


def process_of(cluster: Cluster) -> subprocess.Popen[bytes]:
    """Return the server's own process."""
    process = cluster._process  # noqa: SLF001
    assert process is not None
    return process


def restarted(cluster: Cluster) -> None:
    """Start a server again that has ended, as it was started."""
    folder = cluster.folder
    cluster._process = subprocess.Popen(process_of(cluster).args, cwd=folder, stdin=subprocess.DEVNULL)  # noqa: SLF001


def end(cluster: Cluster, how: signal.Signals) -> None:
    """End a server, at once or as it is shut down."""
    process_of(cluster).send_signal(how)
    process_of(cluster).wait(timeout=SECONDS)


def copied(folder: Path, to: Path) -> None:
    """Copy a folder with the owners of its files."""
    subprocess.run([shutil.which("cp") or "cp", "-a", str(folder), str(to)], check=True)


def test_a_backend_that_is_killed_makes_another_history() -> None:
    """A crash that the server recovers from by itself, without a restart, is noticed."""
    with own_cluster() as (cluster, database):
        before = versions_of(database)
        started = cluster.admin.run("SELECT pg_postmaster_start_time()")
        (pid,) = database.run("SELECT pg_backend_pid()")[0]
        os.kill(pid, signal.SIGKILL)
        for one in (database, cluster.admin):
            one.close()

        after = versions_of(database)

        assert cluster.admin.run("SELECT pg_postmaster_start_time()") == started
        assert after.days == before.days
        assert after.history != before.history


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_server_that_is_started_again_has_another_history(how: signal.Signals) -> None:
    """Shut down or killed, once it runs again its history is another."""
    with own_cluster() as (cluster, database):
        cluster.admin.run("CHECKPOINT")
        before = versions_of(database)
        for one in (database, cluster.admin):
            one.close()
        end(cluster, how)
        restarted(cluster)

        after = versions_of(database)

        assert after.days == before.days
        assert after.history != before.history


def test_restored_files_reach_the_same_numbers_in_another_history() -> None:
    """A restored copy of the files gives the same write the same number: only the history tells that it is another."""
    with own_cluster() as (cluster, database):
        data, copy = cluster.folder / "data", cluster.folder / "copy"
        for one in (database, cluster.admin):
            one.close()
        end(cluster, signal.SIGINT)
        copied(data, copy)
        found = []
        for calls in (1, 2):
            shutil.rmtree(data)
            copied(copy, data)
            restarted(cluster)
            versions_of(database)
            database.run(f"UPDATE hsplit SET acdcalls = {calls}")
            found.append(versions_of(database))
            database.close()
            end(cluster, signal.SIGINT)
        restarted(cluster)
        versions_of(database)

        assert found[0].days == found[1].days
        assert found[0].history != found[1].history
