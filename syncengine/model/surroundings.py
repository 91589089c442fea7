"""Side effects of writes to a table: triggers, references, constraints, columns that the server numbers itself.

A server reads them from its catalogue. Here they become sentences; which are allowed is in `model.permission`.
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
    """What happens to a row that refers to a deleted one."""

    NO_ACTION = "no action"
    RESTRICT = "restrict"
    CASCADE = "cascade"
    SET_NULL = "set null"
    SET_DEFAULT = "set default"

    @property
    def changes_rows(self) -> bool:
        """Say whether the row that refers is changed or deleted, rather than preventing the delete."""
        return self in (OnDelete.CASCADE, OnDelete.SET_NULL, OnDelete.SET_DEFAULT)


@dataclass(frozen=True, slots=True)
class Trigger:
    """An enabled trigger, or a similar object of a server."""

    name: str
    on: tuple[Write, ...]
    called: str = "trigger"
    """The server's word for it: a trigger or a rule."""
    instead: bool = False
    """It does something else instead of the write."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key: rows of `table` refer to rows of `to`."""

    name: str
    table: str
    to: str
    columns: tuple[str, ...]
    on_delete: OnDelete = OnDelete.NO_ACTION
    enforced: bool = True
    """The server enforces it for this login; if not, it has no effect."""

    @property
    def changes_rows(self) -> bool:
        """Say whether it changes or deletes rows that refer to one which is deleted."""
        return self.enforced and self.on_delete.changes_rows


@dataclass(frozen=True, slots=True)
class ReachedTrigger:
    """A trigger of a table that a cascade reaches: its rows change when rows of another table are written."""

    table: str
    trigger: Trigger


@dataclass(frozen=True, slots=True)
class UniqueKey:
    """A unique constraint or index, or a primary key."""

    name: str
    columns: tuple[str, ...]
    where: str = ""
    """The condition of the rows it covers; empty if it covers all."""
    of: str = ""
    """The part of the table whose rows it covers; empty if it covers all."""


@dataclass(frozen=True, slots=True)
class CheckConstraint:
    """A condition that each row has to satisfy."""

    name: str
    condition: str
    of: str = ""
    """The part of the table whose rows it covers; empty if it covers all."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication that replicates the table's changes; some writes need a key that identifies rows."""

    name: str
    keyless: tuple[Write, ...]
    """The writes that the server refuses, since rows have no such key."""
    of: str = ""
    """The part of the table without the key; empty for the table itself."""


@dataclass(frozen=True, slots=True)
class Counter:
    """A column that the server itself numbers: an identity, a serial column, a default from a sequence."""

    column: str
    sequence: str = ""
    """The sequence that numbers it; empty if the column numbers itself."""
    why_not_advanced: str = ""
    """Why the sequence cannot be advanced past written numbers; empty if it can."""
    caveat: str = ""
    """Which lower numbers may still come after the sequence is advanced; empty if none can."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The triggers, references and constraints of one table on one server."""

    table: str
    is_a: str = "table"
    """What it is, if not a table with rows of its own: a view, a foreign table."""
    triggers: tuple[Trigger, ...] = ()
    referred_by: tuple[Reference, ...] = ()
    """References to it, and to tables that lose rows with it."""
    reached: tuple[ReachedTrigger, ...] = ()
    """Triggers on other tables that run because of these references, at any distance."""
    refers: tuple[Reference, ...] = ()
    generated: tuple[str, ...] = ()
    """Columns that the server computes and that cannot be written."""
    counters: tuple[Counter, ...] = ()
    unique: tuple[UniqueKey, ...] = ()
    checks: tuple[CheckConstraint, ...] = ()
    inherited_by: tuple[str, ...] = ()
    """Tables whose rows are read with its own, except partitions."""
    row_security: bool = False
    """Row security hides rows from this login."""
    lacks: tuple[Write, ...] = ()
    """Writes this login has no privilege for; a plan lists them, and only the write to that table fails."""
    elsewhere: tuple[str, ...] = ()
    """Partitions that are foreign tables: their rows are on another server."""
    published: tuple[Publication, ...] = ()


class SideEffectKind(StrEnum):
    """The kind of a side effect."""

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
"""Kinds that forbid writing the table: the write would fail, or lose rows."""
CHANGES_ROWS = frozenset({SideEffectKind.TRIGGER, SideEffectKind.CASCADE})
"""Kinds that change rows other than the written ones: no journal has these rows."""


@dataclass(frozen=True, slots=True)
class SideEffect:
    """One side effect of a write: a trigger it runs, a reference or constraint that applies."""

    kind: SideEffectKind
    message: str
    """The end of a sentence that begins with the table and its server."""
    on: tuple[Write, ...] = EVERY_WRITE
    name: str = ""
    """The trigger, constraint, column or sequence."""
    other_table: str = ""
    """The other table, if there is one: it refers to the table, or has the trigger."""
    how: str = ""
    """How a reference changes rows of the other table."""

    @property
    def forbids(self) -> bool:
        """Say whether the table cannot be written because of it."""
        return self.kind in FORBIDS

    @property
    def changes_rows(self) -> bool:
        """Say whether it changes rows other than the written ones."""
        return self.kind in CHANGES_ROWS


@dataclass(frozen=True, slots=True)
class TableSideEffect:
    """A side effect of the writes of a plan, with its table and server."""

    into: Role
    table: str
    effect: SideEffect

    @property
    def message(self) -> str:
        """The whole sentence, without its full stop."""
        return f"{self.table} on {self.into}: {self.effect.message}"


@dataclass(frozen=True, slots=True)
class SideEffectsUnknown:
    """A table that could not be inspected after its last batch, so that not all side effects may be known."""

    into: Role
    table: str
    why: str

    @property
    def message(self) -> str:
        """The whole sentence, without its full stop."""
        return f"{self.table} on {self.into}: the side effects of its last batch are not known ({self.why.rstrip('.')})"


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
    """Return the tables whose rows the references of a chain change, and how."""
    found: dict[str, frozenset[Write]] = {}
    for one in chain:
        if one.changes_rows:
            write = Write.DELETE if one.on_delete is OnDelete.CASCADE else Write.UPDATE
            found[one.table] = found.get(one.table, frozenset()) | {write}
    return found


def reached_triggers(
    chain: Iterable[Reference], triggers: Mapping[str, Iterable[Trigger]]
) -> tuple[ReachedTrigger, ...]:
    """Return the triggers of other tables, given by table, that the references of a chain run."""
    return tuple(
        ReachedTrigger(table, trigger)
        for table, done in reached_by(chain).items()
        for trigger in triggers.get(table, ())
        if done & set(trigger.on)
    )


def side_effects_of(around: Surroundings) -> Iterator[SideEffect]:
    """Yield all side effects of writes to a table, the most serious first."""
    yield from _forbidding(around)
    if around.lacks:
        lacking = ", ".join(one.upper() for one in around.lacks)
        yield SideEffect(SideEffectKind.PRIVILEGES, f"this login lacks {lacking} on it")
    for trigger in around.triggers:
        if not trigger.instead:
            message = f"the {trigger.called} {trigger.name} runs on {_each(trigger.on)}"
            yield SideEffect(SideEffectKind.TRIGGER, message, trigger.on, trigger.name)
    for one in around.referred_by:
        yield _referred(one)
    for far in around.reached:
        trigger = far.trigger
        message = (
            f"the {trigger.called} {trigger.name} of {far.table}, whose rows change with the deleted ones, "
            f"runs on {_each(trigger.on)} there"
        )
        yield SideEffect(
            SideEffectKind.TRIGGER, message, (Write.DELETE,), trigger.name, far.table, ", ".join(trigger.on)
        )
    for one in around.refers:
        message = f"each row must refer to a row of {one.to} ({_named(one)})"
        if not one.enforced:
            message = f"rows may refer to missing rows of {one.to}: {_unenforced(one)}"
        yield SideEffect(SideEffectKind.REFERS, message, (Write.INSERT,), one.name, one.to)
    for key in around.unique:
        rows = f"rows{_of(key.of)}{f' where {key.where}' if key.where else ''}"
        message = f"no two {rows} may have the same {', '.join(key.columns)} ({key.name})"
        yield SideEffect(SideEffectKind.UNIQUE, message, (Write.INSERT,), key.name)
    for check in around.checks:
        message = (
            f"each row{_of(check.of)} must satisfy {check.name}{f', {check.condition}' if check.condition else ''}"
        )
        yield SideEffect(SideEffectKind.CHECK, message, (Write.INSERT,), check.name)
    for counter in around.counters:
        yield SideEffect(SideEffectKind.COUNTER, _counted(counter), (Write.INSERT,), counter.column)


def _forbidding(around: Surroundings) -> Iterator[SideEffect]:
    if around.is_a != "table":
        article = "an" if around.is_a[0] in "aeiou" else "a"
        yield SideEffect(SideEffectKind.NOT_A_TABLE, f"it is {article} {around.is_a}, which has no rows of its own")
    if around.elsewhere:
        many = len(around.elsewhere) > 1
        message = (
            f"its {'partitions' if many else 'partition'} {', '.join(around.elsewhere)} "
            f"{'are foreign tables' if many else 'is a foreign table'}: rows would be written to another server"
        )
        yield SideEffect(SideEffectKind.NOT_A_TABLE, message, name=", ".join(around.elsewhere))
    for one in around.published:
        whose = f"its partition {one.of}" if one.of else "it"
        done = " and ".join({Write.UPDATE: "updated", Write.DELETE: "deleted"}[write] for write in one.keyless)
        message = (
            f"the publication {one.name} replicates rows that are {done}, and {whose} has no replica identity for that "
            "(a primary key, or ALTER TABLE ... REPLICA IDENTITY)"
        )
        yield SideEffect(SideEffectKind.PUBLISHED, message, one.keyless, one.name, one.of)
    if around.row_security:
        yield SideEffect(SideEffectKind.ROW_SECURITY, "row security hides rows of it from this login")
    if around.generated:
        columns = ", ".join(around.generated)
        many = len(around.generated) > 1
        message = (
            f"its {'columns' if many else 'column'} {columns} {'are' if many else 'is'} computed by the server itself"
        )
        yield SideEffect(SideEffectKind.GENERATED, message, (Write.INSERT, Write.UPDATE), columns)
    for trigger in around.triggers:
        if trigger.instead:
            message = f"its {trigger.called} {trigger.name} does something else instead of {_each(trigger.on)}"
            yield SideEffect(SideEffectKind.INSTEAD, message, trigger.on, trigger.name)
    if around.inherited_by:
        tables = ", ".join(around.inherited_by)
        message = f"the rows of {tables}, which inherits from it, are read as its own and would be written into it"
        yield SideEffect(SideEffectKind.INHERITED, message, name=tables, other_table=tables)


def _referred(one: Reference) -> SideEffect:
    if not one.enforced:
        message = f"rows of {one.table} may refer to deleted rows of {one.to}: {_unenforced(one)}"
        return SideEffect(SideEffectKind.REFERRED_TO, message, (Write.DELETE,), one.name, one.table)
    match one.on_delete:
        case OnDelete.CASCADE:
            message = f"rows of {one.table} that refer to a deleted row of {one.to} are deleted with it"
        case OnDelete.SET_NULL | OnDelete.SET_DEFAULT:
            to = "NULL" if one.on_delete is OnDelete.SET_NULL else "its default"
            message = (
                f"rows of {one.table} that refer to a deleted row of {one.to} have {', '.join(one.columns)} set to {to}"
            )
        case OnDelete.NO_ACTION | OnDelete.RESTRICT:
            message = f"a row of {one.to} cannot be deleted while a row of {one.table} refers to it"
    kind = SideEffectKind.CASCADE if one.on_delete.changes_rows else SideEffectKind.REFERRED_TO
    return SideEffect(kind, f"{message} ({_named(one)})", (Write.DELETE,), one.name, one.table, one.on_delete.value)


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
        what = what or f"the counter of its column {counter.column}"
        return f"{what} is not advanced past the written numbers: {counter.why_not_advanced}"
    if what:
        return f"{what} is advanced past the written numbers{counter.caveat and f', but {counter.caveat}'}"
    return f"its column {counter.column} continues from the highest number written"


def _each(on: tuple[Write, ...]) -> str:
    return " and ".join(f"each {one}" for one in on)
