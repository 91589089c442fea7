"""Keeps the two servers of a CMS High Availability pair in step.

>>> import syncengine
>>> pair = syncengine.open_pair("pair.toml")            # doctest: +SKIP
>>> pair.verify(window="2000-06-05 05:13..05:19").in_sync  # doctest: +SKIP
False
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncengine.app import Pair, bare_checklist, build_demo, open_catalogue, open_pair, open_procedures
    from syncengine.catalogue import Catalogue
    from syncengine.demo.shape import Damage, DemoPair, DemoShape
    from syncengine.model.bucket import Bucket, BucketState
    from syncengine.model.bucket_rows import BucketRows, ChangedRow, RowColumn
    from syncengine.model.check import Finding, PairCheck, ServerCheck, ServerProfile, Severity
    from syncengine.model.checklist import Checklist, ChecklistLine
    from syncengine.model.cuts import Cut
    from syncengine.model.daily_check import DailyCheck, ServerDay
    from syncengine.model.drift import (
        BucketDrift,
        ChangedValue,
        Counts,
        GroupChange,
        KeyGroupDrift,
        Observation,
        Scope,
        Strength,
        TableObservation,
        TableState,
        Versions,
    )
    from syncengine.model.errors import (
        CancelledError,
        ChangedSincePlanError,
        ExecutorError,
        FaultsError,
        HookFailedError,
        InputError,
        OccupiedError,
        OutputError,
        PairFileError,
        RefusedError,
        ServerError,
        ServerLockedError,
        ServerReadOnlyError,
        ServerSlowError,
        ServerUnreachableError,
        SpecError,
        StagingError,
        StillOpenError,
        SyncError,
        UnknownOutcomeError,
        UnknownTableError,
        WindowError,
    )
    from syncengine.model.facts import ArchiveStatus, Outage, ServerFacts
    from syncengine.model.filled_checklist import FilledChecklist, FilledLine, ProbeResult, Tick
    from syncengine.model.hooks import HookRecord, HookState
    from syncengine.model.outages import (
        BlindSide,
        BlindTime,
        OutageFinding,
        OutageReport,
        Outlook,
        TableCost,
        UnknownCoverage,
    )
    from syncengine.model.outcome import RunOutcome, StepOutcome, StepState
    from syncengine.model.pair import Role
    from syncengine.model.pair_status import PairStatus, RunReport
    from syncengine.model.permission import Permission
    from syncengine.model.plan import (
        Action,
        BucketWrite,
        Plan,
        PlannedChange,
        RestoreRange,
        Skipped,
        SkipReason,
        StaleRollup,
        Step,
        TablePart,
    )
    from syncengine.model.plan_kind import BackfillPortion, Copy, Resync, RollupRepair, RunOnEdit, Sync, Undo
    from syncengine.model.policy import Policy, Rollups, UnknownColumns
    from syncengine.model.portions import BackfillPlan, BackfillRequest, Portion, PortionOutcome, PortionRecord
    from syncengine.model.procedure import CountsSince, Procedure, ProcedureLine, Way
    from syncengine.model.progress import Progress
    from syncengine.model.refusals import (
        ConflictsError,
        CutShortError,
        LocalAdministrationError,
        NotArchivedError,
        NothingToUndoError,
        NoTransactionsError,
        OtherServersError,
        OutagesUnknownError,
        SideEffectError,
        TooManyDeletionsError,
        UnlikeLoadsError,
        UnlikeTablesError,
        UnwritableError,
    )
    from syncengine.model.remembered_days import RememberedCounts
    from syncengine.model.rollups import InternalTable, InternalVerdict
    from syncengine.model.rules import Rule
    from syncengine.model.run import BatchRecord, BatchState, PartRecord, RunHeader, RunKind, RunRecord, RunState
    from syncengine.model.selection import FarDate
    from syncengine.model.sides import Sides
    from syncengine.model.spec import ColumnType, CompanionFile, DataClass, SetUp, TableSet, TableSpec
    from syncengine.model.surroundings import SideEffect, SideEffectKind, SideEffectsUnknown, TableSideEffect
    from syncengine.model.timetable_flag import FlagEdit, RunOn, TimetableFlag
    from syncengine.model.timetables import Schedule, Timetable, TimetableListing, TimetableSide
    from syncengine.model.verified_run import VerifiedRun
    from syncengine.model.where_to_work import WhereToWork
    from syncengine.model.window import Window

# fmt: off
__all__ = [
    "Action",
    "ArchiveStatus",
    "BackfillPlan",
    "BackfillPortion",
    "BackfillRequest",
    "BatchRecord",
    "BatchState",
    "BlindSide",
    "BlindTime",
    "Bucket",
    "BucketDrift",
    "BucketRows",
    "BucketState",
    "BucketWrite",
    "CancelledError",
    "Catalogue",
    "ChangedRow",
    "ChangedSincePlanError",
    "ChangedValue",
    "Checklist",
    "ChecklistLine",
    "ColumnType",
    "CompanionFile",
    "ConflictsError",
    "Copy",
    "Counts",
    "CountsSince",
    "Cut",
    "CutShortError",
    "DailyCheck",
    "Damage",
    "DataClass",
    "DemoPair",
    "DemoShape",
    "ExecutorError",
    "FarDate",
    "FaultsError",
    "FilledChecklist",
    "FilledLine",
    "Finding",
    "FlagEdit",
    "GroupChange",
    "HookFailedError",
    "HookRecord",
    "HookState",
    "InputError",
    "InternalTable",
    "InternalVerdict",
    "KeyGroupDrift",
    "LocalAdministrationError",
    "NoTransactionsError",
    "NotArchivedError",
    "NothingToUndoError",
    "Observation",
    "OccupiedError",
    "OtherServersError",
    "Outage",
    "OutageFinding",
    "OutageReport",
    "OutagesUnknownError",
    "Outlook",
    "OutputError",
    "Pair",
    "PairCheck",
    "PairFileError",
    "PairStatus",
    "PartRecord",
    "Permission",
    "Plan",
    "PlannedChange",
    "Policy",
    "Portion",
    "PortionOutcome",
    "PortionRecord",
    "ProbeResult",
    "Procedure",
    "ProcedureLine",
    "Progress",
    "RefusedError",
    "RememberedCounts",
    "RestoreRange",
    "Resync",
    "Role",
    "RollupRepair",
    "Rollups",
    "RowColumn",
    "Rule",
    "RunHeader",
    "RunKind",
    "RunOn",
    "RunOnEdit",
    "RunOutcome",
    "RunRecord",
    "RunReport",
    "RunState",
    "Schedule",
    "Scope",
    "ServerCheck",
    "ServerDay",
    "ServerError",
    "ServerFacts",
    "ServerLockedError",
    "ServerProfile",
    "ServerReadOnlyError",
    "ServerSlowError",
    "ServerUnreachableError",
    "SetUp",
    "Severity",
    "SideEffect",
    "SideEffectError",
    "SideEffectKind",
    "SideEffectsUnknown",
    "Sides",
    "SkipReason",
    "Skipped",
    "SpecError",
    "StagingError",
    "StaleRollup",
    "Step",
    "StepOutcome",
    "StepState",
    "StillOpenError",
    "Strength",
    "Sync",
    "SyncError",
    "TableCost",
    "TableObservation",
    "TablePart",
    "TableSet",
    "TableSideEffect",
    "TableSpec",
    "TableState",
    "Tick",
    "Timetable",
    "TimetableFlag",
    "TimetableListing",
    "TimetableSide",
    "TooManyDeletionsError",
    "Undo",
    "UnknownColumns",
    "UnknownCoverage",
    "UnknownOutcomeError",
    "UnknownTableError",
    "UnlikeLoadsError",
    "UnlikeTablesError",
    "UnwritableError",
    "VerifiedRun",
    "Versions",
    "Way",
    "WhereToWork",
    "Window",
    "WindowError",
    "bare_checklist",
    "build_demo",
    "open_catalogue",
    "open_pair",
    "open_procedures",
]
_HOMES = (
    "model.errors", "model.pair", "model.window", "model.plan", "model.plan_kind", "model.policy",
    "model.permission", "model.bucket", "model.bucket_rows", "model.check", "model.checklist",
    "model.daily_check", "model.drift", "model.facts",
    "model.filled_checklist", "model.hooks", "model.outages", "model.outcome", "model.pair_status",
    "model.portions", "model.procedure", "model.progress", "model.refusals", "model.rules", "model.rollups",
    "model.run", "model.spec", "model.sides", "model.selection", "model.cuts", "model.remembered_days",
    "model.surroundings", "model.where_to_work", "model.timetable_flag", "model.timetables", "model.verified_run",
    "demo.shape", "catalogue", "app",
)
"""Where these names come from: values first, since help and listings need none of the engine."""
# fmt: on


if not TYPE_CHECKING:  # Else every name would seem to be there.

    def __getattr__(name: str) -> object:
        """Import a name when it is first asked for."""
        for home in _HOMES if name in __all__ else ():
            module = import_module(f"syncengine.{home}")
            if hasattr(module, name):
                return getattr(module, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
