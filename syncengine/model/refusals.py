"""What is refused, one class for each kind; those without a rule are refused for how things are."""

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
    """`tables` of local administration were named, which no option lets anybody copy."""

    rule = LOCAL_ADMINISTRATION
    tables: tuple[str, ...]


@dataclass(eq=False, repr=False, kw_only=True)
class NotArchivedError(RefusedError):
    """A server has not archived what was asked for to its end; `passes` is false where no waiting helps."""

    rule = ARCHIVED_ON_BOTH
    temporary: bool


@dataclass(eq=False, repr=False, kw_only=True)
class TooManyDeletionsError(RefusedError):
    """The plan would delete `count` rows that only the server `into` holds, and only `allowed` may be."""

    rule = CONSENT_TO_DELETIONS
    into: Role
    count: int
    allowed: int


@dataclass(eq=False, repr=False, kw_only=True)
class SideEffectError(RefusedError):
    """Rows beside those that are written would change, and nobody has allowed it; `needs` is what would."""

    rule = CONSENT_TO_DELETIONS
    needs: Permission


@dataclass(eq=False, repr=False, kw_only=True)
class UnlikeLoadsError(RefusedError):
    """The servers run different CMS loads, given by role in `loads`."""

    rule = SAME_LOAD
    loads: Mapping[Role, str]


@dataclass(eq=False, repr=False, kw_only=True)
class UnlikeTablesError(RefusedError):
    """None of the tables can be compared; the columns of `tables` are unlike, or one of them cannot be read."""

    rule = SAME_LOAD
    tables: tuple[str, ...]


@dataclass(eq=False, repr=False, kw_only=True)
class ConflictsError(RefusedError):
    """Both servers changed the key groups in `changes`, and nobody has said whose version wins."""

    rule = ONE_ADMINISTRATOR
    changes: tuple[PlannedChange, ...]


@dataclass(eq=False, repr=False, kw_only=True)
class OutagesUnknownError(RefusedError):
    """Whether there was an outage nobody can tell, for the reasons in `unseen`."""

    unknown_coverage: tuple[UnknownCoverage, ...]


@dataclass(eq=False, repr=False, kw_only=True)
class UnwritableError(RefusedError):
    """The tables in `tables`, each with the server it is on, cannot be written, and nothing else is left to do."""

    tables: tuple[tuple[Role, str], ...]


@dataclass(eq=False, repr=False, kw_only=True)
class NoTransactionsError(RefusedError):
    """The database of `role` cannot roll a step back, and the pair file does not allow to write it all the same."""

    role: Role


@dataclass(eq=False, repr=False, kw_only=True)
class OtherServersError(RefusedError):
    """The server of `role` is not the one that a plan, or a run, was made for."""

    role: Role


@dataclass(eq=False, repr=False, kw_only=True)
class NothingToUndoError(RefusedError):
    """Nothing of the run named in `run_id` can be put back."""

    run_id: str


@dataclass(eq=False, repr=False, kw_only=True)
class CutShortError(RefusedError):
    """The run named in `run_id` ended in the middle of a step, which has to be resolved first."""

    run_id: str
