"""Whatever an observer of progress does, the work goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import syncengine
from tests.builders import build_files
from tests.scenes import WINDOW, trunks


class Narrow:
    """Accepts fewer arguments than it gets."""

    def begin(self, what: str, total: int) -> None:
        """Take it."""

    def advance(self, units: int, detail: str, rows: int) -> None:
        """Take it."""

    def end(self) -> None:
        """Take it."""


class Raising:
    """Fails at one of the three, once it is called as often as `first` says."""

    def __init__(self, name: str, error: BaseException, *, first: int = 1) -> None:
        self.left, self.name, self.error = first, name, error

    def _call(self, name: str) -> None:
        self.left -= name == self.name
        if name == self.name and self.left <= 0:
            raise self.error

    def begin(self, what: str, total: int, *, done: int = 0) -> None:
        """Fail, or not."""
        del what, total, done
        self._call("begin")

    def advance(self, units: int, detail: str = "", *, rows: int = 0, size: int = 0) -> None:
        """Fail, or not."""
        del units, detail, rows, size
        self._call("advance")

    def end(self) -> None:
        """Fail, or not."""
        self._call("end")


@pytest.mark.parametrize(
    ("progress", "logged"),
    [
        (Narrow(), "TypeError: .*unexpected keyword argument 'done'"),
        pytest.param(Raising("advance", ValueError("no bar"), first=2), "ValueError: no bar", marks=pytest.mark.soak),
        pytest.param(Raising("end", OSError(28, "No space")), "No space", marks=pytest.mark.soak),
    ],
    ids=["narrow", "advance", "end"],
)
def test_a_faulty_progress_stops_no_run(tmp_path: Path, progress: Any, logged: str) -> None:
    """The run is completed, the error is reported once, and the progress is not called again."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": trunks(400, 500)}, primary={"htrunk": trunks(500, 700)})
    pair = syncengine.open_pair(files.pair_file, progress=progress)

    with pytest.warns(RuntimeWarning, match=logged) as warned:
        result = pair.execute(pair.plan_resync(window=WINDOW, tables="htrunk"))

    assert (result.outcome.done, result.outcome.stopped, len(warned)) == (True, "", 1)
    assert result.after is not None
    assert result.after.in_sync


@pytest.mark.filterwarnings("error")
def test_not_even_a_warning_that_is_an_error_stops_a_run(tmp_path: Path) -> None:
    """Where warnings are taken for errors, the run is done all the same."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": trunks(400, 500)}, primary={"htrunk": trunks(500, 700)})
    pair = syncengine.open_pair(files.pair_file, progress=Raising("advance", ValueError(), first=2))

    assert pair.execute(pair.plan_resync(window=WINDOW, tables="htrunk")).outcome.done


def test_a_progress_may_be_interrupted(tmp_path: Path) -> None:
    """Ctrl-C during a call of the progress stops the run, as the user wants."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": trunks(400, 500)}, primary={"htrunk": trunks(500, 700)})
    with pytest.raises(KeyboardInterrupt):
        syncengine.open_pair(files.pair_file, progress=Raising("end", KeyboardInterrupt())).verify(window=WINDOW)
