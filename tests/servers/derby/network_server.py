"""Runs Apache Derby's network server, and makes databases with an Informix face in it."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

HERE = Path(__file__).parent
CACHED = HERE.parents[2] / "build" / "derby"
"""Where compiled classes and empty databases are cached for all processes and for the next run."""
JARS = tuple(Path("/usr/share/java") / name for name in ("derby.jar", "derbynet.jar"))
DEBIAN = "apt-get install libderby-java openjdk-17-jdk-headless"
OPTIONS = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-Dderby.system.durability=test",
    "-Dderby.locks.waitTimeout=2",
    "-Dderby.locks.deadlockTimeout=1",
    "-Dderby.storage.pageCacheSize=8000",
    "-Dderby.stream.error.logSeverityLevel=40000",
)
COLUMN, ROW, NULL = "\x1f", "\x1e", "\x1a"
OWNER, READER, PASSWORD = "root", "reader", "secret"


def missing() -> str | None:
    """Say in one sentence what this machine lacks to run the server; None where nothing is."""
    lacking = [name for name in ("java", "javac") if shutil.which(name) is None]
    lacking += [str(jar) for jar in JARS if not jar.exists()]
    return f"no {', no '.join(lacking)}: {DEBIAN}" if lacking else None


class OrderError(Exception):
    """The server refused an order; the text is Derby's."""


@dataclass(frozen=True)
class Database:
    """One database of a running server, reached inside the server's process, not over the wire."""

    server: NetworkServer
    name: str
    owner: str = OWNER
    password: str = PASSWORD

    def run(self, sql: str) -> list[tuple[str | None, ...]]:
        """Run one statement of Derby's SQL as the owner, commit, and return the rows as text."""
        return self.server.run(self, sql)

    def close(self) -> None:
        """Shut the database down; the next connection starts it again."""
        self.server.shut_down(self)

    def set_locale(self, locale: str) -> None:
        """Have the catalogue name another locale, such as `cs_CZ.57372`."""
        self.run(f"UPDATE face.settings SET locale = '{locale}'")

    def pretend_type(self, table: str, column: str, coltype: int, collength: int, extended_id: int = 0) -> None:
        """Have the catalogue give a column another Informix type than its Derby type stands for."""
        self.run(
            f"INSERT INTO face.type_overrides SELECT tableid, '{column.upper()}', {coltype}, {collength}, {extended_id}"
            f" FROM face.tables WHERE owner = '{self.owner.lower()}' AND tabname = '{table.lower()}'"
        )


class NetworkServer:
    """Derby's network server at a free port of this machine, its databases in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self._process: subprocess.Popen[str] | None = None
        self._turn = threading.Lock()
        self._opened: set[str] = set()
        self._filled: dict[Hashable, Path] = {}

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self) -> Self:
        """Start the server, where it does not run, and return when it answers."""
        if self._process is not None:
            return self
        classes = self._compiled()
        home = self.folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        path = ":".join(str(one) for one in (classes, *JARS))
        command = ["java", *OPTIONS, f"-Dderby.system.home={home}", "-cp", path, "ServerMain", str(self.port)]
        log = (self.folder / "server.log").open("w")
        with log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=self.folder
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if line != "ready":
            self.stop()
            raise OrderError(f"the server did not start: {(self.folder / 'server.log').read_text()}")
        return self

    def stop(self) -> None:
        """Shut all databases down and end the server."""
        process, self._process = self._process, None
        self._opened.clear()
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def create_database(self, name: str, owner: str = OWNER, password: str = PASSWORD) -> Database:
        """Make an empty database with an Informix face, its owner, and a user `reader` who may do nothing."""
        template = self._template(owner)
        made = Database(self, name.upper(), owner, password)
        shutil.copytree(template, self.folder / "home" / made.name)
        if password != PASSWORD:
            self._open(made, PASSWORD)
            for user in (owner, READER):
                made.run(_property(f"derby.user.{user}", password))
        return made

    def create_filled(self, name: str, key: Hashable, fill: Callable[[Database], None]) -> Database:
        """Make a database as a function fills it, which is asked once for each key."""
        if key not in self._filled:
            filled = self.create_database(f"filled_{len(self._filled)}")
            fill(filled)
            filled.close()
            self._filled[key] = self.folder / "home" / filled.name
        made = Database(self, name.upper())
        shutil.copytree(self._filled[key], self.folder / "home" / made.name)
        return made

    def copy_database(self, source: Database, name: str) -> Database:
        """Make a database that holds all another one holds, which is shut down for that moment."""
        source.close()
        made = Database(self, name.upper(), source.owner, source.password)
        shutil.copytree(self.folder / "home" / source.name, self.folder / "home" / made.name)
        return made

    def drop_database(self, database: Database) -> None:
        """Shut a database down and delete its files."""
        database.close()
        shutil.rmtree(self.folder / "home" / database.name)

    def run(self, database: Database, sql: str) -> list[tuple[str | None, ...]]:
        """Run one statement in a database as its owner and return the rows as text."""
        if database.name not in self._opened:
            self._open(database, database.password)
        kind, text = self.order("run", database.name, sql)
        if kind != "rows":
            return []
        rows = [row.split(COLUMN) for row in text.split(ROW)[:-1]]
        return [tuple(None if value == NULL else value for value in row) for row in rows]

    def shut_down(self, database: Database) -> None:
        """Shut a database down; raises where Derby does not, as it does without the owner's password."""
        # One that was not started yet cannot be shut down.
        if database.name not in self._opened:
            self._open(database, database.password)
        self._opened.discard(database.name)
        self.order("down", database.name, _url(database, database.password))

    def order(self, word: str, name: str = "", text: str = "") -> tuple[str, str]:
        """Give the server's process one order and return the kind and the text of its answer."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise OrderError("the server does not run")
        with self._turn:
            process.stdin.write(f"{word} {name} {base64.b64encode(text.encode()).decode()}\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        kind, _, rest = answer.strip().partition(" ")
        shown = base64.b64decode(rest).decode() if kind in ("rows", "error") else rest
        if kind not in ("ok", "rows"):
            raise OrderError(shown or "the server ended")
        return kind, shown

    def _open(self, database: Database, password: str, attributes: str = "") -> None:
        self.order("open", database.name, f"{_url(database, password)}{attributes}")
        self._opened.add(database.name)

    def _template(self, owner: str) -> Path:
        """Return the folder of an empty database to copy: making one anew takes much longer."""
        template = Database(self, f"TEMPLATE_{owner.upper()}", owner)
        with _template_name(template.name) as folder:
            if not folder.exists():
                self._make_template(template)
                partly = folder.with_suffix(".partly")
                shutil.rmtree(partly, ignore_errors=True)
                shutil.move(self.folder / "home" / template.name, partly)
                partly.rename(folder)
        return folder

    def _make_template(self, template: Database) -> None:
        owner = template.owner
        self._open(template, PASSWORD, ";create=true")
        for key, value in {
            "derby.connection.requireAuthentication": "true",
            "derby.authentication.provider": "BUILTIN",
            f"derby.user.{owner}": PASSWORD,
            f"derby.user.{READER}": PASSWORD,
            "derby.database.sqlAuthorization": "true",
        }.items():
            template.run(_property(key, value))
        template.close()
        for statement in face_statements(owner):
            try:
                template.run(statement)
            except OrderError as error:
                raise OrderError(f"{statement}: {error}") from None
        template.close()

    def _compiled(self) -> Path:
        with _template_name("classes") as classes:
            if not classes.exists():
                sources = sorted(str(path) for path in (HERE / "java").glob("*.java"))
                partly = classes.with_suffix(".partly")
                shutil.rmtree(partly, ignore_errors=True)
                partly.mkdir()
                path = ":".join(str(jar) for jar in JARS)
                command = [shutil.which("javac") or "javac", "-cp", path, "-d", str(partly), *sources]
                subprocess.run(command, check=True, capture_output=True)
                partly.rename(classes)
        return classes


@contextmanager
def _template_name(name: str) -> Iterator[Path]:
    """Yield the path of a cached thing, while no other process makes it; changed sources have another path."""
    made_of = hashlib.sha256()
    for path in (Path(__file__), HERE / "face.sql", *sorted((HERE / "java").glob("*.java"))):
        made_of.update(path.read_bytes())
    for jar in JARS:
        made_of.update(f"{jar.resolve()} {jar.stat().st_mtime_ns}".encode())
    folder = CACHED / made_of.hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder / name


def face_statements(owner: str) -> list[str]:
    """Return the statements that give a new database its Informix face and its owner a schema."""
    text = (HERE / "face.sql").read_text().replace("@OWNER@", owner.lower())
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    return [f"CREATE SCHEMA {owner}", *(part.strip() for part in "\n".join(lines).split(";") if part.strip())]


def free_port() -> int:
    """Return a port of this machine that nothing listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _url(database: Database, password: str) -> str:
    return f"jdbc:derby:{database.name};user={database.owner};password={password}"


def _property(key: str, value: str) -> str:
    return f"CALL syscs_util.syscs_set_database_property('{key}', '{value}')"
