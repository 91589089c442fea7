"""A user allows the triggers shown: later ones are refused, and those added during a run are recorded and reported."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import NoReturn

import pytest

from syncengine.cli.hints import complete_commands
from syncengine.execute.transaction import BatchWriter
from syncengine.jobs import surroundings
from syncengine.model.errors import ServerError
from syncengine.model.pair import Role
from syncengine.model.permission import Permission
from syncengine.model.plan import Plan
from syncengine.model.policy import Policy, Rollups
from syncengine.model.portions import BackfillRequest
from syncengine.model.refusals import SideEffectError
from syncengine.model.run import BatchState, RunHeader, RunKind
from syncengine.model.surroundings import (
    OnDelete,
    ReachedTrigger,
    Reference,
    SideEffect,
    SideEffectKind,
    Surroundings,
    TableSideEffect,
    Write,
    side_effects_of,
)
from syncengine.model.window import Window
from syncengine.planning.surroundings import PLANNED, refuse_side_effects
from syncengine.staging.ledger import NewRun
from syncengine.staging.run_folder import RunFolder
from syncengine.staging.run_marks import RunMarks
from tests.builders import build_files, ledger_of
from tests.cli.terminal import Typing
from tests.jobs.backfill.backfills import alike, backfill, history
from tests.jobs.imitation import BOTH, COUNTS, ON_DELETE, Imitation, imitation, names, once_written, stop, two_tables
from tests.jobs.test_outages import guides
from tests.jobs.test_surroundings import ADDS_UP, TAKES_AWAY, blind_in_may
from tests.rules.test_rule_10_rollup_repair import window
from tests.scenes import WINDOW, trunks

__all__ = ["imitation"]


def test_an_allowance_is_of_what_was_there_when_the_plan_was_made(tmp_path: Path, imitation: Imitation) -> None:
    """A trigger that comes between plan and run is refused though its table was named, and nothing is begun."""
    pair = two_tables(tmp_path).open()
    plan = pair.plan_resync(window=WINDOW, tables="htrunk", allow_triggers="htrunk")
    imitation.have("htrunk", triggers=(ADDS_UP,))

    with pytest.raises(SideEffectError, match="It was added after the plan was made") as refused:
        pair.execute(plan)

    assert "`allow_triggers='htrunk'` and run the same command again" in refused.value.hint
    assert pair.runs() == ()


def test_a_second_trigger_is_not_the_one_that_was_named(tmp_path: Path, imitation: Imitation) -> None:
    """A trigger other than the allowed one, or the same one on more events, is named alone and refused."""
    pair = two_tables(tmp_path).open()
    imitation.have("htrunk", triggers=(ADDS_UP,))
    plan = pair.plan_resync(window=WINDOW, tables="htrunk", allow_triggers="htrunk")
    imitation.have("htrunk", triggers=(ADDS_UP, COUNTS))
    with pytest.raises(SideEffectError, match="c_counting") as refused:
        pair.execute(plan)
    imitation.have("htrunk", triggers=(replace(ADDS_UP, on=(Write.INSERT, Write.DELETE)),))
    with pytest.raises(SideEffectError, match="c_adding"):
        pair.execute(plan)

    assert "c_adding" not in refused.value.message


def test_a_reference_that_does_more_is_not_the_one_that_was_named() -> None:
    """A reference of the same name that deletes rows where it set them to NULL was not allowed."""
    sets = replace(TAKES_AWAY, on_delete=OnDelete.SET_NULL)

    def effect_of(one: Reference) -> TableSideEffect:
        (found,) = side_effects_of(Surroundings("htrunk", referred_by=(one,)))
        return TableSideEffect(Role.SECONDARY, "htrunk", found)

    allowed = Permission(approved=(effect_of(sets),))
    assert allowed.allows(effect_of(sets))
    assert not allowed.allows(effect_of(TAKES_AWAY))
    assert not allowed.allows(replace(effect_of(sets), into=Role.PRIMARY))


def test_a_trigger_added_during_a_run_stops_the_rest_of_it(tmp_path: Path, imitation: Imitation, typed: Typing) -> None:
    """A trigger added between two steps is not fired; the run reports it, and the offered command resumes with it."""
    files = two_tables(tmp_path)
    before = files.bag("secondary", "htrunk")
    options = ("--window", WINDOW, "--table", "htrunk", "--table", "hcwc", "--pair", files.pair_file)

    with once_written("hcwc", lambda: imitation.have("htrunk", triggers=(ADDS_UP,))):
        output = typed("resync", "--yes", *options)
    stopped_at = files.bag("secondary", "htrunk")
    refused = typed("resume", "--pair", files.pair_file)
    shown = [typed(*words, "--pair", files.pair_file) for words in (("status",), ("runs", files.open().run().id))]
    offered = f"syncengine resume {files.open().run().id} --pair {files.pair_file} --allow-triggers htrunk"
    resumed = typed("resume", "--pair", files.pair_file, "--allow-triggers", "htrunk", "--json")
    undone = typed("undo", "--yes", "--pair", files.pair_file)

    assert (output.code, refused.code, resumed.code, undone.code) == (5, 4, 0, 5)
    assert stopped_at == before
    assert "c_adding" in output.text
    assert f"(`syncengine undo {files.open().runs()[-2].id} --pair {files.pair_file}`)" in output.text
    assert "Side effects on other rows than were written" not in output.text
    assert all(offered in one.text for one in (output, *shown))
    assert "neither shown nor allowed before" in refused.text
    assert [one["name"] for one in resumed.document["outcome"]["side_effects"]] == ["c_adding"]
    assert "Not restored" in undone.text


@pytest.mark.parametrize("command", ["resync", "backfill"])
def test_a_run_that_is_stopped_before_it_wrote_is_a_refusal(
    tmp_path: Path, imitation: Imitation, typed: Typing, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """A trigger that comes before the first batch ends the run with 4, and no undo is offered of nothing."""
    files = two_tables(tmp_path)
    options = ("--window", "2000-06-05 05:00..05:59", "--table", "htrunk", "--policy", "replace")
    keep = RunFolder.save_plan

    def coming(self: RunFolder, portion: int, plan: Plan) -> None:
        keep(self, portion, plan)
        imitation.have("htrunk", triggers=(ADDS_UP,))

    with monkeypatch.context() as patched:
        patched.setattr(RunFolder, "save_plan", coming)
        output = typed(command, "--yes", *options, "--pair", files.pair_file)
    resumed = typed("resume", "--pair", files.pair_file, "--allow-triggers", "htrunk")

    assert output.code == 4, output.text
    assert f"`syncengine resume {files.open().run().id} --pair {files.pair_file}` to continue anyway" in output.text
    assert "or undo the run" not in output.text
    assert resumed.code == 0


def test_a_trigger_added_during_the_last_batch_is_recorded_and_reported(
    tmp_path: Path, imitation: Imitation, typed: Typing
) -> None:
    """A trigger found right after the last batch may have fired: run, report and undo name it."""
    files = two_tables(tmp_path)
    options = ("--window", WINDOW, "--table", "htrunk", "--pair", files.pair_file)

    with once_written("htrunk", lambda: imitation.have("htrunk", triggers=(ADDS_UP,))):
        output = typed("resync", "--yes", *options)
    imitation.have("htrunk")
    report = typed("report", "--pair", files.pair_file)
    listed = typed("runs", "--pair", files.pair_file, "--json")
    undone = typed("undo", "--yes", "--pair", files.pair_file)

    for one in (output, report):
        assert "Side effects on other rows than were written" in one.text
        assert "c_adding" in one.text
    assert [one["name"] for one in listed.document["runs"][0]["side_effects"]] == ["c_adding"]
    assert undone.code == 5
    assert "Not restored: side effects of run" in undone.text


@pytest.mark.parametrize("stopped", [False, True])
def test_side_effects_of_the_last_batch_may_be_unknown(
    tmp_path: Path, imitation: Imitation, typed: Typing, monkeypatch: pytest.MonkeyPatch, stopped: bool
) -> None:
    """Where the check after the last batch fails or is stopped, run, report, JSON and undo name the table, and why."""
    files = two_tables(tmp_path)
    options = ("--window", WINDOW, "--table", "htrunk", "--pair", files.pair_file)
    answering = imitation.surroundings

    def failing(*_: object) -> NoReturn:
        monkeypatch.setattr(imitation, "surroundings", answering)
        if stopped:
            stop()
        raise ServerError("secondary: the link is down.")

    with once_written("htrunk", lambda: monkeypatch.setattr(imitation, "surroundings", failing)):
        output = typed("resync", "--yes", "--json", *options)
    report = typed("report", "--pair", files.pair_file)
    listed = typed("runs", "--pair", files.pair_file, "--json").document["runs"][0]["side_effects_unknown"]

    why = "stopped by the user" if stopped else "secondary: the link is down."
    assert output.code == (130 if stopped else 0)
    assert output.document["outcome"]["side_effects_unknown"] == listed
    assert listed == [{"server": "secondary", "table": "htrunk", "why": why}]
    assert "htrunk on secondary: the side effects of its last batch are not known" in report.text
    assert f"htrunk on secondary: the side effects of its last batch are not known ({why.rstrip('.')})" in (
        files.open().plan_undo().notes
    )


def test_a_table_is_rechecked_while_it_is_written(
    tmp_path: Path, imitation: Imitation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trigger added between two steps of one table stops the second, some seconds later."""
    rows = [one for day in (3, 4) for one in trunks(400, 700, row_date=date(2000, 6, day))]
    files = build_files(tmp_path, ["htrunk"], primary={"htrunk": rows}, settings="limits = { step_rows = 4 }")
    pair = files.open()
    plan = pair.plan_resync(window="2000-06-03..2000-06-04", tables="htrunk", policy="fill")
    assert len(plan.steps) > 2
    with once_written("htrunk", lambda: imitation.have("htrunk", triggers=(ADDS_UP,))):
        monkeypatch.setattr(surroundings, "RECHECK_SECONDS", 0.0)
        ran = pair.execute(plan)

    assert "c_adding" in ran.outcome.stopped
    assert sum(step.wrote for step in ran.outcome.steps) == 1
    assert names(ran.side_effects) == [("htrunk", "c_adding")]
    assert ran.needs == Permission(triggers=("htrunk",))


def test_only_written_tables_have_side_effects(tmp_path: Path, imitation: Imitation) -> None:
    """Of two tables with triggers, one not written because its rows changed, only the other's trigger is reported."""
    files = two_tables(tmp_path)
    pair = files.open()
    for table in BOTH:
        imitation.have(table, triggers=(ADDS_UP,))
    plan = pair.plan_resync(window=WINDOW, tables=BOTH, allow_triggers=BOTH)
    files.run("secondary", "UPDATE hcwc SET acdtime = 77")
    ran = pair.execute(plan)

    assert len(plan.effects_on_rows) == 2
    assert names(ran.side_effects) == names(pair.run().side_effects) == [("htrunk", "c_adding")]
    assert names(pair.plan_undo().not_undone) == [("htrunk", "c_adding")]


@pytest.mark.parametrize(("logged", "fired"), [(True, []), (False, ["c_adding"])])
@pytest.mark.parametrize("state", [BatchState.FAILED, BatchState.ROLLED_BACK, BatchState.CHANGED])
def test_a_batch_restored_without_a_log_has_run_its_triggers(logged: bool, fired: list[str], state: BatchState) -> None:
    """Without transactions, restoring a batch from its journal does not undo what its triggers did."""
    marks = RunMarks(RunHeader("r", 1, RunKind.RESYNC, datetime(2000, 6, 5), 1, ""))
    side_effect = TableSideEffect(
        Role.SECONDARY, "htrunk", SideEffect(SideEffectKind.TRIGGER, "says", (Write.INSERT,), "c_adding")
    )
    saved = {"size": 1, "checksum": "x"}
    part = {
        "table": "htrunk",
        "before": [],
        "after": [],
        "deleted": 1,
        "inserted": 1,
        "journal": saved,
        "insert": saved,
    }
    place = {"mark": "batch", "portion": 1, "step": 1, "first": 0, "past": 1, "into": "secondary", "at": "2000-06-05"}
    marks.side_effects = {side_effect: logged}
    marks.add({**place, "state": "open", "parts": [part]})
    marks.add({**place, "state": state})

    assert [one.effect.name for one in marks.record(running=False).side_effects] == fired


def test_an_undo_is_refused_for_a_new_trigger_and_names_that_alone(tmp_path: Path, imitation: Imitation) -> None:
    """Of three triggers the one that the run was allowed is run by its undo, the others only where they are allowed."""
    pair = two_tables(tmp_path).open()
    imitation.have("htrunk", triggers=(ADDS_UP,))
    pair.execute(pair.plan_resync(window=WINDOW, tables="htrunk", allow_triggers="htrunk"))
    imitation.have("htrunk", triggers=(ADDS_UP, ON_DELETE))

    with pytest.raises(SideEffectError, match="c_deleting") as refused:
        pair.plan_undo()
    back = pair.plan_undo(allow_triggers="htrunk")
    undone = pair.execute(back)

    assert "c_adding" not in refused.value.message
    assert "it was added since" in refused.value.message
    assert "`exclude=" not in refused.value.hint
    assert "`tables=" not in refused.value.hint
    assert "leave the rows as they are" in refused.value.hint
    assert names(back.not_undone) == [("htrunk", "c_adding")]
    assert sorted(names(undone.side_effects)) == [("htrunk", "c_adding"), ("htrunk", "c_deleting")]


def test_a_resume_checks_only_the_remaining_tables(tmp_path: Path, imitation: Imitation) -> None:
    """A trigger added to a table that is done does not stop a resume."""
    pair = two_tables(tmp_path).open()

    with once_written("hcwc", stop):
        pair.execute(pair.plan_resync(window=WINDOW, tables=BOTH))
    imitation.have("hcwc", triggers=(ADDS_UP,))

    resumed = pair.resume()

    assert resumed.outcome.done
    assert resumed.side_effects == ()


def test_a_resume_allows_present_triggers_and_not_later_ones(tmp_path: Path, imitation: Imitation) -> None:
    """A second trigger at a table that a resume names, come while it writes, is refused as one of any other run is."""
    pair = two_tables(tmp_path).open()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(BatchWriter, "write", lambda *_, **__: stop())
        pair.execute(pair.plan_resync(window=WINDOW, tables=BOTH))
    imitation.have("htrunk", triggers=(ADDS_UP,))

    with once_written("hcwc", lambda: imitation.have("htrunk", triggers=(ADDS_UP, COUNTS))):
        resumed = pair.resume(allow_triggers="htrunk")
    imitation.have("htrunk", triggers=(ADDS_UP,))
    again = pair.resume()

    assert "c_counting" in resumed.outcome.stopped
    assert "c_adding" not in resumed.outcome.stopped
    assert again.outcome.done
    assert names(again.side_effects) == [("htrunk", "c_adding")]


def test_a_resume_allows_present_triggers_of_planned_days(tmp_path: Path, imitation: Imitation) -> None:
    """A trigger that came at a day's table once its roll-up was planned is run where the resume names that table."""
    files = blind_in_may(tmp_path)
    pair = files.open()
    keep = RunFolder.save_plan

    def coming(self: RunFolder, portion: int, plan: Plan) -> None:
        keep(self, portion, plan)
        if portion > 1:
            imitation.have("dcwc", triggers=(ADDS_UP,))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(RunFolder, "save_plan", coming)
        ran = pair.execute(pair.plan_resync(window=window(), tables="hcwc", rollups="recompute"))
    resumed = pair.resume(allow_triggers="dcwc")

    assert ran.needs == Permission(triggers=("dcwc",))
    assert resumed.outcome.done
    assert names(resumed.side_effects) == [("dcwc", "c_adding")]


def test_what_a_resume_allows_stays_allowed(tmp_path: Path, imitation: Imitation) -> None:
    """A backfill that a trigger stopped resumes where that is allowed, and needs no new consent after another stop."""
    files = history(tmp_path)
    pair = files.open()
    with once_written("hcwc", lambda: imitation.have("htrunk", triggers=(ADDS_UP,))):
        first = backfill(files, tables=BOTH, portion_days=4)
    again = pair.resume()
    with once_written("htrunk", stop):
        allowed = pair.resume(allow_triggers="htrunk")
    last = pair.resume()

    assert "c_adding" in first.outcome.stopped
    assert first.needs == again.needs == Permission(triggers=("htrunk",))
    assert allowed.outcome.cancelled
    assert last.outcome.done
    assert not last.outcome.stopped
    assert alike(files, *BOTH)
    assert names(last.side_effects) == [("htrunk", "c_adding")]


def test_a_portion_that_was_begun_is_checked_again(tmp_path: Path, imitation: Imitation) -> None:
    """What came after a portion was planned is not run by its resume, and what became a view is not written."""
    files = history(tmp_path)
    pair = files.open()
    with once_written("hcwc", stop):
        backfill(files, tables=BOTH, portion_days=4)
    steps = pair.run().steps
    imitation.have("htrunk", triggers=(ADDS_UP,))
    refused = pair.resume()
    imitation.have("htrunk", is_a="view")
    resumed = pair.resume()

    assert refused.needs == Permission(triggers=("htrunk",))
    assert refused.side_effects == ()
    assert len(refused.outcome.steps) == 0
    assert len(resumed.outcome.steps) < steps
    assert resumed.outcome.done
    assert [one.unwritable for one in resumed.portions] == [("htrunk",)]


def test_recomputed_days_are_checked_when_they_are_written(tmp_path: Path, imitation: Imitation) -> None:
    """A trigger that comes at a day's table while its intervals are written is not run by the roll-up."""
    files = blind_in_may(tmp_path)
    pair = files.open()
    before = files.bag("secondary", "dcwc")
    plan = pair.plan_resync(window=window(), tables="hcwc", rollups="recompute")

    with once_written("hcwc", lambda: imitation.have("dcwc", triggers=(ADDS_UP,))):
        ran = pair.execute(plan)
    stopped_at = files.bag("secondary", "dcwc")
    resumed = pair.resume(allow_triggers="dcwc")

    assert "roll-ups were not repaired: " in ran.outcome.stopped
    assert "c_adding" in ran.outcome.stopped
    assert ran.needs == Permission(triggers=("dcwc",))
    assert stopped_at == before
    assert resumed.outcome.done
    assert ("dcwc", "c_adding") in names(resumed.side_effects)


@pytest.mark.soak
def test_days_already_recomputed_are_not_checked_again(tmp_path: Path, imitation: Imitation) -> None:
    """A trigger added to a daily table after it is written does not stop weeks and months."""
    files = blind_in_may(tmp_path)
    pair = files.open()
    with once_written("dcwc", stop):
        pair.execute(pair.plan_resync(window=window(), tables="hcwc", rollups="recompute"))
    imitation.have("dcwc", triggers=(ADDS_UP,))

    resumed = pair.resume()

    assert resumed.outcome.done
    assert resumed.side_effects == ()


ODD = BackfillRequest(
    tables=("a,b", "c"),
    window=Window(datetime(2000, 6, 1), datetime(2000, 6, 5)),
    source=Role.PRIMARY,
    policy=Policy.FILL,
    acds=(1, 2),
    hours="22:00..05:00",
    named=("a,b",),
    allowed=Permission(("my calls, old",), ("a,b",)),
)


def test_the_request_of_a_backfill_is_recorded(tmp_path: Path) -> None:
    """Names with commas and blanks come back from the folder of the run as what they were."""
    ledger = ledger_of(history(tmp_path).pair_file)
    with ledger.locked() as lock:
        run = ledger.begin(lock, NewRun(RunKind.BACKFILL, 1, "odd", request=ODD), needs_bytes=0)
        run.mark_allowance("allowed", ODD.allowed)

    assert RunFolder(run.folder).header().request == ODD
    assert run.record(running=False).granted == ODD.allowed


def test_triggers_of_tables_that_a_cascade_reaches_are_named() -> None:
    """A delete trigger of a table reached by a cascade is named, and allowed by the written table's name."""
    far = ReachedTrigger("c_notes", ON_DELETE)
    around = Surroundings("htrunk", referred_by=(TAKES_AWAY,), reached=(far,))
    cascade, trigger = (TableSideEffect(Role.SECONDARY, "htrunk", effect) for effect in side_effects_of(around))

    with pytest.raises(SideEffectError, match="c_deleting of c_notes") as refused:
        refuse_side_effects((cascade, trigger), Permission(cascades=("htrunk",)))
    refuse_side_effects((cascade, trigger), Permission(("htrunk",), ("htrunk",)))

    assert trigger.effect.on == (Write.DELETE,)
    assert refused.value.needs == Permission(triggers=("htrunk",))


def test_a_hint_can_be_typed() -> None:
    """Names that a shell would take apart are quoted in what is to be typed."""
    side_effect = TableSideEffect(
        Role.SECONDARY, "my calls, old", SideEffect(SideEffectKind.TRIGGER, "a trigger runs", name="t")
    )
    with pytest.raises(SideEffectError) as refused:
        refuse_side_effects((side_effect,), Permission(), PLANNED)

    assert "--allow-triggers 'my calls, old'" in complete_commands(refused.value.hint)
    assert "--exclude-table 'my calls, old'" in complete_commands(refused.value.hint)


def test_days_that_are_rolled_up_are_weighed_before(tmp_path: Path, imitation: Imitation) -> None:
    """A cascade on a daily table applies to any policy, so that none is named; a view is left to Data Summarizing."""
    files = blind_in_may(tmp_path)
    imitation.have("dcwc", referred_by=(replace(TAKES_AWAY, to="dcwc"),))
    with pytest.raises(SideEffectError) as refused:
        files.open().plan_resync(window=window(), tables="hcwc", rollups="recompute")
    imitation.have("dcwc", is_a="view")
    plan = files.open().plan_resync(window=window(), tables="hcwc", rollups="recompute")

    assert "`allow_cascades='dcwc'`" in refused.value.hint
    assert "`policy=" not in refused.value.hint
    assert {one.table: (one.then, one.why) for one in plan.stale if one.table != "mcwc"} == {
        "dcwc": (Rollups.LIST, "it is not written: it is a view, which has no rows of its own"),
        "wcwc": (Rollups.RECOMPUTE, ""),
    }


def test_outages_name_the_side_effects_of_their_repair(tmp_path: Path, imitation: Imitation, typed: Typing) -> None:
    """The report's plan has the side effects of `resync --outages`, and the commands it offers work."""
    files = guides(tmp_path)
    imitation.have("htrunk", triggers=(ADDS_UP,))

    output = typed("outages", "--pair", files.pair_file)
    found = typed("outages", "--pair", files.pair_file, "--json").document
    planned = typed(
        "resync", "--outages", "--dry-run", "--allow-triggers", "htrunk", "--json", "--pair", files.pair_file
    )

    assert "c_adding" in output.text
    assert "--outages --dry-run --allow-triggers htrunk" in output.text
    assert found["outages"][0]["repair"].endswith("--allow-triggers htrunk")
    assert found["plan"]["side_effects"] == planned.document["side_effects"]
    assert typed(*shlex.split(found["outages"][0]["repair"])[1:], "--yes").code == 0
