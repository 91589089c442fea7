"""The tables of a command: selected by name, by set, by its purpose; and those it refuses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from syncengine.app.arguments import Names, Numbers, names_of, numbers_of
from syncengine.catalogue import Catalogue
from syncengine.jobs.outages import compared_in
from syncengine.model.errors import InputError
from syncengine.model.names import typed
from syncengine.model.pair import Role
from syncengine.model.permission import Permission
from syncengine.model.refusals import LocalAdministrationError
from syncengine.model.sentences import listed
from syncengine.model.spec import CompanionFile, DataClass, SyncedBy, TableSpec

NAMED = 4


@dataclass(frozen=True, slots=True)
class PairQuery:
    """The tables and ACDs of a call."""

    tables: tuple[str, ...]
    sets: tuple[str, ...]
    acds: tuple[int, ...]
    excluded: tuple[str, ...] = ()
    """Tables that are left out."""
    source: Role = Role.PRIMARY
    """The server that is copied from."""

    @classmethod
    def of(
        cls,
        tables: Names,
        sets: Names,
        acds: Numbers,
        excluded: Names,
        source: Role = Role.PRIMARY,
    ) -> PairQuery:
        """Return the query for arguments of the Python API."""
        named = names_of(tables, "tables"), names_of(sets, "sets")
        return cls(*named, numbers_of(acds, "acds"), names_of(excluded, "exclude"), source)


@dataclass(frozen=True, slots=True)
class TableSelector:
    """Selects tables of the catalogue for a command."""

    catalogue: Catalogue

    def selected(self, query: PairQuery) -> tuple[TableSpec, ...]:
        """Return the tables named; refuses sets that are only files, and single ACDs of sets that have none."""
        for table_set in (self.catalogue.set(name) for name in query.sets):
            if not table_set.tables:
                files = [file for file in self.catalogue.files if table_set.name in file.sets]
                way = f"from {query.source} to {query.source.other}"
                named = "; ".join(f"{file.shown} ({file.advice})" for file in files)
                raise InputError(
                    f"The set {table_set.name} has no table, only files, which cannot be copied here.",
                    hint=f"Leave it out, and copy by hand, {way}: {named}.",
                )
            if table_set.every_acd and query.acds:
                raise InputError(
                    f"The set {table_set.name} is always of all ACDs (High Availability guide, chapter 3).",
                    hint="Leave `acds=` out, or name single tables with `tables=`.",
                )
        return self.without_excluded(self.catalogue.select(query.tables, query.sets), query)

    def of_class(self, query: PairQuery, *classes: DataClass) -> tuple[TableSpec, ...]:
        """Return all tables of some data classes, without those that are left out."""
        return self.without_excluded(self.catalogue.of_class(*classes), query)

    def named(self, query: PairQuery) -> frozenset[str]:
        """Return the tables that were requested by name, as the catalogue calls them."""
        return frozenset(self.catalogue.table(name).name for name in query.tables)

    def excluded(self, query: PairQuery) -> frozenset[str]:
        """Return the tables that are left out, as the catalogue calls them."""
        return frozenset(self.catalogue.table(name).name for name in query.excluded)

    def without_excluded(
        self, specs: tuple[TableSpec, ...], query: PairQuery, *, with_rollups: bool = False
    ) -> tuple[TableSpec, ...]:
        """Leave out the excluded tables; raises `InputError` if none remains, or one is also requested by name.

        This is the one place that leaves tables out. `with_rollups` leaves out what is rolled up from them, too.
        """
        out = self.excluded(query)
        if with_rollups:
            out |= {spec.name for spec in self.catalogue.tables if spec.rolled_from in out}
        both = out & self.named(query)
        if both:
            raise InputError(
                f"{listed(sorted(both), NAMED)}: both requested and left out.",
                hint="Leave out one of `tables=` and `exclude=`.",
            )
        remaining = tuple(spec for spec in specs if spec.name not in out)
        if specs and not remaining:
            raise InputError("All requested tables are left out.", hint="Leave out some `exclude=`.")
        return remaining

    def for_outages(self, query: PairQuery) -> tuple[TableSpec, ...]:
        """Return the tables that outages are compared in, without those that are left out."""
        return self.without_excluded(compared_in(self.catalogue), query)

    def for_internal_check(self, query: PairQuery) -> tuple[TableSpec, ...]:
        """Return the requested roll-up tables; an interval table stands for those rolled up from it."""
        return self.without_excluded(self._rolled_up(query), query, with_rollups=True)

    def _rolled_up(self, query: PairQuery) -> tuple[TableSpec, ...]:
        rolled = tuple(spec for spec in self.catalogue.tables if spec.rolled_from is not None)
        if not query.tables and not query.sets:
            return rolled
        names = {spec.name for spec in self.catalogue.select(query.tables, query.sets)}
        selected = tuple(spec for spec in rolled if spec.name in names or spec.rolled_from in names)
        unrolled = [
            name
            for name in (self.catalogue.table(name).name for name in query.tables)
            if not any(name in (spec.name, spec.rolled_from) for spec in rolled)
        ]
        if unrolled or not selected:
            name = unrolled[0] if unrolled else "the selection"
            raise InputError(
                f"{name} is not rolled up from intervals, so it cannot be checked on one server alone.",
                hint="Name daily, weekly or monthly tables, for example dsplit, or leave `tables=` and `sets=` out.",
            )
        return selected

    def for_resync(self, query: PairQuery) -> tuple[TableSpec, ...]:
        """Return the historical tables of a resync, all of them if none is named."""
        specs = self.selected(query) or self.of_class(query, DataClass.HISTORICAL)
        refuse_local(specs)
        untimed = [spec.name for spec in specs if spec.time is None]
        if untimed:
            options = [f"--set {name}" for name in query.sets if set(untimed) & set(self.catalogue.set(name).tables)]
            options += [
                f"--table {typed(spec.name)}" for spec in self.catalogue.select(query.tables) if spec.time is None
            ]
            raise InputError(
                f"{listed(untimed, NAMED)} {'has' if len(untimed) == 1 else 'have'} no time, and resync copies history "
                "by time.",
                hint=f"Use `syncengine sync {' '.join(options)}`.",
            )
        return specs

    def allowed(self, triggers: Names, cascades: Names) -> Permission:
        """Return the allowed side effects and their tables; raises `UnknownTableError` for an unknown table."""
        requested = names_of(triggers, "allow_triggers"), names_of(cascades, "allow_cascades")
        at, of = (tuple(self.catalogue.table(name).name for name in names) for names in requested)
        return Permission(at, of)

    def for_backfill(self, query: PairQuery) -> tuple[TableSpec, ...]:
        """Return the historical tables of a backfill, all of them if none is named."""
        specs = self.selected(query) or self.of_class(query, DataClass.HISTORICAL)
        refuse_local(specs)
        named = self.named(query)
        # Administration in a set beside its history, and tables of each server's own, are left out silently.
        selected = tuple(spec for spec in specs if spec.time is not None and spec.synced_by is not SyncedBy.NEVER)
        unfit = [spec for spec in specs if spec not in selected and (spec.name in named or not selected)]
        if any(spec.time is None for spec in unfit):
            untimed = [spec.name for spec in unfit if spec.time is None]
            raise InputError(
                f"{listed(untimed, NAMED)} {'has' if len(untimed) == 1 else 'have'} no time, and backfill copies "
                "history by time.",
                hint="Use `syncengine sync`.",
            )
        if unfit:
            raise InputError(
                f"{unfit[0].name}: {unfit[0].synced_why or 'each server has its own'}.",
                hint="Leave it out.",
            )
        return selected

    def for_sync(self, query: PairQuery) -> tuple[TableSpec, ...]:
        """Return the administration tables of a sync, with those that must be written together with them."""
        specs = self._with_companions(self.selected(query))
        excluded_needs = sorted(self.excluded(query) & {spec.name for spec in specs})
        if excluded_needs:
            needing = [
                one.name for one in self.catalogue.tables if any(need.name in excluded_needs for need in one.needs)
            ]
            dependent = listed(needing, NAMED)
            raise InputError(
                f"{listed(excluded_needs, NAMED)} cannot be left out: {dependent} is never written without it.",
                hint=f"Leave {dependent} out as well.",
            )
        if not specs:
            raise InputError(
                "sync needs `sets=` or `tables=`.",
                hint="For example `sets='dictionary'`; `syncengine tables --sets` lists the sets.",
            )
        refuse_local(specs)
        timed = [spec.name for spec in specs if spec.time is not None and not spec.future_dates]
        if timed:
            raise InputError(
                f"{listed(timed, NAMED)}: history, and sync copies administration.",
                hint="Use `syncengine resync --window TIME`, or `syncengine backfill`.",
            )
        whole = [spec.name for spec in specs if spec.acd is None and spec.time is None]
        named = self.named(query).intersection(whole)
        if query.acds and (named or len(whole) == len(specs)):
            raise InputError(
                f"{listed(sorted(named) or whole, NAMED)}: rows without an ACD are copied only with all ACDs.",
                hint="Leave `acds=` out, or leave these tables out.",
            )
        return specs

    def only_with(self, query: PairQuery) -> dict[str, str]:
        """Return the tables that belong to the request only if a server has them with a column, and that column.

        A table that is named, or belongs to another set too, needs no column.
        """
        sets = [self.catalogue.set(name) for name in query.sets]
        bound = {table: column for one in sets for table, column in one.only_with}
        free = {table for one in sets for table in one.tables if table not in dict(one.only_with)} | self.named(query)
        return {table: column for table, column in bound.items() if table not in free}

    def files_only(self, query: PairQuery) -> tuple[CompanionFile, ...]:
        """Return the files of requested sets without tables, which cannot be compared here."""
        alone = {self.catalogue.set(name).name for name in query.sets if not self.catalogue.set(name).tables}
        return tuple(file for file in self.catalogue.files if alone & set(file.sets))

    def without_file_sets(self, query: PairQuery) -> PairQuery:
        """Return the query without the sets that have no table."""
        return replace(query, sets=tuple(name for name in query.sets if self.catalogue.set(name).tables))

    def _with_companions(self, specs: tuple[TableSpec, ...]) -> tuple[TableSpec, ...]:
        names = [spec.name for spec in specs]
        needed = dict.fromkeys(one.name for spec in specs for one in spec.needs)
        missing = [name for name in needed if name not in names]
        return self.catalogue.select([*names, *missing]) if missing else specs


def refuse_local(specs: Iterable[TableSpec]) -> None:
    """Refuse local administration, which no option can copy (rule 1)."""
    local = tuple(spec.name for spec in specs if spec.data_class is DataClass.LOCAL)
    if local:
        raise LocalAdministrationError(
            f"{', '.join(local)}: local administration belongs to one server and is never copied.",
            tables=local,
            hint="Leave it out; no option lifts this.",
        )
