"""What earlier runs of a pair have written, for plans that copy days, weeks and months (rule 10)."""

from __future__ import annotations

from collections.abc import Iterable

from syncengine.catalogue import Catalogue
from syncengine.model.errors import StagingError
from syncengine.model.plan import Plan
from syncengine.model.run import RunRecord
from syncengine.model.spec import TableSpec
from syncengine.planning.written_periods import NOTHING_WRITTEN, WrittenPeriods, written_periods
from syncengine.staging.ledger import Ledger


def periods_written_before(ledger: Ledger, catalogue: Catalogue, specs: Iterable[TableSpec]) -> WrittenPeriods:
    """Return what earlier runs have written, if any of the tables is rolled up from another; else nothing is read."""
    if not any(spec.rolled_from for spec in specs):
        return NOTHING_WRITTEN
    return written_periods(((run, _plans(ledger, run)) for run in ledger.runs()), catalogue)


def _plans(ledger: Ledger, run: RunRecord) -> dict[int, Plan]:
    """Return the plans of a run by portion; those of a damaged run that can be read."""
    folder, plans = ledger.folder(run.id), {}
    for portion in run.portions_saved if run.batches else ():
        try:
            plans[portion] = folder.plan(portion)
        except StagingError:
            # What a damaged run has written is not known: a run that writes notes this.
            continue
    return plans
