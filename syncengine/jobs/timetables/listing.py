"""Timetables of a pair: listed side by side, and edited on one server; either works while the other is down."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from syncengine.catalogue import Catalogue
from syncengine.jobs.connections import Connections, as_of
from syncengine.jobs.surroundings import surrounded
from syncengine.jobs.timetables.edits import EditQuestions, plan_run_on
from syncengine.model.allowed import Allowed
from syncengine.model.errors import InputError
from syncengine.model.pair import PairSettings
from syncengine.model.plan import Plan
from syncengine.model.timetables import TimetableListing
from syncengine.observe.timetables.comparison import look_at_timetables
from syncengine.planning.timetables import RunOnWish
from syncengine.staging.cache import Cache


@dataclass(frozen=True, slots=True)
class Timetables:
    """Lists and edits the timetables of one pair."""

    settings: PairSettings
    catalogue: Catalogue
    connections: Connections

    def listing(self, owners: tuple[str, ...]) -> TimetableListing:
        """Return the timetables of both servers. Reads only; a server that fails does not raise."""
        with self.connections.each() as (servers, errors):
            settings = self.settings.timetables
            failed = [(role, str(error)) for role, error in errors.items()]
            found = look_at_timetables(servers, settings, as_of(self.settings), owners=owners, failed=failed)
        if found.faults:
            raise InputError(f"{'; '.join(found.faults)}.", hint="Correct [timetables] in the pair file.")
        known = {one.owner for one in found.timetables}
        unknown = [owner for owner in owners if owner not in known]
        if unknown and not failed:
            raise InputError(
                f"Neither server has a timetable of the owner {unknown[0]!r}.",
                hint="`syncengine timetables` without --owner lists them all.",
            )
        return found

    def plan_run_on(self, wish: RunOnWish, allowed: Allowed) -> Plan:
        """Return the plan of the guide's global edit; only the server that is edited is asked."""
        questions = EditQuestions(self.settings, self.catalogue, as_of(self.settings), secrets.randbits(63))
        cache = Cache(self.settings.staging, memory_mb=self.settings.limits.memory_mb)
        with self.connections.servers(frozenset(), needed=frozenset({wish.server})) as servers, cache:
            return surrounded(plan_run_on(servers[wish.server], wish, questions, cache), servers, allowed)
