"""Refusals, one class for each kind; those without a rule depend on the state of the pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from syncengine.model.errors import RefusedError
from syncengine.model.outages import UnknownCoverage
from syncengine.model.pair import Role
from syncengine.model.permission import Permission
from syncengine.model.plan import PlannedChange
from syncengine.model.rules import (
    ARCHIVED_ON_BOTH,
    CONSENT_TO_DELETIONS,
    LOCAL_ADMINISTRATION,
    ONE_ADMINISTRATOR,
    SAME_LOAD,
)


@dataclass(eq=False, repr=False, kw_only=True)
class LocalAdministrationError(RefusedError):
    """`tables` of local administration were named, which are never copied."""

    rule = LOCAL_ADMINISTRATION
    tables: tuple[str, ...]


@dataclass(eq=False, repr=False, kw_only=True)
class NotArchivedError(RefusedError):
    """A server has not archived the whole request; `temporary` is false if waiting does not help."""

    rule = ARCHIVED_ON_BOTH
    temporary: bool


@dataclass(eq=False, repr=False, kw_only=True)
class TooManyDeletionsError(RefusedError):
    """The plan would delete `count` rows that only the server `into` has, more than the `allowed` number."""

    rule = CONSENT_TO_DELETIONS
    into: Role
    count: int
    allowed: int


@dataclass(eq=False, repr=False, kw_only=True)
class SideEffectError(RefusedError):
    """Side effects would change other rows, which is not allowed; `needs` is the permission it takes."""

    rule = CONSENT_TO_DELETIONS
    needs: Permission


@dataclass(eq=False, repr=False, kw_only=True)
class UnlikeLoadsError(RefusedError):
    """The servers run different CMS loads, given by role in `loads`."""

    rule = SAME_LOAD
    loads: Mapping[Role, str]


@dataclass(eq=False, repr=False, kw_only=True)
class UnlikeTablesError(RefusedError):
    """None of the tables can be compared: the columns of `tables` differ, or one of them cannot be read."""

    rule = SAME_LOAD
    tables: tuple[str, ...]


@dataclass(eq=False, repr=False, kw_only=True)
class ConflictsError(RefusedError):
    """Both servers changed the key groups in `changes`, and the user has not chosen which version wins."""

    rule = ONE_ADMINISTRATOR
    changes: tuple[PlannedChange, ...]


@dataclass(eq=False, repr=False, kw_only=True)
class OutagesUnknownError(RefusedError):
    """It is not known whether there was an outage, for the reasons in `unknown_coverage`."""

    unknown_coverage: tuple[UnknownCoverage, ...]


@dataclass(eq=False, repr=False, kw_only=True)
class UnwritableError(RefusedError):
    """The tables in `tables`, each with its server, cannot be written, and nothing else remains to do."""

    tables: tuple[tuple[Role, str], ...]


@dataclass(eq=False, repr=False, kw_only=True)
class NoTransactionsError(RefusedError):
    """The database of `role` cannot roll a step back, and the pair file does not allow writing it without."""

    role: Role


@dataclass(eq=False, repr=False, kw_only=True)
class OtherServersError(RefusedError):
    """The server of `role` is not the one a plan or run was made for."""

    role: Role


@dataclass(eq=False, repr=False, kw_only=True)
class NothingToUndoError(RefusedError):
    """Nothing of the run `run_id` can be undone."""

    run_id: str


@dataclass(eq=False, repr=False, kw_only=True)
class CutShortError(RefusedError):
    """The run `run_id` ended in the middle of a step, which has to be resolved first."""

    run_id: str
