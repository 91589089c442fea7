"""The judges of rows are silent on what the product does right, and speak for each kind of wrong row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from tests.world.clock import HOUR
from tests.world.ending import Ending
from tests.world.judged_scenes import Scene, scene_of, with_rows
from tests.world.oracle.repaired import claims_all, judge_nothing_lost, judge_repaired
from tests.world.oracle.rows import Instants, judge_rows
from tests.world.oracle.tables import catalogue_of, layout_of
from tests.world.oracle.undone import judge_resumed, judge_undone
from tests.world.values import Acd, Bag, Command, LinkDown, Scenario, Server

SCENARIO = Scenario(
    seed=4,
    days=1,
    acds=(Acd(agents=3, calls_an_hour=6),),
    happenings=(LinkDown("primary", 10 * HOUR + 317, 2000), LinkDown("secondary", 15 * HOUR + 317, 3000)),
)
JUDGES = (judge_rows, judge_nothing_lost, judge_repaired, judge_undone, judge_resumed)


@dataclass(frozen=True)
class Judged:
    """A world after a repair and its undo, with how both ended."""

    scene: Scene
    repair: Ending
    undo: Ending

    def found(self, ending: Ending, earlier: tuple[Ending, ...] = ()) -> list[tuple[int, str]]:
        """Return what is wrong after an ending, if others were before it."""
        self.scene.endings[:] = [one for one in earlier if one is not ending]
        return [(one.oracle, one.text) for judge in JUDGES for one in judge(self.scene, ending)]


@pytest.fixture(scope="module")
def judged() -> Iterator[Judged]:
    """Return a world after a repair of two outages and its undo."""
    with scene_of(SCENARIO) as scene:
        scene.site.advance(20 * HOUR)
        repair = scene.executed(scene.pair().plan_outages(), "resync", "--outages", "--yes")
        undo = scene.executed(scene.pair().plan_undo(), "undo", "--yes")
        yield Judged(scene, repair, undo)


def changed(bag: Bag, old: tuple[object, ...] | None, new: tuple[object, ...] | None) -> Bag:
    """Return rows with one deleted and one inserted."""
    found = Counter(bag)
    if old is not None:
        found -= Counter([old])
    if new is not None:
        found[new] += 1
    return found


def with_value(judged: Judged, table: str, line: tuple[object, ...], **values: object) -> tuple[object, ...]:
    """Return a row with other values."""
    layout = layout_of(judged.scene, catalogue_of(judged.scene).table(table))
    found = list(line)
    for name, value in values.items():
        found[layout.at(name)] = value
    return tuple(found)


def written(judged: Judged, server: Server, table: str) -> tuple[Bag, Bag, Bag]:
    """Return the rows of a table before a repair, after it, and those that it inserted."""
    before, after = (one.bags[server][table] for one in (judged.repair.before, judged.repair.after))
    assert after - before
    return before, after, after - before


def first(bag: Bag) -> tuple[object, ...]:
    """Return a row: the same each time."""
    return sorted(bag, key=str)[0]


def test_a_right_repair_and_its_undo_are_right(judged: Judged) -> None:
    """Nothing is wrong with what the product does."""
    assert judged.repair.code == 0
    assert claims_all(judged.repair)
    assert judged.repair.before.bags != judged.repair.after.bags
    assert judged.found(judged.repair) == []
    assert judged.found(judged.undo, (judged.repair,)) == []


Change = Callable[[Judged], Ending]


def _row_lost(judged: Judged) -> Ending:
    _, after, new = written(judged, "secondary", "hsplit")
    return with_rows(judged.repair, "secondary", "hsplit", changed(after, first(new), None))


def _row_doubled(judged: Judged) -> Ending:
    _, after, new = written(judged, "secondary", "hsplit")
    return with_rows(judged.repair, "secondary", "hsplit", changed(after, None, first(new)))


def _half_a_bucket(judged: Judged) -> Ending:
    before, after, new = written(judged, "secondary", "hsplit")
    layout = layout_of(judged.scene, catalogue_of(judged.scene).table("hsplit"))
    row = first(new)
    old = next(
        one
        for one in sorted(before - after, key=str)
        if layout.place(one) == layout.place(row) and layout.group(one, ("split",)) == layout.group(row, ("split",))
    )
    return with_rows(judged.repair, "secondary", "hsplit", changed(after, row, old))


def _nothing_written(judged: Judged) -> Ending:
    before, _, _ = written(judged, "secondary", "hsplit")
    return with_rows(judged.repair, "secondary", "hsplit", before)


def _outside_of_the_plan(judged: Judged) -> Ending:
    before, after, _ = written(judged, "secondary", "hsplit")
    return with_rows(judged.repair, "secondary", "hsplit", changed(after, first(before & after), None))


def _table_that_is_not_in_the_plan(judged: Judged) -> Ending:
    layout = layout_of(judged.scene, catalogue_of(judged.scene).table("hsplit"))
    after = judged.repair.after.bags["primary"]["hsplit"]
    row = next(line for line in sorted(after, key=str) if layout.place(line)[2] == 1600)
    return with_rows(
        judged.repair, "primary", "hsplit", changed(after, row, with_value(judged, "hsplit", row, acdcalls=99))
    )


def _broken_over_whole(judged: Judged) -> Ending:
    _, after, _ = written(judged, "primary", "hagent")
    layout = layout_of(judged.scene, catalogue_of(judged.scene).table("hagent"))
    place = layout.place(
        first(judged.repair.after.bags["primary"]["hagent"] - judged.repair.before.bags["primary"]["hagent"])
    )
    broken = {
        line: n for line, n in judged.repair.before.bags["primary"]["hagent"].items() if layout.place(line) == place
    }
    others = judged.repair.after.bags["secondary"]["hagent"]
    rest = {line: n for line, n in others.items() if layout.place(line) != place}
    assert after
    return with_rows(judged.repair, "secondary", "hagent", Counter({**rest, **broken}))


def _login_still_cut(judged: Judged) -> Ending:
    before, _, _ = written(judged, "secondary", "haglog")
    return with_rows(judged.repair, "secondary", "haglog", before)


def _piece_beside_its_whole(judged: Judged) -> Ending:
    before, after, _ = written(judged, "secondary", "haglog")
    return with_rows(
        judged.repair,
        "secondary",
        "haglog",
        changed(after, None, with_value(judged, "haglog", first(before - after), seqnum=999)),
    )


def _pieces_without_their_whole(judged: Judged) -> Ending:
    before, after, _ = written(judged, "secondary", "haglog")
    return with_rows(judged.repair, "secondary", "haglog", before & after)


def _row_of_nobody(judged: Judged) -> Ending:
    _, after, new = written(judged, "secondary", "call_rec")
    row = first(new)
    return with_rows(
        judged.repair, "secondary", "call_rec", changed(after, row, with_value(judged, "call_rec", row, duration=12345))
    )


def _number_used_twice(judged: Judged) -> Ending:
    before, after, new = written(judged, "secondary", "haglog")
    layout = layout_of(judged.scene, catalogue_of(judged.scene).table("haglog"))
    number = first(before & after)[layout.at("seqnum")]
    row = first(new)
    return with_rows(
        judged.repair, "secondary", "haglog", changed(after, row, with_value(judged, "haglog", row, seqnum=number))
    )


def _interval_inside_another(judged: Judged) -> Ending:
    before, after, _ = written(judged, "secondary", "hsplit")
    layout = layout_of(judged.scene, catalogue_of(judged.scene).table("hsplit"))
    row = next(line for line in sorted(before & after, key=str) if layout.place(line)[2] == 900)
    inner = with_value(judged, "hsplit", row, starttime=915, intrvl=15)
    return with_rows(judged.repair, "secondary", "hsplit", changed(after, None, inner))


@pytest.mark.parametrize(
    ("change", "oracle", "words"),
    [
        (_row_lost, 2, "neither as before nor as planned"),
        (_row_doubled, 4, "is there 2 times, written 1 times"),
        (_row_doubled, 4, "the truth is"),
        (_half_a_bucket, 2, "neither as before nor as planned"),
        (_nothing_written, 2, "as before, though it is in the plan"),
        (_nothing_written, 4, "as it was broken"),
        (_outside_of_the_plan, 3, "is not in the plan"),
        (_table_that_is_not_in_the_plan, 3, "is not in the plan"),
        (_broken_over_whole, 3, "is not in the plan"),
        (_login_still_cut, 4, "is cut, and the other server recorded it whole"),
        (_piece_beside_its_whole, 4, "seconds are there twice"),
        (_piece_beside_its_whole, 4, "there whole and in pieces"),
        (_pieces_without_their_whole, 4, "seconds are lost that it had recorded"),
        (_row_of_nobody, 4, "no server wrote it"),
        (_number_used_twice, 3, "has two rows with seqnum"),
        (_interval_inside_another, 4, "begins inside"),
    ],
)
def test_a_wrong_row_is_found(judged: Judged, change: Change, oracle: int, words: str) -> None:
    """Each kind of wrong row is found by the oracle that it is for."""
    found = judged.found(change(judged))
    assert any(number == oracle and words in text for number, text in found), found


@pytest.mark.parametrize("table", ["hsplit", "haglog", "call_rec"])
def test_what_an_undo_leaves_is_found(judged: Judged, table: str) -> None:
    """An undo that leaves rows of the run, or loses some from before it, is found."""
    after = judged.repair.after.bags["secondary"][table]
    left = judged.found(with_rows(judged.undo, "secondary", table, after), (judged.repair,))
    assert any(oracle == 6 and "is not as before the run" in text for oracle, text in left), left
    gone = judged.repair.before.bags["secondary"][table] - after
    lost = changed(judged.undo.after.bags["secondary"][table], first(gone), None)
    found = judged.found(with_rows(judged.undo, "secondary", table, lost), (judged.repair,))
    assert any(oracle == 6 for oracle, _ in found), found


def test_an_undo_restores_row_numbers(judged: Judged) -> None:
    """A row that an undo restores with another number is found."""
    undone = judged.undo.after.bags["secondary"]["haglog"]
    row = first(judged.repair.before.bags["secondary"]["haglog"] - judged.repair.after.bags["secondary"]["haglog"])
    other = changed(undone, row, with_value(judged, "haglog", row, seqnum=4711))
    found = judged.found(with_rows(judged.undo, "secondary", "haglog", other), (judged.repair,))
    assert any("not its columns of its own" in text for _, text in found), found


def test_a_resume_comes_to_the_planned_end(judged: Judged) -> None:
    """A run that was cut short after a table, and resumed, is right; one that left a table out is found."""
    halfway = with_rows(judged.repair, "secondary", "hsplit", judged.repair.before.bags["secondary"]["hsplit"])
    cut = replace(halfway, code=None, result=None)
    resumed = replace(
        judged.repair, number=1, command=Command(0, "resume", ("--yes",)), words=("resume", "--yes"), before=cut.after
    )
    assert judged.found(cut) == []
    assert judged.found(resumed, (cut,)) == []
    left = replace(resumed, after=cut.after)
    found = judged.found(left, (cut,))
    assert any(oracle == 6 and "it was resumed and ended well" in text for oracle, text in found), found


def test_each_commit_is_judged(judged: Judged) -> None:
    """Rows that another reader sees between two commits are as before or as planned; half a bucket is found."""
    begun = replace(judged.repair, after=judged.repair.before, code=None)
    instants = Instants(judged.scene)
    instants.begin(begun)
    instants.after_commit(judged.repair.before, judged.repair.plans)
    instants.after_commit(judged.repair.after, judged.repair.plans)
    assert instants.found == []
    instants.after_commit(_half_a_bucket(judged).after, judged.repair.plans)
    assert [one.oracle for one in instants.found] == [2]


def test_a_command_that_only_reads_writes_nothing(judged: Judged) -> None:
    """Rows that change during a verify or a dry run are found."""
    for words in (("verify",), ("resync", "--outages", "--dry-run")):
        ending = replace(judged.repair, command=Command(0, words[0], words[1:]), words=words)
        assert {oracle for oracle, _ in judged.found(ending)} == {3}
