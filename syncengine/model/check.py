"""What a check found: what the two servers are, what they have, and whether they are set up alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from syncengine.model.facts import ServerFacts
from syncengine.model.pair import Role
from syncengine.model.rules import Rule
from syncengine.model.spec import DataClass
from syncengine.model.surroundings import SideEffect


class Severity(StrEnum):
    """How much a finding weighs."""

    MUST = "must"
    """Until it is repaired, writes are refused, or the comparison and the copy are wrong."""
    SHOULD = "should"
    """Something cannot be checked, or will be needed one day."""
    NOTE = "note"
    """Good to know."""


class Subject(StrEnum):
    """What a finding is about."""

    SERVER = "server"
    LOAD = "load"
    ACDS = "acds"
    INTERVALS = "intervals"
    ARCHIVES = "archives"
    SETUP = "set-up"
    TABLES = "tables"
    COLUMNS = "columns"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the check found, as a sentence, and what to do about it."""

    severity: Severity
    subject: Subject
    message: str
    advice: str = ""
    server: Role | None = None
    """The server concerned; None for the pair."""
    tables: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    """Everything that was found, if the sentence only counts it."""
    rule: Rule | None = None


class ColumnFaultKind(StrEnum):
    """How a column differs from its spec."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    TYPE = "type"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class ColumnFault:
    """A column that differs from its spec; `native` is empty for a missing column, `wanted` for an unknown one."""

    column: str
    kind: ColumnFaultKind
    native: str = ""
    wanted: str = ""


class TablePresence(StrEnum):
    """Whether a server has a table, and rows in it."""

    ROWS = "rows"
    EMPTY = "empty"
    MISSING = "missing"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class TableCheck:
    """One table of the catalogue on one server."""

    table: str
    data_class: DataClass
    presence: TablePresence
    problem: str = ""
    """Why it cannot be read."""
    hint: str = ""
    """What to do about the problem."""
    temporary: bool = False
    """Whether the problem may go away by itself: another session has a lock on the table."""
    owner: str = ""
    indexes: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    """Each column with the server's name of its type, and whether it takes NULL if the server reports that."""
    faults: tuple[ColumnFault, ...] = ()
    side_effects: tuple[SideEffect, ...] = ()
    """The side effects of a write to it."""
    may_differ: bool = False
    """Whether each server has its own rows (rule 1)."""


class CaseState(StrEnum):
    """The result of a case in the scratch table."""

    WORKS = "works"
    FAILED = "failed"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What one case in the scratch table showed."""

    case: str
    promise: str
    state: CaseState
    message: str = ""
    """What went wrong, or a remark."""
    figures: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class ScratchCheck:
    """All cases on one server; `leftover` names a scratch table that could not be dropped."""

    cases: tuple[CaseResult, ...]
    leftover: str = ""

    @property
    def failed(self) -> tuple[CaseResult, ...]:
        """The cases that failed."""
        return tuple(case for case in self.cases if case.state is CaseState.FAILED)


@dataclass(frozen=True, slots=True)
class ServerProfile:
    """What a server reports about itself."""

    kind: str
    version: str
    place: str
    login: str
    locale: str
    transactions: bool
    write_path: str
    """How rows are inserted; empty while that is not known."""
    types_fingerprinted: tuple[str, ...]
    """The types that the server itself can fingerprint."""
    types_fetched: tuple[str, ...]
    """The types whose rows are fetched and fingerprinted here."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerCheck:
    """One server: what the pair file has about it, and what it reported, up to the point at which it failed."""

    role: Role
    url: str
    """As in the pair file, secrets masked."""
    load: str | None
    read_only: bool = False
    without_transactions: bool = False
    problem: str = ""
    """Why the server failed, as a sentence."""
    profile: ServerProfile | None = None
    facts: ServerFacts | None = None
    tables: tuple[TableCheck, ...] = ()
    scratch: ScratchCheck | None = None

    def tables_with(self, *presence: TablePresence) -> tuple[str, ...]:
        """Return the names of the tables in any of these states."""
        return tuple(table.table for table in self.tables if table.presence in presence)


@dataclass(frozen=True, slots=True)
class PairCheck:
    """Both servers, the primary first, and what was found when they were compared with each other."""

    as_of: datetime
    servers: tuple[ServerCheck, ServerCheck]
    findings: tuple[Finding, ...] = ()
    problem: str = ""
    """Why comparing the servers failed, as a sentence."""

    @property
    def problems(self) -> tuple[str, ...]:
        """The sentences of everything that failed."""
        return tuple(problem for problem in (*(server.problem for server in self.servers), self.problem) if problem)

    @property
    def failed_cases(self) -> int:
        """How many cases in scratch tables failed, on both servers together."""
        return sum(len(server.scratch.failed) for server in self.servers if server.scratch)

    @property
    def alike(self) -> bool:
        """Say whether nothing failed and nothing must be repaired."""
        return not self.problems and not self.failed_cases and not self.of(Severity.MUST)

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """Return the findings of one severity."""
        return tuple(finding for finding in self.findings if finding.severity is severity)
