"""What a pair shows of a checklist's lines: done only of what was looked at, and since when it counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.check import Finding, Holding, PairCheck, ServerCheck, Severity, Subject, TableCheck
from syncengine.model.daily_check import HookCheck
from syncengine.model.facts import ArchiveStatus, DayLengths, Outage, ServerFacts
from syncengine.model.filled_checklist import ChecklistRecord, Seen, Sighting, Tick, TickedBy
from syncengine.model.grain import Archive
from syncengine.model.hooks import CheckKind
from syncengine.model.outages import BlindTime, OutageFinding, OutageReport, Outlook, Unseen, UnseenWhy
from syncengine.model.pair import CallHistory, PairSettings, Role, ServerSettings
from syncengine.model.procedure import Place, Procedure, ProcedureLine, SightName
from syncengine.model.spec import DataClass
from syncengine.model.window import Window
from syncengine.planning.filling import filled_in
from syncengine.planning.sights.evidence import Evidence, Need, Question
from syncengine.planning.sights.registry import SIGHTS

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


def facts(role: Role = Role.PRIMARY, **told: Any) -> ServerFacts:
    """Return what a server tells, with two ACDs."""
    return ServerFacts(role, role.value, "duckdb", told.pop("load", None), told.pop("acds", (1, 2)), **told)


def evidence(*servers: ServerFacts, **more: Any) -> Evidence:
    """Return evidence since five o'clock, at six."""
    found = Evidence(
        SETTINGS, at(60), FIVE, datetime(2026, 1, 1), frozenset(Need), facts={one.role: one for one in servers}
    )
    return replace(found, **more)


def look(name: SightName, found: Evidence, place: Place = Place.PRIMARY, since: datetime = FIVE) -> Sighting:
    """Look at a line of a server."""
    return SIGHTS[name].look(found, Question(ProcedureLine("line", "Do it.", place), since))


def test_collection_is_off_only_when_it_was_for_all_acds() -> None:
    """One ACD's link, another reason, or an outage before the list was begun ticks nothing."""
    name = SightName.COLLECTION_OFF
    both = (link(13, 19), link(14, 20, acd=2))

    assert look(name, evidence(facts(outages=both))).at == at(13)
    assert look(name, evidence(facts(outages=both[:1]))).seen is Seen.NOT_SEEN
    assert "of ACD 2 since" in look(name, evidence(facts(outages=both[:1]))).says
    assert look(name, evidence(facts(outages=(link(13, 19, 95), both[1])))).seen is Seen.NOT_SEEN
    assert look(name, evidence(facts(outages=both)), since=at(30)).seen is Seen.NOT_SEEN
    assert look(name, evidence(facts(outages=both)), Place.SECONDARY).seen is Seen.NOT_SEEN
    assert look(name, evidence(facts(outages=both, tells_links=False))).seen is Seen.NOT_SEEN


def test_cms_is_off_for_whatever_reason_lies_with_the_server() -> None:
    """Which reason the diary has then nobody promises; it is told. A network that failed turned nothing off."""
    seen = look(SightName.LINKS_DOWN, evidence(facts(outages=(link(13, 19, 97), link(13, 19, 97, acd=2)))))

    assert (seen.seen, seen.at) == (Seen.DONE, at(13))
    assert "the session was down" in seen.says
    timed_out = (link(13, 19, 95), link(13, 19, 95, acd=2))
    assert look(SightName.LINKS_DOWN, evidence(facts(outages=timed_out))).seen is Seen.NOT_SEEN


def test_links_are_back_when_the_last_of_them_is() -> None:
    """The time is that of the last ACD, the one the archive is waited for."""
    seen = look(SightName.LINKS_BACK, evidence(facts(outages=(link(13, 19), link(13, 31, acd=2)))))

    assert (seen.seen, seen.at) == (Seen.DONE, at(31))
    assert look(SightName.LINKS_BACK, evidence(facts(outages=(link(13, 19),)))).seen is Seen.NOT_YET


@pytest.mark.parametrize(("until", "seen"), [(30, Seen.DONE), (19, Seen.NOT_YET), (None, Seen.NOT_SEEN)])
def test_an_interval_is_archived_when_all_acds_of_both_have_it(until: int | None, seen: Seen) -> None:
    """The interval in which the links came back counts, on every server asked, for every ACD."""
    whole = tuple(ArchiveStatus(acd, Archive.INTERVAL, at(30)) for acd in (1, 2))
    late = (whole[0], ArchiveStatus(2, Archive.INTERVAL, None if until is None else at(until), "has not run"))
    found = evidence(facts(archives=whole), facts(Role.SECONDARY, archives=late))

    assert look(SightName.ARCHIVED, found, Place.BOTH, at(19)).seen is seen
    assert look(SightName.ARCHIVED, found, Place.PRIMARY, at(19)).seen is Seen.DONE


def test_what_is_not_told_of_archives_is_not_seen() -> None:
    """A server without a readable arch_stat, without ACDs, or that does not answer, is never taken for archived."""
    unread = evidence(facts(archives_unread="arch_stat cannot be read"))
    silent = evidence(silent={Role.PRIMARY: "primary: no connection."})

    assert look(SightName.ARCHIVED, unread).seen is Seen.NOT_SEEN
    assert look(SightName.ARCHIVED, evidence(facts(acds=()))).seen is Seen.NOT_SEEN
    assert look(SightName.ARCHIVED, silent) == Sighting(Seen.NOT_SEEN, "primary: no connection")


def test_the_next_interval_begins_after_the_longest_of_all() -> None:
    """A change at 05:10 in half hours waits for 05:30; where nothing tells the length, for the full hour."""
    half = facts(lengths=(DayLengths(1, FIVE.date(), 30, 30), DayLengths(2, FIVE.date(), 15, 15)))
    early, late = (evidence(half, half, as_of=at(minute)) for minute in (29, 30))

    assert look(SightName.NEXT_INTERVAL, early, since=at(10)).seen is Seen.NOT_YET
    assert look(SightName.NEXT_INTERVAL, late, since=at(10)).at == at(30)
    assert look(SightName.NEXT_INTERVAL, evidence(facts(), as_of=at(45)), since=at(10)).seen is Seen.NOT_YET


def test_loads_are_alike_only_where_both_are_told() -> None:
    """An unknown load is not taken for an equal one."""
    alike = evidence(facts(load="f"), facts(Role.SECONDARY, load="f"))
    unlike = evidence(facts(load="f"), facts(Role.SECONDARY, load="b"))
    half = evidence(facts(load="f"), facts(Role.SECONDARY))

    seen = [
        (look(SightName.LOADS_ALIKE, one).seen, look(SightName.LOADS_UNLIKE, one).seen) for one in (alike, unlike, half)
    ]
    assert seen == [(Seen.DONE, Seen.NOT_YET), (Seen.NOT_YET, Seen.DONE), (Seen.NOT_SEEN, Seen.NOT_SEEN)]


def test_the_set_up_is_alike_only_by_a_check_that_looked() -> None:
    """What must be alike and is not is named; of a check with a server that failed nothing is said."""
    servers = (ServerCheck(Role.PRIMARY, "p", None), ServerCheck(Role.SECONDARY, "s", None))
    alike = PairCheck(FIVE, servers)
    storage = Finding(Severity.MUST, Subject.SETUP, "1 row of the storage allocation is not alike.")
    load = Finding(Severity.MUST, Subject.LOAD, "The loads are not alike.")
    failed = replace(alike, problem="secondary: no connection.")

    assert look(SightName.SET_UP_ALIKE, evidence(check=replace(alike, findings=(load,)))).seen is Seen.DONE
    unlike = look(SightName.SET_UP_ALIKE, evidence(check=replace(alike, findings=(storage,))))
    assert (unlike.seen, "storage allocation" in unlike.says) == (Seen.NOT_YET, True)
    unread, lacking, rows = (
        replace(servers[0], tables=(TableCheck("dcalloc", DataClass.LOCAL, holding),))
        for holding in (Holding.UNREADABLE, Holding.LACKING, Holding.ROWS)
    )
    uncompared = replace(storage, severity=Severity.SHOULD, tables=("dcalloc",))
    for name in (SightName.SET_UP_ALIKE, SightName.SET_UP_UNLIKE):
        assert look(name, evidence(check=failed)).seen is Seen.NOT_SEEN
        assert look(name, evidence(check=replace(alike, findings=(uncompared,)))).seen is Seen.NOT_SEEN
        assert look(name, evidence(check=replace(alike, servers=(unread, unread)))).seen is Seen.NOT_SEEN
        assert look(name, evidence(check=replace(alike, servers=(lacking, rows)))).seen is Seen.NOT_SEEN
        assert look(name, evidence(check=replace(alike, servers=(lacking, lacking)))).seen is not Seen.NOT_SEEN
        assert look(name, evidence(problems={Need.CHECK: "No."})).seen is Seen.NOT_SEEN


@pytest.mark.parametrize(
    ("says", "fine", "seen"),
    [
        ("the last full backup ended 2000-06-05 05:05", True, Seen.DONE),
        ("the last full backup ended 2000-06-05 05:05", False, Seen.NOT_YET),
        ("the last full backup ended 2000-06-04 23:10", True, Seen.NOT_YET),
        ("incremental backup ended 2000-06-05 05:05", True, Seen.NOT_YET),
        ("CMS-000605-01-XSAC-00-I-01 ended 2000-06-05 05:05", True, Seen.NOT_YET),
        ("CMS-000605-01-XSAC-00-F-01 ended 2000-06-05 05:05", True, Seen.DONE),
        ("ended 2000-06-04 23:10, next 2000-06-05 23:10", True, Seen.NOT_YET),
        ("fine", True, Seen.NOT_SEEN),
        ("2000-99-99 25:61", True, Seen.NOT_SEEN),
    ],
)
def test_a_backup_is_done_only_when_the_hook_tells_a_time_since(says: str, fine: bool, seen: Seen) -> None:
    """One of the day before, that failed, is incremental or yet to come, or without a time, ticks nothing."""
    told = HookCheck(CheckKind.BACKUPS, Role.PRIMARY, fine, (says,))

    assert look(SightName.BACKUP, evidence(backups=(told,))).seen is seen
    assert look(SightName.BACKUP, evidence(backups=(told,)), Place.BOTH).seen is not Seen.DONE
    assert (
        look(SightName.BACKUP, evidence(backups=(replace(told, problem="was ended by signal 9"),))).seen
        is Seen.NOT_SEEN
    )


@pytest.mark.parametrize(
    ("outlook", "seen"),
    [(one, Seen.DONE if one in (Outlook.ALIKE, Outlook.LOST) else Seen.NOT_YET) for one in Outlook],
)
def test_a_repair_is_done_only_when_nothing_is_left(outlook: Outlook, seen: Seen) -> None:
    """What can be repaired, waits or is not known keeps it open; that no outage is known is no repair of one."""
    window = Window(FIVE, at(30))
    report = OutageReport(at(60), window, (OutageFinding(BlindTime(1, window, (), archived=True), outlook),))

    assert look(SightName.REPAIRED, evidence(outages=report)).seen is seen
    assert (
        look(SightName.REPAIRED, evidence(outages=replace(report, not_compared=(("hagent", "No."),)))).seen
        is Seen.NOT_SEEN
    )
    question = Question(ProcedureLine("line", "Repair.", after="before"), FIVE)
    nothing = evidence(outages=replace(report, findings=()))
    assert look(SightName.REPAIRED, nothing).seen is Seen.DONE
    assert SIGHTS[SightName.REPAIRED].look(nothing, question).seen is Seen.NOT_SEEN
    empty = replace(
        report, findings=(), unseen=(Unseen(Role.SECONDARY, None, UnseenWhy.NOTHING_TOLD, "it tells nothing"),)
    )
    assert look(SightName.REPAIRED, evidence(outages=empty)).seen is Seen.NOT_SEEN
    assert look(SightName.REPAIRED, evidence(problems={Need.OUTAGES: "No."})).seen is Seen.NOT_SEEN


def test_a_repair_is_seen_of_the_time_that_is_kept() -> None:
    """A list looks far back: rows that begin later than that, and before what the list is about, tell all of it."""
    later = Unseen(Role.SECONDARY, 1, UnseenWhy.BEGINS_LATER, "secondary holds rows from 05:10 on")
    window = Window(FIVE, at(30))
    told = OutageFinding(BlindTime(1, window, (), archived=True), Outlook.ALIKE)
    report = OutageReport(at(60), window, (told,), unseen=(later,), seen=Window(at(10), at(60)))

    seen = [look(SightName.REPAIRED, evidence(outages=report), since=at(minute)).seen for minute in (31, 5)]

    assert seen == [Seen.DONE, Seen.NOT_SEEN]
    nobody = evidence(outages=replace(report, seen=None))
    assert look(SightName.REPAIRED, nobody, since=at(31)).says == "secondary holds rows from 05:10 on"


def test_call_history_needs_nothing_where_there_is_nothing_to_switch() -> None:
    """Said to be not installed, or on at both: nothing to do; a pair file that does not say tells nothing of it."""
    states = {
        how: look(SightName.CALL_HISTORY, evidence(settings=replace(SETTINGS, call_history=how))).seen
        for how in (None, *CallHistory)
    }

    assert states == {
        None: Seen.NOT_SEEN,
        CallHistory.PRIMARY: Seen.NOT_SEEN,
        CallHistory.BOTH: Seen.NOT_NEEDED,
        CallHistory.NONE: Seen.NOT_NEEDED,
    }


def test_call_history_has_to_be_on_again_on_what_was_installed_anew() -> None:
    """Where it is on at both nothing is switched over, and a new load may have it off all the same (Appendix G, 17)."""
    states = {
        how: look(SightName.CALL_HISTORY_INSTALLED, evidence(settings=replace(SETTINGS, call_history=how))).seen
        for how in (None, *CallHistory)
    }

    assert [how for how, seen in states.items() if seen is not Seen.NOT_SEEN] == [CallHistory.NONE]
    assert states[CallHistory.NONE] is Seen.NOT_NEEDED


ALIKE = ProcedureLine("alike", "Look.", seen=SightName.LOADS_ALIKE, passes=True)
UNLIKE = ProcedureLine("unlike", "Install.", Place.SECONDARY, seen=SightName.LOADS_UNLIKE, after="alike", passes=True)
AGAIN = ProcedureLine("again", "Install.", Place.PRIMARY, seen=SightName.LOADS_ALIKE, after="unlike")
UPGRADE = Procedure("upgrade", "An upgrade", "G", (), (ALIKE, UNLIKE, AGAIN))
SAME, OTHER = ((facts(load="f"), facts(Role.SECONDARY, load=load)) for load in ("f", "b"))


def states(record: ChecklistRecord, found: Evidence) -> list[str]:
    """Return what is said of each line: how it was ticked, or what a look says."""
    lines = filled_in(UPGRADE, record, found).lines
    return [one.tick.by.value if one.tick else one.sighting.seen.value if one.sighting else "" for one in lines]


def test_a_line_is_looked_at_only_after_the_one_it_follows() -> None:
    """Loads that are alike before anything was installed do not tick the line that installs the second one."""
    record = ChecklistRecord("upgrade", FIVE, FIVE)

    assert states(record, evidence(*SAME)) == ["sight", "not yet", "waits"]


def test_what_was_ticked_by_hand_and_not_seen_makes_its_opposite_show_nothing() -> None:
    """Loads that nobody saw unlike may never have been changed: that they are alike ticks nothing then."""
    before = (Tick("alike", FIVE, TickedBy.SIGHT, "both run e"), Tick("unlike", FIVE, TickedBy.HAND))
    seen = (before[0], replace(before[1], by=TickedBy.SIGHT))
    record = ChecklistRecord("upgrade", FIVE, FIVE, ticks=before)

    assert states(record, evidence(*SAME)) == ["sight", "hand", "cannot be seen"]
    assert states(replace(record, ticks=seen), evidence(*SAME)) == ["sight", "sight", "sight"]
    assert states(replace(record, ticks=seen), evidence(*OTHER)) == ["sight", "sight", "not yet"]


def test_a_new_load_that_was_removed_again_is_not_taken_for_one_on_both() -> None:
    """The load that did not work gave way to the old one: both are alike again, and nothing was installed."""
    before = (Tick("alike", FIVE, TickedBy.SIGHT, "both run f"), Tick("unlike", FIVE, TickedBy.SIGHT))
    record = ChecklistRecord("upgrade", FIVE, FIVE, ticks=before)

    assert states(record, evidence(*SAME)) == ["sight", "sight", "not yet"]


def test_what_is_ticked_by_hand_and_shown_otherwise_is_contradicted() -> None:
    """A tick that the pair speaks against is said to be one, but not where what is seen passes."""
    ticks = tuple(Tick(name, FIVE, TickedBy.HAND) for name in ("alike", "unlike", "again"))
    seen = (ticks[0], replace(ticks[1], by=TickedBy.SIGHT), ticks[2])

    lines = filled_in(UPGRADE, ChecklistRecord("upgrade", FIVE, FIVE, ticks=seen), evidence(*OTHER)).lines

    assert [bool(one.contradicted) for one in lines] == [False, False, True]


def test_what_a_line_needs_is_asked_for_and_nothing_else() -> None:
    """Before anything is gathered the lines name what they need; a line that waits needs nothing yet."""
    record = ChecklistRecord("upgrade", FIVE, FIVE)

    assert filled_in(UPGRADE, record, evidence(gathered=frozenset())).wanted == {Need.FACTS}
    done = replace(record, ticks=tuple(Tick(one.name, FIVE, TickedBy.SIGHT) for one in UPGRADE.lines))
    assert filled_in(UPGRADE, done, evidence(gathered=frozenset())).wanted == frozenset()
