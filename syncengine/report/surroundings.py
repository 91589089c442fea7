"""What writes set off or meet at their tables, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.text import Text

from syncengine.model.allowed import Allowed
from syncengine.model.plan import Plan
from syncengine.model.ran import Ran
from syncengine.model.surroundings import Meeting, Met, MetKind, SetOffUnknown
from syncengine.report.text import section

HOW = "An undo does not put this back"


def meeting_lines(plan: Plan) -> Iterator[Text]:
    """Yield what the writes of a plan set off and meet, and of an undo what stays as the run has left it."""
    if plan.not_put_back:
        yield Text()
        yield from _not_put_back(plan)
    if plan.set_off:
        yield from section(f"Set off beside the rows of the plan. {HOW}")
        yield from _lines(plan.set_off)
    lacking = [one for one in plan.meets if one.met.kind is MetKind.PRIVILEGES]
    if lacking:
        yield from section("Rights to be granted first: without them these tables are not written")
        yield from _lines(lacking)


def meeting_notes(plan: Plan) -> Iterator[str]:
    """Yield what else the writes meet, a sentence for each table of each server."""
    told: dict[str, list[str]] = {}
    for one in plan.meets:
        if not one.met.sets_off and one.met.kind is not MetKind.PRIVILEGES:
            told.setdefault(f"{one.table} on {one.into}", []).append(one.met.says)
    yield from (f"{place}: {'; '.join(says)}" for place, says in told.items())


def set_off_lines(ran: Ran) -> Iterator[Text]:
    """Yield, after a run, what it set off, and of an undo what it did not put back."""
    yield from _not_put_back(ran.plan)
    yield from run_lines(ran.set_off, ran.unseen)


def _not_put_back(plan: Plan) -> Iterator[Text]:
    if plan.not_put_back:
        yield Text(f"Not put back: what run {plan.undoes} set off beside the rows it wrote", style="bold")
        yield from _lines(plan.not_put_back)


def run_lines(set_off: Sequence[Meeting], unseen: Sequence[SetOffUnknown]) -> Iterator[Text]:
    """Yield what a run has set off, as it was found when its rows were written, and where that is not known."""
    if set_off:
        yield Text(f"Set off beside the rows that were written. {HOW}", style="bold")
        yield from _lines(set_off)
    if unseen:
        yield Text("What was set off beside the rows that were written is not known to the end", style="bold")
        yield from (Text(f"  {one.says}.", style="yellow") for one in unseen)


def report_lines(plan: Plan) -> Iterator[Text]:
    """Yield what a plan that nobody has asked for yet would set off."""
    if plan.set_off:
        yield from section(f"To repair it all sets off what is not among its rows. {HOW}")
        yield from _lines(plan.set_off)


def allowed_document(allowed: Allowed) -> dict[str, list[str]]:
    """Return the tables that are named for what they set off as plain data."""
    return {"triggers": list(allowed.triggers), "cascades": list(allowed.cascades)}


def unseen_document(unseen: SetOffUnknown) -> dict[str, str]:
    """Return a table of which it is not known what its last batch set off as plain data."""
    return {"server": unseen.into.value, "table": unseen.table, "why": unseen.why}


def meeting_document(meeting: Meeting) -> dict[str, Any]:
    """Return what is met or set off as plain data."""
    return {"server": meeting.into.value, "table": meeting.table, **met_document(meeting.met)}


def met_document(met: Met) -> dict[str, Any]:
    """Return one thing that writes to a table meet or set off as plain data."""
    return {
        "kind": met.kind.value,
        "name": met.name,
        "other_table": met.other or None,
        "on": [write.value for write in met.on],
        "forbids": met.forbids,
        "sets_off": met.sets_off,
        "says": met.says,
    }


def _lines(meetings: Iterable[Meeting]) -> Iterator[Text]:
    yield from (Text(f"  {meeting.says}", style="yellow") for meeting in meetings)
