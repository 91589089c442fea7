"""Ends a process from outside where a driver neither returns nor lets Python run.

The vendor's driver holds Python's lock while it reads the text of an error from the server. If the server is silent
then, no thread of ours runs: no time limit and no Ctrl-C takes effect. A second process notices that
the first gives no sign of life, reports it, and ends it. The next run resolves what was in progress, as after any
process that was killed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO

BEAT_SECONDS = 0.5
LEAST_SECONDS = 10.0
MORE_SECONDS = 5.0
"""How long a busy machine may delay a process."""
AFTER_CTRL_C = 3.0
CODE = 137
"""The exit code of a killed process in a shell."""

WATCH = """
import os, select, signal, sys, time

pid, patience, after_stop = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
stopped = []
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    if signal.getsignal(number) is not signal.SIG_IGN:
        signal.signal(number, lambda *_: stopped.append(time.monotonic()))
beat = checked = time.monotonic()
while True:
    ready = select.select([0], [], [], 0.2)[0]
    now = time.monotonic()
    if ready:
        if not os.read(0, 4096):
            break
        beat = now
        stopped.clear()
    if now - checked > 2:
        # Both were stopped, or the machine was asleep.
        beat = now
    checked = now
    why = ""
    if stopped and now - stopped[0] > after_stop:
        why = "did not respond to Ctrl-C"
    elif now - beat > patience:
        why = "took longer than %g seconds" % patience
    if why:
        text = (
            "A driver was waiting for a silent server and %s: the process was killed. "
            "`syncengine status` says whether a run was cut short.\\n" % why
        )
        try:
            os.write(2, text.encode())
        except OSError:
            pass
        os.kill(pid, signal.SIGKILL)
        break
"""


class _Watchdog:
    """The watchdog of this process: enabled where a command has the process to itself, started when it is needed."""

    enabled = False
    process: subprocess.Popen[bytes] | None = None


def enable() -> None:
    """Allow this process to be ended from outside: it runs one command only."""
    _Watchdog.enabled = True


def start(query_seconds: float) -> None:
    """Watch this process from now on, if that is enabled and not yet done."""
    if not _Watchdog.enabled or _Watchdog.process is not None:
        return
    patience = max(query_seconds, LEAST_SECONDS) + MORE_SECONDS
    words = [sys.executable, "-I", "-S", "-c", WATCH, str(os.getpid()), str(patience), str(AFTER_CTRL_C)]
    # Without one the command continues, and a driver may block it.
    with suppress(OSError):
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, bufsize=0)  # noqa: S603  # this Python
        _Watchdog.process = process
        if process.stdin is not None:
            threading.Thread(target=_beat, args=(process.stdin,), name="beat", daemon=True).start()


def _beat(pipe: IO[bytes]) -> None:
    """Give signs of life for as long as Python runs."""
    pause = threading.Event()
    with suppress(OSError, ValueError):
        while not pause.wait(BEAT_SECONDS):
            pipe.write(b".")
