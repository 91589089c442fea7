"""The only wiring: what the things people do to a pair are done with."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor

from syncengine.app.tables import Choosing
from syncengine.catalogue import Catalogue
from syncengine.jobs.backfill.backfill import Backfilling
from syncengine.jobs.backfill.portion_bounds import Cutting
from syncengine.jobs.backfill.portion_run import PortionWork
from syncengine.jobs.check import Check
from syncengine.jobs.checklist import Checklists, Looks
from syncengine.jobs.connections import Connections
from syncengine.jobs.daily_check import DailyChecking
from syncengine.jobs.hook_commands import Commands
from syncengine.jobs.observation import Observer
from syncengine.jobs.outages import Outages
from syncengine.jobs.rollups.repair import MendingRollups
from syncengine.jobs.runs.runs import Runs
from syncengine.jobs.runs.undoing import Undoing
from syncengine.jobs.sync import Syncing
from syncengine.jobs.timetables.listing import Timetables
from syncengine.model.never_pickled import NeverPickled
from syncengine.model.pair import PairSettings
from syncengine.model.progress import Progress, Silent
from syncengine.staging.ledger import Ledger
from syncengine.staging.staging_folder import keep_from_others


class Opened(NeverPickled):
    """The jobs of one pair. Nothing of it is for callers of the Python API."""

    # A name that is mistyped is not taken for a setting.
    __slots__ = (
        "_backfilling",
        "_catalogue",
        "_checklists",
        "_choosing",
        "_commands",
        "_connections",
        "_daily",
        "_ledger",
        "_observer",
        "_outages",
        "_progress",
        "_rollups",
        "_runs",
        "_settings",
        "_syncing",
        "_timetables",
        "_undoing",
    )

    def __init__(
        self,
        settings: PairSettings,
        catalogue: Catalogue,
        progress: Progress,
        environment: Mapping[str, str],
        executor: Executor | None = None,
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._progress = progress
        keep_from_others(settings.staging)
        self._ledger = Ledger(settings.staging)
        self._commands = Commands(settings, environment)
        self._connections = Connections(settings, self._ledger, self._commands, executor)
        self._observer = Observer(settings, catalogue, self._ledger, progress)
        pair = (settings, catalogue, self._connections)
        self._rollups = MendingRollups(settings, catalogue, self._ledger, self._observer)
        self._runs = Runs(*pair, self._ledger, progress, self._observer, self._commands, self._rollups)
        self._undoing = Undoing(*pair, self._ledger)
        self._timetables = Timetables(*pair)
        self._outages = Outages(*pair, self._observer, self._commands, self._ledger)
        self._daily = DailyChecking(*pair, self._observer, self._commands, self._ledger)
        self._choosing = Choosing(catalogue)
        set_up = Check(*pair, Silent())
        looks = Looks(self._observer, set_up, self._outages, self._daily, self._timetables)
        self._checklists = Checklists(settings, catalogue, self._ledger, self._connections, self._commands, looks)
        self._syncing = Syncing(*pair, self._observer)
        cutting, work = Cutting(settings, catalogue, progress), PortionWork(settings, catalogue, self._observer)
        self._backfilling = Backfilling(self._runs, cutting, work, progress)
