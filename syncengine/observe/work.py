"""The work of comparing one table, and what of a request is refused since there is nothing to find out about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from syncengine.model.bucket import FIRST_DATE, PAST_DATE
from syncengine.model.drift import Scope, TableState
from syncengine.model.errors import InputError, UnknownTableError, WindowError
from syncengine.model.of_no_acd import OF_NO_ACD
from syncengine.model.selection import KeyGroups
from syncengine.model.sentences import listed
from syncengine.model.spec import Archive, TableSpec
from syncengine.observe.columns import ColumnsVerdict
from syncengine.observe.remembered_days import Recall
from syncengine.observe.request import ALL, Months, Request
from syncengine.observe.slices import Slice, Slicing

REASONS_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Work:
    """One table to compare and the slices to compare it in."""

    spec: TableSpec
    verdict: ColumnsVerdict
    scopes: tuple[Scope, ...] = ()
    slicing: Slicing | None = None
    recall: Recall | None = None
    months: Months = ALL

    def slices(self, *, recalling: bool = True) -> tuple[Slice, ...]:
        """Return the slices, but for days that are remembered where these are relied on."""
        skipped = self.recall.skipped if self.recall is not None and recalling else frozenset[date]()
        return tuple(self.slicing.slices(self.months, skipped)) if self.slicing is not None else ()

    def each_month(self) -> Iterator[Months]:
        """Yield the months it may be cut into, which tile all of time."""
        return self.slicing.each_month() if self.slicing is not None else iter((ALL,))

    @property
    def left_out(self) -> KeyGroups | None:
        """Rows that are each server's own."""
        return self.slicing.left_out if self.slicing is not None else None


def refuse_no_time(request: Request) -> None:
    """Refuse a window in which there is no data."""
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


def why_nothing(spec: TableSpec, request: Request) -> str:
    """Say why nothing of a table that is there is compared."""
    if spec.acd is None and request.acds:
        return OF_NO_ACD
    if spec.archive in (Archive.DAILY, Archive.WEEKLY, Archive.MONTHLY):
        return f"the window holds no whole period of its {spec.archive} archive"
    return "nothing of the window is archived on both servers and still kept by both"


def refuse_absent(absent: Sequence[str]) -> None:
    """Refuse tables that were named and that neither server has, whatever else was asked for."""
    if absent:
        one = len(absent) == 1
        raise UnknownTableError(
            f"{listed(absent, REASONS_SHOWN)} {'is' if one else 'are'} on neither server.",
            hint=f"Leave {'it' if one else 'them'} out, or check the schema in the urls of the pair file.",
        )


def refuse_nothing(works: list[Work]) -> None:
    """Refuse a verdict about nothing: it would read as in sync."""
    judged = (TableState.COMPARED, TableState.NOT_COMPARABLE, TableState.NOT_READ)
    if any(work.verdict.state in judged for work in works):
        return
    shown = "; ".join(f"{work.spec.name}: {work.verdict.problem}" for work in works[:REASONS_SHOWN])
    more = f"; and {len(works) - REASONS_SHOWN} more tables" if len(works) > REASONS_SHOWN else ""
    nothing = [work.verdict.problem for work in works if work.verdict.state is TableState.NOTHING]
    of_a_time = any(problem != OF_NO_ACD for problem in nothing)
    told = f" {shown}{more}." if works else ""
    hint = "Name other tables, or another window."
    if OF_NO_ACD in nothing:
        hint = "Leave --acd out, or name another window." if of_a_time else "Leave --acd out."
    # Of a table that is on neither server, or of no ACD, no other window will tell more.
    kind = WindowError if of_a_time else InputError
    raise kind(f"There is nothing to compare.{told}", hint=hint)
