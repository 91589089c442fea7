"""A process that does one command and nothing else: how it is set up, and how it is left."""

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
    """Hear what is to end this process, keep its files from others, and let it be ended where a driver holds it up."""
    interrupts.listen()
    set_private_umask()
    watchdog.enable()


def exit_process(code: int) -> NoReturn:
    """End the process; a call into a driver that goes on, and for which nobody waits, does not keep it."""
    if has_abandoned_calls():
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(code)
    sys.exit(code)
