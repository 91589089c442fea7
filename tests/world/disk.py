"""A disk that loses what was not flushed: works on real files, and can leave them as a machine that stops would."""

from __future__ import annotations

import os
import random
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from syncengine.staging.cache import SPILLS
from syncengine.staging.durable import Disk
from syncengine.staging.remembered_days import FILE

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

FOREIGN = (FILE, SPILLS)
"""How names begin that SQLite and DuckDB write to themselves: left as they are."""


@dataclass(slots=True)
class _Change:
    """A change of a file's content: bytes at a place, or its size alone."""

    at: int
    data: bytes | None


@dataclass(slots=True)
class _File:
    """A file: what was flushed, what it is now, and the changes between the two; None was never changed here."""

    flushed: bytes | None = None
    current: bytearray = field(default_factory=bytearray)
    changes: list[_Change] = field(default_factory=list)

    def load(self, path: Path) -> None:
        """Note what it is now as flushed, unless that is known."""
        if self.flushed is None:
            self.flushed = path.read_bytes()
            self.current = bytearray(self.flushed)

    def write(self, at: int, data: bytes) -> None:
        """Note bytes that were written."""
        _write(self.current, at, data)
        self.changes.append(_Change(at, data))

    def truncate(self, size: int) -> None:
        """Note a cut."""
        _resize(self.current, size)
        self.changes.append(_Change(size, None))

    def flush(self) -> None:
        """Note that all of it is on disk."""
        if self.flushed is not None:
            self.flushed, self.changes = bytes(self.current), []

    def after_stop(self, choose: random.Random) -> bytes:
        """Return what may be on the disk."""
        content = bytearray(self.flushed or b"")
        changes = list(self.changes)
        if choose.random() < 0.25:
            choose.shuffle(changes)
        for change in changes:
            state: Literal["lost", "cut", "zeros", "there"] = choose.choice(("lost", "cut", "zeros", "there"))
            if state == "lost":
                continue
            if change.data is None:
                _resize(content, change.at)
            elif state == "zeros":
                _write(content, change.at, bytes(len(change.data)))
            else:
                cut = choose.randrange(len(change.data) + 1) if state == "cut" else len(change.data)
                _write(content, change.at, change.data[:cut])
        return bytes(content)


@dataclass(slots=True)
class _Folder:
    """A folder: the names that were flushed, those it has now, and the changes between the two."""

    flushed: dict[str, _File | _Folder] = field(default_factory=dict)
    names: dict[str, _File | _Folder | None] = field(default_factory=dict)
    changes: list[dict[str, _File | _Folder | None]] = field(default_factory=list)

    def child(self, path: Path) -> _File | _Folder | None:
        """Return what has a name in it; what nothing was done to is as flushed."""
        name = path.name
        if name not in self.names and path.exists():
            self.names[name] = self.flushed[name] = _Folder() if path.is_dir() else _File()
        return self.names.get(name)

    def change(self, change: dict[str, _File | _Folder | None]) -> None:
        """Note names that were made or removed, all of them or none."""
        self.names |= change
        self.changes.append(change)

    def flush(self) -> None:
        """Note that its names are on disk."""
        for change in self.changes:
            _apply(self.flushed, change)
        self.changes = []

    def after_stop(self, choose: random.Random) -> dict[str, _File | _Folder]:
        """Return the names that may be on the disk."""
        names = dict(self.flushed)
        for change in self.changes:
            if choose.random() < 0.5:
                _apply(names, change)
        return names


@dataclass(slots=True)
class _Open:
    """An open file."""

    path: Path
    file: _File | None
    appends: bool
    at: int = 0


def no_fault(operation: str, path: Path) -> None:
    """Let an operation pass."""
    del operation, path


class SimulatedDisk(Disk):
    """A disk that notes what is not flushed; its process can die, and its machine stop.

    `before` is called before each operation with its name and path. What it raises is raised there; unless it is an
    error of the operating system (`OSError`), the process is dead from then on.
    """

    def __init__(self, before: Callable[[str, Path], None] = no_fault) -> None:
        self.before = before
        self.operations = 0
        """How many were begun."""
        self.lost: tuple[str, ...] = ()
        """The names of what the last stop of the machine changed: gone, back, or of other content."""
        self._dead: BaseException | None = None
        self._root = _Folder()
        self._opened: dict[int, _Open] = {}
        self._lock = threading.RLock()

    def die(self, error: BaseException) -> None:
        """End the process: no operation does anything any more, and each raises this; files and locks are released."""
        with self._lock:
            self._dead = self._dead or error
            for descriptor in sorted(self._opened):
                with suppress(OSError):
                    super().close(descriptor)
            self._opened.clear()

    def restart(self) -> None:
        """Begin another process on the same machine: what was not flushed is still not."""
        with self._lock:
            self._dead = None

    def stop(self, choose: random.Random) -> None:
        """Stop the machine: files become what may be left of them. All of that counts as flushed; `restart` goes on."""
        with self._lock:
            self.die(SystemExit("the machine stopped"))
            self.lost = ()
            self._leave(self._root, Path("/"), choose)
            self._root = _Folder()

    def make_folder(self, folder: Path) -> None:
        """Make a folder."""
        with self._begun("make_folder", folder):
            parent = self._folder(folder)
            super().make_folder(folder)
            _changed(parent, {folder.name: _Folder()})

    def remove_folder(self, folder: Path) -> None:
        """Remove an empty folder."""
        with self._begun("remove_folder", folder):
            parent = self._folder(folder)
            if parent is not None:
                parent.child(folder)
            super().remove_folder(folder)
            _changed(parent, {folder.name: None})

    def flush_folder(self, folder: Path) -> None:
        """Flush its names."""
        with self._begun("flush_folder", folder):
            folder.stat()
            found = self._found(folder)
            if isinstance(found, _Folder):
                found.flush()

    def open(self, path: Path, flags: int) -> int:
        """Open a file."""
        with self._begun("open", path):
            file = self._found(path)
            assert not isinstance(file, _Folder)
            if file is not None:
                file.load(path)
            descriptor = super().open(path, flags)
            if file is None and flags & os.O_CREAT and (parent := self._folder(path)) is not None:
                file = _File(flushed=b"")
                parent.change({path.name: file})
            elif file is not None and flags & os.O_TRUNC and file.current:
                file.truncate(0)
            self._opened[descriptor] = _Open(path, file, bool(flags & os.O_APPEND))
            return descriptor

    def close(self, descriptor: int) -> None:
        """Close a file."""
        with self._begun("close", self._path(descriptor)):
            self._opened.pop(descriptor, None)
            super().close(descriptor)

    def write(self, descriptor: int, data: ReadableBuffer) -> int:
        """Write where the last write ended, or at the end."""
        with self._begun("write", self._path(descriptor)):
            size = super().write(descriptor, data)
            opened = self._opened[descriptor]
            if opened.file is not None:
                at = len(opened.file.current) if opened.appends else opened.at
                opened.file.write(at, bytes(memoryview(data)[:size]))
                opened.at = at + size
            return size

    def write_at(self, descriptor: int, data: bytes, at: int) -> int:
        """Write at a place."""
        with self._begun("write_at", self._path(descriptor)):
            size = super().write_at(descriptor, data, at)
            if (file := self._opened[descriptor].file) is not None:
                file.write(at, data[:size])
            return size

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut a file."""
        with self._begun("truncate", self._path(descriptor)):
            super().truncate(descriptor, size)
            if (file := self._opened[descriptor].file) is not None:
                file.truncate(size)

    def flush(self, descriptor: int) -> None:
        """Flush a file."""
        with self._begun("flush", self._path(descriptor)):
            self._flushed(descriptor)

    def flush_content(self, descriptor: int) -> None:
        """Flush a file."""
        with self._begun("flush_content", self._path(descriptor)):
            self._flushed(descriptor)

    def rename(self, path: Path, to: Path) -> None:
        """Rename a file or a folder."""
        with self._begun("rename", path):
            node = self._loaded(path)
            self._loaded(to)
            source, target = self._folder(path), self._folder(to)
            super().rename(path, to)
            if source is target:
                _changed(source, {path.name: None, to.name: node})
            else:
                _changed(source, {path.name: None})
                _changed(target, {to.name: node})

    def unlink(self, path: Path) -> None:
        """Remove a file."""
        with self._begun("unlink", path):
            self._loaded(path)
            parent = self._folder(path)
            super().unlink(path)
            _changed(parent, {path.name: None})

    @contextmanager
    def _begun(self, operation: str, path: Path) -> Iterator[None]:
        with self._lock:
            if self._dead is not None:
                raise self._dead
            self.operations += 1
            try:
                self.before(operation, path)
            except OSError:
                raise
            except BaseException as error:
                self.die(error)
                raise
            yield

    def _path(self, descriptor: int) -> Path:
        opened = self._opened.get(descriptor)
        return opened.path if opened is not None else Path()

    def _flushed(self, descriptor: int) -> None:
        # Nothing here outlives this process, so that the real disk need not flush.
        if (file := self._opened[descriptor].file) is not None:
            file.flush()

    def _folder(self, path: Path) -> _Folder | None:
        """Return the folder that a path is in; None for one of SQLite's or DuckDB's."""
        if path.name.startswith(FOREIGN):
            return None
        found = self._found(path.parent)
        return found if isinstance(found, _Folder) else None

    def _found(self, path: Path) -> _File | _Folder | None:
        """Return what is at a path."""
        path = path.absolute()
        node: _File | _Folder | None = self._root
        at = Path("/")
        for name in path.parts[1:]:
            at /= name
            if not isinstance(node, _Folder) or name.startswith(FOREIGN):
                return None
            node = node.child(at)
        return node

    def _loaded(self, path: Path) -> _File | _Folder | None:
        """Return what is at a path, with all that is in it: it may be needed once it is gone from there."""
        node = self._found(path)
        if isinstance(node, _File):
            node.load(path)
        elif isinstance(node, _Folder) and path.is_dir():
            for below in sorted(path.iterdir()):
                self._loaded(below)
        return node

    def _leave(self, folder: _Folder, path: Path, choose: random.Random) -> None:
        """Make a real folder what may be left of it."""
        names = folder.after_stop(choose)
        for name in sorted({*folder.names, *names}):
            node, at = names.get(name), path / name
            if isinstance(node, _Folder):
                if at.exists() and not at.is_dir():
                    at.unlink()
                at.mkdir(0o700, exist_ok=True)
                self._leave(node, at, choose)
                continue
            if node is None or at.is_dir():
                self.lost += (name,) if at.exists() else ()
                _removed(at)
            if isinstance(node, _File) and node.flushed is not None:
                content = node.after_stop(choose)
                if not at.exists() or at.read_bytes() != content:
                    self.lost += (name,)
                    at.write_bytes(content)
                    at.chmod(0o600)


def _removed(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _changed(folder: _Folder | None, change: dict[str, _File | _Folder | None]) -> None:
    if folder is not None:
        folder.change(change)


def _apply(names: dict[str, _File | _Folder], change: dict[str, _File | _Folder | None]) -> None:
    for name, node in change.items():
        names.pop(name, None)
        if node is not None:
            names[name] = node


def _resize(content: bytearray, size: int) -> None:
    del content[size:]
    content += bytes(size - len(content))


def _write(content: bytearray, at: int, data: bytes) -> None:
    if len(content) < at:
        _resize(content, at)
    content[at : at + len(data)] = data
