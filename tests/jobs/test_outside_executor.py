"""An executor the caller gives: it gets work as plain values, with the same results."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
import pytest

from syncengine import machine
from syncengine.app import Pair, open_pair
from syncengine.demo import build_pair
from syncengine.jobs.connections import Connections
from syncengine.jobs.hook_commands import HookCommands
from syncengine.model.drift import Observation
from syncengine.model.errors import ExecutorError, InputError, PairFileError
from syncengine.model.outcome import StepState
from syncengine.model.pair import PairSettings, Role
from syncengine.observe.question_executor import open_executor
from syncengine.servers.duckdb.server import DuckDBServer
from syncengine.servers.kinds import open_server
from syncengine.servers.protocol import Server
from syncengine.staging.ledger import Ledger
from tests.builders import Files, build_files, half_hours, row, settings_of
from tests.executors import PicklingExecutor
from tests.stories.servers import MARKS, PASSWORDS, HomedPair
from tests.waiting import wait_until

TABLES = ("hsplit", "synonyms", "dsplit", "agroups", "haglog")
MODULE = "syncengine.jobs.outside_executor"
HISTORY = ("hsplit", "haglog")
MORNING = "2000-06-05 00:00..06:59"
LIVE = [pytest.param(kind, marks=MARKS[kind]) for kind in ("postgresql", "informix")]


@pytest.fixture(autouse=True)
def one_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every observation of a pair compute its fingerprints by one seed."""
    monkeypatch.setattr(machine, "seed", lambda: 20_000_605)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Build a pair that differs in intervals, logins and names."""
    logins = [row("haglog", login=960_175_000 + 1800 * n, logid=str(n), extn=f"é{n}") for n in range(6)]
    return build_files(
        tmp_path,
        TABLES,
        both={"dsplit": [row("dsplit", split=1)]},
        primary={"hsplit": half_hours(), "haglog": logins, "synonyms": [row("synonyms", item_name="Zoë", value="7")]},
        secondary={"hsplit": half_hours(acdcalls=1, incomplete=1), "haglog": [*logins[:3], *logins[4:]]},
    )


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProcessPoolExecutor]:
    """Return a process that knows nothing of this one, but its environment."""
    for name, value in PASSWORDS.items():
        monkeypatch.setenv(name, value)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield pool


@pytest.fixture
def live(request: pytest.FixtureRequest, files: Files) -> Iterator[HomedPair]:
    """Return the pair with both of its servers on live ones of a kind."""
    homed = HomedPair.of(files, (request.param, request.param))
    yield homed
    homed.end()


def with_executor(pair_file: Path, executor: Executor) -> Pair:
    """Open a pair that sends its work to an executor."""
    return open_pair(pair_file, executor=executor, environment={**os.environ, **PASSWORDS})


def test_a_verify_runs_on_the_executor(files: Files) -> None:
    """The queries of each server and part run on the executor; the parts give the result of one whole comparison."""
    executor = PicklingExecutor()

    found = with_executor(files.pair_file, executor).verify(tables=TABLES)

    assert found == files.open().verify(tables=TABLES)
    assert Counter(executor.done) == {"_facts_on": 2, "_tables_on": 2, "observe_part": 4}
    assert len(found.differing) == 3


def test_a_plan_is_made_of_parts(files: Files) -> None:
    """Reading for a plan runs on the executor, too, and the plan is the same."""
    executor = PicklingExecutor()

    made = with_executor(files.pair_file, executor).plan_resync(window=MORNING, tables=HISTORY)

    assert made == files.open().plan_resync(window=MORNING, tables=HISTORY)
    assert made.steps
    assert "observe_part" in executor.done


def test_a_check_runs_on_the_executor(files: Files) -> None:
    """The queries of a check run on the executor, with the same results."""
    executor = PicklingExecutor()

    found = with_executor(files.pair_file, executor).check()

    assert found == files.open().check()
    assert Counter(executor.done) == {"_inspect_on": 2, "compare_setup": 8}


def test_work_no_other_process_can_do_is_done_here(files: Files) -> None:
    """A file that is open for writing lets no other process in: a run on it is done where it is open."""
    executor = PicklingExecutor()
    pair = with_executor(files.pair_file, executor)
    plan = pair.plan_resync(window=MORNING, tables=HISTORY)
    executor.done.clear()

    ran = pair.execute(plan)

    assert {step.state for step in ran.outcome.steps} == {StepState.DONE}
    assert executor.done == []


def test_a_process_that_knows_nothing_finds_the_same(files: Files, processes: ProcessPoolExecutor) -> None:
    """It opens the servers by the pair file, and closes them: the caller can write to them afterwards."""
    pair = with_executor(files.pair_file, processes)

    found = pair.verify(tables=TABLES)

    assert found == files.open().verify(tables=TABLES)
    ran = pair.execute(pair.plan_resync(window=MORNING, tables=HISTORY))
    assert {step.state for step in ran.outcome.steps} == {StepState.DONE}
    with pytest.raises(InputError, match="Neither server has ACD 9"):
        pair.verify(tables=TABLES, acds=9)
    assert processes.submit(os.getpid).result() != os.getpid(), "it was shut down"


def test_an_executor_that_was_shut_down_is_reported(files: Files) -> None:
    """A failure of the executor is one sentence of ours."""
    with ThreadPoolExecutor(1) as threads:
        pair = with_executor(files.pair_file, threads)

    with pytest.raises(ExecutorError, match="cannot schedule new futures"):
        pair.verify(tables=TABLES)


def test_a_process_that_ends_during_its_work_is_reported(files: Files, processes: ProcessPoolExecutor) -> None:
    """A process that was killed loses only its own work, and is reported in a sentence of ours."""
    with opened(files, processes) as (servers, settings), open_executor(servers, settings) as questions:
        with pytest.raises(ExecutorError, match="did not do the work: BrokenProcessPool"):
            questions.submit(killed).result()
        with pytest.raises(ExecutorError, match="not usable anymore"):
            questions.submit(killed)


def killed(servers: Mapping[Role, Server], settings: PairSettings) -> None:
    """End this process in the middle of its work."""
    del servers, settings
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_the_demo_pair_is_found_as_in_one_process(tmp_path: Path, kind: str, processes: ProcessPoolExecutor) -> None:
    """An executor's threads or processes find in every table of the demo pair what one process finds."""
    build_pair(tmp_path)
    with ThreadPoolExecutor(2) as threads:
        executor: Executor = threads if kind == "threads" else processes
        found = forgetful(tmp_path, lambda: with_executor(tmp_path / "pair.toml", executor).verify())

    assert found == forgetful(tmp_path, open_pair(tmp_path / "pair.toml").verify)
    assert len(found.tables) > 90


def forgetful(folder: Path, compare: Callable[[], Observation]) -> Observation:
    """Look at a pair of which nothing is remembered."""
    for file in folder.glob("*/verdicts.sqlite3*"):
        file.unlink()
    return compare()


@pytest.mark.soak("informix")
@pytest.mark.parametrize("live", LIVE, indirect=True)
def test_a_run_on_live_servers_is_prepared_elsewhere(live: HomedPair) -> None:
    """Rows of a step are staged by the executor while this process writes; the check after it runs there, too."""
    executor = PicklingExecutor()
    pair = with_executor(live.pair_file, executor)
    plan = pair.plan_resync(window=MORNING, tables=HISTORY)
    executor.done.clear()

    ran = pair.execute(plan)

    assert {step.state for step in ran.outcome.steps} == {StepState.DONE}
    assert ran.after is not None
    assert ran.after.in_sync
    assert Counter(executor.done)["prepare_batch"] == len(plan.steps) == 2
    assert "observe_part" in executor.done
    assert not any(password.encode() in executor.sent for password in PASSWORDS.values())
    assert live.bag("secondary", "hsplit") == live.bag("primary", "hsplit")


@pytest.mark.soak
@pytest.mark.parametrize("live", LIVE, indirect=True)
def test_another_process_reads_live_servers(live: HomedPair, processes: ProcessPoolExecutor) -> None:
    """The password that the url names is read in the process that reads, and a run is prepared there."""
    pair = with_executor(live.pair_file, processes)

    assert pair.verify(tables=TABLES) == live.open().verify(tables=TABLES)
    assert pair.check().findings == live.open().check().findings
    ran = pair.execute(pair.plan_resync(window=MORNING, tables=HISTORY))
    assert ran.after is not None
    assert ran.after.in_sync
    assert live.bag("secondary", "hsplit") == live.bag("primary", "hsplit")


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> PicklingExecutor:
    """Return an executor whose work is done as if in another process, each piece of it in one of its own."""
    numbers = count()
    monkeypatch.setattr(f"{MODULE}._process", lambda: ("another host", next(numbers)))
    return PicklingExecutor()


def test_a_pair_file_that_changed_meanwhile_is_reported(files: Files, elsewhere: PicklingExecutor) -> None:
    """Another process must read the same pair file that the pair was opened with."""
    pair = with_executor(files.pair_file, elsewhere)
    files.pair_file.write_text(files.pair_file.read_text() + "[limits]\nsamples = 7\n")

    with pytest.raises(InputError, match="has changed since the pair was opened"):
        pair.verify(tables=TABLES)


def test_another_server_of_the_same_name_is_reported(
    files: Files, elsewhere: PicklingExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the environment of a process leads to another server, its rows are never used for the pair's."""
    (files.folder / "other").mkdir()
    shutil.copy(files.database("secondary"), files.folder / "other")
    text = files.pair_file.read_text()
    files.pair_file.write_text(text.replace("///secondary.duckdb", "///${WHERE}/secondary.duckdb"))
    pair = open_pair(files.pair_file, executor=elsewhere, environment={**os.environ, "WHERE": "."})
    monkeypatch.setenv("WHERE", "other")

    with pytest.raises(InputError, match="secondary is another server in the process"):
        pair.verify(tables=TABLES)
    monkeypatch.delenv("WHERE")
    with pytest.raises(PairFileError, match=r"Reported by process \d+ on another host"):
        pair.verify(tables=TABLES)


def test_live_servers_stay_open_for_a_while(
    files: Files, elsewhere: PicklingExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process opens the servers once for all its work, and closes them when no more work comes."""
    calls: list[str] = []

    def recorded(what: str, do: Callable[..., Any]) -> Callable[..., Any]:
        def telling(*given: Any, **named: Any) -> Any:
            calls.append(what)
            return do(*given, **named)

        return telling

    monkeypatch.setattr(f"{MODULE}.open_server", recorded("open", open_server))
    monkeypatch.setattr(DuckDBServer, "close", recorded("close", DuckDBServer.close))
    monkeypatch.setattr(f"{MODULE}.is_embedded", lambda _: False)
    monkeypatch.setattr(f"{MODULE}.IDLE_SECONDS", 0.5)
    pair = with_executor(files.pair_file, elsewhere)

    pair.verify(tables=TABLES)
    pair.verify(tables=TABLES)

    assert calls.count("open") == 2
    wait_until(lambda: calls.count("close") == 6, seconds=10)


def test_queued_work_is_cancelled_and_running_work_is_waited_for(files: Files) -> None:
    """After Ctrl-C nothing more begins, and the servers stay open for what in this process is busy with them."""
    handed: list[Future[bool]] = []

    def stopped() -> None:
        with opened(files, threads) as (servers, settings), open_executor(servers, settings) as questions:
            handed.extend((questions.submit(busy, files.folder), questions.submit(busy, files.folder)))
            wait_until((files.folder / "begun").exists)
            threading.Timer(0.3, (files.folder / "go on").touch).start()
            raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as threads, pytest.raises(KeyboardInterrupt):
        stopped()

    assert handed[0].result(timeout=0)
    assert isinstance(handed[1].exception(timeout=0), ExecutorError)


def test_a_file_is_closed_before_its_owner_continues(files: Files, processes: ProcessPoolExecutor) -> None:
    """After an interrupted comparison the files that other processes were reading can be written to."""

    def stopped() -> None:
        with opened(files, processes) as (servers, settings), open_executor(servers, settings) as questions:
            questions.submit(busy, files.folder)
            wait_until((files.folder / "begun").exists)
            threading.Timer(0.3, (files.folder / "go on").touch).start()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()

    with duckdb.connect(files.database("primary")) as file:
        file.execute("CREATE TABLE c_mine (n INTEGER)")


@contextmanager
def opened(files: Files, executor: Executor) -> Iterator[tuple[Mapping[Role, Server], PairSettings]]:
    """Open the servers of a pair with an executor, to be read only."""
    settings = settings_of(files.pair_file)
    connections = Connections(settings, Ledger(settings.staging), HookCommands(settings, os.environ), executor)
    with connections.servers(frozenset()) as servers:
        yield servers, settings


def busy(servers: Mapping[Role, Server], settings: PairSettings, folder: Path) -> bool:
    """Take a while, and then ask a server."""
    del settings
    (folder / "begun").touch()
    wait_until((folder / "go on").exists)
    return "hsplit" in servers[Role.PRIMARY].tables(["hsplit"])
