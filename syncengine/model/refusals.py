"""What is refused, one class for each kind; those without a rule are refused for how things are."""

from __future__ import annotations

from collections.abc import Mapping

from syncengine.model.allowed import Allowed
from syncengine.model.errors import RefusedError
from syncengine.model.outages import Unseen
from syncengine.model.pair import Role
from syncengine.model.plan import PlannedChange
from syncengine.model.rules import (
    ARCHIVED_ON_BOTH,
    CONSENT_TO_DELETIONS,
    LOCAL_ADMINISTRATION,
    ONE_ADMINISTRATOR,
    SAME_LOAD,
)


class LocalAdministrationError(RefusedError):
    """`tables` of local administration were named, which no option lets anybody copy."""

    rule = LOCAL_ADMINISTRATION

    def __init__(self, message: str, *, tables: tuple[str, ...], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.tables = tables


class NotArchivedError(RefusedError):
    """A server has not archived what was asked for to its end; `passes` is false where no waiting helps."""

    rule = ARCHIVED_ON_BOTH

    def __init__(self, message: str, *, passes: bool, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.passes = passes


class TooManyDeletionsError(RefusedError):
    """The plan would delete `count` rows that only the server `into` holds, and only `allowed` may be."""

    rule = CONSENT_TO_DELETIONS

    def __init__(self, message: str, *, into: Role, count: int, allowed: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.into = into
        self.count = count
        self.allowed = allowed


class SetOffError(RefusedError):
    """Rows beside those that are written would change, and nobody has allowed it; `needs` is what would."""

    rule = CONSENT_TO_DELETIONS

    def __init__(self, message: str, *, needs: Allowed, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.needs = needs


class UnlikeLoadsError(RefusedError):
    """The servers run different CMS loads, given by role in `loads`."""

    rule = SAME_LOAD

    def __init__(self, message: str, *, loads: Mapping[Role, str], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.loads = dict(loads)


class UnlikeTablesError(RefusedError):
    """None of the tables can be compared; the columns of `tables` are unlike, or one of them cannot be read."""

    rule = SAME_LOAD

    def __init__(self, message: str, *, tables: tuple[str, ...], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.tables = tables


class ConflictsError(RefusedError):
    """Both servers changed the key groups in `changes`, and nobody has said whose version wins."""

    rule = ONE_ADMINISTRATOR

    def __init__(self, message: str, *, changes: tuple[PlannedChange, ...], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.changes = changes


class OutagesUnknownError(RefusedError):
    """Whether there was an outage nobody can tell, for the reasons in `unseen`."""

    def __init__(self, message: str, *, unseen: tuple[Unseen, ...], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.unseen = unseen


class UnwritableError(RefusedError):
    """The tables in `tables`, each with the server it is on, cannot be written, and nothing else is left to do."""

    def __init__(self, message: str, *, tables: tuple[tuple[Role, str], ...], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.tables = tables


class NoTransactionsError(RefusedError):
    """The database of `role` cannot roll a step back, and the pair file does not allow to write it all the same."""

    def __init__(self, message: str, *, role: Role, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.role = role


class OtherServersError(RefusedError):
    """The server of `role` is not the one that a plan, or a run, was made for."""

    def __init__(self, message: str, *, role: Role, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.role = role


class NothingToPutBackError(RefusedError):
    """Nothing of the run named in `run_id` can be put back."""

    def __init__(self, message: str, *, run_id: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.run_id = run_id


class CutShortError(RefusedError):
    """The run named in `run_id` ended in the middle of a step, which has to be resolved first."""

    def __init__(self, message: str, *, run_id: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.run_id = run_id
