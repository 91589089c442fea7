"""What a write to a table sets off or meets on its server: triggers, references, constraints, numbers it counts itself.

A server tells it as its catalogue has it. Here it is put into words; what of it may be is `model.permission`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from syncengine.model.pair import Role


class Write(StrEnum):
    """What a statement does to rows."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


EVERY_WRITE = tuple(Write)


class OnDelete(StrEnum):
    """What becomes of a row that refers to one which is deleted."""

    NO_ACTION = "no action"
    RESTRICT = "restrict"
    CASCADE = "cascade"
    SET_NULL = "set null"
    SET_DEFAULT = "set default"

    @property
    def changes_rows(self) -> bool:
        """Say whether the row that refers is changed or deleted, instead of keeping the other from being deleted."""
        return self in (OnDelete.CASCADE, OnDelete.SET_NULL, OnDelete.SET_DEFAULT)


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger that is switched on, or what a server has like it."""

    name: str
    on: tuple[Write, ...]
    called: str = "trigger"
    """What the server calls it: a trigger or a rule."""
    instead: bool = False
    """It does something else in place of the write."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key: rows of `table` refer to rows of `to`."""

    name: str
    table: str
    to: str
    columns: tuple[str, ...]
    on_delete: OnDelete = OnDelete.NO_ACTION
    enforced: bool = True
    """The server holds rows to it, whoever writes them; where it does not for this login, nothing happens by it."""

    @property
    def changes_rows(self) -> bool:
        """Say whether it changes or deletes rows that refer to one which is deleted."""
        return self.enforced and self.on_delete.changes_rows


@dataclass(frozen=True, slots=True)
class ReachedTrigger:
    """A trigger of a table that a cascade reaches: rows of it change with those that are written elsewhere."""

    table: str
    trigger: Trigger


@dataclass(frozen=True, slots=True)
class UniqueKey:
    """A unique constraint or index, or a primary key."""

    name: str
    columns: tuple[str, ...]
    where: str = ""
    """The condition of the rows it is over; empty where it is over all."""
    of: str = ""
    """The part of the table whose rows it is over; empty where it is over all."""


@dataclass(frozen=True, slots=True)
class CheckConstraint:
    """A condition that each row has to meet."""

    name: str
    condition: str
    of: str = ""
    """The part of the table whose rows it is over; empty where it is over all."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What hands a table's changes on, and can do that for some writes only where rows are told apart by a key."""

    name: str
    keyless: tuple[Write, ...]
    """The writes that the server refuses, since rows have no such key."""
    of: str = ""
    """The part of the table that lacks the key; empty where it is the table itself."""


@dataclass(frozen=True, slots=True)
class Counter:
    """A column that the server itself numbers: an identity, a serial column, a default from a sequence."""

    column: str
    sequence: str = ""
    """The sequence it counts on by; empty where the column counts by itself."""
    why_not_advanced: str = ""
    """Why the sequence cannot be advanced past numbers that are written; empty where it is."""
    caveat: str = ""
    """What numbers below those may come all the same, once the sequence is advanced; empty where none can."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What surrounds one table on one server."""

    table: str
    is_a: str = "table"
    """What it is if it is no table of rows of its own: a view, a foreign table."""
    triggers: tuple[Trigger, ...] = ()
    referred_by: tuple[Reference, ...] = ()
    """References to it, and to tables that lose rows with it."""
    reached: tuple[ReachedTrigger, ...] = ()
    """Triggers that run on what those references do to other tables, at any distance."""
    refers: tuple[Reference, ...] = ()
    generated: tuple[str, ...] = ()
    """Columns that the server computes, and that nobody can write."""
    counters: tuple[Counter, ...] = ()
    unique: tuple[UniqueKey, ...] = ()
    checks: tuple[CheckConstraint, ...] = ()
    inherited_by: tuple[str, ...] = ()
    """Tables whose rows are read with its own; partitions are not among them."""
    row_security: bool = False
    """Rows of it are hidden from this login."""
    lacks: tuple[Write, ...] = ()
    """What this login may not do to its rows; a plan names it, and the write will fail for that table alone."""
    elsewhere: tuple[str, ...] = ()
    """Partitions of it that are foreign tables: their rows lie on another server."""
    published: tuple[Publication, ...] = ()


class SideEffectKind(StrEnum):
    """What a write meets or sets off."""

    NOT_A_TABLE = "not-a-table"
    INSTEAD = "instead"
    INHERITED = "inherited"
    ROW_SECURITY = "row-security"
    GENERATED = "generated-column"
    PRIVILEGES = "privileges"
    PUBLISHED = "published"
    TRIGGER = "trigger"
    CASCADE = "cascade"
    REFERRED_TO = "referred-to"
    REFERS = "refers"
    UNIQUE = "unique"
    CHECK = "check"
    COUNTER = "counter"


FORBIDS = frozenset(
    {
        SideEffectKind.NOT_A_TABLE,
        SideEffectKind.INSTEAD,
        SideEffectKind.INHERITED,
        SideEffectKind.ROW_SECURITY,
        SideEffectKind.GENERATED,
        SideEffectKind.PUBLISHED,
    }
)
"""What a table cannot be written with: the write would fail, or lose rows."""
CHANGES_ROWS = frozenset({SideEffectKind.TRIGGER, SideEffectKind.CASCADE})
"""What changes rows beside those that are written, which no journal holds."""


@dataclass(frozen=True, slots=True)
class SideEffect:
    """One thing that a write of some kinds meets or sets off."""

    kind: SideEffectKind
    message: str
    """The end of a sentence that begins with the table and its server."""
    on: tuple[Write, ...] = EVERY_WRITE
    name: str = ""
    """The trigger, constraint, column or sequence."""
    other_table: str = ""
    """The other table, where there is one: that which refers to it, or of which a trigger runs."""
    how: str = ""
    """What a reference does to rows of the other table."""

    @property
    def forbids(self) -> bool:
        """Say whether the table cannot be written with it."""
        return self.kind in FORBIDS

    @property
    def changes_rows(self) -> bool:
        """Say whether it changes rows beside those that are written."""
        return self.kind in CHANGES_ROWS


@dataclass(frozen=True, slots=True)
class TableSideEffect:
    """What the writes of a plan meet or set off at one table of one server."""

    into: Role
    table: str
    effect: SideEffect

    @property
    def message(self) -> str:
        """The whole sentence, without its full stop."""
        return f"{self.table} on {self.into}: {self.effect.message}"


@dataclass(frozen=True, slots=True)
class SideEffectsUnknown:
    """A table that could not be looked at once more after its last batch: what that has set off may not be told."""

    into: Role
    table: str
    why: str

    @property
    def message(self) -> str:
        """The whole sentence, without its full stop."""
        return f"{self.table} on {self.into}: what came during its last batch is not known ({self.why.rstrip('.')})"


def chain_of(table: str, references: tuple[Reference, ...]) -> tuple[Reference, ...]:
    """Return the references to a table, and those to tables that lose rows when it does."""
    found: dict[Reference, None] = {}
    reached = [table]
    for parent in reached:
        for one in references:
            if one.to == parent and one not in found:
                found[one] = None
                if one.enforced and one.on_delete is OnDelete.CASCADE and one.table not in reached:
                    reached.append(one.table)
    return tuple(found)


def reached_by(chain: Iterable[Reference]) -> dict[str, frozenset[Write]]:
    """Return the tables whose rows are changed by the references of a chain, and what is done to them."""
    found: dict[str, frozenset[Write]] = {}
    for one in chain:
        if one.changes_rows:
            write = Write.DELETE if one.on_delete is OnDelete.CASCADE else Write.UPDATE
            found[one.table] = found.get(one.table, frozenset()) | {write}
    return found


def reached_triggers(
    chain: Iterable[Reference], triggers: Mapping[str, Iterable[Trigger]]
) -> tuple[ReachedTrigger, ...]:
    """Return what of the triggers of other tables, by their names, the references of a chain run."""
    return tuple(
        ReachedTrigger(table, trigger)
        for table, done in reached_by(chain).items()
        for trigger in triggers.get(table, ())
        if done & set(trigger.on)
    )


def side_effects_of(around: Surroundings) -> Iterator[SideEffect]:
    """Yield all that writes to a table may meet or set off, what weighs most first."""
    yield from _forbidding(around)
    if around.lacks:
        lacking = ", ".join(one.upper() for one in around.lacks)
        yield SideEffect(SideEffectKind.PRIVILEGES, f"this login lacks {lacking} on it")
    for trigger in around.triggers:
        if not trigger.instead:
            says = f"the {trigger.called} {trigger.name} runs on {_each(trigger.on)}"
            yield SideEffect(SideEffectKind.TRIGGER, says, trigger.on, trigger.name)
    for one in around.referred_by:
        yield _referred(one)
    for far in around.reached:
        trigger = far.trigger
        says = (
            f"the {trigger.called} {trigger.name} of {far.table}, rows of which change with those that are deleted, "
            f"runs on {_each(trigger.on)} there"
        )
        yield SideEffect(SideEffectKind.TRIGGER, says, (Write.DELETE,), trigger.name, far.table, ", ".join(trigger.on))
    for one in around.refers:
        says = f"each row has to refer to one of {one.to} ({_named(one)})"
        if not one.enforced:
            says = f"rows may come to refer to none of {one.to}: {_unenforced(one)}"
        yield SideEffect(SideEffectKind.REFERS, says, (Write.INSERT,), one.name, one.to)
    for key in around.unique:
        rows = f"rows{_of(key.of)}{f' where {key.where}' if key.where else ''}"
        says = f"no two {rows} may have the same {', '.join(key.columns)} ({key.name})"
        yield SideEffect(SideEffectKind.UNIQUE, says, (Write.INSERT,), key.name)
    for check in around.checks:
        says = f"each row{_of(check.of)} has to meet {check.name}{f', {check.condition}' if check.condition else ''}"
        yield SideEffect(SideEffectKind.CHECK, says, (Write.INSERT,), check.name)
    for counter in around.counters:
        yield SideEffect(SideEffectKind.COUNTER, _counted(counter), (Write.INSERT,), counter.column)


def _forbidding(around: Surroundings) -> Iterator[SideEffect]:
    if around.is_a != "table":
        article = "an" if around.is_a[0] in "aeiou" else "a"
        yield SideEffect(SideEffectKind.NOT_A_TABLE, f"it is {article} {around.is_a}, which holds no rows of its own")
    if around.elsewhere:
        many = len(around.elsewhere) > 1
        says = (
            f"its {'partitions' if many else 'partition'} {', '.join(around.elsewhere)} "
            f"{'are foreign tables' if many else 'is a foreign table'}: rows would be written to another server"
        )
        yield SideEffect(SideEffectKind.NOT_A_TABLE, says, name=", ".join(around.elsewhere))
    for one in around.published:
        whose = f"its partition {one.of}" if one.of else "it"
        done = " and ".join({Write.UPDATE: "updated", Write.DELETE: "deleted"}[write] for write in one.keyless)
        says = (
            f"the publication {one.name} tells others of rows that are {done}, which {whose} cannot: it has no replica "
            "identity (a primary key, or ALTER TABLE ... REPLICA IDENTITY)"
        )
        yield SideEffect(SideEffectKind.PUBLISHED, says, one.keyless, one.name, one.of)
    if around.row_security:
        yield SideEffect(SideEffectKind.ROW_SECURITY, "row security hides rows of it from this login")
    if around.generated:
        columns = ", ".join(around.generated)
        many = len(around.generated) > 1
        says = (
            f"its {'columns' if many else 'column'} {columns} {'are' if many else 'is'} computed by the server itself"
        )
        yield SideEffect(SideEffectKind.GENERATED, says, (Write.INSERT, Write.UPDATE), columns)
    for trigger in around.triggers:
        if trigger.instead:
            says = f"its {trigger.called} {trigger.name} does something else in place of {_each(trigger.on)}"
            yield SideEffect(SideEffectKind.INSTEAD, says, trigger.on, trigger.name)
    if around.inherited_by:
        tables = ", ".join(around.inherited_by)
        says = f"the rows of {tables}, which inherits from it, are read as its own and would be put back into it"
        yield SideEffect(SideEffectKind.INHERITED, says, name=tables, other_table=tables)


def _referred(one: Reference) -> SideEffect:
    if not one.enforced:
        says = f"rows of {one.table} may come to refer to rows of {one.to} that are deleted: {_unenforced(one)}"
        return SideEffect(SideEffectKind.REFERRED_TO, says, (Write.DELETE,), one.name, one.table)
    match one.on_delete:
        case OnDelete.CASCADE:
            says = f"rows of {one.table} that refer to a deleted row of {one.to} are deleted with it"
        case OnDelete.SET_NULL | OnDelete.SET_DEFAULT:
            to = "NULL" if one.on_delete is OnDelete.SET_NULL else "its default"
            says = (
                f"rows of {one.table} that refer to a deleted row of {one.to} have {', '.join(one.columns)} set to {to}"
            )
        case OnDelete.NO_ACTION | OnDelete.RESTRICT:
            says = f"no row of {one.to} is deleted that a row of {one.table} refers to"
    kind = SideEffectKind.CASCADE if one.on_delete.changes_rows else SideEffectKind.REFERRED_TO
    return SideEffect(kind, f"{says} ({_named(one)})", (Write.DELETE,), one.name, one.table, one.on_delete.value)


def _named(one: Reference) -> str:
    return (
        f"foreign key {one.name}, on delete {one.on_delete}"
        if one.on_delete.changes_rows
        else f"foreign key {one.name}"
    )


def _unenforced(one: Reference) -> str:
    return f"foreign key {one.name} is switched off there, or for this login (session_replication_role)"


def _of(part: str) -> str:
    return f" of {part}" if part else ""


def _counted(counter: Counter) -> str:
    what = f"the sequence {counter.sequence} that numbers its column {counter.column}" if counter.sequence else ""
    if counter.why_not_advanced:
        what = what or f"what numbers its column {counter.column}"
        return f"{what} is not advanced past what is written: {counter.why_not_advanced}"
    if what:
        return f"{what} is advanced past what is written{counter.caveat and f', but {counter.caveat}'}"
    return f"its column {counter.column} counts on by itself from the highest number written"


def _each(on: tuple[Write, ...]) -> str:
    return " and ".join(f"each {one}" for one in on)
