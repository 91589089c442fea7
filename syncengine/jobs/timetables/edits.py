"""Plans edits of where timetables run, and verifies them; only the server that is edited is queried."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from syncengine.catalogue import Catalogue
from syncengine.execute.images import image_of_relation
from syncengine.execute.timetables import EditedRows, ReadRows
from syncengine.model.bucket import EMPTY, Bucket, BucketColumns
from syncengine.model.errors import InputError
from syncengine.model.fingerprint import FingerprintColumn, group_key
from syncengine.model.pair import PairSettings, Role
from syncengine.model.plan import Action, Plan, Skipped, Step, TablePart
from syncengine.model.plan_kind import RunOnEdit, Undo
from syncengine.model.refusals import NothingToUndoError, UnwritableError
from syncengine.model.run import RunRecord, RunState
from syncengine.model.selection import ReadQuery, Selection
from syncengine.model.timetable_flag import FlagEdit, FlagRow, TimetableFlag, stored_text
from syncengine.model.timetables import NAME, OWNER, SCHEDULES, Timetable
from syncengine.observe.columns import ColumnNeed, as_compared, misfit
from syncengine.observe.timetables.flag_column import flag_faults
from syncengine.planning.schedules import NOTHING_MISSING, MissingSchedules, with_made_schedules
from syncengine.planning.timetables import Name, RunOnRequest, edit_steps, run_on_edit, undo_edit
from syncengine.servers.protocol import LiveTable, Server
from syncengine.servers.retry import with_retries
from syncengine.staging.cache import Cache
from syncengine.staging.ledger import Ledger

OWN_ROWS, EDITED_ROWS = "own_rows", "edited_rows"
HOW_TO = (
    "Add [timetables] with flag, only_here, here_or_another and not_here to the pair file; "
    "docs/how-to/timetables.md says how to find them out."
)
BY_HAND = (
    "Do it by hand: log in to {} as cms, and make the global edit of {} in the timetable window. "
    "To do it with syncengine next time, "
)
"""How to do it without a flag (High Availability guide, chapter 3), for the night of a failure."""


@dataclass(frozen=True, slots=True)
class EditQuestions:
    """What an edit is planned with."""

    settings: PairSettings
    catalogue: Catalogue
    as_of: datetime
    seed: int


@dataclass(frozen=True, slots=True)
class _ScheduleRows:
    """All rows of ttsched of one server, as they were read once."""

    rows: ReadRows
    part: TablePart
    flag: FingerprintColumn

    @property
    def query(self) -> ReadQuery:
        """The query that read them."""
        return _query(self.part)

    def named(self) -> Iterator[FlagRow]:
        """Yield the flags of the rows that name a timetable."""
        return self.rows.flags(self.flag.name)


@dataclass(frozen=True, slots=True)
class ScheduleChanges:
    """What an edit does about schedules that the server lacks, or lacked before a run."""

    steps: tuple[Step, ...] = ()
    """Steps that remove schedules a run has made, or restore those it removed."""
    skipped: tuple[Skipped, ...] = ()
    missing: MissingSchedules = NOTHING_MISSING


def plan_run_on(
    server: Server,
    request: RunOnRequest,
    questions: EditQuestions,
    cache: Cache,
    lacking: Sequence[Timetable],
    missing: Callable[[int], MissingSchedules],
) -> Plan:
    """Return the plan of the guide's global edit (High Availability guide, chapter 3).

    `lacking` are timetables of the owners without a schedule there; `missing` returns which can be made.
    Raises `InputError` where the pair file names no column that fits, or an owner has no timetable there.
    """
    flag = questions.settings.timetables.flag
    if flag is None:
        by_hand = BY_HAND.format(request.server, " and of ".join(request.owners))
        message = "The pair file does not name the column for where a timetable runs."
        raise InputError(message, hint=f"{by_hand}{HOW_TO[0].lower()}{HOW_TO[1:]}")
    current = _read_schedules(server, request.server, flag, questions)
    rows = tuple(current.named())
    owners = sorted({row.timetable[0] for row in rows} | {one.owner for one in lacking})
    for owner in request.owners:
        if owner not in owners:
            there = f"There are {', '.join(owners)}." if owners else "It has no timetables."
            raise InputError(f"{request.server} has no timetable of the owner {owner!r}.", hint=there)
    edit = run_on_edit(rows, request, flag, current.flag)
    schedule_changes = ScheduleChanges(missing=missing(questions.seed)) if lacking else ScheduleChanges()
    return _plan(
        current,
        RunOnEdit(edit, schedule_changes.missing.edit),
        edit,
        server,
        request.server,
        questions,
        cache,
        schedule_changes,
    )


def plan_flag_undo(
    record: RunRecord,
    edit: FlagEdit,
    server: Server,
    into: Role,
    questions: EditQuestions,
    ledger: Ledger,
    cache: Cache,
    schedule_changes: ScheduleChanges,
) -> Plan:
    """Return the plan that restores the flags a run has set, timetable by timetable.

    `schedule_changes` undo the schedules it has made. Raises `NothingToUndoError` where nothing can be undone.
    """
    flag = questions.settings.timetables.flag
    if flag is None or flag.column != edit.column:
        raise InputError(
            f"Run {record.id} has set {SCHEDULES}.{edit.column}, which the pair file no longer names.", hint=HOW_TO
        )
    current = _read_schedules(server, into, flag, questions)
    reverse_edit, skipped = undo_edit(edit, current.named(), _later(record, into, ledger), f"undo run {record.id}")
    skipped = (*skipped, *schedule_changes.skipped)
    if skipped and not (reverse_edit.changes or schedule_changes.steps):
        shown = "; ".join(f"{one.reason} ({one.detail})" for one in skipped)
        raise NothingToUndoError(
            f"Nothing of run {record.id} can be undone. {SCHEDULES}: {shown}.",
            run_id=record.id,
            hint="Undo the later run first, or see `syncengine timetables`.",
        )
    undo = Undo(record.id, reverse_edit, record.side_effects)
    return _plan(
        current, undo, reverse_edit, server, into, questions, cache, replace(schedule_changes, skipped=skipped)
    )


def flags_unlike(edit: FlagEdit, server: Server) -> bool:
    """Say whether a flag is now not as an edit has set it; other columns may have changed since."""
    names = (OWNER, NAME, edit.column)
    query = ReadQuery(Selection(SCHEDULES, BucketColumns()), names)
    answer = with_retries(lambda: server.read(query).read_all())
    now: dict[Name, set[str | None]] = {}
    for owner, name, value in zip(*(answer.column(place).to_pylist() for place in range(len(names))), strict=True):
        if owner is not None and name is not None:
            now.setdefault(FlagRow(owner, name, value).timetable, set()).add(stored_text(value))
    return any(now.get(change.timetable) != {stored_text(change.after)} for change in edit.changes)


def _read_schedules(server: Server, into: Role, flag: TimetableFlag, questions: EditQuestions) -> _ScheduleRows:
    spec = questions.catalogue.table(SCHEDULES)
    table = server.tables((SCHEDULES,)).get(SCHEDULES)
    if table is None:
        raise InputError(f"{into} has no table {SCHEDULES}.", hint="`syncengine check` says what it has.")
    _refuse_columns(table, into, flag)
    columns = tuple(as_compared(spec, column, None) for column in table.columns)
    part = TablePart(
        table=SCHEDULES,
        action=Action.REPLACE_GROUPS,
        buckets=(),
        bucket_columns=BucketColumns.of(spec),
        columns=columns,
        compared=columns,
        key=group_key(spec, columns),
        # The table is small, and its columns are not documented: digests cover all types.
        beyond_fingerprint=True,
    )
    rows = with_retries(lambda: server.read(_query(part)).read_all())
    return _ScheduleRows(ReadRows(rows), part, next(column for column in columns if column.name == flag.column))


def _query(part: TablePart) -> ReadQuery:
    return ReadQuery(Selection(SCHEDULES, part.bucket_columns), tuple(column.name for column in part.columns))


def _refuse_columns(table: LiveTable, into: Role, flag: TimetableFlag) -> None:
    """Refuse a table whose rows have no timetable, cannot be read exactly, or cannot be flagged as configured."""
    misfits = [problem for name in (OWNER, NAME) if (problem := misfit(table, name, ColumnNeed.TEXT))]
    if misfits:
        raise InputError(f"{into}: {SCHEDULES} has {' and '.join(misfits)}, so that its rows name no timetable.")
    faults = tuple(flag_faults(flag, into, table))
    if faults:
        raise InputError(f"{'; '.join(faults)}.", hint="Correct [timetables] in the pair file.")
    unreadable = [f"{column.name} ({column.native})" for column in table.columns if not column.readable]
    if unreadable:
        raise UnwritableError(
            f"{into}: {SCHEDULES} is not written, since {', '.join(unreadable)} cannot be read exactly.",
            tables=((into, SCHEDULES),),
            hint="Use the global edit of the timetable window instead.",
        )


def _plan(
    current: _ScheduleRows,
    kind: RunOnEdit | Undo,
    edit: FlagEdit,
    server: Server,
    into: Role,
    questions: EditQuestions,
    cache: Cache,
    schedule_changes: ScheduleChanges,
) -> Plan:
    cache.load(OWN_ROWS, current.rows.read(current.query))
    cache.load(EDITED_ROWS, EditedRows(current.rows, edit).read(current.query))
    before, after = (
        image_of_relation(current.part, questions.seed, relation, cache).by_bucket().get(Bucket(), EMPTY)
        for relation in (OWN_ROWS, EDITED_ROWS)
    )
    cache.drop(OWN_ROWS, EDITED_ROWS)
    plan = Plan(
        kind=kind,
        seed=questions.seed,
        as_of=questions.as_of,
        target=into,
        zone=questions.settings.timezone,
        identities=((into, server.describe().identity),),
        tables=(SCHEDULES,),
        steps=edit_steps(edit, current.part, into, before, after),
        skipped=schedule_changes.skipped,
    )
    return with_made_schedules(plan, schedule_changes.missing, schedule_changes.steps, questions.settings.hooks)


def _later(record: RunRecord, into: Role, ledger: Ledger) -> dict[Name, str]:
    """Return the last later run that has set the flag of each timetable."""
    later: dict[Name, str] = {}
    for other in ledger.runs():
        # A flag set by an unreadable run is skipped anyway: it is not as this run left it.
        if other.header.number > record.header.number and other.done and other.state is not RunState.DAMAGED:
            plan = ledger.folder(other.id).plan(other.portions_saved[0])
            if plan.edit is not None and plan.target is into:
                later.update((change.timetable, other.id) for change in plan.edit.changes)
    return later
