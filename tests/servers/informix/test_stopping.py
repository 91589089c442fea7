"""Stopping a command that waits for an Informix: Ctrl-C is heard while the driver hangs."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.terminal import PROGRAM, TRUNKS, drifting_pair
from tests.examples import some_of
from tests.servers.derby.faults import Fault, Stall
from tests.servers.derby.network_server import PASSWORD
from tests.servers.informix.test_commands import RESYNC, VERIFY, LivePair

pytestmark = pytest.mark.informix


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LivePair]:
    """Give a drifting pair with an Informix secondary."""
    monkeypatch.setenv("INFORMIX_PASSWORD", PASSWORD)
    pair = LivePair(drifting_pair(tmp_path))
    yield pair
    pair.home.end()


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("command", "statement"),
    some_of([(RESYNC, "INSERT INTO 'root'"), (VERIFY, "SELECT b_date"), (RESYNC, "DELETE FROM 'root'")], 3),
)
def test_ctrl_c_ends_the_wait_for_a_server_that_hangs(live: LivePair, command: tuple[str, ...], statement: str) -> None:
    """SIGINT while an answer does not come ends the command with 130 within seconds, and nothing half-written."""
    before = live.target
    fault = live.home.shim.faults.add(Fault(Stall(), statement=statement))

    with subprocess.Popen(
        [*PROGRAM, *command, str(live.files.pair_file), *TRUNKS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    ) as process:
        try:
            deadline = time.monotonic() + 60
            while not live.home.shim.faults.fired(fault):
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < deadline, "it never came to that"
                time.sleep(0.05)
            time.sleep(0.3)
            requested = time.monotonic()
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    took = time.monotonic() - requested
    live.home.shim.release()
    live.home.shim.disconnect()

    assert process.returncode == 130, (out, err)
    assert took < 20
    assert "Traceback" not in err
    assert PASSWORD not in out + err
    assert live.target == before
