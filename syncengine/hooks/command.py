"""Runs one command without a shell: bounded in time and output, its whole process group ended with it."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from syncengine import machine

END_BYTES = 64 * 1024
"""Bytes that are saved of the beginning of a command's output, and as many of its end."""
GRACE_SECONDS = 5.0
"""How long a command that took too long has to clean up before it is killed."""
DRAIN_SECONDS = 1.0
"""How long to wait for output once a command has ended: a process it left running may hold its output open."""
POLL_SECONDS = 0.1
CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended. `problem` is empty where it ended with 0, else the end of a sentence."""

    problem: str
    output: str
    """Standard output and standard error as they came, the middle left out where they are long."""
    answer: str
    """Standard output alone, bounded in the same way."""
    seconds: float
    code: int | None = None
    """The exit code of a command that ended by itself."""
    started: bool = True


def run_command(
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    timeout_seconds: float,
    starting: AbstractContextManager[None] | None = None,
    umask: int = -1,
) -> CommandResult:
    """Run a command in a folder and wait for it. Never raises for how it ends.

    The arguments are passed as they are, without a shell. The command has no terminal and no input, and leads a
    process group of its own, so that Ctrl-C at the terminal does not reach it. Where the caller is interrupted, or
    the time is up, the group is ended before this returns. `starting` is entered while the process is started, and
    should block interrupts: an interrupt at that moment would leave the process running. `umask` is the command's
    own, -1 for that of this process.
    """
    begun = machine.monotonic()
    process: subprocess.Popen[bytes] | None = None
    try:
        with starting or nullcontext():
            process = _started(command, folder, environment, umask)
        with closing(_OutputReader(process)) as reader:
            in_time = reader.read_until(begun + timeout_seconds)
    except BaseException as error:
        if process is not None:
            _end_group(process)
            _close(process)
            raise
        if not isinstance(error, OSError | ValueError):
            raise
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return CommandResult(f"could not be started: {reason}: {command[0]}", "", "", 0.0, started=False)
    seconds = machine.monotonic() - begun
    code = process.returncode if in_time and process.returncode >= 0 else None
    problem = _exit_problem(process.returncode) if in_time else _timeout_problem(process.returncode, timeout_seconds)
    return CommandResult(problem, reader.both.text(), reader.answer.text(), seconds, code)


def _started(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], umask: int
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  # the user's own command; no shell
        list(command),
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        umask=umask,
    )


@dataclass(slots=True)
class _StreamEnds:
    """The beginning and the end of a stream."""

    head: bytearray = field(default_factory=bytearray)
    tail: deque[bytes] = field(default_factory=deque)
    tail_size: int = 0
    skipped_bytes: int = 0

    def add(self, data: bytes) -> None:
        """Add output, and drop what is now in the middle."""
        room = max(0, END_BYTES - len(self.head))
        self.head += data[:room]
        rest = data[room:]
        if not rest:
            return
        self.tail.append(rest)
        self.tail_size += len(rest)
        while self.tail_size > END_BYTES:
            over = self.tail_size - END_BYTES
            first = self.tail.popleft()
            if len(first) > over:
                self.tail.appendleft(first[over:])
            dropped = min(over, len(first))
            self.tail_size -= dropped
            self.skipped_bytes += dropped

    def text(self) -> str:
        """Return it as text, without control characters.

        Where bytes were dropped, so are the lines they begin and end in: half a secret is one as well, and could not be
        masked.
        """
        head, tail, skipped = bytes(self.head), b"".join(self.tail), self.skipped_bytes
        if skipped:
            head, tail = head[: head.rfind(b"\n") + 1], tail[tail.find(b"\n") + 1 :]
            skipped += len(self.head) - len(head) + self.tail_size - len(tail)
            middle = f"... {skipped:,} bytes left out ...\n"
        else:
            middle = ""
        text = head.decode(errors="replace") + middle + tail.decode(errors="replace")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        return "".join(one for one in text if one in "\n\t" or one.isprintable())


class _OutputReader:
    """Reads the output of a process until it ends."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.both = _StreamEnds()
        self.answer = _StreamEnds()
        self._selector = selectors.DefaultSelector()
        for stream in (process.stdout, process.stderr):
            assert stream is not None  # noqa: S101  # both are pipes
            os.set_blocking(stream.fileno(), False)
            self._selector.register(stream, selectors.EVENT_READ)

    def read_until(self, deadline: float) -> bool:
        """Read until the process has ended; end it at the deadline, and say whether it was in time."""
        while self.process.poll() is None:
            remaining = deadline - machine.monotonic()
            if remaining <= 0:
                _end_group(self.process)
                self._drain()
                return False
            self._read(min(remaining, POLL_SECONDS))
        self._drain()
        return True

    def close(self) -> None:
        """Close the streams."""
        self._selector.close()
        _close(self.process)

    def _drain(self) -> None:
        last = machine.monotonic() + DRAIN_SECONDS
        while self._selector.get_map() and machine.monotonic() < last:
            self._read(POLL_SECONDS)

    def _read(self, seconds: float) -> None:
        if not self._selector.get_map():
            # It has closed both, and is still running.
            machine.sleep(min(seconds, POLL_SECONDS))
            return
        for key, _ in self._selector.select(seconds):
            stream: IO[bytes] = key.fileobj  # type: ignore[assignment]  # as registered
            try:
                data = os.read(stream.fileno(), CHUNK)
            except BlockingIOError:
                continue
            if not data:
                self._selector.unregister(stream)
                continue
            self.both.add(data)
            if stream is self.process.stdout:
                self.answer.add(data)


def _close(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a command and what it has started, gently first."""
    try:
        _signal_group(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
    finally:
        _signal_group(process, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # It may have ended already, or belong to another user by now, as with sudo.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _timeout_problem(code: int | None, timeout_seconds: float) -> str:
    unit = "second" if timeout_seconds == 1 else "seconds"
    ended = "and was stopped" if code is not None else "and could not be stopped: it is still running"
    return f"did not finish within {timeout_seconds:g} {unit} {ended}"


def _exit_problem(code: int) -> str:
    if code == 0:
        return ""
    if code < 0:
        return f"was ended by signal {-code}"
    return f"ended with exit code {code}"
