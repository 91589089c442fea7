"""What is looked at in a pair, writing nothing."""

from __future__ import annotations

from dataclasses import replace

from syncengine.app.arguments import (
    Moment,
    Names,
    Numbers,
    When,
    choice,
    count_of,
    moment_of,
    names_of,
    numbers_of,
    one_of,
    refuse_no_flags,
    text_of,
    window_of,
)
from syncengine.app.opened import Opened
from syncengine.app.tables import Asked
from syncengine.catalogue import Catalogue
from syncengine.jobs.check import Check
from syncengine.jobs.checklist import ChecklistWishes
from syncengine.jobs.observation import VERIFIED, unlike_loads
from syncengine.jobs.rollups.verify import Internals
from syncengine.jobs.rows import DriftRows
from syncengine.jobs.writable import with_unwritable
from syncengine.model.bucket_rows import BucketRows
from syncengine.model.check import PairCheck
from syncengine.model.drift import BucketDrift, Observation, TableObservation
from syncengine.model.filled_checklist import FilledChecklist
from syncengine.model.outages import OutageReport
from syncengine.model.pair import Role
from syncengine.model.pair_status import PairStatus
from syncengine.model.rollups import InternalVerdict
from syncengine.model.timetables import TimetableListing
from syncengine.observe.belonging import not_belonging, with_left_named, without
from syncengine.planning.by_hand import left_to_people

MOST_ROWS = 2**31 - 1
"""More rows of a bucket than these are never meant, and no server counts further in one number."""


class Looking(Opened):
    """What is looked at in a pair."""

    __slots__ = ()

    @property
    def catalogue(self) -> Catalogue:
        """The tables, files and sets that are known of this pair."""
        return self._catalogue

    def verify(
        self,
        *,
        tables: Names = (),
        sets: Names = (),
        exclude: Names = (),
        acds: Numbers = (),
        window: When | None = None,
        source: Role | str = Role.PRIMARY,
        every_row: bool = False,
    ) -> Observation:
        """Say what differs. Without tables or sets, everything but local administration is compared.

        Reads only. A table that cannot be compared does not raise: it stands in `not_compared`. Raises `InputError`
        for what cannot be meant and `ServerError` where a whole server fails.
        """
        refuse_no_flags(every_row=every_row)
        everything = Asked.of(tables, sets, acds, exclude, choice(Role, source, "source"))
        of_a_time = None if window is None else window_of(window)
        files, asked = self._choosing.files_alone(everything), self._choosing.without_files(everything)
        if files and not (asked.tables or asked.sets):
            return self._observer.of_files(files, asked.source)
        specs = self._choosing.asked_for(asked) or self._choosing.of_class(asked, *VERIFIED)
        request = self._observer.request(specs, of_a_time, asked.acds, asked.source, every_row=every_row)
        with self._connections.servers(frozenset()) as servers:
            asking = replace(request, named=self._choosing.named(asked))
            left = not_belonging(specs, self._choosing.only_with(asked), servers)
            asking = replace(asking, specs=without(specs, left))
            observation = with_left_named(with_unwritable(self._observer.verified(servers, asking), servers), left)
        notes = (*observation.notes, *unlike_loads(observation))
        every_file = (*observation.files, *files)
        return replace(observation, notes=notes, files=every_file, by_hand=tuple(left_to_people(observation)))

    def rows(self, seen: Observation, table: TableObservation, drift: BucketDrift, *, limit: int = 1_000) -> BucketRows:
        """Return the rows that differ in a bucket of what `verify` has seen, read afresh; at most `limit` of a kind.

        Reads only. Raises `MovedError` where the bucket is not any more what was seen, and what `verify` raises.
        """
        one_of(seen, Observation, "seen", "Give what verify returned.")
        one_of(table, TableObservation, "table", "Give one of the tables of what verify returned.")
        one_of(drift, BucketDrift, "drift", "Give one of the differing buckets of that table.")
        job = DriftRows(self._settings, self._connections)
        return job.read(seen, table, drift, min(count_of(limit, "limit"), MOST_ROWS))

    def verify_internal(
        self,
        *,
        tables: Names = (),
        sets: Names = (),
        exclude: Names = (),
        acds: Numbers = (),
        window: When | None = None,
        on: Role | str | None = None,
    ) -> InternalVerdict:
        """Say where a server's days, weeks and months are not what its own intervals make; `on` names one of the two.

        Reads only, and opens only the servers it looks at. Raises what `verify` raises.
        """
        asked = Asked.of(tables, sets, acds, exclude)
        wanted = None if window is None else window_of(window)
        side = None if on is None else choice(Role, on, "on")
        job = Internals(self._settings, self._catalogue, self._connections, self._progress)
        return job.verify(self._choosing.to_look_inside(asked), asked.acds, wanted, side)

    def check(self, *, scratch: bool = False) -> PairCheck:
        """Say who the two servers are, what they hold, and whether they are set up alike.

        Reads only, unless `scratch` is true: then it tries what each server does in a table that it makes and drops.
        A server that fails does not raise; its sentence stands in the result.
        """
        refuse_no_flags(scratch=scratch)
        job = Check(self._settings, self._catalogue, self._connections, self._progress)
        return job.run(scratch=scratch)

    def status(self, *, since: Moment = None, ask_servers: bool = True, read_journals: bool = True) -> PairStatus:
        """Say how the pair stands: its runs, who writes to it now, and how both servers have been since a moment.

        That moment is the beginning of yesterday where nobody says. Reads only. The servers are not asked while a run
        writes. A server that fails does not raise; its sentence stands in the result. `read_journals` looks at those
        of the last runs byte by byte, which may take a second or two.
        """
        refuse_no_flags(ask_servers=ask_servers, read_journals=read_journals)
        moment, ledger = moment_of(since, "since"), self._ledger
        runs, holder = ledger.examined() if read_journals else ledger.runs(), ledger.holder()
        daily = self._daily.check(moment) if ask_servers and not holder else None
        return PairStatus(runs, holder, ledger.list_hooks(), daily)

    def outages(self, *, since: Moment = None, acds: Numbers = (), exclude: Names = ()) -> OutageReport:
        """Say when which server did not see which ACD whole, why, and what can be repaired. Reads only.

        `since` bounds how far back to look; without it, as far as intervals are kept.
        """
        specs = self._choosing.to_look_for_outages(Asked((), (), (), names_of(exclude, "exclude")))
        return self._outages.report(moment_of(since, "since"), numbers_of(acds, "acds"), specs)

    def checklist(
        self,
        name: str,
        *,
        tick: Numbers = (),
        untick: Numbers = (),
        do: Numbers = (),
        at: Moment = None,
        anew: bool = False,
        since: Moment = None,
        way: str = "",
    ) -> FilledChecklist:
        """Return a checklist filled in from what the pair shows; `do` carries out lines by their hooks.

        What is ticked is kept in the staging folder. Raises `InputError` for what the checklist does not have, and
        `SyncError` where a hook fails. A server that fails does not raise; its lines say that they cannot be seen.
        """
        refuse_no_flags(anew=anew)
        lines = (numbers_of(tick, "tick"), numbers_of(untick, "untick"), numbers_of(do, "do"))
        moments = moment_of(at, "at"), moment_of(since, "since")
        wishes = ChecklistWishes(*lines, moments[0], anew, moments[1], text_of(way, "way"))
        return self._checklists.follow(text_of(name, "name"), wishes)

    def timetables(self, *, owners: Names = ()) -> TimetableListing:
        """Say which timetables there are, what they do and, where the pair file names the flag, where they run.

        Reads only. A server that fails does not raise; its sentence stands in the result.
        """
        return self._timetables.listing(names_of(owners, "owners"))
