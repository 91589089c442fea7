"""Judges what commands do to administration: rules 1 to 3, 15, 18 and 19, and their undo, by plain bags of rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncengine.model.drift import ChangedBy, Observation, TableObservation, TableState
from syncengine.model.plan import Plan
from syncengine.model.refusals import ConflictsError
from syncengine.model.spec import SyncedBy, TableSpec
from syncengine.model.verified_run import VerifiedRun
from tests.world.ending import Ending
from tests.world.oracle import Violation
from tests.world.oracle.alike import (
    Columns,
    Group,
    LastAlike,
    Layout,
    administration_tables,
    changed_by,
    is_copied,
    layout_of,
)
from tests.world.oracle.own_changes import Pair, with_own_changes
from tests.world.oracle.sync_words import SyncWords, closure, request_of
from tests.world.values import BOTH, Bag, FaultKind, Restored, Server, Snapshot, Upgraded

SCHEDULES = "ttsched"
BACKUPS = ("backup", "back up")
"""What is in the name or a task of a timetable that is each server's own."""
REFUSED = 4
UNCHANGED = frozenset({2, REFUSED})
"""Exit codes after which nothing was written."""
NOTHING: Bag = Counter()


@dataclass(frozen=True, slots=True)
class TableSync:
    """One table that a sync copies, before it: both servers' key groups, and what may be remembered."""

    typed: SyncWords
    layout: Layout
    source: Mapping[Group, Bag]
    target: Mapping[Group, Bag]
    last: LastAlike
    protected: frozenset[str]

    @property
    def spec(self) -> TableSpec:
        """The table."""
        return self.layout.spec

    def groups(self) -> Iterator[Group]:
        """Yield every key group that differs in an ACD that is copied, by ACD and key."""
        for group in sorted({*self.source, *self.target}, key=repr):
            if self.source.get(group) != self.target.get(group) and self.included(group):
                yield group

    def included(self, group: Group) -> bool:
        """Say whether a key group is of an ACD that was requested and that the source has rows of."""
        acd, _ = group
        if self.typed.acds and acd not in self.typed.acds:
            return False
        return any(one[0] == acd for one in self.source)

    def writes(self, group: Group) -> bool:
        """Say whether the policy writes such a group."""
        return not (self.typed.fill and group in self.target)

    def changed_by(self, group: Group) -> frozenset[str]:
        """Return who may be said to have changed it."""
        known = self.last.known(self.spec.name, group)
        return changed_by(known, self.source.get(group), self.target.get(group))

    def in_conflict(self, group: Group) -> frozenset[bool]:
        """Return whether its change by the target has to be decided; both where that is not certain."""
        if not self.writes(group):
            return frozenset({False})
        return frozenset(one in ("target", "both") for one in self.changed_by(group))

    def expected(self, group: Group) -> tuple[Bag | None, ...]:
        """Return what the target may have of a differing key group after a sync that was done."""
        was, copied = self.target.get(group), self.source.get(group)
        if not self.included(group) or not self.writes(group) or self._is_protected(group):
            return (was,)
        stays = self.in_conflict(group) if self.typed.prefer == self.typed.target else frozenset({False})
        return tuple(was if one else copied for one in sorted(stays))

    def _is_protected(self, group: Group) -> bool:
        column = self.spec.user_column
        if column is None or group in self.source or column not in self.spec.key:
            return False
        return group[1][self.spec.key.index(column)] in self.protected


def is_own(layout: Layout, row: tuple[Any, ...], backups: frozenset[tuple[str, str]]) -> bool:
    """Say whether a row is of a timetable that is each server's own."""
    values = dict(zip(layout.columns, row, strict=False))
    return (values.get("owner"), values.get("tt_name")) in backups


def backups_of(snapshot: Snapshot, columns: Columns) -> frozenset[tuple[str, str]]:
    """Return owner and name of every timetable that makes backups, on either server."""
    found: set[tuple[str, str]] = set()
    for bags in snapshot.bags.values():
        for table in sorted({SCHEDULES, "ttsctasks"} & set(columns)):
            for row in bags.get(table, NOTHING):
                values = dict(zip(columns[table], row, strict=False))
                text = f"{values['tt_name']} {values.get('task', '')}".lower()
                if any(word in text for word in BACKUPS):
                    found.add((values["owner"], values["tt_name"]))
    return frozenset(found)


def judge_administration(world: Pair, ending: Ending, columns: Columns) -> Iterator[Violation]:
    """Yield what is wrong with what a command did to administration, and with what it said about it.

    `columns` are those of every table of administration that both servers have.
    """
    if FaultKind.OTHER_COMMITS in ending.faults:
        return
    lived = with_own_changes(world, ending, columns)
    yield from untouched(lived, columns)
    # What people changed meanwhile is as before or as planned by when the command came to it: not judged.
    changed = [
        name for name in columns if any(_bag(ending.before, s, name) != _bag(lived.before, s, name) for s in BOTH)
    ]
    columns = {name: one for name, one in columns.items() if name not in changed}
    yield from verdict(ending, columns)
    if ending.command.verb == "sync":
        yield from judge_sync(world, ending, columns)
    if ending.command.verb == "undo":
        yield from judge_undo(world, ending, columns)


def untouched(ending: Ending, columns: Columns) -> Iterator[Violation]:
    """Yield what a command changed that it must not: the source, tables that are not copied, other ACDs (3)."""
    verb = ending.command.verb
    typed = request_of(ending.words) if verb == "sync" else None
    for server in ending.before.bags:
        for table in columns:
            before, after = _bag(ending.before, server, table), _bag(ending.after, server, table)
            if before == after:
                continue
            spec = administration_tables()[table]
            where = f"{table} on {server}"
            if verb in ("undo", "resume") or (verb == "timetables" and table == SCHEDULES):
                if spec.synced_by is SyncedBy.NEVER and table != SCHEDULES:
                    yield Violation(3, f"{where} changed, which is each server's own")
                continue
            if typed is None or typed.dry:
                yield Violation(3, f"{where} changed by {verb}")
            elif server == typed.source:
                yield Violation(3, f"{where} changed, which is the source of the sync")
            elif ending.code in UNCHANGED:
                yield Violation(3, f"{where} changed though it ended with {ending.code}")
            elif table == SCHEDULES:
                yield from _schedules_added(ending, typed, columns)
            elif not is_copied(spec, manual=typed.manual):
                yield Violation(3, f"{where} changed, which is not synchronised by copying")
            elif table not in closure(typed.tables):
                yield Violation(3, f"{where} changed, which was not requested")


def _schedules_added(ending: Ending, typed: SyncWords, columns: Columns) -> Iterator[Violation]:
    """Yield schedules of the target that were not only added, or that the source does not have (rule 18)."""
    before, after = (_bag(one, typed.target, SCHEDULES) for one in (ending.before, ending.after))
    if before - after:
        yield Violation(3, f"{SCHEDULES} on {typed.target}: schedules changed or deleted: {before - after}")
    layout = layout_of(SCHEDULES, columns[SCHEDULES])
    has = layout.groups(_bag(ending.before, typed.source, SCHEDULES))
    had = layout.groups(before)
    for row in after - before:
        group = layout.group_of(row)
        if group in had or group not in has:
            yield Violation(3, f"{SCHEDULES} on {typed.target}: a schedule was added that was not missing: {row}")


def _bag(snapshot: Snapshot, server: Server, table: str) -> Bag:
    return snapshot.bags[server].get(table, NOTHING)


def plans_of(ending: Ending) -> tuple[Plan, ...]:
    """Return the plans that an ending knows."""
    if ending.plans:
        return ending.plans
    return (ending.result.plan,) if isinstance(ending.result, VerifiedRun) else ()


def last_alike(world: Pair, ending: Ending, columns: Columns) -> LastAlike:
    """Return what may be remembered before a command, from all endings before it."""
    last = LastAlike()
    for one in world.endings:
        if one is ending:
            break
        _note(last, one, columns)
    changes = (Restored, Upgraded)
    if any(isinstance(one, changes) and one.at <= ending.before.at for one in world.scenario.happenings):
        last.forgotten(columns, certain=False)
    return last


def _note(last: LastAlike, ending: Ending, columns: Columns) -> None:
    verb = ending.command.verb
    if verb == "sync":
        typed = request_of(ending.words)
        plans = plans_of(ending)
        certain = bool(plans) and not ending.faults and ending.code not in (None, 1, 130)
        names = {name for plan in plans for name in plan.tables} if plans else closure(typed.tables)
        specs = administration_tables()
        # What is synchronised by hand is remembered too, whether it is copied or not.
        tables = sorted(name for name in names & set(columns) if is_copied(specs[name], manual=True))
        for table in tables:
            last.compared(ending.before, table, columns[table], typed.acds, certain=certain)
            if not typed.dry:
                ran = isinstance(ending.result, VerifiedRun) and ending.result.after is not None
                last.compared(ending.after, table, columns[table], typed.acds, certain=certain and ran)
        return
    changed = [name for name in columns if any(_changed(ending, server, name) for server in ending.before.bags)]
    if verb == "undo":
        last.forgotten(changed, certain=ending.code == 0 and not ending.faults)
    if verb in ("undo", "resume"):
        for table in columns:
            last.compared(ending.after, table, columns[table], (), certain=False)
        last.forgotten(columns, certain=False)


def _changed(ending: Ending, server: Server, table: str) -> bool:
    return _bag(ending.before, server, table) != _bag(ending.after, server, table)


def table_syncs(world: Pair, ending: Ending, columns: Columns) -> Iterator[TableSync]:
    """Yield the tables that a sync copies."""
    typed = request_of(ending.words)
    last = last_alike(world, ending, columns)
    backups = backups_of(ending.before, columns) if "ttsctasks" in columns else frozenset()
    protected: frozenset[str] = frozenset()
    if "users" in columns and not typed.remove_users:
        users = [set(_groups(ending.before, server, "users", columns)) for server in (typed.target, typed.source)]
        protected = frozenset(str(key[0]) for _, key in users[0] - users[1])
    for table in sorted(closure(typed.tables) & set(columns)):
        spec = administration_tables()[table]
        if not is_copied(spec, manual=typed.manual) or (typed.acds and spec.acd is None):
            continue
        layout = layout_of(table, columns[table])
        sides = [
            layout.groups(Counter({row: many for row, many in bag.items() if not is_own(layout, row, backups)}))
            for bag in (_bag(ending.before, server, table) for server in (typed.source, typed.target))
        ]
        yield TableSync(typed, layout, sides[0], sides[1], last, protected)


def _groups(snapshot: Snapshot, server: Server, table: str, columns: Columns) -> dict[Group, Bag]:
    return layout_of(table, columns[table]).groups(_bag(snapshot, server, table))


def judge_sync(world: Pair, ending: Ending, columns: Columns) -> Iterator[Violation]:
    """Yield what is wrong with a sync: rows that are neither as before nor as planned, conflicts named wrongly (2)."""
    typed = request_of(ending.words)
    syncs = tuple(table_syncs(world, ending, columns))
    plans = plans_of(ending)
    empty = acds_without_groups(syncs)
    for one in syncs:
        yield from conflicts_named(one, plans)
        if not typed.dry:
            yield from rows_copied(one, ending, empty)
    open_ones = [(one, group) for one in syncs for group in one.groups()]
    certain = [place for place in open_ones if place[0].in_conflict(place[1]) == {True}]
    possible = [place for place in open_ones if True in place[0].in_conflict(place[1])]
    if not typed.prefer and not typed.dry and certain and ending.code == 0:
        one, group = certain[0]
        yield Violation(2, f"{one.spec.name} {group}: changed on {typed.target}, and not refused")
    if isinstance(ending.error, ConflictsError) and (typed.prefer or not possible):
        yield Violation(2, f"refused for a conflict that is none: {ending.said}")
    if not typed.dry and ending.code == 0:
        yield from names_of_groups(ending, typed, columns)


def conflicts_named(one: TableSync, plans: Sequence[Plan]) -> Iterator[Violation]:
    """Yield key groups whose change is reported wrongly, is not reported, or is none (rule 15)."""
    if not plans:
        return
    typed, name = one.typed, one.spec.name
    differing = set(one.groups())
    found = {
        (
            change.group.bucket.acd,
            tuple(None if value is None else value.rstrip(" ") for value in change.group.group_key),
        ): change
        for plan in plans
        for change in plan.changes
        if change.table == name
    }
    for group, change in found.items():
        said = change.group.changed_by.value
        if group not in differing:
            if one.source.get(group) == one.target.get(group):
                yield Violation(2, f"{name} {group}: said to be changed by {said}, and both have the same rows")
        elif said not in one.changed_by(group):
            names = " or ".join(sorted(one.changed_by(group)))
            yield Violation(2, f"{name} {group}: said to be changed by {said}, and was by {names}")
    for group in sorted(differing - set(found), key=repr):
        if one.changed_by(group) <= {ChangedBy.TARGET.value, ChangedBy.BOTH.value}:
            yield Violation(2, f"{name} {group}: changed by {typed.target}, and not named")


GROUPS_AND_NAMES = ("agroups", "synonyms")
"""Tables that are only written together."""


def acds_without_groups(syncs: Sequence[TableSync]) -> frozenset[int | None]:
    """Return the ACDs of which only the target has agent groups, or names: they stay, and with them the others."""
    together = [one for one in syncs if one.spec.name in GROUPS_AND_NAMES]
    if len(together) < len(GROUPS_AND_NAMES):
        return frozenset()
    return frozenset(acd for one in together for acd in {acd for acd, _ in one.target} - {acd for acd, _ in one.source})


def rows_copied(one: TableSync, ending: Ending, empty: frozenset[int | None]) -> Iterator[Violation]:
    """Yield key groups of the target that are not as before, or not as the sync was to leave them."""
    typed, name = one.typed, one.spec.name
    after = one.layout.groups(_bag(ending.after, typed.target, name))
    done = ending.code in (0, 3) and ending.result is not None
    skips = {skip.table for plan in plans_of(ending) for skip in plan.skipped if skip.reason.name in SKIPS}
    for group in sorted({*one.source, *one.target}, key=repr):
        was, now = one.target.get(group), after.get(group)
        allowed = [was] if one.source.get(group) == was else list(one.expected(group))
        if not done or name in skips or (name in GROUPS_AND_NAMES and group[0] in empty):
            allowed.append(was)
        if now not in allowed:
            yield Violation(2, f"{name} {group} on {typed.target}: {_shown(now)}, expected {_shown(allowed[0])}")


SKIPS = ("CHANGING", "UNWRITABLE", "NOT_COMPARED", "CHANGED_SINCE")
"""Reasons that a sync may have for leaving key groups that would be copied."""


def _shown(bag: Bag | None) -> str:
    return " and ".join(str(row) for row in sorted(bag.elements(), key=repr)) if bag else "no row"


def names_of_groups(ending: Ending, typed: SyncWords, columns: Columns) -> Iterator[Violation]:
    """Yield agent groups that were added without the name that the source has for them (rule 11)."""
    if not {"agroups", "synonyms"} <= set(columns) or typed.prefer == typed.target:
        return
    added = _bag(ending.after, typed.target, "agroups") - _bag(ending.before, typed.target, "agroups")
    named = [
        {
            tuple(
                dict(zip(columns["synonyms"], row, strict=False))[name] for name in ("acd_no", "item_type", "item_name")
            )
            for row in _bag(ending.after, server, "synonyms")
        }
        for server in (typed.source, typed.target)
    ]
    for row in sorted(added, key=repr):
        place = _values(columns["agroups"], row, "acd_no", "item_type", "item_name")
        if place in named[0] and place not in named[1]:
            yield Violation(2, f"agroups {place} was copied to {typed.target} without its name")


def _values(columns: tuple[str, ...], row: tuple[Any, ...], *names: str) -> tuple[Any, ...]:
    values = dict(zip(columns, row, strict=False))
    return tuple(values[name] for name in names)


def verdict(ending: Ending, columns: Columns) -> Iterator[Violation]:
    """Yield tables of administration whose differences were counted wrongly (1)."""
    result = ending.result
    observation = (
        result if isinstance(result, Observation) else result.after if isinstance(result, VerifiedRun) else None
    )
    if observation is None:
        return
    for table in observation.tables:
        if table.spec.name in columns and table.state is TableState.COMPARED:
            yield from _counts(ending.after, observation, table, columns)


def _counts(
    snapshot: Snapshot, observation: Observation, table: TableObservation, columns: Columns
) -> Iterator[Violation]:
    name = table.spec.name
    layout = layout_of(name, columns[name])
    backups = backups_of(snapshot, columns) if "ttsctasks" in columns else frozenset()
    acds = {scope.acd for scope in table.scopes}
    sides = [
        layout.groups(Counter({row: many for row, many in bag.items() if not is_own(layout, row, backups)}))
        for bag in (_bag(snapshot, role.value, name) for role in (observation.source, observation.target))
    ]
    expected: Counter[tuple[int | None, str]] = Counter()
    for group in {*sides[0], *sides[1]}:
        if observation.acds and group[0] not in observation.acds:
            continue
        here, there = sides[0].get(group, NOTHING), sides[1].get(group, NOTHING)
        over, under = (here - there).total(), (there - here).total()
        expected[group[0], "changed"] += min(over, under)
        expected[group[0], "missing"] += over - min(over, under)
        expected[group[0], "extra"] += under - min(over, under)
    said: Counter[tuple[int | None, str]] = Counter()
    for drift in table.differing:
        for kind in ("changed", "missing", "extra"):
            said[drift.bucket.acd, kind] += getattr(drift.counts, kind)
    for place in sorted({*expected, *said}, key=repr):
        if expected[place] != said[place]:
            acd, kind = place
            text = f"{name} ACD {acd}: {said[place]} {kind} said, {expected[place]} are (of {sorted(acds, key=repr)})"
            yield Violation(1, text)


def judge_undo(world: Pair, ending: Ending, columns: Columns) -> Iterator[Violation]:
    """Yield key groups that an undo of a sync did not restore exactly, or that it should have left (6)."""
    undone = next((plan.undoes for plan in plans_of(ending) if plan.undoes), "")
    runs = [one for one in world.endings if one.run_id == undone and one is not ending]
    if not undone or len(runs) != 1 or runs[0].command.verb != "sync":
        return
    (run,) = runs
    target = request_of(run.words).target
    for table in columns:
        layout = layout_of(table, columns[table])
        first, left, present, after = (
            layout.raw_groups(_bag(one, target, table)) for one in (run.before, run.after, ending.before, ending.after)
        )
        for group in sorted({*first, *left, *present, *after}, key=repr):
            written = first.get(group) != left.get(group)
            was, now = present.get(group), after.get(group)
            if not written or was != left.get(group):
                wrong = now != was
            elif ending.code == 0:
                wrong = now != first.get(group)
            else:
                wrong = now not in (was, first.get(group))
            if wrong:
                text = f"{table} {group} on {target} after the undo: {_shown(now)}"
                yield Violation(6, f"{text}, before the run {_shown(first.get(group))}")
