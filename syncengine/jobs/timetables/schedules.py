"""Finds which missing schedules of timetables can be made from the other server's, and verifies those made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from syncengine.catalogue import Catalogue
from syncengine.execute.images import buckets_of, image_of_relation
from syncengine.execute.timetables import EditedRows, ReadRows
from syncengine.model.bucket import EMPTY, Bucket, BucketColumns
from syncengine.model.drift import Counts, Observation, TableState
from syncengine.model.errors import ServerError
from syncengine.model.fingerprint import FingerprintColumn, group_key
from syncengine.model.pair import PairSettings, Role
from syncengine.model.plan import Action, BucketWrite, Plan, TablePart
from syncengine.model.plan_kind import Sync
from syncengine.model.selection import KeyGroups, ReadQuery, Selection
from syncengine.model.sentences import listed
from syncengine.model.spec import TableSpec
from syncengine.model.surroundings import side_effects_of
from syncengine.model.timetable_flag import FlagChange, FlagEdit, TimetableFlag, TimetableState, stored_text
from syncengine.model.timetables import NAME, OWNER, SCHEDULES, Timetable
from syncengine.observe.columns import judge_layouts
from syncengine.observe.timetables.flag_column import flag_faults
from syncengine.planning.schedules import (
    NOTHING_MISSING,
    MadeSchedules,
    MissingSchedules,
    arriving,
    orphaned,
    restored,
    with_schedules,
)
from syncengine.planning.timetables import Name, as_stored
from syncengine.servers.protocol import LiveTable, Server
from syncengine.servers.retry import with_retries
from syncengine.staging.cache import Cache

MADE_ROWS = "made_rows"
MOST_NAMED = 4
WHOLE = ("smallint", "integer", "int8", "bigint")
MOST_MADE = 200
"""The most timetables one plan makes schedules of: all of them are named in each statement."""
NO_FLAG = "the pair file does not name the column of ttsched for where a timetable runs"
ABOUT = "make the schedules that are missing"


@dataclass(frozen=True, slots=True)
class ScheduleQuestions:
    """What making schedules on a server is planned with."""

    settings: PairSettings
    catalogue: Catalogue
    into: Role
    as_of: datetime
    seed: int
    cache: Cache
    new_state: Callable[[TimetableState], TimetableState]
    """Returns the state of a new schedule, by its state on the other server."""


def with_missing_schedules(
    made: Plan,
    sync: Sync,
    observation: Observation,
    servers: Mapping[Role, Server],
    settings: PairSettings,
    catalogue: Catalogue,
    cache: Cache,
) -> Plan:
    """Return the plan of a sync with the schedules its timetables lack on the target: made, or named in notes."""
    listing = observation.timetables
    if listing is None or SCHEDULES not in made.tables:
        return made
    lacking = arriving(made, listing)
    if not (lacking or orphaned(made, listing)):
        return made
    questions = ScheduleQuestions(settings, catalogue, made.target, made.as_of, made.seed, cache, restored)
    missing = missing_schedules(lacking, servers, questions) if lacking else NOTHING_MISSING
    return with_schedules(made, sync, missing, listing, settings.hooks)


def missing_schedules(
    lacking: Sequence[Timetable], servers: Mapping[Role, Server], questions: ScheduleQuestions
) -> MissingSchedules:
    """Return which missing schedules can be made from the other server's, and why others cannot. Reads only.

    A schedule that cannot be made does not stop the others. Raises `ServerError` where a server is lost.
    """
    flag = questions.settings.timetables.flag
    if flag is None:
        return _all_skipped(lacking, NO_FLAG)
    try:
        return _missing(lacking, servers, questions, flag)
    except ServerError as error:
        if error.of_whole_server:
            raise
        return _all_skipped(lacking, error.message.rstrip("."))


def schedules_unlike(plan: Plan, servers: Mapping[Role, Server]) -> tuple[str, ...]:
    """Return the table of schedules where a schedule the plan makes is now missing, or not as it was made."""
    made = plan.schedules
    return (SCHEDULES,) if made is not None and _flags_on(made, servers[plan.target]) != _flags_made(made) else ()


def flags_as_made(edit: FlagEdit, server: Server) -> bool:
    """Say whether the flags of schedules a run has made are unchanged, where these still exist."""
    made = _flags_made(edit)
    return all(flags <= made[name] for name, flags in _flags_on(edit, server).items())


def _flags_made(edit: FlagEdit) -> dict[Name, set[str | None]]:
    made: dict[Name, set[str | None]] = {}
    for change in edit.changes:
        made.setdefault(change.timetable, set()).add(stored_text(change.after))
    return made


def _flags_on(edit: FlagEdit, server: Server) -> dict[Name, set[str | None]]:
    """Return the flags that some timetables have on a server now."""
    wanted = {change.timetable for change in edit.changes}
    query = ReadQuery(Selection(SCHEDULES, BucketColumns()), (OWNER, NAME, edit.column))
    flags: dict[Name, set[str | None]] = {}
    for row in ReadRows(with_retries(lambda: server.read(query).read_all())).flags(edit.column):
        if row.timetable in wanted:
            flags.setdefault(row.timetable, set()).add(stored_text(row.value))
    return flags


def _missing(
    lacking: Sequence[Timetable], servers: Mapping[Role, Server], questions: ScheduleQuestions, flag: TimetableFlag
) -> MissingSchedules:
    into, spec = questions.into, questions.catalogue.table(SCHEDULES)
    tables = {role: servers[role].tables((SCHEDULES,)).get(SCHEDULES) for role in Role}
    columns, why = _columns(tables, flag, spec)
    why = why or _unwritable(servers[into])
    if why:
        return _all_skipped(lacking, why)
    skipped: list[tuple[Timetable, str]] = []
    wanted: dict[Name, Timetable] = {}
    for one in lacking:
        if not all(schedule.state is not None for schedule in one.side(into.other).schedules):
            skipped.append((one, f"its flag on {into.other} is none of the three configured values"))
        elif len(wanted) >= MOST_MADE:
            skipped.append((one, "too many for one run: run the same command again"))
        else:
            wanted[one.owner, one.name] = one
    if not wanted:
        return MissingSchedules(not_made=tuple(skipped))
    stored = sorted({name for one in wanted.values() for name in one.side(into.other).stored})
    part = _part(spec, columns, KeyGroups((OWNER, NAME), tuple(stored)))
    query = ReadQuery(buckets_of(part), tuple(column.name for column in columns))
    rows = with_retries(lambda: servers[into.other].read(query).read_all())
    unsure = _numbers(spec, columns, rows)
    if unsure:
        why = f"{listed(unsure, MOST_NAMED)} may be a row number of each server, and no spec describes it"
        return _all_skipped(lacking, why)
    edit = FlagEdit(flag.column, tuple(_changes(rows, flag, columns, questions)), ABOUT)
    questions.cache.load(MADE_ROWS, EditedRows(ReadRows(rows), edit).read(query))
    state = image_of_relation(part, questions.seed, MADE_ROWS, questions.cache).by_bucket().get(Bucket(), EMPTY)
    questions.cache.drop(MADE_ROWS)
    return MissingSchedules(MadeSchedules(edit, part, state), tuple(skipped))


def _columns(
    tables: dict[Role, LiveTable | None], flag: TimetableFlag, spec: TableSpec
) -> tuple[tuple[FingerprintColumn, ...], str]:
    """Return the columns of schedules, or why rows of one server cannot be written to the other."""
    verdict = judge_layouts(spec, tables)
    if verdict.state is not TableState.COMPARED:
        return (), verdict.problem
    faults = [fault for role, table in tables.items() if table is not None for fault in flag_faults(flag, role, table)]
    text = {column.name for column in verdict.all_columns if column.type.is_text}
    faults += [f"ttsched has no text column {name}" for name in (OWNER, NAME) if name not in text]
    return verdict.all_columns, "; ".join(faults)


def _unwritable(server: Server) -> str:
    """Return why no copy can write schedules to a server; empty where it can."""
    around = server.surroundings((SCHEDULES,))
    return "; ".join(effect.message for one in around.values() for effect in side_effects_of(one) if effect.forbids)


def _part(spec: TableSpec, columns: tuple[FingerprintColumn, ...], only: KeyGroups) -> TablePart:
    compared = tuple(column for column in columns if column.name not in spec.ignored)
    return TablePart(
        table=SCHEDULES,
        action=Action.ADD_GROUPS,
        buckets=(BucketWrite(Bucket(), EMPTY, EMPTY, Counts()),),
        bucket_columns=BucketColumns.of(spec),
        columns=columns,
        compared=compared,
        key=group_key(spec, compared),
        row_number=spec.row_number if spec.row_number in {column.name for column in columns} else None,
        # The table is small, and its columns are not documented: digests cover all types.
        beyond_fingerprint=True,
        only=only,
    )


def _changes(
    rows: pa.Table, flag: TimetableFlag, columns: Sequence[FingerprintColumn], questions: ScheduleQuestions
) -> Iterator[FlagChange]:
    """Yield each different flag of each timetable, as on the other server and as it is made."""
    into = questions.into
    column = next(one for one in columns if one.name == flag.column)
    for row in sorted(dict.fromkeys(ReadRows(rows).flags(flag.column)), key=lambda row: row.timetable):
        there = flag.state(row.value, into.other.value)
        if there is None:
            raise ServerError(f"{into.other}: {SCHEDULES} changed while it was read.", hint="Run the same again.")
        then = questions.new_state(there)
        after = as_stored(flag.value(then, into.value), column)
        yield FlagChange(row.owner, row.name, row.value, after, (there.value, then.value))


def _numbers(spec: TableSpec, columns: Sequence[FingerprintColumn], rows: pa.Table) -> list[str]:
    """Return the columns that no spec describes and that may number rows: whole numbers without repeats."""
    described = {column.name for column in spec.columns}
    found = []
    for column in columns:
        if column.name not in described and column.type.name in WHOLE:
            values = rows.column(column.name).to_pylist()
            if None not in values and len(set(values)) == len(values):
                found.append(f"{SCHEDULES}.{column.name}")
    return found


def _all_skipped(lacking: Sequence[Timetable], why: str) -> MissingSchedules:
    return MissingSchedules(not_made=tuple((one, why) for one in lacking))
