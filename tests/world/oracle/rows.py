"""Oracles 2 and 3: each bucket is as before or as planned, and nothing else has changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from syncengine.model.grain import Archive
from syncengine.model.plan import Action, BucketWrite, OtherGroups, Plan, Step, TablePart, written_by
from syncengine.model.plan_kind import RollupRepair, Undo
from syncengine.model.policy import Rollups
from syncengine.model.spec import DataClass, SyncedBy, TableSpec
from tests.world.ending import Ending
from tests.world.oracle import Violation
from tests.world.oracle.tables import Group, Judged, Layout, Place, catalogue_of, layout_of, rows_of
from tests.world.schedule import rebuilt
from tests.world.values import SERVERS, Bag, FaultKind, Server, Snapshot, other

AS_PLANNED, UNTOUCHED = 2, 3
WRITING = frozenset({"resync", "backfill", "undo", "resume", "sync", "timetables"})


def judge_rows(world: Judged, ending: Ending) -> Iterator[Violation]:
    """Yield each bucket that is neither as before nor as planned, and each change outside of the plan."""
    plans = plans_of(world, ending)
    for spec in tables(world):
        layout = layout_of(world, spec)
        for server in SERVERS:
            if not _rebuilt(world, ending, server):
                yield from _judged(world, ending, layout, server, plans)


def judge_beside(world: Judged, ending: Ending) -> Iterator[Violation]:
    """Yield rows that another session wrote after the plan was made, and that are gone: no plan can mean them."""
    beside = getattr(world.site, "beside", None)
    if beside is None or FaultKind.OTHER_COMMITS not in ending.faults:
        return
    for spec in tables(world):
        layout = layout_of(world, spec)
        for server in SERVERS:
            written = beside(server, spec.name, ending.before.at, ending.after.at)
            if written and not _rebuilt(world, ending, server):
                dropped = _changes(world, layout, server, ending.before.at, ending.after.at)[1]
                now = layout.unnumbered(rows_of(layout, ending.after, server))
                for line in sorted(layout.unnumbered(written) - now - dropped, key=str):
                    yield Violation(
                        AS_PLANNED, f"{server}: what another session wrote meanwhile is gone: {layout.named(line)}"
                    )


def judge_locks(world: Judged, ending: Ending) -> Iterator[Violation]:
    """Yield where a transaction deletes or inserts, and has locked nothing: another one may write there meanwhile."""
    del world
    locked: dict[str, bool] = {}
    for call in ending.calls:
        server, _, what = call.partition(" ")
        match what:
            case "begin":
                locked[server] = False
            case "lock in session":
                locked[server] = True
            case "delete in session" | "insert in session" if not locked.get(server, False):
                yield Violation(AS_PLANNED, f"{server}: rows were written in a transaction without any lock")
                return
            case _:
                pass


def tables(world: Judged) -> Iterator[TableSpec]:
    """Yield the tables of history that may be copied."""
    for spec in catalogue_of(world).tables:
        if spec.data_class is DataClass.HISTORICAL and spec.synced_by is not SyncedBy.NEVER:
            yield spec


def plans_of(world: Judged, ending: Ending) -> tuple[Plan, ...]:
    """Return the plans that a command may have executed; a resumed run has those of its beginning."""
    if "--dry-run" in ending.words or ending.command.verb not in WRITING or ending.code == 2:
        return ()
    found = list(ending.plans)
    if ending.command.verb == "resume":
        found += [plan for one in first_of(world, ending.run_id, ending) for plan in one.plans]
    for one in getattr(ending.result, "rollups", None), getattr(ending.result, "plan", None):
        found += [one] if isinstance(one, Plan) and one not in found else []
    return tuple(found)


def first_of(world: Judged, run_id: str, but: Ending | None = None) -> tuple[Ending, ...]:
    """Return the commands that wrote a run, as far as they have ended."""
    return tuple(one for one in world.endings if run_id and one.run_id == run_id and one is not but)


def _rebuilt(world: Judged, ending: Ending, server: Server) -> bool:
    """Say whether a server was restored or upgraded during a command: its rows are then another's."""
    return any(ending.before.at < at <= ending.after.at for at in rebuilt(world.scenario, server))


@dataclass(frozen=True)
class Write:
    """A bucket that a plan writes, with the part and step it is in."""

    plan: Plan
    step: Step
    part: TablePart
    write: BucketWrite

    @property
    def place(self) -> Place:
        """The bucket."""
        one = self.write.bucket
        return one.acd, one.row_date, one.slot


def writes_into(plans: Iterable[Plan], server: Server, table: str) -> dict[Place, list[Write]]:
    """Return the writes of plans into a table of a server, by bucket."""
    found: dict[Place, list[Write]] = {}
    for plan in plans:
        for step, part, write in written_by(plan.steps):
            if str(step.into) == server and part.table == table:
                one = Write(plan, step, part, write)
                found.setdefault(one.place, []).append(one)
    return found


def planned_rows(layout: Layout, one: Write, target: Bag, source: Bag) -> Bag:
    """Return what a bucket of the target holds after a write of it, rows without their own numbers."""
    part, write = one.part, one.write
    skipped, repaired = set(write.skipped_groups), set(write.repaired_groups)
    here, there = _groups(layout, part, target), _groups(layout, part, source)
    found: Bag = Counter()
    for group in sorted({*here, *there}, key=str):
        own, others = here.get(group, Counter()), there.get(group, Counter())
        match part.action:
            case Action.REPLACE_BUCKETS | Action.REPLACE_GROUPS:
                takes = True
            case Action.ADD_BUCKETS:
                takes = not target
            case Action.ADD_GROUPS:
                takes = not own
            case Action.REPAIR_CUTS:
                takes = group in repaired or (
                    write.other_groups is OtherGroups.REPLACE or (write.other_groups is OtherGroups.ADD and not own)
                )
            case Action.RESTORE_GROUPS:
                takes = True
        found += others if takes and group not in skipped and _read(layout, part, others or own) else own
    return found


def _groups(layout: Layout, part: TablePart, bag: Bag) -> dict[Group, Bag]:
    found: dict[Group, Bag] = {}
    for line, count in bag.items():
        found.setdefault(layout.group(line, part.key), Counter())[line] += count
    return found


def _read(layout: Layout, part: TablePart, bag: Bag) -> bool:
    """Say whether a part reads and writes rows: not those of a pseudo-ACD or that the pair file leaves out."""
    for groups, inside in ((part.excluded, False), (part.only, True)):
        if groups is not None and bag:
            values = layout.group(next(iter(bag)), groups.columns)
            if (values in {tuple(one) for one in groups.values}) is not inside:
                return False
    return True


def _judged(
    world: Judged, ending: Ending, layout: Layout, server: Server, plans: Sequence[Plan]
) -> Iterator[Violation]:
    spec = layout.spec
    before = layout.unnumbered(rows_of(layout, ending.before, server))
    after = layout.unnumbered(rows_of(layout, ending.after, server))
    yield from _numbered(layout, ending.before, ending.after, server)
    if before == after and ending.code != 0:
        return
    here, there = layout.by_place(before), layout.by_place(after)
    writes = writes_into(plans, server, spec.name)
    own = Own(world, ending, layout, server)
    kinds = {type(plan.kind) for plan in plans}
    unknown = not plans and ending.command.verb in WRITING and "--dry-run" not in ending.words and ending.code != 2
    for place in sorted({*here, *there}, key=str):
        was, now = here.get(place, Counter()), there.get(place, Counter())
        if was == now and place not in writes:
            continue
        found = writes.get(place, [])
        if own.explains(was, now) and not (found and ending.code == 0):
            continue
        if found:
            if any(isinstance(one.plan.kind, RollupRepair) and not one.plan.kind.copied for one in found):
                continue  # What was recomputed is for the oracle of roll-ups.
            if not _as_planned(world, ending, own, layout, server, place, found, was, now):
                yield Violation(AS_PLANNED, f"{server}: {_place(layout, place)} is {_neither(was, now)}")
        elif own.explains(was, now) or _rolled_up(spec, server, place, plans):
            continue
        elif unknown or (Undo in kinds and not ending.plans):
            if not _from_somewhere(world, ending, own, layout, server, was, now):
                yield Violation(
                    AS_PLANNED, f"{server}: {_place(layout, place)} has rows of neither server: {_neither(was, now)}"
                )
        else:
            yield Violation(
                UNTOUCHED, f"{server}: {_place(layout, place)} has changed and is not in the plan: {_change(was, now)}"
            )
    yield from _together(world, ending, own, layout, server, writes, here, there)


class Own:
    """What the servers and their people changed by themselves in a table during a command."""

    def __init__(self, world: Judged, ending: Ending, layout: Layout, server: Server) -> None:
        since, until = ending.before.at, ending.after.at
        self.inserted, self.deleted = _changes(world, layout, server, since, until)
        there = _changes(world, layout, other(server), since, until)
        self.any_inserted = self.inserted | there[0]
        self.any_deleted = self.deleted | there[1]

    def explains(self, was: Bag, now: Bag) -> bool:
        """Say whether rows became others only by what the server itself did."""
        return was == now or not (now - was - self.inserted or was - now - self.deleted)

    def same(self, rows: Bag, now: Bag) -> bool:
        """Say whether rows are others, but for what either server itself did meanwhile."""
        return rows == now or not (now - rows - self.any_inserted or rows - now - self.any_deleted)


def _changes(world: Judged, layout: Layout, server: Server, since: int, until: int) -> tuple[Bag, Bag]:
    """Return what a server itself inserted and deleted, without row numbers."""
    width = len(layout.columns)
    inserted, deleted = (
        layout.unnumbered(Counter({line[:width]: count for line, count in bag.items()}))
        for bag in world.site.changes(server, layout.spec.name, since, until)
    )
    return inserted, deleted


def _as_planned(
    world: Judged,
    ending: Ending,
    own: Own,
    layout: Layout,
    server: Server,
    place: Place,
    writes: Sequence[Write],
    was: Bag,
    now: Bag,
) -> bool:
    """Say whether a bucket is as before, if that may be, or as a plan wrote it."""
    results = [rows for one in writes for rows in results_of(world, ending, layout, server, place, one, was)]
    if any(own.same(rows, now) for rows in results):
        return True
    # A command that ended well has carried out its plan, but for what had changed meanwhile.
    carried_out = ending.code == 0 and not own.any_inserted and not own.any_deleted and not ending.faults
    if carried_out and not any(isinstance(one.plan.kind, Undo) for one in writes):
        return False
    return own.same(was, now)


_PLACED: dict[tuple[Any, ...], tuple[Snapshot, dict[Place, Bag]]] = {}
"""Rows by bucket of the tables that were read last; a snapshot stays with them, so that no other gets its identity."""
MOST_PLACED = 200


def _placed(layout: Layout, snapshot: Snapshot, server: Server) -> dict[Place, Bag]:
    """Return the rows of a table by bucket, without row numbers; each write of a plan wants those of its own bucket."""
    what = (id(snapshot), server, layout.spec.name, layout.columns)
    if what not in _PLACED:
        if len(_PLACED) >= MOST_PLACED:
            _PLACED.clear()
        _PLACED[what] = snapshot, layout.by_place(layout.unnumbered(rows_of(layout, snapshot, server)))
    return _PLACED[what][1]


def results_of(
    world: Judged, ending: Ending, layout: Layout, server: Server, place: Place, one: Write, was: Bag
) -> Iterator[Bag]:
    """Yield what a bucket may be after a write: by the source's rows now, or when its run began."""
    if isinstance(one.plan.kind, Undo):
        for earlier in first_of(world, one.plan.kind.run, ending)[:1]:
            rows = _placed(layout, earlier.before, server).get(place, Counter())
            # A run that waited began with more than there was as it was typed.
            inserted, deleted = (
                layout.by_place(bag).get(place, Counter())
                for bag in _changes(world, layout, server, earlier.before.at, earlier.after.at)
            )
            for there in (rows, rows + inserted - deleted):
                yield there
                yield planned_rows(layout, one, was, there)
        return
    moments = [ending.before, ending.after]
    if ending.command.verb == "resume":
        moments += [earlier.before for earlier in first_of(world, ending.run_id, ending)]
    for moment in moments:
        source = _placed(layout, moment, other(server)).get(place, Counter())
        yield planned_rows(layout, one, was, source)


def _together(
    world: Judged,
    ending: Ending,
    own: Own,
    layout: Layout,
    server: Server,
    writes: dict[Place, list[Write]],
    here: dict[Place, Bag],
    there: dict[Place, Bag],
) -> Iterator[Violation]:
    """Yield the parts that are written together or not at all, and are written by half."""
    parts: dict[tuple[int, int], list[Write]] = {}
    for found in writes.values():
        for one in found:
            if one.part.whole and not isinstance(one.plan.kind, Undo):
                parts.setdefault((id(one.plan), id(one.part)), []).append(one)
    for found in parts.values():
        states = set()
        for one in found:
            was, now = here.get(one.place, Counter()), there.get(one.place, Counter())
            results = list(results_of(world, ending, layout, server, one.place, one, was))
            if was not in results and (own.same(was, now) != any(own.same(rows, now) for rows in results)):
                states.add(own.same(was, now))
        if len(states) > 1:
            places = ", ".join(_place(layout, one.place) for one in found)
            yield Violation(AS_PLANNED, f"{server}: only some of what is written together is written: {places}")


def _rolled_up(spec: TableSpec, server: Server, place: Place, plans: Sequence[Plan]) -> bool:
    """Say whether a roll-up was to be recomputed or copied by the second portion of a plan."""
    return spec.archive not in (Archive.INTERVAL, Archive.EVENT) and any(
        one.then is not Rollups.LIST
        and str(one.into) == server
        and (one.table, one.row_date) == (spec.name, place[1])
        and one.acd in (None, place[0])
        for plan in plans
        for one in plan.stale
    )


def _from_somewhere(
    world: Judged, ending: Ending, own: Own, layout: Layout, server: Server, was: Bag, now: Bag
) -> bool:
    """Say whether each key group of a bucket is as before, as the other server's, or as once on this server."""
    if layout.spec.archive not in (Archive.INTERVAL, Archive.EVENT):
        return True  # What was recomputed is for the oracle of roll-ups.
    groups = {layout.group(line, layout.spec.key): None for line in [*(was - now), *(now - was)]}
    moments: list[tuple[Snapshot, Server]] = [(ending.before, other(server)), (ending.after, other(server))]
    moments += [(one.before, role) for one in world.endings for role in SERVERS]
    places = {layout.place(line) for line in [*was, *now]}
    for group in groups:
        after = _group_of(layout, now, group, places)
        if not any(
            own.same(_group_of(layout, layout.unnumbered(rows_of(layout, moment, role)), group, places), after)
            for moment, role in moments
        ):
            return False
    return True


def _group_of(layout: Layout, bag: Bag, group: Group, places: set[Place]) -> Bag:
    return Counter(
        {
            line: count
            for line, count in bag.items()
            if layout.place(line) in places and layout.group(line, layout.spec.key) == group
        }
    )


def _numbered(layout: Layout, before: Snapshot, after: Snapshot, server: Server) -> Iterator[Violation]:
    """Yield numbers of rows that two rows of a server have, and had not before."""
    for column in sorted(layout.own):
        if column not in layout.columns:
            continue
        now, was = (_numbers(layout, rows_of(layout, one, server), column) for one in (after, before))
        twice = sorted(number for number, count in now.items() if count > max(1, was[number]))
        if twice:
            yield Violation(
                UNTOUCHED,
                f"{server}: {layout.spec.name} has two rows with {column} {twice[0]}, {len(twice)} such in all",
            )


def _numbers(layout: Layout, bag: Bag, column: str) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for line, count in bag.items():
        if line[layout.at(column)] is not None:
            found[line[layout.at(column)]] += count
    return found


def _place(layout: Layout, place: Place) -> str:
    acd, day, label = place
    return f"{layout.spec.name}, ACD {acd}, {day}{'' if label is None else f' {label}'}"


def _neither(was: Bag, now: Bag) -> str:
    return (
        "as before, though it is in the plan"
        if was == now
        else f"neither as before nor as planned: {_change(was, now)}"
    )


def _change(was: Bag, now: Bag) -> str:
    gone, came = was - now, now - was
    shown = [f"-{line}" for line in sorted(gone, key=str)[:2]] + [f"+{line}" for line in sorted(came, key=str)[:2]]
    return f"{gone.total()} rows gone, {came.total()} new: {'; '.join(shown)}"


class Instants:
    """What another reader sees after each commit of the product: each bucket as before or as planned."""

    def __init__(self, world: Judged) -> None:
        self.world = world
        self.found: list[Violation] = []
        self.plans: tuple[Plan, ...] = ()
        """The plans of the command, once they are known; without them a row has to be one of either server's."""
        self._begun: Ending | None = None

    def begin(self, ending: Ending) -> None:
        """Begin a command: its words, plans and the rows before it are in an ending whose end is not known yet."""
        self._begun, self.plans = ending, ending.plans

    def committed(self, _role: object) -> None:
        """Judge the rows of both servers as they are: what a process calls after each commit."""
        self.after_commit(self.world.site.snapshot(), self.plans)

    def after_commit(self, now: Snapshot, plans: Sequence[Plan]) -> None:
        """Judge the rows of both servers after a commit; what is wrong is in `found`."""
        if self._begun is None:
            return
        one = self._begun
        so_far = Ending(
            one.number, one.command, one.words, one.before, now, None, plans=tuple(plans), run_id=one.run_id
        )
        self.found += judge_rows(self.world, so_far)
