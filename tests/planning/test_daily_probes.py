"""Probes by the daily check, runs and timetables: done only by what was gathered."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from syncengine.model.archives import ArchiveFault, ArchiveFaultKind
from syncengine.model.checklist import ChecklistLine, LineKind
from syncengine.model.daily_check import DailyCheck, HookCheck, ServerDay
from syncengine.model.facts import ArchiveStatus, ServerFacts
from syncengine.model.filled_checklist import ChecklistRecord, ProbeResult, ProbeState, Tick, TickedBy
from syncengine.model.grain import Archive
from syncengine.model.hooks import CheckKind, HookRecord, HookState
from syncengine.model.pair import CallHistory, Role
from syncengine.model.procedure import Place, ProbeName, Procedure, ProcedureLine
from syncengine.model.run import BatchPlace, BatchRecord, BatchState, RunHeader, RunKind, RunRecord, RunState
from syncengine.model.support import Support
from syncengine.model.timetable_flag import TimetableFlag, TimetableState
from syncengine.model.timetables import Schedule, Timetable, TimetableListing, TimetableSide
from syncengine.model.where_to_work import PairState, Trouble, TroubleKind, WhereToWork
from syncengine.planning.checklist_progress import fill_in
from syncengine.planning.probes.evidence import Need, ProbeQuestion
from syncengine.planning.probes.registry import PROBES
from tests.builders import build_files, row
from tests.planning.test_probes import FIVE, SETTINGS, at, evidence, facts, link, probe
from tests.scenes import trunks

LATER = datetime(2026, 6, 5, 12)
LINKS = TroubleKind.LINKS
COPYING = ProcedureLine("copy", "Copy it.", Place.PRIMARY, command=("sync", "--set", "administration"))
DRY_RUN = replace(COPYING, command=("sync", "--set", "administration", "--dry-run"))
MULTI_USER = ProcedureLine("mode", "Put it back.", Place.PRIMARY, kind=LineKind.MULTI_USER)


def daily(**found: object) -> DailyCheck:
    """Return a daily check of two servers that answer."""
    both = (ServerDay(Role.PRIMARY, "", facts()), ServerDay(Role.SECONDARY, "", facts(Role.SECONDARY)))
    return replace(DailyCheck(at(60), FIVE, both), **found)  # type: ignore[arg-type]


def hooks(kind: CheckKind, *roles: Role, fine: bool = True, problem: str = "") -> tuple[HookCheck, ...]:
    """Return the answers of a hook for some servers."""
    return tuple(HookCheck(kind, role, fine, ("it says so",), problem) for role in roles)


def run(kind: RunKind, number: int = 1, *, into: Role = Role.SECONDARY, undoes: str = "", **more: object) -> RunRecord:
    """Return a run that has written one batch."""
    header = RunHeader(f"run{number}", number, kind, LATER, 0, "", undoes)
    batch = BatchRecord(BatchPlace(0, 0, 0, 1), BatchState.DONE, LATER, into, "", ())
    return replace(RunRecord(header, RunState.DONE, batches=(batch,)), **more)  # type: ignore[arg-type]


def probe_line(name: ProbeName, line: ProcedureLine, **found: object) -> ProbeResult:
    """Probe a line of the primary."""
    return PROBES[name].run(evidence(**found), ProbeQuestion(line, FIVE))


def test_a_server_is_fit_only_where_a_hook_reports_its_links() -> None:
    """Whatever stops it from working is reported; without the hook it is not ticked, since no table shows it."""
    down = Trouble(Role.SECONDARY, LINKS, (1,), "links of secondary are down")
    troubled = evidence(daily=daily(state=PairState((1,), (down,))))
    unknown = evidence(daily=daily(state=PairState((1,))))
    known = evidence(daily=daily(state=PairState((1,), links_up=(Role.SECONDARY,))))

    found = [probe(ProbeName.FIT, one, Place.SECONDARY) for one in (troubled, unknown, known, evidence())]

    assert [one.state for one in found] == [ProbeState.NOT_YET, ProbeState.UNKNOWN, ProbeState.DONE, ProbeState.UNKNOWN]
    assert found[0].message == "links of secondary are down"
    assert probe(ProbeName.FIT, troubled).state is ProbeState.UNKNOWN


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (ProbeName.LINKS_UP, CheckKind.LINKS),
        (ProbeName.BACKUPS_FINE, CheckKind.BACKUPS),
        (ProbeName.ERROR_LOG_FINE, CheckKind.ERROR_LOG),
        (ProbeName.RECOVERY_KIT_FINE, CheckKind.RECOVERY_KIT),
        (ProbeName.CALL_CENTER_FINE, CheckKind.INTERNET_CALL_CENTER),
        (ProbeName.NO_USERS, CheckKind.USERS),
    ],
)
def test_what_no_table_shows_is_ticked_by_its_hook_on_every_server_of_the_line(
    name: ProbeName, kind: CheckKind
) -> None:
    """A hook of one server only, one that failed, or one that finds something ticks nothing."""
    one, both = hooks(kind, Role.SECONDARY), hooks(kind, *Role)

    assert probe(name, evidence(daily=daily(checks=both)), Place.BOTH).state is ProbeState.DONE
    assert probe(name, evidence(daily=daily(checks=one)), Place.BOTH).state is ProbeState.UNKNOWN
    assert probe(name, evidence(daily=daily()), Place.BOTH).state is ProbeState.UNKNOWN
    bad, failed = hooks(kind, *Role, fine=False), hooks(kind, *Role, problem="was not done in time")
    assert probe(name, evidence(daily=daily(checks=bad)), Place.BOTH).state is ProbeState.NOT_YET
    assert probe(name, evidence(daily=daily(checks=failed)), Place.BOTH).state is ProbeState.UNKNOWN


def test_users_are_not_checked_while_they_work_on_the_secondary() -> None:
    """Then they work where they should, and the line is not ticked by a hook of yesterday."""
    elsewhere = daily(checks=hooks(CheckKind.USERS, Role.SECONDARY), where=WhereToWork(Role.SECONDARY, ""))

    assert probe(ProbeName.NO_USERS, evidence(daily=elsewhere), Place.SECONDARY).state is ProbeState.UNKNOWN


def test_archives_run_where_none_is_late_and_both_answer() -> None:
    """One late archive is reported with its server; the archives of a server that does not answer are unknown."""
    fault = ArchiveFault(1, Archive.DAILY, ArchiveFaultKind.LATE, "has archived only up to 2000-06-03")
    well = daily()
    late = replace(well, servers=(well.servers[0], replace(well.servers[1], archive_faults=(fault,))))
    silent = replace(well, servers=(replace(well.servers[0], problem="nobody there."), well.servers[1]))

    found = [probe(ProbeName.ARCHIVES_RUN, evidence(daily=one), Place.BOTH) for one in (well, late, silent)]

    assert [one.state for one in found] == [ProbeState.DONE, ProbeState.NOT_YET, ProbeState.UNKNOWN]
    assert found[1].message == "secondary: the daily archive of ACD 1 has archived only up to 2000-06-03"


def test_administration_is_alike_or_was_copied(tmp_path: Path) -> None:
    """Alike from the start, nothing is needed; once copied, only the copy is known, and what a hook did in that run."""
    name = ProbeName.ADMINISTRATION_ALIKE
    files = build_files(
        tmp_path,
        ["htrunk", "synonyms", "sp_ex_adm"],
        both={"htrunk": trunks(400, 700)},
        primary={"sp_ex_adm": [row("sp_ex_adm", split=1)]},
    )
    alike = files.open().status().daily
    files.add("secondary", "synonyms", row("synonyms", item_type="vdn", value="1"))
    differing = files.open().status().daily
    assert alike is not None
    assert differing is not None
    copied = run(RunKind.SYNC, into=Role.PRIMARY)
    hooked = replace(copied, hooks=(HookRecord("multi-user", Role.PRIMARY, 1, HookState.DONE, LATER),))
    failed = replace(copied, hooks=(HookRecord("multi-user", Role.PRIMARY, 1, HookState.FAILED, LATER),))
    manual = replace(COPYING, command=(*COPYING.command, "--include-manual"))

    assert {probe_line(name, one, daily=alike).state for one in (COPYING, DRY_RUN, MULTI_USER)} == {
        ProbeState.NOT_NEEDED
    }
    assert probe_line(name, manual, daily=alike).message == "sp_ex_adm differs"
    adding = replace(COPYING, command=("sync", "--set", "SET", "--policy", "fill"))
    assert [probe_line(name, one, daily=differing).state for one in (COPYING, DRY_RUN, adding, MULTI_USER)] == [
        ProbeState.NOT_YET,
        ProbeState.UNKNOWN,
        ProbeState.UNKNOWN,
        ProbeState.UNKNOWN,
    ]
    assert probe_line(name, COPYING, daily=alike, runs=(copied,)).message.startswith("run run1 has copied it")
    assert probe_line(name, DRY_RUN, daily=alike, runs=(copied,)).state is ProbeState.DONE
    # The archive of what was written a quarter of an hour ago is waited for since then, not since the probe.
    assert probe_line(name, COPYING, daily=alike, runs=(copied,), now=LATER + timedelta(minutes=15)).at == at(45)
    assert probe_line(name, COPYING, daily=alike, runs=(copied,), now=LATER - timedelta(minutes=15)).at == at(60)
    assert probe_line(name, MULTI_USER, daily=alike, runs=(copied,)).state is ProbeState.UNKNOWN
    assert probe_line(name, MULTI_USER, daily=alike, runs=(failed,)).state is ProbeState.UNKNOWN
    assert probe_line(name, MULTI_USER, daily=alike, runs=(hooked,)).state is ProbeState.DONE
    assert probe_line(name, MULTI_USER, daily=alike, runs=(run(RunKind.SYNC),)).state is ProbeState.NOT_NEEDED
    assert probe_line(name, COPYING, daily=daily(problem="no rows.")).message == "no rows"

    # Copied by hand before the list was begun: it is not known whether the server was returned to multi-user mode.
    def earlier(record: RunRecord, line: ProcedureLine = MULTI_USER) -> ProbeState:
        before = replace(record, header=replace(record.header, begun=datetime(2000, 1, 1)))
        return probe_line(name, line, daily=alike, runs=(before,)).state

    single = replace(MULTI_USER, kind=LineKind.SINGLE_USER)
    assert earlier(copied) is earlier(failed) is earlier(copied, replace(MULTI_USER, kind=None)) is ProbeState.UNKNOWN
    assert {earlier(hooked), earlier(run(RunKind.SYNC)), earlier(copied, single)} == {ProbeState.NOT_NEEDED}
    assert {earlier(copied, one) for one in (COPYING, DRY_RUN)} == {ProbeState.NOT_NEEDED}
    long_ago = replace(copied, batches=(replace(copied.batches[0], at=datetime(2000, 1, 1)),))
    found = replace(alike, since=datetime(2000, 6, 4))
    header = replace(copied.header, begun=datetime(2000, 1, 1))
    assert (
        probe_line(name, MULTI_USER, daily=found, runs=(replace(long_ago, header=header),), now=LATER).state
        is ProbeState.NOT_NEEDED
    )

    assert probe_line(ProbeName.IN_SYNC, COPYING, daily=differing).state is ProbeState.NOT_YET
    assert probe_line(ProbeName.IN_SYNC, COPYING, daily=daily()).state is ProbeState.UNKNOWN
    assert alike.drift is not None
    same = replace(alike.drift, tables=tuple(one for one in alike.drift.tables if not one.differing))
    assert probe_line(ProbeName.IN_SYNC, COPYING, daily=replace(alike, drift=same)).state is ProbeState.DONE
    longer = replace(alike.servers[0], facts=facts(outages=(link(-5000, -9),)))
    started = replace(alike, drift=same, servers=(longer, longer))
    assert "an outage began before" in probe_line(ProbeName.IN_SYNC, COPYING, daily=started).message
    files.run("secondary", "ALTER TABLE synonyms DROP COLUMN value")
    torn = files.open().status().daily
    assert torn is not None
    assert probe_line(ProbeName.IN_SYNC, COPYING, daily=torn).message.startswith("synonyms could not be compared")
    assert probe_line(name, COPYING, daily=torn).state is ProbeState.UNKNOWN


def test_history_was_copied_by_a_backfill_that_is_done_and_in_sync() -> None:
    """Cut short, unlike afterwards, of before or elsewhere it is none; people decide whether it was all of history.

    A backfill of one day ends in sync as one of ten years does.
    """
    name, line = ProbeName.BACKFILLED, replace(COPYING, place=Place.SECONDARY)
    done = run(RunKind.BACKFILL)
    done = replace(done, header=replace(done.header, about="2000-06-01 to 2000-06-02"))

    assert probe_line(name, line, runs=(done,)).state is ProbeState.UNKNOWN
    assert "(2000-06-01 to 2000-06-02); tick the line if that was all" in probe_line(name, line, runs=(done,)).message
    before = replace(done, header=replace(done.header, begun=datetime(2000, 1, 1)))
    others = (replace(done, state=RunState.PARTLY), replace(done, differs=True), run(RunKind.RESYNC), before)
    elsewhere = run(RunKind.BACKFILL, into=Role.PRIMARY)
    assert {probe_line(name, line, runs=(one,)).state for one in (*others, elsewhere)} == {ProbeState.NOT_YET}


def test_timetables_are_back_once_every_edit_is_undone() -> None:
    """An edit that is not undone is named with its run; one of the other server is not; edits by hand are unknown."""
    name, line = ProbeName.TIMETABLES_BACK, replace(COPYING, place=Place.SECONDARY)
    first, second = run(RunKind.TIMETABLES), run(RunKind.TIMETABLES, 2)
    undone = (run(RunKind.UNDO, 3, undoes="run2"), run(RunKind.UNDO, 4, undoes="run1"))

    assert probe_line(name, line, runs=(first, second)).message.startswith(
        "not undone: run2 (), run1 (); undo the last one"
    )
    assert probe_line(name, line, runs=(first, second, undone[0])).message.startswith("not undone: run1 ();")
    assert probe_line(name, line, runs=(run(RunKind.TIMETABLES, into=Role.PRIMARY),)).message.startswith("no run has")
    assert probe_line(name, line, runs=(first, second, *undone)).state is ProbeState.DONE
    assert probe_line(name, line).state is ProbeState.UNKNOWN


def test_timetables_are_over_when_all_run_there() -> None:
    """Those that do not are named; after an edit people decide whether that is intended; backups do not count."""
    name = ProbeName.TIMETABLES_OVER
    states = (TimetableState.ONLY_HERE, TimetableState.NOT_HERE)
    sides = [TimetableSide((Schedule((), "", state),), stored=(("jm", "x"),)) for state in states]
    running, idle = (Timetable("jm", "Weekly", TimetableSide(), side) for side in sides)
    own = replace(idle, own=True, name="Backup")
    edited = (run(RunKind.TIMETABLES),)

    def state(
        *timetables: Timetable, runs: tuple[RunRecord, ...] = (), flag: bool = True, silent: str = ""
    ) -> ProbeResult:
        failed = ((Role.SECONDARY, silent),) if silent else ()
        listing = TimetableListing(FIVE, timetables, TimetableFlag("f", ()) if flag else None, failed)
        return probe(name, evidence(timetables=listing, runs=runs), Place.SECONDARY)

    assert state(running, own).state is ProbeState.DONE
    assert state(running, idle).message == "these do not run on secondary: jm 'Weekly'"
    assert state(idle, runs=edited).state is ProbeState.UNKNOWN
    assert state(idle, flag=False).state is ProbeState.UNKNOWN
    assert state(replace(running, primary=sides[0], secondary=TimetableSide())).state is ProbeState.NOT_YET
    assert state(running, silent="it does not answer.").message == "it does not answer"
    assert state().state is ProbeState.NOT_NEEDED


def day(diary: ServerFacts, problem: str = "", **found: object) -> DailyCheck:
    """Return a daily check since five o'clock with some facts of the primary."""
    servers = (ServerDay(Role.PRIMARY, problem, None if problem else diary), ServerDay(Role.SECONDARY, "no."))
    return daily(servers=servers, **found)


def test_an_outage_is_over_when_the_diary_has_its_end() -> None:
    """The last one counts, with its ACDs; a server that does not answer is not back."""
    name = ProbeName.OUTAGE_OVER
    diary = facts(outages=(link(3, 9), link(13, 31), link(14, 31, acd=2)))
    known = evidence(daily=day(diary))

    assert probe(name, known).at == at(31)
    assert probe(name, known).message.endswith("05:14 to 05:31 (ACD 1, 2)")
    assert probe(name, evidence(daily=day(facts()))).state is ProbeState.UNKNOWN
    assert probe(name, evidence(daily=day(facts(links_known=False)))).state is ProbeState.UNKNOWN
    assert probe(name, known, Place.SECONDARY).state is ProbeState.NOT_YET


def test_an_older_outage_does_not_count_for_an_open_one() -> None:
    """While a server records no calls it is not back, whatever its diary has; an outage of last week does not count."""
    name = ProbeName.OUTAGE_OVER
    diary = facts(outages=(link(3, 9),))
    blind = Trouble(Role.PRIMARY, TroubleKind.BLIND, (1,), "calls have not been recorded since 05:30")
    late = replace(blind, kind=TroubleKind.ARCHIVES)

    def state(found: DailyCheck) -> ProbeState:
        return probe(name, evidence(daily=found, since=at(-9000)), since=at(-9000)).state

    assert state(day(diary, state=PairState((1,), (blind,)))) is ProbeState.NOT_YET
    assert state(day(diary, state=PairState((1,), (late,)))) is ProbeState.DONE
    assert state(day(diary, since=at(30))) is ProbeState.UNKNOWN


def test_a_line_after_one_that_is_not_needed_counts_from_where_that_would_have() -> None:
    """With nothing to copy, the archive is waited for since the links are back; after a copy, since the copy."""
    back = ProcedureLine("back", "It is back.", Place.PRIMARY, probe=ProbeName.OUTAGE_OVER)
    copy = replace(COPYING, probe=ProbeName.CALL_HISTORY, after="back")
    wait = ProcedureLine("wait", "Wait.", Place.PRIMARY, probe=ProbeName.ARCHIVED, after="copy")
    procedure = Procedure("one", "One", "4", (), (back, copy, wait))
    archives = tuple(ArchiveStatus(acd, Archive.INTERVAL, at(60)) for acd in (1, 2))
    diary = facts(outages=(link(13, 31),), archives=archives)
    known = evidence(diary, daily=day(diary), settings=replace(SETTINGS, call_history=CallHistory.NONE))
    record = ChecklistRecord("one", LATER, FIVE)
    copied = replace(record, ticks=(Tick("copy", at(65), TickedBy.HAND),))

    lines, later = fill_in(procedure, record, known).lines, fill_in(procedure, copied, known).lines

    assert [line.probe_result.state for line in lines if line.probe_result] == [
        ProbeState.DONE,
        ProbeState.NOT_NEEDED,
        ProbeState.DONE,
    ]
    assert lines[1].tick is None
    assert later[2].probe_result is not None
    assert later[2].probe_result.state is ProbeState.NOT_YET


def test_a_call_to_support_lists_what_is_known() -> None:
    """The details of the daily check are below the line, else those of the pair file; a ticked line has none."""
    line = ProcedureLine("support", "Call support.", Place.PRIMARY, kind=LineKind.SUPPORT)
    procedure = Procedure("one", "One", "E", (), (line,))
    record = ChecklistRecord("one", LATER, FIVE)
    call = ChecklistLine(LineKind.SUPPORT, Role.PRIMARY, "Call them: it is down.", details=("Since: 05:13",))
    known = evidence(daily=daily(where=WhereToWork(Role.SECONDARY, "", (call,))))
    settings = replace(known.settings, support=Support(installation="0001234567"))

    details = fill_in(procedure, record, known).lines[0].details
    plain = fill_in(procedure, record, replace(known, daily=None, settings=settings)).lines[0].details
    elsewhere = Procedure("one", "One", "E", (), (replace(line, place=Place.SECONDARY),))
    other = fill_in(elsewhere, record, known).lines[0].details

    assert details == ("Call them: it is down.", "Since: 05:13")
    # What is wrong with the primary is not reported of the secondary.
    assert not set(details) & set(other)
    assert any(one.startswith("Where: secondary,") for one in other)
    assert "Installation (IL) number: 0001234567" in plain
    assert Need.DAILY in known.gathered
