"""The calls that read a pair and write nothing."""

from __future__ import annotations

from dataclasses import replace

from syncengine.app.arguments import (
    Moment,
    Names,
    Numbers,
    When,
    choice,
    count_of,
    instance_of,
    moment_of,
    names_of,
    numbers_of,
    refuse_non_booleans,
    text_of,
    window_of,
)
from syncengine.app.pair_jobs import PairJobs
from syncengine.app.tables import PairQuery
from syncengine.catalogue import Catalogue
from syncengine.jobs.check import Check
from syncengine.jobs.checklist import ChecklistRequest
from syncengine.jobs.observation import VERIFIED, unlike_loads
from syncengine.jobs.rollups.verify import InternalVerification
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
from syncengine.observe.set_members import specs_without, tables_not_in_set, with_exclusions_noted
from syncengine.planning.by_hand import manual_lines

MOST_ROWS = 2**31 - 1
"""More rows of a bucket are never requested, and no server counts further in one number."""


class ReadOnlyCalls(PairJobs):
    """The calls that read a pair."""

    __slots__ = ()

    @property
    def catalogue(self) -> Catalogue:
        """The tables, files and sets of this pair."""
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
        """Compare both servers. Without tables or sets, everything except local administration is compared.

        Reads only. A table that cannot be compared does not raise: it is in `not_compared`. Raises `InputError` for
        invalid arguments and `ServerError` if a whole server fails.
        """
        refuse_non_booleans(every_row=every_row)
        query_with_files = PairQuery.of(tables, sets, acds, exclude, choice(Role, source, "source"))
        requested_window = None if window is None else window_of(window)
        files, query = self._selector.files_only(query_with_files), self._selector.without_file_sets(query_with_files)
        if files and not (query.tables or query.sets):
            return self._observer.of_files(files, query.source)
        specs = self._selector.selected(query) or self._selector.of_class(query, *VERIFIED)
        request = self._observer.request(specs, requested_window, query.acds, query.source, every_row=every_row)
        with self._connections.servers(frozenset()) as servers:
            scoped = replace(request, named=self._selector.named(query))
            not_belonging_specs = tables_not_in_set(specs, self._selector.only_with(query), servers)
            scoped = replace(scoped, specs=specs_without(specs, not_belonging_specs))
            observation = with_exclusions_noted(
                with_unwritable(self._observer.verify(servers, scoped), servers), not_belonging_specs
            )
        notes = (*observation.notes, *unlike_loads(observation))
        every_file = (*observation.files, *files)
        return replace(observation, notes=notes, files=every_file, by_hand=tuple(manual_lines(observation)))

    def rows(
        self, observation: Observation, table: TableObservation, drift: BucketDrift, *, limit: int = 1_000
    ) -> BucketRows:
        """Return the rows that differ in a bucket that `verify` found, read again; at most `limit` of a kind.

        Reads only. Raises `ChangedSincePlanError` if the bucket has changed since, and what `verify` raises.
        """
        instance_of(observation, Observation, "observation", "Give what verify returned.")
        instance_of(table, TableObservation, "table", "Give one of the tables of what verify returned.")
        instance_of(drift, BucketDrift, "drift", "Give one of the differing buckets of that table.")
        job = DriftRows(self._settings, self._connections)
        return job.read(observation, table, drift, min(count_of(limit, "limit"), MOST_ROWS))

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
        """Compare the days, weeks and months of a server with its own intervals; `on` names one of the two.

        Reads only, and opens only the servers it checks. Raises what `verify` raises.
        """
        query = PairQuery.of(tables, sets, acds, exclude)
        requested_window = None if window is None else window_of(window)
        side = None if on is None else choice(Role, on, "on")
        job = InternalVerification(self._settings, self._catalogue, self._connections, self._progress)
        return job.verify(self._selector.for_internal_check(query), query.acds, requested_window, side)

    def check(self, *, scratch: bool = False) -> PairCheck:
        """Return what the two servers are, what they have, and whether they are set up alike.

        Reads only, unless `scratch` is true: then it tries each server in a table that it creates and drops.
        A server that fails does not raise; the error is in the result.
        """
        refuse_non_booleans(scratch=scratch)
        job = Check(self._settings, self._catalogue, self._connections, self._progress)
        return job.run(scratch=scratch)

    def status(self, *, since: Moment = None, ask_servers: bool = True, read_journals: bool = True) -> PairStatus:
        """Return the state of the pair: its runs, what writes to it now, and both servers since a moment.

        That moment defaults to the beginning of yesterday. Reads only. The servers are not queried while a run
        writes. A server that fails does not raise; the error is in the result. `read_journals` checks the journals of
        the last runs byte by byte, which may take a second or two.
        """
        refuse_non_booleans(ask_servers=ask_servers, read_journals=read_journals)
        moment, ledger = moment_of(since, "since"), self._ledger
        runs, holder = ledger.checked_runs() if read_journals else ledger.runs(), ledger.holder()
        daily = self._daily.check(moment) if ask_servers and not holder else None
        return PairStatus(runs, holder, ledger.list_hooks(), daily)

    def outages(self, *, since: Moment = None, acds: Numbers = (), exclude: Names = ()) -> OutageReport:
        """Return when a server missed data of an ACD, why, and what can be repaired. Reads only.

        `since` limits how far back; without it, as far as intervals are stored.
        """
        specs = self._selector.for_outages(PairQuery((), (), (), names_of(exclude, "exclude")))
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
        """Return a checklist filled in from the pair; `do` runs the hooks of lines.

        Ticks are saved in the staging folder. Raises `InputError` for lines that the checklist does not have, and
        `SyncError` if a hook fails. A server that fails does not raise; its lines say that they cannot be probed.
        """
        refuse_non_booleans(anew=anew)
        lines = (numbers_of(tick, "tick"), numbers_of(untick, "untick"), numbers_of(do, "do"))
        moments = moment_of(at, "at"), moment_of(since, "since")
        request = ChecklistRequest(*lines, moments[0], anew, moments[1], text_of(way, "way"))
        return self._checklists.update(text_of(name, "name"), request)

    def timetables(self, *, owners: Names = ()) -> TimetableListing:
        """Return the timetables, their tasks and, if the pair file names the flag, where they run.

        Reads only. A server that fails does not raise; the error is in the result.
        """
        return self._timetables.listing(names_of(owners, "owners"))
