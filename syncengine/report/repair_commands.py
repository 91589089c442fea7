"""The commands that repair what a verify has found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from rich.text import Text

from syncengine.catalogue import Catalogue
from syncengine.model.bucket import Bucket
from syncengine.model.cuts import CutState
from syncengine.model.drift import Observation, TableObservation, TableState
from syncengine.model.names import command
from syncengine.model.pair import Role
from syncengine.model.plan import Plan, SkipReason
from syncengine.model.sentences import listed
from syncengine.model.spans import joined
from syncengine.model.spec import SyncedBy, TableSpec
from syncengine.model.window import Window
from syncengine.model.window_syntax import typed_window
from syncengine.report.text import next_steps

NAMED = 6
COPY_BY_HAND_TABLES = "To copy tables that are synchronised by hand all the same"
HISTORY = "history"
"""The set of all historical tables that are shipped."""


def repair_commands(
    observation: Observation, catalogue: Catalogue, tables: Sequence[str], sets: Sequence[str], pair: str
) -> list[str]:
    """Return the commands that repair what was found: of history, and of administration.

    `tables` and `sets` are those requested; a set of both kinds is named by its tables. Tables that no copy can write
    are left out.
    """
    differing = [table for table in observation.tables if table.differing and table.spec.synced_by is SyncedBy.COPYING]
    unwritable = {table.spec.name for table in differing if table.unwritable}
    differing = [table for table in differing if not (table.unwritable or _of_no_time(table, observation))]
    timed = [table for table in differing if table.spec.time is not None and not table.spec.future_dates]
    others = [table for table in differing if table not in timed]
    common_options = _common_options(observation)
    commands = []
    if timed:
        spans = joined(span for table in timed for span in _spans(table, observation))
        window = ["--window", typed_window(Window(spans[0].start, spans[-1].stop))] if spans else []
        words = [] if tables or sets else _all_of_history(timed, observation, catalogue, unwritable)
        words = words or list(_named(timed, catalogue, sets, unwritable))
        commands.append(command("resync", "--pair", pair, *window, *words, *common_options))
    if others:
        commands.append(command("sync", "--pair", pair, *_named(others, catalogue, sets, unwritable), *common_options))
    return commands


def _common_options(observation: Observation) -> list[object]:
    """Return the options of every repair command: the ACDs and the source of the verify; and it is a dry run."""
    options: list[object] = [word for number in observation.acds for word in ("--acd", number)]
    options += ["--from", "secondary"] if observation.source is Role.SECONDARY else []
    return [*options, "--dry-run"]


def unwritable_lines(observation: Observation) -> Iterator[str]:
    """Yield why no command repairs a table that differs and is synchronised by copying."""
    for table in observation.tables:
        if table.unwritable:
            yield f"No copy repairs {table.spec.name} on {observation.target}: {table.unwritable}."
        elif table.differing and table.spec.synced_by is SyncedBy.COPYING and _of_no_time(table, observation):
            yield f"No copy repairs {table.spec.name}: the rows that differ have no time, so no window covers them."


def copying_by_hand(observation: Observation, pair: str) -> Iterator[str]:
    """Yield the command that copies tables synchronised by hand or by the switch all the same, where any differs."""
    names = [
        table.spec.name
        for table in observation.tables
        if table.differing and table.spec.synced_by in (SyncedBy.BY_HAND, SyncedBy.BY_SWITCH)
        if table.spec.time is None and not table.unwritable
    ]
    if names:
        words = [word for name in names for word in ("--table", name)]
        yield command("sync", "--pair", pair, *words, "--include-manual", *_common_options(observation))


def overlap_lines(observation: Observation) -> Iterator[str]:
    """Yield what to do about intervals that overlap on a server, which no copy repairs."""
    names = [table.spec.name for table in observation.tables if table.overlaps]
    if names:
        yield (
            f"Intervals of {listed(names, NAMED)} overlap: find out which rows are right on the server named above, "
            "remove the others there, then verify again."
        )


def after_run_lines(after: Observation, plan: Plan, run_id: str, pair: str) -> Iterator[Text]:
    """Yield what to do where a run left a difference that copying would remove: find out why, or run it again."""
    names = [table.spec.name for table in after.tables if table.differing and table.spec.synced_by is SyncedBy.COPYING]
    skipped_tables = {skipped.table for skipped in plan.skipped}
    skipped, new = ([name for name in names if (name in skipped_tables) is side] for side in (True, False))
    if skipped and run_id:
        yield from next_steps(f"To see why {listed(skipped, NAMED)} {_was(skipped)} skipped", [_report(run_id, pair)])
    elif skipped:
        yield Text(f"The plan above says why {listed(skipped, NAMED)} {_was(skipped)} skipped.")
    yield from _remove_users_lines(names, after, plan, pair)
    yield from next_steps(COPY_BY_HAND_TABLES, list(copying_by_hand(after, pair)))
    if new:
        yield Text(f"{listed(new, NAMED)} still differ{'s' if len(new) == 1 else ''}: run the same command again.")


def _was(names: Sequence[str]) -> str:
    return "was" if len(names) == 1 else "were"


def _report(run_id: str, pair: str) -> str:
    return command("report", run_id, "--pair", pair)


def _remove_users_lines(differing: Sequence[str], after: Observation, plan: Plan, pair: str) -> Iterator[Text]:
    """Yield the command that removes users that only the target has, where the plan skipped any."""
    spared = {skipped.table for skipped in plan.skipped if skipped.reason is SkipReason.REMOVAL}
    words = [word for name in differing if name in spared for word in ("--table", name)]
    if words and plan.copy is not None and not plan.copy.policy.only_adds:
        typed = command("sync", "--pair", pair, *words, "--remove-users", *_common_options(after))
        label = f"To remove users that only {plan.target} has, with their rows in these tables (logins: by hand)"
        yield from next_steps(label, [typed])


def _of_no_time(table: TableObservation, observation: Observation) -> bool:
    """Say whether no row that differs lies in any window."""
    if table.spec.time is None or table.spec.future_dates:
        return False
    return not any(True for _ in _spans(table, observation))


def _all_of_history(
    timed: Sequence[TableObservation], observation: Observation, catalogue: Catalogue, unwritable: set[str]
) -> list[str]:
    """Return the options for all history, where the servers have more of its tables than those to repair; or none."""
    set_tables = set(catalogue.set(HISTORY).tables)
    there = {table.spec.name for table in observation.tables if table.state is TableState.COMPARED}
    names = {table.spec.name for table in timed}
    if not (names <= set_tables and there & set_tables - names - unwritable):
        return []
    return ["--set", HISTORY, *(word for name in sorted(unwritable & set_tables) for word in ("--exclude-table", name))]


def _spans(table: TableObservation, observation: Observation) -> Iterator[Window]:
    """Yield the times to repair: for rows that an outage has cut the time of the outage, wherever the pieces are."""
    cut_rows: dict[Bucket, dict[Role, int]] = defaultdict(lambda: dict.fromkeys(Role, 0))
    for cut in table.cuts:
        if cut.state is CutState.WHOLE:
            yield from (outage.aligned(observation.length(cut.acd)) for outage in cut.outages)
            for role, row in cut.differing:
                cut_rows[row.bucket][role] += row.rows
    for drift in table.differing:
        rows = cut_rows.get(drift.bucket)
        if drift.span is not None and (rows is None or drift.counts.total > max(rows.values())):
            yield drift.span


def _named(
    differing: Sequence[TableObservation], catalogue: Catalogue, sets: Sequence[str], unwritable: set[str]
) -> Iterator[str]:
    """Yield the options that name tables: sets as they were requested, where the command takes all of their tables."""
    names = {table.spec.name for table in differing}
    copied = [(name, set(catalogue.set(name).tables)) for name in sets]
    whole = [(name, held) for name, held in copied if held & names and _one_kind(held, differing[0].spec, catalogue)]
    for name, _ in whole:
        yield from ("--set", name)
    for name in sorted(unwritable & {one for _, held in whole for one in held}):
        yield from ("--exclude-table", name)
    remaining = names.difference(*(held for _, held in whole)) if whole else names
    for table in differing:
        if table.spec.name in remaining:
            yield from ("--table", table.spec.name)


def _one_kind(names: set[str], spec: TableSpec, catalogue: Catalogue) -> bool:
    """Say whether one command takes all tables of a set."""

    def is_history(one: TableSpec) -> bool:
        return one.time is not None and not one.future_dates

    return all(is_history(catalogue.table(name)) is is_history(spec) for name in names)
