"""Finds the days, weeks and months that are older than their intervals: runs wrote these afterwards (rule 10). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from syncengine.catalogue import Catalogue
from syncengine.model.pair import Role
from syncengine.model.plan import PeriodPlace, Plan, StaleRollup, places_of
from syncengine.model.plan_kind import RollupRepair, Undo
from syncengine.model.run import BatchState, RunRecord, RunState
from syncengine.model.spec import TableSpec
from syncengine.model.window import Window

RunWithPlans = tuple[RunRecord, Mapping[int, Plan]]
"""A run, and its plans by portion."""
DONE = frozenset({BatchState.DONE})
MAY_HAVE_WRITTEN = frozenset({BatchState.DONE, BatchState.OPEN, BatchState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class WrittenPeriods:
    """What runs have written, as far as it matters to the roll-ups of a server that was their target."""

    outdated: Mapping[PeriodPlace, tuple[str, ...]] = field(default_factory=dict)
    """The periods summarised before their intervals were written, and the runs that wrote these, the oldest first."""
    intervals: frozenset[PeriodPlace] = frozenset()
    """The tables, ACDs and days whose intervals were written."""

    def why_outdated(self, role: Role, spec: TableSpec, acd: int | None, period: Window) -> str:
        """Return why a period of a server is older than its intervals, or nothing."""
        runs = self.outdated.get((role, spec.name, acd, period.start.date()))
        if not runs:
            return ""
        return f"{role} summarised it before run {runs[-1]} wrote its intervals: rerun Data Summarizing there"

    def all_written(self, role: Role, spec: TableSpec, acd: int | None, span: Window) -> bool:
        """Say whether runs have written intervals of each day of a time."""
        return all((role, spec.rolled_from or "", acd, day) in self.intervals for day in span.days())


NOTHING_WRITTEN = WrittenPeriods()


def written_periods(runs: Iterable[RunWithPlans], catalogue: Catalogue) -> WrittenPeriods:
    """Return what runs have written, in the order they were begun.

    A period is outdated once a run has written intervals below it that it was summarised from, until a run writes it
    again, or that run is undone.
    """
    below = {spec.name: spec.rolled_from for spec in catalogue.tables if spec.rolled_from}
    outdated: dict[PeriodPlace, list[str]] = {}
    intervals: set[PeriodPlace] = set()
    for record, plans in runs:
        stale: list[StaleRollup] = []
        for portion, plan in sorted(plans.items()):
            done = _places(record, portion, DONE)
            touched = _places(record, portion, MAY_HAVE_WRITTEN)
            intervals |= {place for place in done if place[1] in below.values()}
            if isinstance(plan.kind, RollupRepair):
                repaired = {one.place for one in stale} - {one.place for one in plan.stale}
                right_again: Iterable[PeriodPlace] = repaired - (places_of(plan.steps) - done)
            elif isinstance(plan.kind, Undo):
                right_again = ()
            else:
                right_again = done
            written = [one for one in plan.stale if _wrote_below(one, below, touched)]
            stale += plan.stale
            for place in right_again:
                outdated.pop(place, None)
            if not isinstance(plan.kind, RollupRepair):
                for one in written:
                    _add(outdated, one.place, record)
    return WrittenPeriods({place: tuple(names) for place, names in outdated.items() if names}, frozenset(intervals))


def _add(outdated: dict[PeriodPlace, list[str]], place: PeriodPlace, record: RunRecord) -> None:
    """Note that a run has written below a period; an undo makes it what it was before the undone run."""
    names = outdated.setdefault(place, [])
    if record.state is RunState.DONE and record.header.undoes in names:
        names.remove(record.header.undoes)
    elif record.id not in names:
        names.append(record.id)


def _wrote_below(one: StaleRollup, below: Mapping[str, str], written: frozenset[PeriodPlace]) -> bool:
    days = one.archive.grain.period(one.row_date).days()
    return any((one.into, below.get(one.table, ""), one.acd, day) in written for day in days)


def _places(record: RunRecord, portion: int, states: frozenset[BatchState]) -> frozenset[PeriodPlace]:
    batches = (one for one in record.batches if one.place.portion == portion and one.state in states)
    return frozenset(place for batch in batches for place in batch.places)
