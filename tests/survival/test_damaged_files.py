"""With any damage to a file of the staging folder, a command does all of its work, or reports the damage and does none.

The files are damaged in place, of a pair that really ran: a copy would be refused for another reason.
"""

from __future__ import annotations

import gc
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.errors import StagingError
from syncengine.model.hooks import HookRecord, HookState
from syncengine.model.pair import Role
from syncengine.model.run import RunKind, RunState
from syncengine.staging.ledger import Ledger, NewRun
from syncengine.staging.pair_lock import LOCK, UNNAMED
from syncengine.staging.run_folder import RunFolder
from tests.builders import Files, build_files, ledger_of
from tests.cli.terminal import CommandResult, Typing
from tests.cli.test_runs_in_odd_order import dies
from tests.damaged_runs import DAMAGES, flip_bit
from tests.examples import SOAK_SEED, SOAKING
from tests.jobs.backfill.backfills import backfill, finished
from tests.scenes import code, trunks

TABLES = ("htrunk", "hcwc")
WINDOW = "2000-06-05 05:00..05:59"
READING_COMMANDS = (("runs",), ("runs", "{run}"), ("status", "--ledger"), ("report",))
WRITING_COMMANDS = (("resume",), ("undo", "--yes"))
BYTES = 10
"""How many bytes of each file are altered, for a test of the readers; in a soak all."""
CASES = 1 if SOAKING else 79
"""Every which of the cases is tried on the commands."""
Harm = Callable[[Path], None]


@dataclass
class Scene:
    """A pair that ran, and the files to restore after each harm."""

    files: Files
    run: str

    def __post_init__(self) -> None:
        folder = RunFolder(self.folder)
        checksum = folder.save_output("0001-logins-secondary.txt", "three logins were made\n")
        record = HookRecord("logins", Role.SECONDARY, 1, HookState.DONE, datetime(2000, 6, 5))
        folder.mark_hook(replace(record, output="0001-logins-secondary.txt", output_checksum=checksum))
        self.sound = self.files.folder / "sound"
        self.sound.mkdir()
        shutil.copytree(self.staging, self.sound / "staging")
        shutil.copyfile(self.files.database(Role.SECONDARY), self.sound / "target")

    @property
    def staging(self) -> Path:
        """The staging folder."""
        return self.files.folder / "pair.staging"

    @property
    def folder(self) -> Path:
        """The folder of the run."""
        return self.staging / "runs" / self.run

    def names(self, *, pieces: bool) -> list[str]:
        """Return the names of the files of the run."""
        found = sorted(file for file in self.folder.rglob("*") if file.is_file())
        return [str(one.relative_to(self.folder)) for one in found if (one.suffix == ".parquet") is pieces]

    def restore(self) -> None:
        """Put everything back, the target into the same file, which stays the same server by that."""
        gc.collect()
        shutil.rmtree(self.staging)
        shutil.copytree(self.sound / "staging", self.staging)
        target = self.files.database(Role.SECONDARY)
        target.with_name(f"{target.name}.wal").unlink(missing_ok=True)
        shutil.copyfile(self.sound / "target", target)

    def rows(self) -> list[Any]:
        """Return the rows of the target."""
        return [self.files.bag("secondary", table) for table in TABLES]

    def type(self, typed: Typing, words: tuple[str, ...]) -> CommandResult:
        """Type a command about the run."""
        return typed(*(word.format(run=self.run) for word in words), "--pair", self.files.pair_file)

    def document(self, typed: Typing, words: tuple[str, ...]) -> Any:
        """Return the JSON document of a command, without the sizes of files."""
        return json.loads(self.type(typed, (*words, "--json")).out, object_hook=_without_sizes)


def _without_sizes(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "bytes_saved"}


def pair_of(folder: Path) -> Files:
    """Build a pair of which two tables differ in two intervals, each a step of its own."""
    return build_files(
        folder,
        TABLES,
        both={"htrunk": [*trunks(400, 500), *trunks(600, 700)]},
        primary={"htrunk": trunks(500, 600, incalls=9), "hcwc": [code(label, acdcalls=9) for label in (500, 530)]},
        secondary={"htrunk": trunks(500, 600), "hcwc": [code(label, acdcalls=5) for label in (500, 530)]},
        settings="limits.step_rows = 2",
    )


def resync(files: Files) -> str:
    """Resync both tables, and return the run."""
    pair = files.open()
    return pair.execute(pair.plan_resync(window=WINDOW, tables=TABLES)).outcome.run_id


def done(folder: Path) -> Scene:
    """Return a resync that was done."""
    files = pair_of(folder)
    return Scene(files, resync(files))


def cut_short(folder: Path) -> Scene:
    """Return a resync whose process ended right after a commit, with two steps before it."""
    files = pair_of(folder)
    with pytest.MonkeyPatch.context() as patched:
        dies(patched, after=2, committed=True)
        with pytest.raises(SystemExit):
            resync(files)
    return Scene(files, files.open().runs()[-1].id)


def backfilled(folder: Path) -> Scene:
    """Return a backfill of two portions."""
    days = [one for day in (3, 4) for one in trunks(400, 500, row_date=datetime(2000, 6, day).date())]
    files = build_files(folder, TABLES, primary={"htrunk": days})
    assert finished(backfill(files, window="2000-06-03..2000-06-04", tables=("htrunk",)))
    return Scene(files, files.open().runs()[-1].id)


SCENES: dict[str, Callable[[Path], Scene]] = {"done": done, "cut short": cut_short, "backfilled": backfilled}
Given = Callable[[str], Scene]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Given:
    """Return what makes each pair once."""
    return cache(lambda name: SCENES[name](tmp_path_factory.mktemp("damaged")))


@pytest.fixture
def given(made: Given) -> Iterator[Given]:
    """Return what gives each pair as it ran, and puts it back in place afterwards."""
    used: dict[str, Scene] = {}

    def scene(name: str) -> Scene:
        return used.setdefault(name, made(name))

    yield scene
    for one in used.values():
        one.restore()


def fails_clearly(output: CommandResult, name: str) -> bool:
    """Say whether a command names a file as damaged or missing, however its lines are broken."""
    text = "".join(output.text.split())
    return any(f"{name}{what}" in text for what in ("isdamaged", "isgone"))


def harms(scene: Scene) -> Iterator[tuple[str, Harm]]:
    """Yield each file of a run with each thing that may become of it: as a whole, and of its records."""
    for name in (*scene.names(pieces=False), *scene.names(pieces=True)):
        size = (scene.folder / name).stat().st_size
        for at in {0, size // 3, size - 1}:
            yield name, partial(flip_bit, at=at, bit=at % 8)
        for harm in DAMAGES:
            yield name, harm
        yield name, partial(os.truncate, length=0)
    marks = (scene.folder / "steps.jsonl").read_bytes().splitlines(keepends=True)
    for at, line in enumerate(marks):
        before = sum(map(len, marks[:at]))
        yield "steps.jsonl", partial(flip_bit, at=before + len(line) // 2)
        yield "steps.jsonl", partial(os.truncate, length=before)
        yield "steps.jsonl", partial(_written, lines=[*marks[:at], *marks[at + 1 :]])
        yield "steps.jsonl", partial(_written, lines=[*marks[: at + 1], *marks[at:]])
        yield "steps.jsonl", partial(_written, lines=[*marks[:at], *marks[at : at + 2][::-1], *marks[at + 2 :]])
        yield "steps.jsonl", partial(_zeroed_from, at=before)


def some_bytes(data: bytes) -> range:
    """Return places in a file, spread evenly."""
    return range(0, len(data), 1 if SOAKING else max(1, len(data) // BYTES))


def _written(file: Path, lines: list[bytes]) -> None:
    file.write_bytes(b"".join(lines))


def _zeroed_from(file: Path, at: int) -> None:
    data = file.read_bytes()
    file.write_bytes(data[:at] + bytes(len(data) - at))


@pytest.mark.sampled
@pytest.mark.soak("backfilled", "done")
@pytest.mark.parametrize("name", SCENES)
def test_every_command_works_exactly_or_reports_the_damage(given: Given, typed: Typing, name: str) -> None:
    """Whatever becomes of a file, a command does what it does with sound ones, or names the file and does nothing."""
    scene = given(name)
    before, documents, outcomes = scene.rows(), {}, {}
    for words in READING_COMMANDS:
        documents[words] = scene.document(typed, words)
    for words in WRITING_COMMANDS:
        outcomes[words] = (scene.type(typed, words).code, scene.rows())
        scene.restore()
    cases = list(harms(scene))
    for file, harm in cases[random.Random(f"{name}{SOAK_SEED}").randrange(CASES) :: CASES]:  # noqa: S311
        harm(scene.folder / file)
        for words in READING_COMMANDS:
            output = scene.type(typed, words)
            assert "Traceback" not in output.text, (file, harm, words)
            assert fails_clearly(output, file) or scene.document(typed, words) == documents[words], (file, harm, output)
        for words in WRITING_COMMANDS:
            output = scene.type(typed, words)
            if fails_clearly(output, file):
                assert (output.code, scene.rows()) == (1, before), (file, harm, output)
            else:
                assert (output.code, scene.rows()) == outcomes[words], (file, harm, output)
            scene.restore()
            harm(scene.folder / file)
        scene.restore()


@pytest.mark.sampled
@pytest.mark.parametrize("kind", ["cut short", "backfilled"])
def test_every_byte_is_missed(given: Given, kind: str) -> None:
    """Each altered byte of each small file of a run is detected when it is read."""
    scene = given(kind)
    run, dice = RunFolder(scene.folder), random.Random(SOAK_SEED)  # noqa: S311
    sound = run.record(running=False)
    output = run.hook_outputs(sound)
    for name in scene.names(pieces=False):
        file = scene.folder / name
        data = file.read_bytes()
        for at in some_bytes(data):
            for bit in range(8) if SOAKING else [dice.randrange(8)]:
                flip_bit(file, at, bit)
                record = run.record(running=False)
                if name.startswith("hooks"):
                    assert run.hook_outputs(sound) != output
                    assert "is damaged" in run.hook_outputs(sound)[-1][1]
                elif name == "steps.count" and record.state is not RunState.DAMAGED:
                    assert record == sound, (at, bit)
                else:
                    assert record.state is RunState.DAMAGED, (name, at, bit)
                    assert f"{file} is damaged" in record.problem, (name, at, bit)
                file.write_bytes(data)
    assert run.record(running=False) == sound


@pytest.mark.sampled
def test_every_byte_of_a_journal_is_missed(given: Given) -> None:
    """Each altered byte of a journal is detected when a run is shown, and its length whenever runs are listed."""
    scene = given("done")
    run = RunFolder(scene.folder)
    sound = run.record(running=False)
    file = next(scene.folder / name for name in scene.names(pieces=True))
    data = file.read_bytes()
    assert run.with_journals(sound).lost_journals == ()
    for at in some_bytes(data):
        flip_bit(file, at, at % 8)
        assert [one.partition(" is ")[0] for one in run.with_journals(sound).lost_journals] == [str(file)]
        file.write_bytes(data)
    file.write_bytes(data[:-1])
    assert len(run.record(running=False).lost_journals) == 1


def test_a_journal_altered_at_its_size_is_seen_by_status(
    given: Given, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status reports a journal that `undo` would refuse; where that takes too long it checks as much as it can."""
    scene = given("done")
    file = next(RunFolder(scene.folder).pieces.glob("*-journal.parquet"))
    data = file.read_bytes()
    flip_bit(file, len(data) // 2, 3)

    output = scene.type(typed, ("status", "--ledger"))
    monkeypatch.setattr("syncengine.staging.ledger.CHECKED_MB", 0)
    quick = scene.type(typed, ("status", "--ledger"))

    assert (output.code, quick.code) == (3, 0)
    assert f"{file} is damaged" in output.text


def test_a_run_is_never_half_undone(given: Given, typed: Typing) -> None:
    """Marks cut to half, and marks of zeros, are not read as a run that wrote less."""
    scene = given("done")
    marks, after = scene.folder / "steps.jsonl", scene.rows()
    lines = marks.read_bytes().splitlines(keepends=True)
    for left in (b"".join(lines[: len(lines) // 2]), bytes(marks.stat().st_size)):
        marks.write_bytes(left)

        output = scene.type(typed, ("undo", "--yes"))

        assert output.code == 1
        assert fails_clearly(output, "steps.jsonl")
        assert "It cannot be undone." in output.text
        assert scene.rows() == after


def test_nothing_is_undone_where_one_journal_is_damaged(given: Given, typed: Typing) -> None:
    """A bit that flipped in the journal of one step of several is named before any step is undone."""
    scene = given("done")
    flip_bit(scene.folder / scene.names(pieces=True)[-1], 60)
    after = scene.rows()

    undone = scene.type(typed, ("undo", "--yes"))
    shown = scene.type(typed, ("runs", "{run}"))

    assert undone.code == 1
    assert fails_clearly(undone, scene.names(pieces=True)[-1])
    assert scene.rows() == after
    assert fails_clearly(shown, scene.names(pieces=True)[-1])
    assert "It cannot be undone" in shown.text


def test_a_new_run_works_beside_a_damaged_one(given: Given, typed: Typing) -> None:
    """Verify and a new resync do their work, the latter saying that a step of the damaged run may still be open."""
    scene = given("cut short")
    flip_bit(scene.folder / "steps.jsonl", 40)
    words = ("--window", WINDOW, "--table", "htrunk", "--table", "hcwc")

    result = scene.type(typed, ("verify", *words))
    again = scene.type(typed, ("resync", "--yes", *words))

    assert (result.code, again.code) == (3, 0)
    assert f"run {scene.run} is damaged, and it is not known whether a step of it is still open" in again.text
    assert [scene.files.bag("primary", table) for table in TABLES] == scene.rows()
    assert scene.type(typed, ("status", "--ledger")).code == 3
    assert scene.type(typed, ("runs", "{run}", "--remove", "--yes")).code == 0
    assert scene.type(typed, ("status", "--ledger")).code == 0


def test_a_run_whose_header_is_missing_is_not_ignored(given: Given, typed: Typing) -> None:
    """An undo of the last run does not become one of the run before it, nor is the rest of such a run swept away."""
    scene = given("done")
    scene.files.run("primary", "UPDATE htrunk SET incalls = 8 WHERE starttime = 500")
    last, after = resync(scene.files), scene.rows()
    (scene.staging / "runs" / last / "run.json").unlink()

    output = scene.type(typed, ("undo", "--yes"))
    swept = list(ledger_of(scene.files.pair_file).prune(keep_days=1, keep_mb=0, now=datetime(2100, 1, 1)))

    assert (output.code, swept) == (1, [])
    assert fails_clearly(output, "run.json")
    assert scene.rows() == after
    assert {run.id for run in scene.files.open().runs()} == {scene.run, last}


def test_a_run_of_an_earlier_version_is_reported_as_one(tmp_path: Path) -> None:
    """A folder from before there were checksums is reported in one sentence, and not called damaged."""
    folder = tmp_path / "runs" / "20000605-061203-3f1a"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text('{"format": "syncengine.run", "version": 1, "id": "20000605-061203-3f1a"}')
    (folder / "steps.jsonl").write_text('{"at": "2000-06-05T06:12:03", "mark": "begun", "crc": "0badcafe"}\n')

    (run,) = Ledger(tmp_path).runs()

    assert run.problem == f"{folder / 'run.json'} was written by another version of syncengine and cannot be read."


@pytest.mark.soak
def test_an_undo_is_not_resumed_from_a_damaged_journal(given: Given, typed: Typing) -> None:
    """A journal damaged after an undo was cut short keeps its resume from writing, and is named."""
    scene = given("done")
    pair = scene.files.open()
    with pytest.MonkeyPatch.context() as patched:
        dies(patched, after=1)
        with pytest.raises(SystemExit):
            pair.execute(pair.plan_undo())
    half = scene.rows()
    for name in scene.names(pieces=True):
        flip_bit(scene.folder / name, 60)

    output = scene.type(typed, ("resume",))

    assert output.code == 1
    assert "journal.parquet is damaged" in output.text
    assert scene.rows() == half


def test_files_of_one_name_are_not_another(given: Given) -> None:
    """The plan of one portion does not pass for that of another, nor a file of one run for the same of another."""
    scene = given("backfilled")
    first, second = (scene.folder / "plans" / f"{portion:04d}.json" for portion in (1, 2))
    second.write_bytes(first.read_bytes())
    other = scene.folder.with_name("20000605-061203-3f1a")
    shutil.copytree(scene.folder, other)

    problems = {run.id: run.problem for run in scene.files.open().runs()}

    assert f"{second} is damaged" in problems[scene.run]
    assert "run.json is damaged" in problems[other.name]
    assert "steps.count is damaged" in problems[other.name]
    assert "0001.json is damaged" in problems[other.name]


def test_a_run_damaged_after_the_plan_of_its_undo_is_not_undone(given: Given) -> None:
    """A run damaged after the plan of its undo was made is not undone."""
    scene = given("done")
    pair, after = scene.files.open(), scene.rows()
    plan = pair.plan_undo()
    flip_bit(scene.folder / "steps.jsonl", 40)

    with pytest.raises(StagingError, match=r"steps\.jsonl is damaged.*It cannot be undone"):
        pair.execute(plan)
    assert scene.rows() == after
    assert len(pair.runs()) == 1


def test_the_writing_run_is_named_where_it_is_known(tmp_path: Path) -> None:
    """An altered byte of the lock file names no other run; the one that writes is not called cut short."""
    ledger = Ledger(tmp_path)
    with ledger.locked() as lock:
        run = ledger.begin(lock, NewRun(RunKind.RESYNC, 1, "a test"), needs_bytes=0)
        holder, data = ledger.holder(), (tmp_path / LOCK).read_bytes()
        assert holder.startswith(f"run {run.id}, process")
        for at in range(len(data)):
            flip_bit(tmp_path / LOCK, at, at % 8)
            assert ledger.holder() == UNNAMED
            assert ledger.find(run.id).state is RunState.RUNNING
            (tmp_path / LOCK).write_bytes(data)
