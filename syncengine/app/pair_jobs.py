"""The only wiring: the jobs that carry out the calls of a pair."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor

from syncengine.app.tables import TableSelector
from syncengine.catalogue import Catalogue
from syncengine.jobs.backfill.backfill import BackfillJob
from syncengine.jobs.backfill.portion_bounds import PortionPlanner
from syncengine.jobs.backfill.portion_run import PortionWork
from syncengine.jobs.check import Check
from syncengine.jobs.checklist import ChecklistProbes, Checklists
from syncengine.jobs.connections import Connections
from syncengine.jobs.daily_check import DailyCheckJob
from syncengine.jobs.hook_commands import HookCommands
from syncengine.jobs.observation import Observer
from syncengine.jobs.outages import Outages
from syncengine.jobs.rollups.repair import RollupRepairJob
from syncengine.jobs.runs.runs import Runs
from syncengine.jobs.runs.undo_planner import UndoPlanner
from syncengine.jobs.sync import SyncPlanner
from syncengine.jobs.timetables.listing import Timetables
from syncengine.model.never_pickled import NeverPickled
from syncengine.model.pair import PairSettings
from syncengine.model.progress import Progress, SilentProgress
from syncengine.staging.ledger import Ledger
from syncengine.staging.staging_folder import close_to_others


class PairJobs(NeverPickled):
    """The jobs of one pair; not for callers of the Python API."""

    # A mistyped attribute is an error.
    __slots__ = (
        "_backfill",
        "_catalogue",
        "_checklists",
        "_commands",
        "_connections",
        "_daily",
        "_ledger",
        "_observer",
        "_outages",
        "_progress",
        "_rollups",
        "_runs",
        "_selector",
        "_settings",
        "_sync",
        "_timetables",
        "_undo",
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
        close_to_others(settings.staging)
        self._ledger = Ledger(settings.staging)
        self._commands = HookCommands(settings, environment)
        self._connections = Connections(settings, self._ledger, self._commands, executor)
        self._observer = Observer(settings, catalogue, self._ledger, progress)
        pair = (settings, catalogue, self._connections)
        self._rollups = RollupRepairJob(settings, catalogue, self._ledger, self._observer)
        self._runs = Runs(*pair, self._ledger, progress, self._observer, self._commands, self._rollups)
        self._undo = UndoPlanner(*pair, self._ledger)
        self._timetables = Timetables(*pair)
        self._outages = Outages(*pair, self._observer, self._commands, self._ledger)
        self._daily = DailyCheckJob(*pair, self._observer, self._commands, self._ledger)
        self._selector = TableSelector(catalogue)
        set_up = Check(*pair, SilentProgress())
        probes = ChecklistProbes(self._observer, set_up, self._outages, self._daily, self._timetables)
        self._checklists = Checklists(settings, catalogue, self._ledger, self._connections, self._commands, probes)
        self._sync = SyncPlanner(*pair, self._observer)
        portion_planner, work = (
            PortionPlanner(settings, catalogue, progress),
            PortionWork(settings, catalogue, self._observer),
        )
        self._backfill = BackfillJob(self._runs, portion_planner, work, progress)
