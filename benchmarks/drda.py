"""Copies a table between two DRDA servers, next to what the driver alone does with the same rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import ibm_db
import ibm_db_dbi

from syncengine.model.pair import Role
from tests.servers.derby.loading import create_tables, load_duckdb, read_rows
from tests.servers.derby.network_server import PASSWORD, Database, NetworkServer
from tests.servers.derby.shim import Shim

ABOUT = ("acds", "arch_stat", "dcalloc", "linkex")
PLAIN_READ = 100_000
PLAIN_WRITE = 20_000
FETCHED = 8192
WRITTEN = 1000


def copied(pair_file: Path, into: Path) -> dict[str, object]:
    """Copy hsplit of an embedded pair's primary into an empty secondary, both behind DRDA, and check them."""
    with _servers(pair_file.parent, into) as (databases, ports):
        plain = _plain(ports[Role.PRIMARY], databases[Role.SECONDARY], ports[Role.SECONDARY])
        done = _resync(pair_file, into, ports)
        _assert_equal(databases)
    ratio = {
        "of plain fetchmany": round(done["rows_per_second"] / plain["fetchmany_rows_per_second"], 3),
        "of plain execute_many": round(done["rows_per_second"] / plain["execute_many_rows_per_second"], 2),
    }
    return {"copy": done, "plain driver": plain, "ratio": ratio}


@contextmanager
def _servers(source: Path, into: Path) -> Iterator[tuple[dict[Role, Database], dict[Role, int]]]:
    into.mkdir(parents=True, exist_ok=True)
    with NetworkServer(into / "derby") as server:
        databases = {role: server.create_database(str(role)) for role in Role}
        load_duckdb(databases[Role.PRIMARY], source / "primary.duckdb", ("hsplit", *ABOUT))
        load_duckdb(databases[Role.SECONDARY], source / "secondary.duckdb", ABOUT)
        create_tables(databases[Role.SECONDARY], ("hsplit",))
        for database in databases.values():
            # As a CMS has them.
            database.run("CREATE INDEX hsplit_when ON root.hsplit (row_date)")
            database.run("CREATE INDEX hsplit_split ON root.hsplit (split)")
        shims = {role: Shim(server.port, upstream_database=str(role)) for role in Role}
        for shim in shims.values():
            shim.start()
        try:
            yield databases, {role: shim.port for role, shim in shims.items()}
        finally:
            for shim in shims.values():
                shim.close()


def _resync(pair_file: Path, into: Path, ports: dict[Role, int]) -> dict[str, float]:
    text = pair_file.read_text()
    for role, port in ports.items():
        url = f"informix+ibm_db://root:${{BENCH_PASSWORD}}@127.0.0.1:{port}/cms"
        text = text.replace(f"duckdb:///{role}.duckdb", url)
    (into / "pair.toml").write_text(text)
    command = ["resync", "--pair", str(into / "pair.toml"), "--table", "hsplit", "--policy", "fill", "--yes", "--json"]
    started = time.perf_counter()
    with (into / "out.json").open("wb") as out, (into / "progress.txt").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "syncengine", *command, "--window", "2000-04-01..2000-06-04"],
            stdout=out,
            stderr=err,
            env={**os.environ, "BENCH_PASSWORD": PASSWORD},
        )
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    document = json.loads((into / "out.json").read_text())
    assert os.waitstatus_to_exitcode(status) == 0, document
    rows = sum(step["inserted"] for step in document["outcome"]["steps"])
    return {
        "rows": rows,
        "seconds": round(seconds, 1),
        "rows_per_second": round(rows / seconds),
        "peak_mb": round(usage.ru_maxrss / 1024, 1),
        "progress_lines": len((into / "progress.txt").read_text().splitlines()),
    }


def _plain(source: int, target: Database, port: int) -> dict[str, float]:
    """Measure the driver alone: fetchmany of the source, and execute_many into a table of the same shape."""
    read_connection = _connected(source)
    cursor = read_connection.cursor()
    cursor.execute("SELECT * FROM hsplit")
    started, rows = time.perf_counter(), 0
    sample: list[tuple[object, ...]] = []
    while rows < PLAIN_READ and (batch := cursor.fetchmany(FETCHED)):
        rows += len(batch)
        sample = sample if len(sample) >= PLAIN_WRITE else sample + batch
    read = rows / (time.perf_counter() - started)
    cursor.close()
    read_connection.close()
    target.run("CREATE TABLE root.plain AS SELECT * FROM root.hsplit WITH NO DATA")
    write_connection = _connected(port)
    cursor = write_connection.cursor()
    cursor.prepare(f"INSERT INTO plain VALUES ({', '.join('?' * len(sample[0]))})")
    started = time.perf_counter()
    for at in range(0, PLAIN_WRITE, WRITTEN):
        ibm_db.execute_many(cursor.stmt_handler, tuple(sample[at : at + WRITTEN]))
    write_connection.commit()
    written = min(PLAIN_WRITE, len(sample)) / (time.perf_counter() - started)
    cursor.close()
    write_connection.close()
    return {"fetchmany_rows_per_second": round(read), "execute_many_rows_per_second": round(written)}


def _connected(port: int) -> Any:  # noqa: ANN401  # the driver has no types
    connection = ibm_db_dbi.connect(
        f"DATABASE=cms;HOSTNAME=127.0.0.1;PORT={port};PROTOCOL=TCPIP;AUTHENTICATION=SERVER;", "root", PASSWORD
    )
    connection.set_fix_return_type(False)
    return connection


def _assert_equal(databases: dict[Role, Database]) -> None:
    """Assert that both servers have the same rows, repeated rows counted."""
    with duckdb.connect(":memory:") as connection:
        for role, database in databases.items():
            connection.register(f"on_{role}", read_rows(database, "hsplit"))
        there, missing, extra = connection.execute(
            "SELECT (SELECT COUNT(*) FROM on_secondary), "
            "(SELECT COUNT(*) FROM (FROM on_primary EXCEPT ALL FROM on_secondary) WHERE row_date < DATE '2000-06-05'), "
            "(SELECT COUNT(*) FROM (FROM on_secondary EXCEPT ALL FROM on_primary))"
        ).fetchall()[0]
    assert there > 0
    assert (missing, extra) == (0, 0), f"{missing} rows are missing and {extra} are not the source's"
