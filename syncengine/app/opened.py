"""The only wiring: what the things people do to a pair are done with."""

from __future__ import annotations

from collections.abc import Mapping

from syncengine.app.tables import Choosing
from syncengine.catalogue import Catalogue
from syncengine.jobs.backfill.backfill import Backfilling
from syncengine.jobs.backfill.portion_bounds import Cutting
from syncengine.jobs.backfill.portion_run import PortionWork
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
from syncengine.model.progress import Progress
from syncengine.staging.ledger import Ledger
from syncengine.staging.staging_folder import keep_from_others


class Opened(NeverPickled):
    """The jobs of one pair. Nothing of it is for callers of the Python API."""

    # A name that is mistyped is not taken for a setting.
    __slots__ = (
        "_backfilling",
        "_catalogue",
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
        self, settings: PairSettings, catalogue: Catalogue, progress: Progress, environment: Mapping[str, str]
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._progress = progress
        keep_from_others(settings.staging)
        self._ledger = Ledger(settings.staging)
        self._commands = Commands(settings, environment)
        self._connections = Connections(settings, self._ledger.holder, self._commands.load)
        self._observer = Observer(settings, catalogue, self._ledger, progress)
        self._rollups = MendingRollups(settings, catalogue, self._ledger, self._observer.observe)
        self._runs = Runs(
            settings,
            catalogue,
            self._connections,
            self._ledger,
            progress,
            self._observer.again,
            self._commands,
            self._rollups,
        )
        self._undoing = Undoing(settings, catalogue, self._connections, self._ledger)
        self._timetables = Timetables(settings, catalogue, self._connections)
        asks = (self._observer.observe, self._commands.links_now, self._ledger.runs)
        self._outages = Outages(settings, catalogue, self._connections, *asks)
        told_by = (self._commands, self._observer.at_everything, self._ledger.runs)
        self._daily = DailyChecking(settings, catalogue, self._connections, *told_by)
        self._choosing = Choosing(catalogue)
        self._syncing = Syncing(settings, catalogue, self._connections, self._observer.observe_since)
        self._backfilling = Backfilling(
            self._runs,
            Cutting(settings, catalogue, progress),
            PortionWork(settings, catalogue, self._observer.observe),
            progress,
        )
