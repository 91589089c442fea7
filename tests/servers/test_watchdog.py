"""A process whose driver lets no Python run is ended from outside, and no other is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from syncengine.model.errors import ServerUnreachableError
from syncengine.model.pair import Limits, Role
from syncengine.servers import watchdog
from syncengine.servers.informix.server import InformixServer

HELD = """
import ctypes, sys, threading, time
from syncengine.servers import watchdog
watchdog.LEAST_SECONDS, watchdog.MORE_SECONDS, watchdog.AFTER_CTRL_C = 1.0, 0.5, 1.0
watchdog.enable()
watchdog.start(float(sys.argv[1]))
time.sleep(0.5)
print("held", flush=True)
{work}
"""
BLOCKING = "threading.Thread(target=lambda: ctypes.PyDLL(None).sleep(30)).start(); time.sleep(30)"
"""It keeps Python's lock meanwhile, as a driver does that asks for the text of an error."""


def begun(work: str, seconds: str = "0") -> subprocess.Popen[str]:
    """Begin a process that is watched."""
    return subprocess.Popen(
        [sys.executable, "-c", HELD.format(work=work), seconds],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("struck", [False, True])
def test_a_process_that_a_driver_holds_is_ended(struck: bool) -> None:
    """By time and by Ctrl-C, in a sentence."""
    began = time.monotonic()
    with begun(BLOCKING, "0" if not struck else "60") as process:
        assert process.stdout is not None
        process.stdout.readline()
        if struck:
            # Only now does the driver hold it.
            time.sleep(0.5)
            os.killpg(process.pid, signal.SIGINT)
        _, result = process.communicate(timeout=20)

    assert process.returncode == -signal.SIGKILL
    assert time.monotonic() - began < 15
    assert ("Ctrl-C" if struck else "took longer than 1.5 seconds") in result
    assert len(result.splitlines()) == 1


@pytest.mark.parametrize("work", ["time.sleep(3)", pytest.param("ctypes.CDLL(None).sleep(3)", marks=pytest.mark.soak)])
def test_a_process_that_lives_is_left_alone(work: str) -> None:
    """One that waits, be it in a library, lives as long as it wants, and its watcher no longer."""
    with begun(work) as process:
        _, result = process.communicate(timeout=20)

    assert (process.returncode, result) == (0, "")


def test_a_process_that_handles_ctrl_c_is_not_killed() -> None:
    """A process that hears Ctrl-C ends as it sees fit, however long that takes."""
    work = "\ntry:\n    time.sleep(30)\nexcept KeyboardInterrupt:\n    time.sleep(2)\n    print('ended', flush=True)"
    with begun(work, "60") as process:
        assert process.stdout is not None
        process.stdout.readline()
        # Only now does it wait.
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        out, result = process.communicate(timeout=20)

    assert (process.returncode, out.strip(), result) == (0, "ended", "")


def test_a_command_enables_the_watchdog_and_an_informix_starts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line lets itself be watched, and who opens a server of that driver has it begun."""
    program = (
        "import sys\nfrom syncengine.cli.main import run\nfrom syncengine.servers import watchdog\n"
        "try:\n    run(['--version'])\nfinally:\n    print('enabled', watchdog._Watchdog.enabled)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    begun_with: list[float] = []
    monkeypatch.setattr(watchdog, "start", begun_with.append)

    with pytest.raises(ServerUnreachableError):
        InformixServer("informix+ibm_db://u:p@127.0.0.1:1/cms", Role.PRIMARY, writable=False, limits=Limits())

    assert "enabled True" in done.stdout
    assert begun_with == [Limits().query_seconds]
