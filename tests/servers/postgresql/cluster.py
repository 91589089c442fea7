"""A PostgreSQL cluster that lives as long as the tests that need it, in a temporary folder and on a free port."""

from __future__ import annotations

import atexit
import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa

DEBIAN = "apt-get install postgresql"
DRIVER = "pip install '.[postgresql]'"
SUPERUSER = "postgres"
LOGIN, PASSWORD = "cms", "ge:heim@/ü%41 '\\#?"
"""Who owns the databases; the password has every sign that means something in a url or a connection string."""
START_SECONDS = 60.0
OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "80",
    "max_prepared_transactions": "5",
    "deadlock_timeout": "200ms",
    "shared_buffers": "64MB",
    "autovacuum": "off",
}
ACTIVE = "state = 'active'"
"""Of a backend that works on a statement."""


def missing() -> str | None:
    """Say in one sentence what this machine lacks to run the server; None where nothing is."""
    if _binaries() is None:
        return f"no initdb and postgres: {DEBIAN}"
    if os.geteuid() == 0 and (shutil.which("setpriv") is None or _unprivileged() is None):
        return "no setpriv or no user to run the server as, which refuses to run as root: apt-get install util-linux"
    if importlib.util.find_spec("adbc_driver_postgresql") is None:
        return f"no driver: {DRIVER}"
    return None


@cache
def cluster() -> Cluster:
    """Return the cluster of this process, started when it is first asked for."""
    started = Cluster()
    started.start()
    atexit.register(started.stop)
    return started


def stop() -> None:
    """Stop the cluster of this process, if it was started."""
    if cluster.cache_info().currsize:
        cluster().stop()
        cluster.cache_clear()


class Cluster:
    """One cluster, which only logins with a password reach."""

    def __init__(self) -> None:
        self.port = 0
        self.folder = Path(tempfile.mkdtemp(prefix="syncengine-postgresql-"))
        self._secret = secrets.token_hex(8)
        self._process: subprocess.Popen[bytes] | None = None
        self._admin: Database | None = None
        self._made: list[Database] = []
        self._filled: dict[Hashable, str] = {}

    def start(self) -> None:
        """Make the cluster and return when it answers."""
        user = _unprivileged() if os.geteuid() == 0 else None
        password = self.folder / "password"
        password.write_text(self._secret)
        if user is not None:
            for path in (self.folder, password):
                os.chown(path, user.pw_uid, user.pw_gid)
        binaries = _binaries()
        assert binaries is not None
        data = self.folder / "data"
        made = ["-D", str(data), "-U", SUPERUSER, "-A", "scram-sha-256", f"--pwfile={password}", "--no-sync"]
        subprocess.run(
            [*_as(user), str(binaries / "initdb"), *made, "-E", "UTF8", "--locale=C"],
            check=True,
            capture_output=True,
            cwd=self.folder,
        )
        self.port = _free_port()
        settings = [part for name, value in OPTIONS.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*_as(user), str(binaries / "postgres"), "-D", str(data), "-p", str(self.port), *settings],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
            )
        self._admin = self._answering()
        self.create_login(LOGIN)

    def stop(self) -> None:
        """Stop it at once and remove its files."""
        for database in (*self._made, *([self._admin] if self._admin is not None else [])):
            database.close()
        self._made, self._admin = [], None
        if self._process is not None:
            # The postmaster is the child itself: setpriv has become it.
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=5)
            self._process.kill()
            self._process.wait()
            self._process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def admin(self) -> Database:
        """The superuser's connection."""
        assert self._admin is not None
        return self._admin

    @property
    def log(self) -> str:
        """What the server has logged."""
        return (self.folder / "log").read_text(errors="replace")

    def create_filled(self, key: Hashable, fill: Callable[[Database], None]) -> Database:
        """Make a database as a function fills it, which is asked once for each key."""
        if key not in self._filled:
            filled = self.create_database()
            fill(filled)
            filled.close()
            self._filled[key] = filled.name
        return self.create_database(template=self._filled[key])

    def create_database(self, *, encoding: str = "UTF8", owner: str = LOGIN, template: str = "template0") -> Database:
        """Make a database of a new name: an empty one, or a copy of one that nobody uses."""
        name = f"cms_{secrets.token_hex(4)}"
        self.admin.run(f"CREATE DATABASE {name} OWNER {owner} TEMPLATE {template} ENCODING '{encoding}'")
        self._made.append(Database(self.port, name, LOGIN, PASSWORD))
        return self._made[-1]

    def drop_database(self, database: Database) -> None:
        """Remove a database, whoever is connected to it."""
        database.close()
        self.admin.run(f"DROP DATABASE IF EXISTS {database.name} WITH (FORCE)")

    def create_login(self, name: str, options: str = "") -> None:
        """Make a login that may do nothing yet; its password is that of all."""
        self.admin.run(f"CREATE ROLE {name} LOGIN PASSWORD {literal(PASSWORD)} {options}")

    def drop_login(self, name: str, database: Database) -> None:
        """Remove a login, and what it was granted in a database."""
        with self.as_superuser(database) as superuser:
            superuser.run(f"DROP OWNED BY {name}")
        self.admin.run(f"DROP ROLE {name}")

    def backends(self, database: Database, *, having: str) -> list[int]:
        """Return the processes that serve a database and have something, as `pg_stat_activity` tells it."""
        query = f"SELECT pid FROM pg_stat_activity WHERE datname = {literal(database.name)} AND {having}"
        return [int(pid) for (pid,) in self.admin.run(query)]

    @contextmanager
    def as_superuser(self, database: Database) -> Iterator[Database]:
        """Give a database as the superuser reaches it."""
        superuser = Database(self.port, database.name, SUPERUSER, self._secret)
        try:
            yield superuser
        finally:
            superuser.close()

    def _answering(self) -> Database:
        """Return the superuser's connection as soon as there is one."""
        assert self._process is not None
        admin = Database(self.port, "postgres", SUPERUSER, self._secret)
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                admin.run("SELECT 1")
            except Exception as error:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"PostgreSQL did not start:\n{self.log}") from error
                time.sleep(0.05)
            else:
                return admin


@dataclass
class Database:
    """One database as one login reaches it, without the code under test."""

    port: int
    name: str
    login: str
    password: str = field(repr=False)
    _connection: Any = field(default=None, repr=False)

    def url(self, *, user: str | None = None, **options: str) -> str:
        """Return its url, password and all, percent-encoded; all logins have the same password."""
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in options.items())
        login = f"{user or self.login}:{quote(self.password, safe='')}"
        return f"{self.url_for(login)}{'?' if query else ''}{query}"

    def url_for(self, login: str) -> str:
        """Return its url with a login as it is to stand there."""
        return f"postgresql://{login}@127.0.0.1:{self.port}/{self.name}"

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement, which is committed, and return its rows."""
        with self._opened().cursor(adbc_stmt_kwargs={"adbc.postgresql.use_copy": "false"}) as cursor:
            cursor.execute(sql, list(values) or None)
            return [tuple(row) for row in cursor.fetchall()]

    def fetch(self, sql: str) -> pa.Table:
        """Return the rows of a query as Arrow."""
        with self._opened().cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetch_arrow_table()

    def copy(self, table: str, rows: pa.Table, schema: str = "public") -> None:
        """Append rows to a table, columns by name, as the driver's own COPY does it."""
        with self._opened().cursor() as cursor:
            cursor.adbc_ingest(table, rows, mode="append", db_schema_name=schema)

    def close(self) -> None:
        """End the connection; the next statement opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def another(self) -> Iterator[Database]:
        """Return it over a connection of its own, for what must go on beside."""
        other = Database(self.port, self.name, self.login, self.password)
        try:
            yield other
        finally:
            other.close()

    def _opened(self) -> Any:
        if self._connection is None:
            from adbc_driver_postgresql import dbapi

            self._connection = dbapi.connect(self.url(client_encoding="UTF8"), autocommit=True)
        return self._connection


def literal(text: str) -> str:
    """Return text as SQL writes it, where nothing can be bound."""
    return "'" + text.replace("'", "''") + "'"


def environment() -> Mapping[str, str]:
    """Return the variables a pair file takes passwords from."""
    return {"CMS_PASSWORD": PASSWORD}


def _binaries() -> Path | None:
    """Return the folder of the newest server programs: Debian keeps them off the path."""
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    folders.sort(key=lambda folder: float(folder.parent.name))
    on_path = shutil.which("postgres")
    found = [Path(on_path).resolve().parent] if on_path else folders[::-1]
    return next((folder for folder in found if (folder / "initdb").exists()), None)


def _unprivileged() -> pwd.struct_passwd | None:
    """Return whom to run the server as, which refuses to run as root."""
    for name in (SUPERUSER, "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    return None


def _as(user: pwd.struct_passwd | None) -> list[str]:
    """Return what runs a program as somebody else, and ends it when this process does."""
    if user is None:
        return []
    ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return ["setpriv", *ids, "--pdeathsig=QUIT"]


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
