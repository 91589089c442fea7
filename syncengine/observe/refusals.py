"""Refuses a request of which nothing could be reported: that would read as in sync."""

from __future__ import annotations

from collections.abc import Sequence

from syncengine.model.bucket import FIRST_DATE, PAST_DATE
from syncengine.model.drift import Scope, TableObservation, TableState
from syncengine.model.errors import InputError, UnknownTableError, WindowError
from syncengine.model.sentences import listed
from syncengine.model.spec import TableSpec
from syncengine.model.without_acd import WITHOUT_ACD
from syncengine.observe.request import Request
from syncengine.observe.scopes import ScopeQuestions, closed_until

REASONS_SHOWN = 4


def refuse_impossible(request: Request) -> None:
    """Refuse a window in which there can be no data."""
    if (
        request.window is not None
        and not FIRST_DATE <= request.window.start.date() <= request.window.stop.date() < PAST_DATE
    ):
        raise WindowError(
            f"The window {request.window} lies where no data can be.", hint="Give a window that has passed."
        )
    if request.window is not None and request.window.start >= request.as_of:
        raise WindowError(
            f"The window {request.window} lies in the future: it is {request.as_of:%Y-%m-%d %H:%M} now.",
            hint="Give a window that has passed.",
        )


def refuse_nothing(request: Request, tables: Sequence[TableObservation], questions: ScopeQuestions) -> None:
    """Refuse tables that were named and are on neither server, a window that is lost, and a verdict about nothing."""
    absent = [table.spec.name for table in tables if table.state is TableState.ABSENT]
    refuse_absent([name for name in absent if name in request.named])
    _refuse_lost_window(request, tables, questions)
    _refuse_no_verdict(tables)


def _refuse_lost_window(request: Request, tables: Sequence[TableObservation], questions: ScopeQuestions) -> None:
    """Refuse a window that no table has any more, or not yet."""
    readable = (TableState.COMPARED, TableState.NOT_READ)
    scopes = [scope for table in tables if table.state in readable for scope in table.scopes]
    if request.window is None or not scopes or any(scope.window for scope in scopes):
        return
    if any(table.spec.time is None for table in tables):
        return
    if any(unarchived(request, table.spec, table.scopes, questions) for table in tables):
        # Planning refuses it by the rule, and --wait knows what to wait for.
        return
    why = next((note for scope in scopes for note in scope.notes), "no server has any of it")
    raise WindowError(
        f"Nothing of the window {request.window} can be compared: {why}.",
        hint="Give a window that both servers have archived and still store.",
    )


def unarchived(request: Request, spec: TableSpec, scopes: tuple[Scope, ...], questions: ScopeQuestions) -> bool:
    """Say whether a window to be written ends after what both servers have archived."""
    lengths = questions.lengths if request.for_writing else {}
    return any(
        closed_until(spec.grain, scope.acd, lengths[scope.acd], questions)[0] < scope.requested.stop
        for scope in scopes
        if spec.grain.sliced and not spec.at_once and scope.acd in lengths and scope.requested is not None
    )


def refuse_absent(absent: Sequence[str]) -> None:
    """Refuse tables that were named and that neither server has, even if others were requested."""
    if absent:
        one = len(absent) == 1
        raise UnknownTableError(
            f"{listed(absent, REASONS_SHOWN)} {'is' if one else 'are'} on neither server.",
            hint=f"Leave {'it' if one else 'them'} out, or check the schema in the urls of the pair file.",
        )


def _refuse_no_verdict(tables: Sequence[TableObservation]) -> None:
    """Refuse a verdict about nothing: it would read as in sync."""
    judged = (TableState.COMPARED, TableState.NOT_COMPARABLE, TableState.NOT_READ)
    if any(table.state in judged for table in tables):
        return
    shown = listed([f"{table.spec.name}: {table.problem}" for table in tables], REASONS_SHOWN, separator="; ")
    nothing = [table.problem for table in tables if table.state is TableState.NOTHING]
    of_a_time = any(problem != WITHOUT_ACD for problem in nothing)
    reasons = f" {shown}." if tables else ""
    hint = "Name other tables, or another window."
    if WITHOUT_ACD in nothing:
        hint = "Leave `acds=` out, or name another window." if of_a_time else "Leave `acds=` out."
    # For a table that is on neither server, or of no ACD, another window does not help.
    kind = WindowError if of_a_time else InputError
    raise kind(f"There is nothing to compare.{reasons}", hint=hint)
