"""Oracle 6: an undo restores exactly the rows from before, and a resume comes to the planned end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from syncengine.model.plan import Plan, SkipReason
from syncengine.model.plan_kind import RollupRepair, Undo
from tests.world.ending import Ending
from tests.world.oracle import Violation
from tests.world.oracle.rows import first_of, planned_rows, tables, writes_into
from tests.world.oracle.tables import Judged, Layout, Place, layout_of, rows_of
from tests.world.oracle.truth import recordings_of
from tests.world.schedule import rebuilt
from tests.world.values import SERVERS, Bag, Server, other

ORACLE = 6
WELL = (0, 3)
"""How an undo or a resume ends that was carried out: with nothing left, or with what is left named."""


def judge_undone(world: Judged, ending: Ending) -> Iterator[Violation]:
    """Yield what an undo has not restored and doesn't name."""
    plan = next((one for one in ending.plans if isinstance(one.kind, Undo)), None)
    if plan is None or ending.code not in WELL or "--dry-run" in ending.words:
        return
    runs = first_of(world, plan.undoes, ending)
    if not runs or _foreign(world, runs[0], ending):
        return
    for spec in tables(world):
        layout = layout_of(world, spec)
        recordings = recordings_of(world, layout)
        for server in SERVERS:
            first, last = (rows_of(layout, one, server) for one in (runs[0].before, ending.after))
            written = recordings.written(server, runs[0].before.at, ending.after.at)
            before, after = layout.by_place(first), layout.by_place(last)
            for place in sorted(_changed(layout, runs, server), key=str):
                was, now = before.get(place, Counter()), after.get(place, Counter())
                if was == now or _names(plan, layout, place):
                    continue
                one, two = recordings.bag(was), recordings.bag(now)
                if one == two and not was - now:
                    continue
                if one == two and not written:
                    yield Violation(
                        ORACLE,
                        f"{server}: {_place(layout, place)} is restored, but not its columns of its own: "
                        f"{(was - now).total()} rows",
                    )
                elif (two - one) - written or (one - two and not _dropped(layout, last, place)):
                    yield Violation(
                        ORACLE,
                        f"{server}: {_place(layout, place)} is not as before the run, and the undo doesn't name it: "
                        f"{(one - two).total()} rows are missing, {((two - one) - written).total()} more are there",
                    )


def judge_resumed(world: Judged, ending: Ending) -> Iterator[Violation]:
    """Yield what a resumed run has left otherwise than its plan said when it was begun."""
    if ending.command.verb != "resume" or ending.code != 0:
        return
    runs = first_of(world, ending.run_id, ending)
    if not runs or _foreign(world, runs[0], ending):
        return
    plans = runs[0].plans
    for spec in tables(world):
        layout = layout_of(world, spec)
        recordings = recordings_of(world, layout)
        for server in SERVERS:
            moments = (runs[0].before, server), (runs[0].before, other(server)), (ending.after, server)
            target, source, now = (
                layout.by_place(layout.unnumbered(rows_of(layout, moment, role))) for moment, role in moments
            )
            own = recordings.written(server, runs[0].before.at, ending.after.at)
            theirs = recordings.written(other(server), runs[0].before.at, ending.after.at)
            for place, found in sorted(writes_into(plans, server, spec.name).items(), key=str):
                if any(isinstance(one.plan.kind, Undo | RollupRepair) for one in found):
                    continue
                was, there = target.get(place, Counter()), source.get(place, Counter())
                results = [recordings.bag(planned_rows(layout, one, was, there)) for one in found]
                after = recordings.bag(now.get(place, Counter()))
                if not any(not ((after - one) | (one - after)) - (own | theirs) for one in results):
                    yield Violation(
                        ORACLE,
                        f"{server}: {_place(layout, place)} is not as the plan of run {ending.run_id} said, though it "
                        f"was resumed and ended well",
                    )


def _foreign(world: Judged, first: Ending, last: Ending) -> bool:
    """Say whether others than servers and product wrote rows between a run and its undo."""
    moments = [at for server in SERVERS for at in rebuilt(world.scenario, server)]
    return any(first.before.at < at <= last.after.at for at in moments)


def _changed(layout: Layout, runs: tuple[Ending, ...], server: Server) -> set[Place]:
    """Return the buckets that a run has changed on a server: those of its plans whose rows are not as before."""
    found = set()
    for run in runs:
        before, after = (layout.by_place(rows_of(layout, one, server)) for one in (run.before, run.after))
        for place in {*before, *after, *writes_into(run.plans, server, layout.spec.name)}:
            planned = place in writes_into(run.plans, server, layout.spec.name) or not run.plans
            if planned and before.get(place) != after.get(place):
                found.add(place)
    return found


def _names(plan: Plan, layout: Layout, place: Place) -> bool:
    """Say whether an undo names a bucket among what it leaves."""
    acd, day, _ = place
    for one in plan.skipped:
        if one.table != layout.spec.name or one.acd not in (None, acd) or one.reason is SkipReason.UNSCHEDULED:
            continue
        if not one.spans or any(span.start.date() <= day <= span.stop.date() for span in one.spans):
            return True
    return False


def _dropped(layout: Layout, rows: Bag, place: Place) -> bool:
    """Say whether a server no longer stores rows as old as those of a bucket."""
    days = [layout.place(line)[1] for line in rows]
    return bool(days) and min(days) > place[1]


def _place(layout: Layout, place: Place) -> str:
    acd, day, label = place
    return f"{layout.spec.name}, ACD {acd}, {day}{'' if label is None else f' {label}'}"
