"""The days, weeks and months that a server has summarised and still has all intervals of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from syncengine.model.bucket import Bucket, BucketColumns
from syncengine.model.facts import ServerFacts
from syncengine.model.grain import A_WEEK, SUNDAY
from syncengine.model.interval import at_label
from syncengine.model.pair import PairSettings
from syncengine.model.rollups import Period
from syncengine.model.spec import TableSpec
from syncengine.model.window import Window
from syncengine.observe.scopes import ScopeQuestions, dropped_before
from syncengine.servers.protocol import Server


@dataclass(slots=True)
class SummarisedPeriods:
    """Finds the summarised periods of one server; `facts` must have the coverage of all its intervals."""

    server: Server
    facts: ServerFacts
    settings: PairSettings
    as_of: datetime
    _bounds: dict[str, dict[int | None, tuple[Bucket | None, Bucket | None]]] = field(default_factory=dict)

    def periods(self, spec: TableSpec, shorter: TableSpec, acds: tuple[int, ...]) -> Iterator[Period]:
        """Yield the whole periods of a longer table, in order, of some ACDs or of all.

        A period counts from the first interval that is still stored (by storage allocation, the table itself and the
        tables that always have rows) up to what the archive has summarised.
        """
        grain = spec.grain
        for acd in acds or self.facts.acds:
            since, until = self.complete_since(shorter, acd), self.facts.archived(acd, grain.archive).until
            if since is None or until is None:
                continue
            day = grain.unit.containing(since.date(), self.week_starts(spec, acd))
            while (period := Period(grain.archive, acd, day)).span.stop <= until:
                if period.span.start >= since:
                    yield period
                day = grain.unit.after(day)

    def complete_since(self, shorter: TableSpec, acd: int) -> datetime | None:
        """Return from when on a server has every interval of a table it has recorded; None where it has none."""
        first, _ = self._ends(shorter, acd)
        if first is None or first.row_date is None:
            return None
        questions = ScopeQuestions(self.settings, (self.facts,), self.as_of)
        floors = [datetime(first.row_date.year, first.row_date.month, first.row_date.day)]
        floors.append(dropped_before(shorter, acd, questions, {})[0])
        covered = [at_label(one.row_date, one.label) for one in self.facts.coverage if one.acd == acd]
        return max((*floors, min(covered))) if covered else max(floors)

    def week_starts(self, spec: TableSpec, acd: int) -> int:
        """Return the weekday weeks begin on, by their rows; Sunday, the default of a CMS, where there are none."""
        if spec.grain.unit != A_WEEK:
            return SUNDAY
        _, last = self._ends(spec, acd)
        return SUNDAY if last is None or last.row_date is None else last.row_date.weekday()

    def _ends(self, spec: TableSpec, acd: int) -> tuple[Bucket | None, Bucket | None]:
        if spec.name not in self._bounds:
            there = self.server.tables([spec.name])
            found = self.server.bounds(spec.name, BucketColumns.of(spec)) if spec.name in there else ()
            self._bounds[spec.name] = {one.acd: (one.first, one.last) for one in found}
        return self._bounds[spec.name].get(acd, (None, None))


def within(period: Period, window: Window | None) -> bool:
    """Say whether a whole period lies in a window: a shorter one selects no row of it (rule 5)."""
    return window is None or (window.start <= period.span.start and period.span.stop <= window.stop)
