"""Ctrl-C at any moment of a run: whole steps, a sentence, and 130."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pytest

from syncengine.model import interrupts
from syncengine.model.errors import ServerError
from syncengine.model.pair import Role
from syncengine.staging.pieces import Piece, read_piece
from tests.cli.terminal import Typing
from tests.cli.test_failing_servers import EVENING, RESYNC, repaired, three_steps
from tests.interference import Interference, interfere


@pytest.mark.parametrize(("nth", "done"), [(1, set()), (2, {500}), (3, {500, 530})])
def test_ctrl_c_leaves_whole_steps(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch, nth: int, done: set[int]
) -> None:
    """Ctrl-C in the middle of a step rolls that step back, keeps those before it, says which, and exits with 130."""
    files = three_steps(tmp_path)

    def stop(inserts: int, table: str) -> None:
        del table
        if inserts == nth:
            raise KeyboardInterrupt

    interfere(monkeypatch, Role.SECONDARY, Interference(after_insert=stop))
    result = typed(*RESYNC, files.pair_file, *EVENING)

    assert result.code == 130
    assert f"{nth - 1} of 3 steps done" in result.out
    assert "stopped by the user" in result.text
    assert f"not begun: {'step' if nth == 3 else 'steps'} {', '.join(map(str, range(nth, 4)))} (" in result.out
    assert "Traceback" not in result.err
    assert repaired(files) == done


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hear Ctrl-C as a command does that has a process of its own."""
    monkeypatch.setattr(interrupts, "_stop_requested", threading.Event())
    handlers = {number: signal.getsignal(number) for number in interrupts.STOPPING}
    interrupts.listen()
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("listening")
@pytest.mark.parametrize("error", [ServerError("it does not say why"), OSError("it does not say why"), KeyError("why")])
def test_a_driver_error_after_ctrl_c_is_ctrl_c(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """A driver that is busy when Ctrl-C comes may raise anything: the run was stopped, and nothing has failed."""
    files = three_steps(tmp_path)

    def stop(inserts: int, table: str) -> None:
        del table
        if inserts == 2:
            with suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            raise error

    interfere(monkeypatch, Role.SECONDARY, Interference(after_insert=stop))
    result = typed(*RESYNC, files.pair_file, *EVENING)
    message = typed("report", "--pair", files.pair_file)

    assert result.code == 130
    assert "1 of 3 steps done" in result.out
    assert "stopped by the user" in message.out
    assert "why" not in result.text + message.text
    assert repaired(files) == {500}


@pytest.mark.usefixtures("listening")
def test_ctrl_c_while_duckdb_reads_what_it_inserts(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB asks Python for the rows it inserts, and Ctrl-C that strikes there is heard as anywhere else."""
    files = three_steps(tmp_path)
    strikes = iter([False, True])

    def interrupted_read(piece: Piece) -> pa.RecordBatchReader:
        rows = read_piece(piece)

        def batches() -> Iterator[pa.RecordBatch]:
            if next(strikes):
                signal.raise_signal(signal.SIGINT)
            yield from rows

        return pa.RecordBatchReader.from_batches(rows.schema, batches())

    monkeypatch.setattr("syncengine.execute.transaction.read_piece", interrupted_read)
    result = typed(*RESYNC, files.pair_file, *EVENING)
    message = typed("report", "--pair", files.pair_file)

    assert result.code == 130
    assert "1 of 3 steps done" in result.out
    assert "KeyboardInterrupt" not in message.out
    assert "rror" not in result.text
    assert repaired(files) == {500}


def test_ctrl_c_right_after_a_commit(tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that was committed when Ctrl-C came is reported as done, and its target not as unchanged."""
    files = three_steps(tmp_path)

    def stop(inserts: int, table: str) -> None:
        del table
        if inserts == 2:
            signal.raise_signal(signal.SIGINT)

    interfere(monkeypatch, Role.SECONDARY, Interference(after_commit=stop))
    result = typed(*RESYNC, files.pair_file, *EVENING)

    assert result.code == 130
    assert "2 of 3 steps done" in result.out
    assert "not begun: step 3 (" in result.out
    assert repaired(files) == {500, 530}


def test_ctrl_c_is_reported_in_json_too(tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --json a stopped run is one document that names the steps done and those not begun."""
    files = three_steps(tmp_path)

    def stop(inserts: int, table: str) -> None:
        del table
        if inserts == 2:
            raise KeyboardInterrupt

    interfere(monkeypatch, Role.SECONDARY, Interference(after_insert=stop))
    result = typed(*RESYNC, files.pair_file, *EVENING, "--json")

    outcome = result.document["outcome"]
    assert result.code == 130
    assert outcome["cancelled"] is True
    assert [step["state"] for step in outcome["steps"]] == ["done", "waiting", "waiting"]


@pytest.mark.usefixtures("listening")
@pytest.mark.parametrize("json_wanted", [False, True])
def test_ctrl_c_while_the_outcome_is_printed(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch, json_wanted: bool
) -> None:
    """Once a run is done, no message says that nothing was written, even if the output is interrupted."""
    files = three_steps(tmp_path)

    def stop(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("syncengine.report.outcome.outcome_document", stop)
    monkeypatch.setattr("syncengine.report.outcome.print_outcome", stop)
    result = typed(*RESYNC, files.pair_file, *EVENING, *(["--json"] if json_wanted else []))

    assert result.code == 130
    assert "othing was written" not in result.text
    assert "`syncengine report" in result.err
    assert repaired(files) == {500, 530, 600}
