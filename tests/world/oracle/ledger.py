"""Oracle 8: the ledger says what happened: each run that changed a row, its steps and rows, and how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from unittest.mock import patch
from weakref import WeakKeyDictionary

from syncengine import open_pair
from syncengine.app import table_settings
from syncengine.model.run import BatchRecord, BatchState, RunKind, RunRecord, RunState, resumable_runs
from syncengine.model.verified_run import VerifiedRun
from tests.world.ending import Ending
from tests.world.oracle import Violation
from tests.world.oracle.compared import NO_ROWS, Judged, changed_rows
from tests.world.tables import world_catalogue
from tests.world.values import SERVERS, FaultKind, Server

ORACLE = 8
READS = frozenset(("verify", "status", "check", "outages", "runs", "report", "tables", "checklist"))
Place = tuple[Server, str]
Ledger = Mapping[str, RunRecord]
_BEFORE: WeakKeyDictionary[Any, Ledger] = WeakKeyDictionary()
"""The ledger of each world as it was after the command before."""


def judge_ledger(world: Judged, ending: Ending) -> Iterator[Violation]:
    """Yield where the records of runs are not what happened on the servers; to be called once after each command."""
    # Reading the shipped specs takes longer than all else here, and what the ledger says does not depend on them.
    with patch.object(table_settings, "load_catalogue", lambda *_: world_catalogue(world.scenario.whole)):
        runs = open_pair(world.pair_file).runs()
    before = _BEFORE.get(world, {})
    _BEFORE[world] = {run.id: run for run in runs}
    for text in faults(world, ending, before, runs):
        yield Violation(ORACLE, text)


def faults(world: Judged, ending: Ending, before: Ledger, runs: tuple[RunRecord, ...]) -> Iterator[str]:
    """Yield what is wrong with the runs of a ledger, which was `before` before the command."""
    after = {run.id: run for run in runs}
    yield from _history(ending, before, runs)
    for run in runs:
        yield from _state(world, run)
        if before.get(run.id) != run:
            yield from _of_command(ending, run, new=run.id not in before)
    own = after.get(ending.run_id)
    if ending.run_id and own is None and not _removes(ending):
        yield f"run {ending.run_id} of the command is not in the ledger"
    if own is not None:
        yield from _ended(ending, own)
    yield from _rows(ending, before, runs)
    if isinstance(ending.result, VerifiedRun) and not ending.died:
        yield from _outcome(ending.result, before.get(ending.result.outcome.run_id), after)
    if ending.document is not None and ending.document.get("format") == "syncengine.runs":
        yield from _document(ending.document, runs)


def _history(ending: Ending, before: Ledger, runs: tuple[RunRecord, ...]) -> Iterator[str]:
    """Yield where runs have gone, or are not in the order they were begun in."""
    ids = [run.id for run in runs]
    gone = [one for one in before if one not in ids]
    if gone and not _removes(ending):
        yield f"run {gone[0]} was in the ledger, and is not any more"
    if [one for one in ids if one in before] != [one for one in before if one in ids]:
        yield "runs are not in the order in which they were begun"
    if len(set(ids)) != len(ids):
        yield "two runs have one id"
    for run in runs:
        # Whatever a process dies of, what was flushed stays: nothing in a world damages a file of ours.
        if run.state is RunState.DAMAGED or run.lost_journals:
            why = " ".join((run.problem, *run.lost_journals))
            yield f"run {run.id} is damaged ({why}), and nothing has damaged its files"


def _removes(ending: Ending) -> bool:
    notes = ending.result.notes if isinstance(ending.result, VerifiedRun) else ()
    return "remove" in " ".join((*ending.words, ending.said, *notes))


def _state(world: Judged, run: RunRecord) -> Iterator[str]:
    """Yield where the parts of a record contradict each other."""
    if run.state is RunState.DAMAGED:
        return
    if run.state is RunState.RUNNING:
        yield f"run {run.id} is said to run, and no process does"
    if run.steps_done > run.steps:
        yield f"run {run.id}: {run.steps_done} of {run.steps} steps are done"
    if run.state is RunState.DONE and run.steps_done < run.steps:
        yield f"run {run.id} is done, and only {run.steps_done} of its {run.steps} steps are"
    if run.state is RunState.DONE and run.unresolved:
        yield f"run {run.id} is done, and the outcome of a batch is not known"
    if run.state is RunState.CUT_SHORT and not any((one.died or one.faults) for one in world.endings):
        yield f"run {run.id} was cut short, and no process has died"


def _of_command(ending: Ending, run: RunRecord, *, new: bool) -> Iterator[str]:
    """Yield where a run that the command has begun or continued does not fit to the command."""
    verb = ending.words[0]
    if new and (verb in READS or "--dry-run" in ending.words):
        yield f"{verb} only reads, and run {run.id} was begun"
    if new and not ending.died and ending.code in (2, 4) and run.done:
        yield f"the command ended with {ending.code}, and run {run.id} has written"
    if new and run.header_known and verb in ("resync", "sync", "backfill", "undo") and run.header.kind.value != verb:
        yield f"{verb} has begun run {run.id}, which is said to be {run.header.kind}"
    if run.header_known and run.header.kind is RunKind.UNDO and not run.header.undoes:
        yield f"run {run.id} is an undo, and does not say of which run"


def _ended(ending: Ending, run: RunRecord) -> Iterator[str]:
    """Yield where the state of a command's run is not how the command ended."""
    result = ending.result
    if ending.died or run.state is RunState.DAMAGED:
        return
    if run.state is RunState.CUT_SHORT and not ending.faults:
        yield f"run {run.id} is said to be cut short, and its command ended with {ending.code}"
    if not isinstance(result, VerifiedRun) or result.outcome.run_id != run.id:
        return
    if result.outcome.done and not result.portions and run.state is not RunState.DONE and not result.hooks:
        yield f"all steps of run {run.id} are done, and it is said to be {run.state}"
    if not result.outcome.done and run.state is RunState.DONE:
        yield f"run {run.id} is said to be done, and steps were left"
    undoes = result.plan.undoes
    if undoes and run.header.undoes != undoes and ending.words[0] == "undo":
        yield f"run {run.id} undoes {undoes}, and its record names {run.header.undoes or 'none'}"
    if result.outcome.stopped and run.state is RunState.PARTLY and not run.resumable:
        yield f"run {run.id} stopped ({result.outcome.stopped}), and cannot be resumed"


def _new_batches(before: Ledger, runs: tuple[RunRecord, ...]) -> Iterator[tuple[BatchRecord, bool]]:
    """Yield each batch that is done since, or whose outcome is not known; and whether its rows are certain."""
    for run in runs:
        earlier = {one.place: one for one in before[run.id].batches} if run.id in before else {}
        for batch in run.batches:
            old = earlier.get(batch.place)
            unsettled = old is not None and old.state in (BatchState.OPEN, BatchState.UNKNOWN)
            if batch.state is BatchState.DONE and (old is None or old.state is not BatchState.DONE):
                yield batch, not unsettled
            elif batch.state in (BatchState.OPEN, BatchState.UNKNOWN) or unsettled:
                yield batch, False


def _rows(ending: Ending, before: Ledger, runs: tuple[RunRecord, ...]) -> Iterator[str]:
    """Yield where the rows that changed on a server are not those of the batches that were done."""
    quiet = ending.before.at == ending.after.at and FaultKind.OTHER_COMMITS not in ending.faults
    if not quiet:
        return
    deleted: Counter[Place] = Counter()
    inserted: Counter[Place] = Counter()
    uncertain: set[Place] = set()
    for batch, certain in _new_batches(before, runs):
        for part in batch.parts:
            place: Place = ("primary" if batch.into.value == "primary" else "secondary", part.table)
            if not certain:
                uncertain.add(place)
            deleted[place] += part.deleted
            inserted[place] += part.inserted
    beside = {one.table for run in runs for one in run.side_effects}
    unsure = any(run.unsure or run.state is RunState.DAMAGED for run in runs)
    for server in SERVERS:
        old, new = ending.before.bags[server], ending.after.bags[server]
        for table in sorted(old.keys() | new.keys()):
            place = (server, table)
            lost, gained = changed_rows(old.get(table, NO_ROWS), new.get(table, NO_ROWS))
            if place in uncertain or unsure or (beside and not deleted[place] + inserted[place]):
                continue
            net = (inserted[place] - deleted[place], gained - lost)
            if net[0] != net[1] or lost > deleted[place] or gained > inserted[place]:
                yield (
                    f"{table} of {server} has lost {lost} and gained {gained} rows, and the ledger says "
                    f"{deleted[place]} deleted and {inserted[place]} inserted"
                )


def _outcome(result: VerifiedRun, before: RunRecord | None, after: Ledger) -> Iterator[str]:
    """Yield where the outcome that was returned is not that of the ledger."""
    run = after.get(result.outcome.run_id)
    if run is None or run.state is RunState.DAMAGED:
        if not result.outcome.run_id and (result.outcome.deleted or result.outcome.inserted):
            yield "rows were written without a run"
        return
    done, earlier = run.done, {one.place for one in before.done} if before is not None else set()
    for what in ("deleted", "inserted"):
        claimed = int(getattr(result.outcome, what))
        every = sum(int(getattr(batch, what)) for batch in done)
        now = sum(int(getattr(batch, what)) for batch in done if batch.place not in earlier)
        if claimed not in (every, now):
            yield f"run {run.id} is said to have {what} {claimed} rows, and the ledger says {every}"


def _document(document: Mapping[str, Any], runs: tuple[RunRecord, ...]) -> Iterator[str]:
    """Yield where the document of `runs --json` is not what the Python API says."""
    stated = {one["run"]: one for one in document["runs"]}
    if [one["run"] for one in document["runs"]] != [run.id for run in reversed(runs)]:
        yield "the document of runs has not the runs of the ledger, the last one first"
    resumable = {run.id for run in resumable_runs(runs)}
    for run in runs:
        one = stated.get(run.id)
        if one is None:
            continue
        true = {
            "state": run.state.value,
            "undoes": run.header.undoes or None,
            "steps": run.steps,
            "steps_done": run.steps_done,
            "rows_deleted": sum(batch.deleted for batch in run.done),
            "rows_inserted": sum(batch.inserted for batch in run.done),
            "resumable": run.id in resumable,
            "open": len(run.unresolved),
        }
        for name, value in true.items():
            if one[name] != value:
                yield f"the document of runs says {name} {one[name]} of run {run.id}, and it is {value}"
