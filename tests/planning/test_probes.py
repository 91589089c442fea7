"""Probes of checklist lines: done only by what was gathered, and counted since the right moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.check import Finding, PairCheck, ServerCheck, Severity, Subject, TableCheck, TablePresence
from syncengine.model.daily_check import HookCheck
from syncengine.model.facts import ArchiveStatus, DayLengths, Outage, ServerFacts
from syncengine.model.filled_checklist import ChecklistRecord, ProbeResult, ProbeState, Tick, TickedBy
from syncengine.model.grain import Archive
from syncengine.model.hooks import CheckKind
from syncengine.model.outages import (
    BlindTime,
    OutageFinding,
    OutageReport,
    Outlook,
    UnknownCoverage,
    UnknownCoverageReason,
)
from syncengine.model.pair import CallHistory, PairSettings, Role, ServerSettings
from syncengine.model.procedure import Place, ProbeName, Procedure, ProcedureLine
from syncengine.model.spec import DataClass
from syncengine.model.window import Window
from syncengine.planning.checklist_progress import fill_in
from syncengine.planning.probes.evidence import Evidence, Need, ProbeQuestion
from syncengine.planning.probes.registry import PROBES

FIVE = datetime(2000, 6, 5, 5)
SETTINGS = PairSettings(
    Path("pair.toml"),
    ServerSettings(Role.PRIMARY, "duckdb:///p", "duckdb:///p"),
    ServerSettings(Role.SECONDARY, "duckdb:///s", "duckdb:///s"),
    Path("pair.staging"),
)


def at(minute: int) -> datetime:
    """Return a moment some minutes after five."""
    return FIVE + timedelta(minutes=minute)


def link(down: int, up: int, reason: int = 93, acd: int = 1) -> Outage:
    """Return an outage of a link, in minutes after five."""
    return Outage(acd, Window(at(down), at(up)), reason)


def facts(role: Role = Role.PRIMARY, **fields: Any) -> ServerFacts:
    """Return the facts of a server with two ACDs."""
    return ServerFacts(role, role.value, "duckdb", fields.pop("load", None), fields.pop("acds", (1, 2)), **fields)


def evidence(*servers: ServerFacts, **more: Any) -> Evidence:
    """Return evidence since five o'clock, at six."""
    found = Evidence(
        SETTINGS, at(60), FIVE, datetime(2026, 1, 1), frozenset(Need), facts={one.role: one for one in servers}
    )
    return replace(found, **more)


def probe(name: ProbeName, found: Evidence, place: Place = Place.PRIMARY, since: datetime = FIVE) -> ProbeResult:
    """Probe a line of a server."""
    return PROBES[name].run(found, ProbeQuestion(ProcedureLine("line", "Do it.", place), since))


def test_collection_is_off_only_when_it_was_for_all_acds() -> None:
    """One ACD's link, another reason, or an outage before the list was begun ticks nothing."""
    name = ProbeName.COLLECTION_OFF
    both = (link(13, 19), link(14, 20, acd=2))

    assert probe(name, evidence(facts(outages=both))).at == at(13)
    assert probe(name, evidence(facts(outages=both[:1]))).state is ProbeState.UNKNOWN
    assert "of ACD 2 since" in probe(name, evidence(facts(outages=both[:1]))).message
    assert probe(name, evidence(facts(outages=(link(13, 19, 95), both[1])))).state is ProbeState.UNKNOWN
    assert probe(name, evidence(facts(outages=both)), since=at(30)).state is ProbeState.UNKNOWN
    assert probe(name, evidence(facts(outages=both)), Place.SECONDARY).state is ProbeState.UNKNOWN
    assert probe(name, evidence(facts(outages=both, links_known=False))).state is ProbeState.UNKNOWN


def test_cms_is_off_for_whatever_reason_lies_with_the_server() -> None:
    """Whatever reason the diary has then is shown. A network that failed turned nothing off."""
    result = probe(ProbeName.LINKS_DOWN, evidence(facts(outages=(link(13, 19, 97), link(13, 19, 97, acd=2)))))

    assert (result.state, result.at) == (ProbeState.DONE, at(13))
    assert "the session was down" in result.message
    timed_out = (link(13, 19, 95), link(13, 19, 95, acd=2))
    assert probe(ProbeName.LINKS_DOWN, evidence(facts(outages=timed_out))).state is ProbeState.UNKNOWN


def test_links_are_back_when_the_last_of_them_is() -> None:
    """The time is that of the last ACD, the one the archive is waited for."""
    result = probe(ProbeName.LINKS_BACK, evidence(facts(outages=(link(13, 19), link(13, 31, acd=2)))))

    assert (result.state, result.at) == (ProbeState.DONE, at(31))
    assert probe(ProbeName.LINKS_BACK, evidence(facts(outages=(link(13, 19),)))).state is ProbeState.NOT_YET


@pytest.mark.parametrize(
    ("until", "state"), [(30, ProbeState.DONE), (19, ProbeState.NOT_YET), (None, ProbeState.UNKNOWN)]
)
def test_an_interval_is_archived_when_all_acds_of_both_have_it(until: int | None, state: ProbeState) -> None:
    """The interval in which the links came back counts, on every server of the line, for every ACD."""
    whole = tuple(ArchiveStatus(acd, Archive.INTERVAL, at(30)) for acd in (1, 2))
    late = (whole[0], ArchiveStatus(2, Archive.INTERVAL, None if until is None else at(until), "has not run"))
    found = evidence(facts(archives=whole), facts(Role.SECONDARY, archives=late))

    assert probe(ProbeName.ARCHIVED, found, Place.BOTH, at(19)).state is state
    assert probe(ProbeName.ARCHIVED, found, Place.PRIMARY, at(19)).state is ProbeState.DONE


def test_unknown_archives_leave_a_line_unknown() -> None:
    """A server without a readable arch_stat, without ACDs, or that does not answer, never counts as archived."""
    unread = evidence(facts(archives_unread="arch_stat cannot be read"))
    silent = evidence(silent={Role.PRIMARY: "primary: no connection."})

    assert probe(ProbeName.ARCHIVED, unread).state is ProbeState.UNKNOWN
    assert probe(ProbeName.ARCHIVED, evidence(facts(acds=()))).state is ProbeState.UNKNOWN
    assert probe(ProbeName.ARCHIVED, silent) == ProbeResult(ProbeState.UNKNOWN, "primary: no connection")


def test_the_next_interval_begins_after_the_longest_of_all() -> None:
    """A change at 05:10 in half hours waits for 05:30; if the length is not known, for the full hour."""
    half = facts(lengths=(DayLengths(1, FIVE.date(), 30, 30), DayLengths(2, FIVE.date(), 15, 15)))
    early, late = (evidence(half, half, as_of=at(minute)) for minute in (29, 30))

    assert probe(ProbeName.NEXT_INTERVAL, early, since=at(10)).state is ProbeState.NOT_YET
    assert probe(ProbeName.NEXT_INTERVAL, late, since=at(10)).at == at(30)
    assert probe(ProbeName.NEXT_INTERVAL, evidence(facts(), as_of=at(45)), since=at(10)).state is ProbeState.NOT_YET


def test_loads_are_alike_only_where_both_are_known() -> None:
    """An unknown load does not count as an equal one."""
    alike = evidence(facts(load="f"), facts(Role.SECONDARY, load="f"))
    unlike = evidence(facts(load="f"), facts(Role.SECONDARY, load="b"))
    half = evidence(facts(load="f"), facts(Role.SECONDARY))

    found = [
        (probe(ProbeName.LOADS_ALIKE, one).state, probe(ProbeName.LOADS_UNLIKE, one).state)
        for one in (alike, unlike, half)
    ]
    assert found == [
        (ProbeState.DONE, ProbeState.NOT_YET),
        (ProbeState.NOT_YET, ProbeState.DONE),
        (ProbeState.UNKNOWN, ProbeState.UNKNOWN),
    ]


def test_the_set_up_is_alike_only_by_a_check_that_compared_it() -> None:
    """What must be alike and is not is named; a check with a server that failed proves nothing."""
    servers = (ServerCheck(Role.PRIMARY, "p", None), ServerCheck(Role.SECONDARY, "s", None))
    alike = PairCheck(FIVE, servers)
    storage = Finding(Severity.MUST, Subject.SETUP, "1 row of the storage allocation differs.")
    load = Finding(Severity.MUST, Subject.LOAD, "The CMS loads differ.")
    failed = replace(alike, problem="secondary: no connection.")

    assert probe(ProbeName.SET_UP_ALIKE, evidence(check=replace(alike, findings=(load,)))).state is ProbeState.DONE
    unlike = probe(ProbeName.SET_UP_ALIKE, evidence(check=replace(alike, findings=(storage,))))
    assert (unlike.state, "storage allocation" in unlike.message) == (ProbeState.NOT_YET, True)
    unread, lacking, rows = (
        replace(servers[0], tables=(TableCheck("dcalloc", DataClass.LOCAL, presence),))
        for presence in (TablePresence.UNREADABLE, TablePresence.MISSING, TablePresence.ROWS)
    )
    uncompared = replace(storage, severity=Severity.SHOULD, tables=("dcalloc",))
    for name in (ProbeName.SET_UP_ALIKE, ProbeName.SET_UP_UNLIKE):
        assert probe(name, evidence(check=failed)).state is ProbeState.UNKNOWN
        assert probe(name, evidence(check=replace(alike, findings=(uncompared,)))).state is ProbeState.UNKNOWN
        assert probe(name, evidence(check=replace(alike, servers=(unread, unread)))).state is ProbeState.UNKNOWN
        assert probe(name, evidence(check=replace(alike, servers=(lacking, rows)))).state is ProbeState.UNKNOWN
        assert probe(name, evidence(check=replace(alike, servers=(lacking, lacking)))).state is not ProbeState.UNKNOWN
        assert probe(name, evidence(problems={Need.CHECK: "No."})).state is ProbeState.UNKNOWN


@pytest.mark.parametrize(
    ("line", "fine", "state"),
    [
        ("the last full backup ended 2000-06-05 05:05", True, ProbeState.DONE),
        ("the last full backup ended 2000-06-05 05:05", False, ProbeState.NOT_YET),
        ("the last full backup ended 2000-06-04 23:10", True, ProbeState.NOT_YET),
        ("incremental backup ended 2000-06-05 05:05", True, ProbeState.NOT_YET),
        ("CMS-000605-01-XSAC-00-I-01 ended 2000-06-05 05:05", True, ProbeState.NOT_YET),
        ("CMS-000605-01-XSAC-00-F-01 ended 2000-06-05 05:05", True, ProbeState.DONE),
        ("ended 2000-06-04 23:10, next 2000-06-05 23:10", True, ProbeState.NOT_YET),
        ("fine", True, ProbeState.UNKNOWN),
        ("2000-99-99 25:61", True, ProbeState.UNKNOWN),
    ],
)
def test_a_backup_is_done_only_when_the_hook_prints_a_later_time(line: str, fine: bool, state: ProbeState) -> None:
    """A backup of the day before, a failed, incremental or coming one, or one without a time ticks nothing."""
    hook = HookCheck(CheckKind.BACKUPS, Role.PRIMARY, fine, (line,))

    assert probe(ProbeName.BACKUP, evidence(backups=(hook,))).state is state
    assert probe(ProbeName.BACKUP, evidence(backups=(hook,)), Place.BOTH).state is not ProbeState.DONE
    assert (
        probe(ProbeName.BACKUP, evidence(backups=(replace(hook, problem="was ended by signal 9"),))).state
        is ProbeState.UNKNOWN
    )


@pytest.mark.parametrize(
    ("outlook", "state"),
    [(one, ProbeState.DONE if one in (Outlook.ALIKE, Outlook.LOST) else ProbeState.NOT_YET) for one in Outlook],
)
def test_a_repair_is_done_only_when_nothing_is_open(outlook: Outlook, state: ProbeState) -> None:
    """An outage to repair, one that waits or an unknown one leaves it open; no known outage is no repair."""
    window = Window(FIVE, at(30))
    report = OutageReport(at(60), window, (OutageFinding(BlindTime(1, window, (), archived=True), outlook),))

    assert probe(ProbeName.REPAIRED, evidence(outages=report)).state is state
    assert (
        probe(ProbeName.REPAIRED, evidence(outages=replace(report, not_compared=(("hagent", "No."),)))).state
        is ProbeState.UNKNOWN
    )
    question = ProbeQuestion(ProcedureLine("line", "Repair.", after="before"), FIVE)
    nothing = evidence(outages=replace(report, findings=()))
    assert probe(ProbeName.REPAIRED, nothing).state is ProbeState.DONE
    assert PROBES[ProbeName.REPAIRED].run(nothing, question).state is ProbeState.UNKNOWN
    empty = replace(
        report,
        findings=(),
        unknown_coverage=(UnknownCoverage(Role.SECONDARY, None, UnknownCoverageReason.NO_DATA, "it tells nothing"),),
    )
    assert probe(ProbeName.REPAIRED, evidence(outages=empty)).state is ProbeState.UNKNOWN
    assert probe(ProbeName.REPAIRED, evidence(problems={Need.OUTAGES: "No."})).state is ProbeState.UNKNOWN


def test_a_repair_is_judged_by_the_time_that_is_stored() -> None:
    """Rows that begin after the long window, but before the line's moment, are enough."""
    later = UnknownCoverage(Role.SECONDARY, 1, UnknownCoverageReason.BEGINS_LATER, "secondary holds rows from 05:10 on")
    window = Window(FIVE, at(30))
    finding = OutageFinding(BlindTime(1, window, (), archived=True), Outlook.ALIKE)
    report = OutageReport(at(60), window, (finding,), unknown_coverage=(later,), covered=Window(at(10), at(60)))

    found = [probe(ProbeName.REPAIRED, evidence(outages=report), since=at(minute)).state for minute in (31, 5)]

    assert found == [ProbeState.DONE, ProbeState.UNKNOWN]
    nobody = evidence(outages=replace(report, covered=None))
    assert probe(ProbeName.REPAIRED, nobody, since=at(31)).message == "secondary holds rows from 05:10 on"


def test_call_history_needs_nothing_where_there_is_nothing_to_switch() -> None:
    """Not installed, or on at both, means nothing to do; without an entry in the pair file it is unknown."""
    states = {
        how: probe(ProbeName.CALL_HISTORY, evidence(settings=replace(SETTINGS, call_history=how))).state
        for how in (None, *CallHistory)
    }

    assert states == {
        None: ProbeState.UNKNOWN,
        CallHistory.PRIMARY: ProbeState.UNKNOWN,
        CallHistory.BOTH: ProbeState.NOT_NEEDED,
        CallHistory.NONE: ProbeState.NOT_NEEDED,
    }


def test_call_history_has_to_be_on_again_on_what_was_installed_anew() -> None:
    """If it is on at both, nothing is switched over, but a new load may have it off (Appendix G, 17)."""
    states = {
        how: probe(ProbeName.CALL_HISTORY_INSTALLED, evidence(settings=replace(SETTINGS, call_history=how))).state
        for how in (None, *CallHistory)
    }

    assert [how for how, state in states.items() if state is not ProbeState.UNKNOWN] == [CallHistory.NONE]
    assert states[CallHistory.NONE] is ProbeState.NOT_NEEDED


ALIKE = ProcedureLine("alike", "Look.", probe=ProbeName.LOADS_ALIKE, temporary=True)
UNLIKE = ProcedureLine(
    "unlike", "Install.", Place.SECONDARY, probe=ProbeName.LOADS_UNLIKE, after="alike", temporary=True
)
AGAIN = ProcedureLine("again", "Install.", Place.PRIMARY, probe=ProbeName.LOADS_ALIKE, after="unlike")
UPGRADE = Procedure("upgrade", "An upgrade", "G", (), (ALIKE, UNLIKE, AGAIN))
SAME, OTHER = ((facts(load="f"), facts(Role.SECONDARY, load=load)) for load in ("f", "b"))


def states(record: ChecklistRecord, found: Evidence) -> list[str]:
    """Return the text of each line: how it was ticked, or what its probe says."""
    lines = fill_in(UPGRADE, record, found).lines
    return [
        one.tick.by.value if one.tick else one.probe_result.state.value if one.probe_result else "" for one in lines
    ]


def test_a_line_is_probed_only_after_the_one_it_follows() -> None:
    """Loads that are alike before anything was installed do not tick the line that installs the second one."""
    record = ChecklistRecord("upgrade", FIVE, FIVE)

    assert states(record, evidence(*SAME)) == [TickedBy.PROBE, "not yet", "waits"]


def test_a_line_ticked_by_hand_makes_its_opposite_unknown() -> None:
    """If loads were never found unlike, they may not have been changed: that they are alike ticks nothing."""
    before = (Tick("alike", FIVE, TickedBy.PROBE, "both run e"), Tick("unlike", FIVE, TickedBy.HAND))
    by_probe = (before[0], replace(before[1], by=TickedBy.PROBE))
    record = ChecklistRecord("upgrade", FIVE, FIVE, ticks=before)

    assert states(record, evidence(*SAME)) == [TickedBy.PROBE, "hand", ProbeState.UNKNOWN]
    assert states(replace(record, ticks=by_probe), evidence(*SAME)) == [TickedBy.PROBE, TickedBy.PROBE, TickedBy.PROBE]
    assert states(replace(record, ticks=by_probe), evidence(*OTHER)) == [TickedBy.PROBE, TickedBy.PROBE, "not yet"]


def test_a_load_removed_again_does_not_count_as_installed_on_both() -> None:
    """The new load was replaced by the old one: both are alike again, and nothing is installed."""
    before = (Tick("alike", FIVE, TickedBy.PROBE, "both run f"), Tick("unlike", FIVE, TickedBy.PROBE))
    record = ChecklistRecord("upgrade", FIVE, FIVE, ticks=before)

    assert states(record, evidence(*SAME)) == [TickedBy.PROBE, TickedBy.PROBE, "not yet"]


def test_a_tick_by_hand_is_contradicted_by_a_probe() -> None:
    """A tick that the pair contradicts is reported, except for a temporary state."""
    ticks = tuple(Tick(name, FIVE, TickedBy.HAND) for name in ("alike", "unlike", "again"))
    by_probe = (ticks[0], replace(ticks[1], by=TickedBy.PROBE), ticks[2])

    lines = fill_in(UPGRADE, ChecklistRecord("upgrade", FIVE, FIVE, ticks=by_probe), evidence(*OTHER)).lines

    assert [bool(one.contradicted) for one in lines] == [False, False, True]


def test_only_what_a_line_needs_is_gathered() -> None:
    """Before anything is gathered, the lines name what they need; a line that waits needs nothing yet."""
    record = ChecklistRecord("upgrade", FIVE, FIVE)

    assert fill_in(UPGRADE, record, evidence(gathered=frozenset())).needed == {Need.FACTS}
    done = replace(record, ticks=tuple(Tick(one.name, FIVE, TickedBy.PROBE) for one in UPGRADE.lines))
    assert fill_in(UPGRADE, done, evidence(gathered=frozenset())).needed == frozenset()
