"""A process that runs one command and nothing else: how it is set up, and how it ends."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import NoReturn

from syncengine.model import interrupts
from syncengine.servers import watchdog
from syncengine.servers.driver_calls import has_abandoned_calls
from syncengine.staging.private_files import set_private_umask


def set_up_process() -> None:
    """Listen for signals that end this process, make its files private, and allow it to end while a driver blocks."""
    interrupts.listen()
    set_private_umask()
    watchdog.enable()


def exit_process(code: int) -> NoReturn:
    """End the process, without waiting for an abandoned call into a driver."""
    if has_abandoned_calls():
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(code)
    sys.exit(code)
