"""Which probe belongs to which name."""

from __future__ import annotations

from collections.abc import Mapping

from syncengine.model.hooks import CheckKind
from syncengine.model.procedure import ProbeName
from syncengine.planning.probes import daily, likeness, links, records, runs
from syncengine.planning.probes.evidence import Need, Probe

PROBES: Mapping[ProbeName, Probe] = {
    ProbeName.LOADS_ALIKE: Probe(likeness.loads(alike=True), Need.FACTS),
    ProbeName.LOADS_UNLIKE: Probe(likeness.loads(alike=False), Need.FACTS),
    ProbeName.SET_UP_ALIKE: Probe(likeness.set_up(alike=True), Need.CHECK),
    ProbeName.SET_UP_UNLIKE: Probe(likeness.set_up(alike=False), Need.CHECK),
    ProbeName.PROFILES_ALIKE: Probe(likeness.profiles(alike=True), Need.PROFILES),
    ProbeName.PROFILES_UNLIKE: Probe(likeness.profiles(alike=False), Need.PROFILES),
    ProbeName.COLLECTION_OFF: Probe(links.collection_off, Need.FACTS),
    ProbeName.LINKS_DOWN: Probe(links.links_down, Need.FACTS),
    ProbeName.LINKS_BACK: Probe(links.links_back, Need.FACTS),
    ProbeName.ARCHIVED: Probe(links.archived, Need.FACTS),
    ProbeName.NEXT_INTERVAL: Probe(links.next_interval, Need.FACTS),
    ProbeName.BACKUP: Probe(records.backup, Need.BACKUPS),
    ProbeName.REPAIRED: Probe(records.repaired, Need.OUTAGES),
    ProbeName.CALL_HISTORY: Probe(records.call_history),
    ProbeName.CALL_HISTORY_INSTALLED: Probe(records.call_history_installed),
    ProbeName.FIT: Probe(daily.fit, Need.DAILY),
    ProbeName.LINKS_UP: Probe(daily.by_hook(CheckKind.LINKS), Need.DAILY),
    ProbeName.ARCHIVES_RUN: Probe(daily.archives_run, Need.DAILY),
    ProbeName.BACKUPS_FINE: Probe(daily.by_hook(CheckKind.BACKUPS), Need.DAILY),
    ProbeName.ERROR_LOG_FINE: Probe(daily.by_hook(CheckKind.ERROR_LOG), Need.DAILY),
    ProbeName.NO_USERS: Probe(daily.no_users, Need.DAILY),
    ProbeName.CALL_CENTER_FINE: Probe(daily.by_hook(CheckKind.INTERNET_CALL_CENTER), Need.DAILY),
    ProbeName.RECOVERY_KIT_FINE: Probe(daily.by_hook(CheckKind.RECOVERY_KIT), Need.DAILY),
    ProbeName.ADMINISTRATION_ALIKE: Probe(daily.administration_alike, Need.ALIKE),
    ProbeName.IN_SYNC: Probe(daily.in_sync, Need.ALIKE),
    ProbeName.OUTAGE_OVER: Probe(runs.outage_over, Need.DAILY),
    ProbeName.TIMETABLES_OVER: Probe(runs.timetables_over, Need.TIMETABLES),
    ProbeName.TIMETABLES_BACK: Probe(runs.timetables_back),
    ProbeName.BACKFILLED: Probe(runs.backfilled),
}
