"""Timetables of a pair: listed side by side, and edited on one server; either works while the other is down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from syncengine import machine
from syncengine.catalogue import Catalogue
from syncengine.jobs.connections import Connections, as_of, refuse_one_server
from syncengine.jobs.surroundings import plan_with_side_effects
from syncengine.jobs.timetables.edits import EditQuestions, plan_run_on
from syncengine.jobs.timetables.schedules import ScheduleQuestions, missing_schedules
from syncengine.model.errors import InputError, OccupiedError, ServerError
from syncengine.model.pair import PairSettings, Role
from syncengine.model.permission import Permission
from syncengine.model.plan import Plan
from syncengine.model.timetables import Timetable, TimetableListing
from syncengine.observe.timetables.comparison import list_timetables
from syncengine.planning.schedules import NOTHING_MISSING, MissingSchedules
from syncengine.planning.timetables import RunOnRequest
from syncengine.servers.protocol import Server
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
            found = list_timetables(servers, settings, as_of(self.settings), owners=owners, failed=failed)
        if found.faults:
            raise InputError(f"{'; '.join(found.faults)}.", hint="Correct [timetables] in the pair file.")
        known = {one.owner for one in found.timetables}
        unknown = [owner for owner in owners if owner not in known]
        if unknown and not failed:
            raise InputError(
                f"Neither server has a timetable of the owner {unknown[0]!r}.",
                hint="`syncengine timetables` without `owners=` lists them all.",
            )
        return found

    def plan_run_on(self, request: RunOnRequest, allowed: Permission) -> Plan:
        """Return the plan of the guide's global edit.

        Only the server that is edited is queried, unless a timetable has no schedule there: only the other has it.
        """
        questions = EditQuestions(self.settings, self.catalogue, as_of(self.settings), machine.seed())
        cache = Cache.of(self.settings)
        settings = self.settings.timetables
        with self.connections.servers(frozenset(), needed=frozenset({request.server})) as servers, cache:
            there = list_timetables(servers, settings, questions.as_of, owners=request.owners)
            lacking = tuple(one for one in there.timetables if not one.side(request.server).schedules)

            def missing(seed: int) -> MissingSchedules:
                into = request.server
                schedule_questions = ScheduleQuestions(
                    self.settings, self.catalogue, into, questions.as_of, seed, cache, lambda _: request.run_on.state
                )
                return self._missing(lacking, servers, schedule_questions)

            made = plan_run_on(servers[request.server], request, questions, cache, lacking, missing)
            return plan_with_side_effects(made, servers, allowed)

    def _missing(
        self, lacking: Sequence[Timetable], servers: Mapping[Role, Server], questions: ScheduleQuestions
    ) -> MissingSchedules:
        """Return which missing schedules can be made from those of the other server, if it answers."""
        other = questions.into.other
        try:
            with self.connections.servers(frozenset(), needed=frozenset({other})) as opened:
                both = {**servers, **opened}
                refuse_one_server(both)
                owners = {one.owner for one in lacking}
                listing = list_timetables(both, self.settings.timetables, questions.as_of, owners=owners)
                found = {(one.owner, one.name): one for one in listing.without_schedule(questions.into)}
                known = [found[place] for one in lacking if (place := (one.owner, one.name)) in found]
                unknown = tuple(one for one in lacking if (one.owner, one.name) not in found)
                made = missing_schedules(known, both, questions) if known else NOTHING_MISSING
        except (ServerError, OccupiedError) as error:
            # A takeover continues without the server that failed.
            why = f"it is not known here, and {other} cannot be read ({error.message.rstrip('.')})"
            return MissingSchedules(not_made=tuple((one, why) for one in lacking))
        own = f"there is none on {other} either, or each server has its own"
        return replace(made, not_made=(*made.not_made, *((one, own) for one in unknown)))
