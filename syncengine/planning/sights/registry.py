"""Which look belongs to which name."""

from __future__ import annotations

from collections.abc import Mapping

from syncengine.model.hooks import CheckKind
from syncengine.model.procedure import SightName
from syncengine.planning.sights import likeness, links, records, rounds, runs
from syncengine.planning.sights.evidence import Need, Sight

SIGHTS: Mapping[SightName, Sight] = {
    SightName.LOADS_ALIKE: Sight(likeness.loads(alike=True), Need.FACTS),
    SightName.LOADS_UNLIKE: Sight(likeness.loads(alike=False), Need.FACTS),
    SightName.SET_UP_ALIKE: Sight(likeness.set_up(alike=True), Need.CHECK),
    SightName.SET_UP_UNLIKE: Sight(likeness.set_up(alike=False), Need.CHECK),
    SightName.PROFILES_ALIKE: Sight(likeness.profiles(alike=True), Need.PROFILES),
    SightName.PROFILES_UNLIKE: Sight(likeness.profiles(alike=False), Need.PROFILES),
    SightName.COLLECTION_OFF: Sight(links.collection_off, Need.FACTS),
    SightName.LINKS_DOWN: Sight(links.links_down, Need.FACTS),
    SightName.LINKS_BACK: Sight(links.links_back, Need.FACTS),
    SightName.ARCHIVED: Sight(links.archived, Need.FACTS),
    SightName.NEXT_INTERVAL: Sight(links.next_interval, Need.FACTS),
    SightName.BACKUP: Sight(records.backup, Need.BACKUPS),
    SightName.REPAIRED: Sight(records.repaired, Need.OUTAGES),
    SightName.CALL_HISTORY: Sight(records.call_history),
    SightName.CALL_HISTORY_INSTALLED: Sight(records.call_history_installed),
    SightName.FIT: Sight(rounds.fit, Need.DAILY),
    SightName.LINKS_UP: Sight(rounds.by_hook(CheckKind.LINKS), Need.DAILY),
    SightName.ARCHIVES_RUN: Sight(rounds.archives_run, Need.DAILY),
    SightName.BACKUPS_FINE: Sight(rounds.by_hook(CheckKind.BACKUPS), Need.DAILY),
    SightName.ERROR_LOG_FINE: Sight(rounds.by_hook(CheckKind.ERROR_LOG), Need.DAILY),
    SightName.NO_USERS: Sight(rounds.no_users, Need.DAILY),
    SightName.CALL_CENTER_FINE: Sight(rounds.by_hook(CheckKind.INTERNET_CALL_CENTER), Need.DAILY),
    SightName.RECOVERY_KIT_FINE: Sight(rounds.by_hook(CheckKind.RECOVERY_KIT), Need.DAILY),
    SightName.ADMINISTRATION_ALIKE: Sight(rounds.administration_alike, Need.ALIKE),
    SightName.IN_STEP: Sight(rounds.in_step, Need.ALIKE),
    SightName.OUTAGE_OVER: Sight(runs.outage_over, Need.DAILY),
    SightName.TIMETABLES_OVER: Sight(runs.timetables_over, Need.TIMETABLES),
    SightName.TIMETABLES_BACK: Sight(runs.timetables_back),
    SightName.BACKFILLED: Sight(runs.backfilled),
}
