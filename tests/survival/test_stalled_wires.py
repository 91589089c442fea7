"""A server that hangs at any message, be it while something is closed, ends a command in time, and so does Ctrl-C."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.terminal import CommandResult, Typing
from tests.examples import SOAKING
from tests.servers.derby.drda import CodePoint
from tests.servers.derby.faults import Fault, Moment, Stall
from tests.stories.servers import MARKS, PASSWORDS
from tests.survival.stalling import InformixWire, StallingPair

LIVE = [pytest.param(kind, marks=MARKS[kind], id=kind) for kind in ("informix", "postgresql")]
IN_TIME = 2 + 9
"""Seconds: what a query may take, and a few for the process to begin, for a commit to be resolved, and to end."""
AT_ONCE = 3
"""Seconds in which a Ctrl-C is heard."""
MOST = 1000
"""More messages than a command has."""
FIRST_ROLLBACKS = 6
"""The first are of connecting and of finding out who the server is, without which nothing is known."""
WRITING = ("resync", "undo")
PARTS = 8 if SOAKING else 1
"""In how many tests a command's messages are tried."""

MOST_LOGINS = {"informix": 1, "postgresql": 2}
"""PostgreSQL's driver reads the types of a database over a connection of its own first."""


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Typing:
    """Type commands in this process."""
    return Typing(capsys)


def reports_timeout(output: CommandResult) -> bool:
    """Say whether a command reported that something took too long."""
    return "took longer" in output.text


@pytest.mark.soak
@pytest.mark.sampled
@pytest.mark.parametrize("kind", LIVE)
@pytest.mark.parametrize("command", ["check", "verify", "resync", "undo"])
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("interrupted", [False, True], ids=["time", "ctrl-c"])
def test_stalled_at_every_message(tmp_path: Path, kind: str, command: str, part: int, interrupted: bool) -> None:
    """Wherever a server hangs, a command ends in time with a sentence, at Ctrl-C at once with 130; then all is well."""
    with StallingPair.of(tmp_path, kind) as pair:
        for nth in range(1 + part, MOST, PARTS):
            if command in WRITING:
                pair.drift()
            if command == "undo":
                assert pair.typed("resync")[0].code == 0
            pair.wire.stall_at(nth)
            output, took = pair.typed(command, interrupted=interrupted)
            stalled, last = pair.wire.stalled, (nth, pair.wire.last, output, took)
            queries = pair.wire.queries
            pair.wire.stall_at(0)
            if not stalled:
                break

            assert "Traceback" not in output.text, last
            if interrupted:
                assert took < AT_ONCE, last
                assert output.code == 130 or queries > nth, last
            else:
                assert took < IN_TIME, last
                assert reports_timeout(output) or "ROLLBACK" in last[1].upper() or output.code in (0, 3), last
            if command in WRITING:
                assert pair.typed("resync")[0].code == 0, last
        assert nth > 20


STALLED_AT: dict[str, tuple[Moment, int | None, str]] = {
    "closing a cursor": ("any", int(CodePoint.CLSQRY), "SELECT tabname"),
    "preparing": ("prepare", None, "SELECT tabid, idxname"),
}


@pytest.mark.informix
@pytest.mark.soak("preparing")
@pytest.mark.parametrize("name", sorted(STALLED_AT))
def test_stalled_while(tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A server that hangs while a cursor is closed, or a statement prepared, ends the command as any query does."""
    at, code_point, statement = STALLED_AT[name]
    for variable, value in PASSWORDS.items():
        monkeypatch.setenv(variable, value)
    with StallingPair.of(tmp_path, "informix") as pair:
        assert isinstance(pair.wire, InformixWire)
        shim = pair.wire.home.shim
        pair.limit(query_seconds=1)
        fault = shim.faults.add(Fault(Stall(), at=at, code_point=code_point, statement=statement))

        output = typed(*pair.words("verify"))

        assert shim.faults.fired(fault) == 1
        shim.release()
    assert output.code == 1
    assert "a query took longer than 1 seconds" in output.text


@pytest.mark.informix
def test_stalled_in_the_rollback_at_the_end(tmp_path: Path) -> None:
    """A known verdict is printed, and the process ends, though the server never answers the last rollback."""
    with StallingPair.of(tmp_path, "informix") as pair:
        assert isinstance(pair.wire, InformixWire)
        shim = pair.wire.home.shim
        fault = shim.faults.add(Fault(Stall(), at="rollback", nth=FIRST_ROLLBACKS, times=2))

        output, took = pair.typed("verify")

        assert shim.faults.fired(fault) > 0
        shim.release()
    assert output.code == 3
    assert "DRIFT" in output.out
    assert took < IN_TIME + 10


@pytest.mark.soak("postgresql")
@pytest.mark.parametrize("kind", LIVE)
def test_ctrl_c_while_connecting(tmp_path: Path, kind: str) -> None:
    """A server that hangs at the first message of a connection does not block Ctrl-C."""
    with StallingPair.of(tmp_path, kind) as pair:
        pair.wire.stall_at(1)

        output, took = pair.typed("verify", interrupted=True)

        pair.wire.stall_at(0)
    assert output.code == 130
    assert took < AT_ONCE
    assert "Traceback" not in output.text


@pytest.mark.soak("postgresql")
@pytest.mark.parametrize("kind", LIVE)
def test_a_command_logs_in_once(tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """A check logs in no oftener than a verify does, and a resync of four steps no oftener than one of one."""
    for variable, value in PASSWORDS.items():
        monkeypatch.setenv(variable, value)
    logins: dict[str, int] = {}
    with StallingPair.of(tmp_path, kind, steps=4) as pair:
        for command in ("verify", "check", "resync"):
            pair.wire.stall_at(0)
            output = typed(*pair.words(command))
            logins[command] = pair.wire.logins
            assert output.code == (3 if command == "verify" else 0), output

    assert "4 of 4 steps done" in output.text
    assert logins["check"] <= logins["verify"] <= MOST_LOGINS[kind]
    # It plans, and then opens the servers again; ways to insert that an Informix does not know end their connection.
    assert logins["resync"] <= 2 * logins["verify"] + 2, logins
