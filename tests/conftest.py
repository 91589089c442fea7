"""What all tests share; tests whose server this machine cannot run are left out, and fail if CI is set."""

from __future__ import annotations

import functools
import gc
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from syncengine.catalogue import Catalogue, load_catalogue
from syncengine.execute.transaction import BatchWriter
from syncengine.servers.duckdb import server as duckdb_server
from syncengine.staging import cache
from tests.builders import catalogue
from tests.cli.terminal import Typing
from tests.examples import SOAK_SEED, SOAKING
from tests.shared_duckdb import SharedDuckDB


def _informix() -> str | None:
    from tests.servers.derby.network_server import missing

    return missing()


def _postgresql() -> str | None:
    from tests.servers.postgresql.cluster import missing

    return missing()


DISABLED_FOR_TESTS = "in_clause,common_subexpressions,common_aggregate"
"""Optimizers that are switched off: DuckDB takes a tenth of a second to find terms that a statement repeats."""
NEEDS: dict[str, Callable[[], str | None]] = {"informix": _informix, "postgresql": _postgresql}
"""For each mark a function that says what this machine lacks."""


@functools.cache
def missing_for_mark(mark: str) -> str | None:
    """Return in one sentence what tests of a mark lack here, None where they can run."""
    return NEEDS[mark]()


def on_ci() -> bool:
    """Say whether a test that cannot run is a failure."""
    return os.environ.get("CI", "").lower() in ("true", "1")


def missing_for_test(item: pytest.Item) -> str | None:
    """Return what a test lacks."""
    return next((lacks for mark in NEEDS if item.get_closest_marker(mark) and (lacks := missing_for_mark(mark))), None)


def is_soak(item: pytest.Item) -> bool:
    """Say whether a test is for `make soak` alone; a mark that names parameters means the cases that have them."""
    mark = item.get_closest_marker("soak")
    call = getattr(item, "callspec", None)
    if mark is None or not mark.args:
        return mark is not None
    return call is not None and not {call.id, *call.id.split("-"), *map(str, call.params.values())}.isdisjoint(
        mark.args
    )


def pytest_collection_finish() -> None:
    """Exclude the tests and their imports from garbage collection: they stay to the end."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is for `make soak` alone, and but for CI what cannot run."""
    left_out = [] if SOAKING else [item for item in items if is_soak(item)]
    if not on_ci():
        left_out += [item for item in items if missing_for_test(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail what cannot run and was not left out."""
    lacks = missing_for_test(item)
    if lacks:
        pytest.fail(f"this machine has {lacks}", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how long each folder took, and how to get what is missing."""
    if terminalreporter.config.option.verbose >= 0:
        for line in folder_times(terminalreporter):
            terminalreporter.write_line(line)
    if SOAKING:
        terminalreporter.write_line(f"The seed was {SOAK_SEED}: make soak SEED={SOAK_SEED} repeats it")
    for mark in NEEDS:
        lacks = missing_for_mark(mark)
        if lacks and not on_ci():
            terminalreporter.write_line(f"Tests marked {mark} were left out: this machine has {lacks}")


def folder_times(reporter: pytest.TerminalReporter) -> Iterator[str]:
    """Yield a line for each folder of tests: the seconds all its tests took, one after the other, and their number."""
    seconds: defaultdict[str, float] = defaultdict(float)
    tests: Counter[str] = Counter()
    for report in chain.from_iterable(reporter.stats.values()):
        if isinstance(report, pytest.TestReport):
            path = Path(report.nodeid.partition("::")[0])
            parts = path.parent.parts[1:]
            folder = "/".join(parts[: 2 if parts[:1] == ("servers",) else 1]) or path.name
            seconds[folder] += report.duration
            tests[folder] += report.when == "call"
    if len(seconds) > 1:
        yield f"{'seconds':>9} {'tests':>7}  folder of tests/ (budgets: docs/contributing.md)"
        yield from (
            f"{took:9,.0f} {tests[folder]:7,}  {folder}"
            for folder, took in sorted(seconds.items(), key=lambda one: -one[1])
        )
        yield f"{sum(seconds.values()):9,.0f} {tests.total():7,}  in all"


def pytest_sessionfinish() -> None:
    """Stop the servers that were started."""
    for name in ("tests.servers.postgresql.cluster", "tests.servers.informix.place"):
        started = sys.modules.get(name)
        if started is not None:
            started.stop()


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Typing:
    """Type commands in this process."""
    return Typing(capsys)


@pytest.fixture
def before_batch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, BaseException], None]]:
    """Raise an exception in a run before its batch of a number, once."""
    write, left = BatchWriter.write, dict[str, Any]()

    def write_or_fail(self: BatchWriter, *given: Any, **named: Any) -> None:
        left["batches"] = left.get("batches", -1) - 1
        if left["batches"] == -1 and "error" in left:
            raise left.pop("error")
        write(self, *given, **named)

    def hit(number: int, error: BaseException) -> None:
        left.update(batches=number, error=error)

    monkeypatch.setattr(BatchWriter, "write", write_or_fail)
    yield hit
    assert "error" not in left, "the run ended before it was hit"


def _catalogue_read_once(*folders: Path) -> Catalogue:
    return load_catalogue(*folders) if folders else catalogue()


@pytest.fixture(autouse=True)
def fast_setup(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare tests repeated work: reading all shipped specs, starting DuckDB, planning for many rows.

    Folders of a test's own specs are read as usual. DuckDB starts and plans as usual in its own tests and in other
    processes.
    """
    monkeypatch.setattr("syncengine.app.table_settings.load_catalogue", _catalogue_read_once)
    if not {"servers", "staging", "properties"} & set(request.path.parts):
        for module in (duckdb_server, cache):
            monkeypatch.setattr(module, "DISABLED_OPTIMIZERS", DISABLED_FOR_TESTS)
            monkeypatch.setattr(module, "duckdb", SharedDuckDB())
