"""Rule 17: time is the switch's wall clock; spring skips an hour and autumn repeats one."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syncengine import machine
from syncengine.model.errors import WindowError
from syncengine.model.pair import Role
from tests.builders import Files, build_files, row
from tests.interference import Interference, interfere
from tests.scenes import plan_of, ranges, resync, skipped, storage, trunk, trunks

DENVER = ZoneInfo("America/Denver")
AUTUMN, SPRING = date(2000, 10, 29), date(2000, 4, 2)


def login(moment: datetime, *, fold: int = 0) -> dict[str, Any]:
    """Return a haglog row of a login at a moment of the wall clock in Denver."""
    epoch = int(moment.replace(tzinfo=DENVER, fold=fold).timestamp())
    return row(
        "haglog", row_date=moment.date(), logid=f"{moment:%H%M}{fold}", extn="2001", login=epoch, logout=epoch + 600
    )


def logins(folder: Path, day: date, source: list[dict[str, Any]]) -> Files:
    """Build a pair whose primary has more logins of a day than the secondary, which has one at each end."""
    ends = [login(datetime(day.year, day.month, day.day, hour, 5)) for hour in (0, 6)]
    whole_day = datetime(day.year, day.month, day.day, 7)
    return build_files(
        folder,
        ["haglog", "htrunk"],
        both={
            "dcalloc": [storage("agent login/logout")],
            "htrunk": trunks(0, 700, row_date=day),
            "haglog": [{**one, "seqnum": number} for number, one in enumerate(ends, 1)],
        },
        primary={"haglog": [{**one, "seqnum": number} for number, one in enumerate(source, 3)]},
        archived=whole_day,
        as_of=whole_day,
        settings='timezone = "America/Denver"',
    )


def copied(files: Files, window: str) -> set[str]:
    """Resync logins in a window and return the ids of those that were copied."""
    before = {one[3] for one in files.bag("secondary", "haglog")}
    resync(files, window=window, tables=("haglog",))
    return {one[3].strip() for one in files.bag("secondary", "haglog") if one[3] not in before}


def test_epoch_seconds_are_read_in_the_zone_of_the_switch(tmp_path: Path) -> None:
    """A window of wall clock selects the logins of that time in the pair's zone, not in UTC."""
    day = date(2000, 6, 5)
    moments = [datetime(2000, 6, 5, 4, 59), datetime(2000, 6, 5, 5, 0), datetime(2000, 6, 5, 5, 29)]
    files = logins(tmp_path, day, [login(one) for one in [*moments, datetime(2000, 6, 5, 5, 30)]])

    assert copied(files, "2000-06-05 05:13..05:19") == {"05000", "05290"}


def test_a_repeated_hour_is_taken_whole(tmp_path: Path) -> None:
    """In autumn 1:10 is twice: logins of both passes of that half hour are copied."""
    both = [login(datetime(2000, 10, 29, 1, 10), fold=fold) for fold in (0, 1)]
    files = logins(tmp_path, AUTUMN, [*both, login(datetime(2000, 10, 29, 2, 10))])

    assert copied(files, "2000-10-29 01:10..01:20") == {"01100", "01101"}


def test_a_window_over_the_repeated_hour_takes_both_passes(tmp_path: Path) -> None:
    """A window from before to after the repeated hour has every login of its five hours."""
    times = [((0, 40), 0), ((1, 10), 0), ((1, 40), 0), ((1, 10), 1), ((1, 40), 1), ((2, 10), 0)]
    files = logins(tmp_path, AUTUMN, [login(datetime(2000, 10, 29, *time), fold=fold) for time, fold in times])

    assert len(copied(files, "2000-10-29 00:30..02:29")) == 6


@pytest.mark.parametrize(
    ("window", "wanted"),
    [
        ("2000-04-02 01:31..03:29", {"01400", "03100"}),
        ("2000-04-02 01:31..02:29", {"01400"}),
        ("2000-04-02 02:30..03:29", {"03100"}),
    ],
)
def test_a_skipped_hour_loses_no_login_beside_it(tmp_path: Path, window: str, wanted: set[str]) -> None:
    """In spring 2:00-2:59 does not exist: a window with an end in it takes the logins before and after it."""
    source = [login(datetime(2000, 4, 2, 1, 40)), login(datetime(2000, 4, 2, 3, 10))]
    files = logins(tmp_path, SPRING, source)

    assert copied(files, window) == wanted


def test_a_window_inside_the_skipped_hour_selects_nothing(tmp_path: Path) -> None:
    """A time that never was has no login, and a window of it changes no login near it."""
    source = [login(datetime(2000, 4, 2, 1, 40)), login(datetime(2000, 4, 2, 3, 10))]
    files = logins(tmp_path, SPRING, source)

    with pytest.raises(WindowError, match="nothing was compared"):
        copied(files, "2000-04-02 02:10..02:20")


def test_the_repeated_interval_has_rows_twice_under_one_label(tmp_path: Path) -> None:
    """Interval rows of the repeated hour share label and key: both are copied."""
    now = datetime(2000, 10, 29, 7)
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": [trunk(30, row_date=AUTUMN), trunk(200, row_date=AUTUMN)]},
        primary={"htrunk": [trunk(100, row_date=AUTUMN, incalls=4), trunk(100, row_date=AUTUMN, incalls=6)]},
        secondary={"htrunk": [trunk(100, row_date=AUTUMN, incalls=4)]},
        archived=now,
        as_of=now,
    )

    done = resync(files, window="2000-10-29 01:10..01:20", tables=("htrunk",))

    assert ranges(done.plan)["htrunk", 1][1] == "2000-10-29 01:00-01:29"
    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")


def test_the_skipped_interval_is_no_drift(tmp_path: Path) -> None:
    """Neither server has rows of the skipped hour: a window over it finds nothing to repair and nothing lost."""
    now = datetime(2000, 4, 2, 7)
    rows = [*trunks(0, 200, row_date=SPRING), *trunks(300, 700, row_date=SPRING)]
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": rows}, archived=now, as_of=now)

    planned = plan_of(files, window="2000-04-02 01:30..03:29", tables=("htrunk",))

    assert planned.steps == ()
    assert skipped(planned) == {}


@pytest.mark.parametrize("how", ["resync", "backfill"])
def test_a_run_is_checked_although_our_clock_is_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Where this machine's clock is set back during a run, the check after it compares all that was written."""
    clock = [datetime(2000, 6, 5, 7, 10, tzinfo=UTC)]

    def now(zone: tzinfo | None = None) -> datetime:
        return clock[0].astimezone(zone) if zone else clock[0].replace(tzinfo=None)

    def set_back(_inserts: int, _table: str) -> None:
        clock[0] = datetime(2000, 6, 4, 7, 10, tzinfo=UTC)

    files = build_files(
        tmp_path,
        ["htrunk"],
        primary={"htrunk": trunks()},
        secondary={"htrunk": [*trunks(past=500), *trunks(530)] if how == "resync" else []},
    )
    files.pair_file.write_text(files.pair_file.read_text().replace("as_of = 2000-06-05T07:10:00\n", ""))
    monkeypatch.setattr(machine, "now", now)
    interfere(monkeypatch, Role.SECONDARY, Interference(after_commit=set_back))
    pair = files.open()
    options: dict[str, Any] = {"window": "2000-06-05 04:00..06:59", "tables": ("htrunk",)}

    ran = pair.execute(pair.plan_resync(**options) if how == "resync" else pair.plan_backfill(**options))

    assert ran.outcome.done
    assert ran.outcome.stopped == ""
    assert ran.after.in_sync if ran.after else [one.in_sync for one in ran.portions] == [True]


def test_a_call_cut_after_the_autumn_night_is_made_whole(tmp_path: Path) -> None:
    """The diary counts the hour that comes twice, and the link is back when the clock says so: no piece stays."""

    def call(begin: datetime) -> dict[str, Any]:
        since, until = (int(one.replace(tzinfo=DENVER).timestamp()) for one in (begin, datetime(2000, 10, 29, 4, 36)))
        times = {"row_date": AUTUMN, "row_time": begin.hour * 100 + begin.minute, "segstart": since, "segstop": until}
        return row("call_rec", callid=7, segment=1, duration=until - since, **times)

    down = row("linkex", acd=1, row_date=date(2000, 10, 28), row_time=2133, reason=97, duration=8 * 3600, seqno=1)
    files = build_files(
        tmp_path,
        ["htrunk", "call_rec"],
        both={"htrunk": trunks(430, 700, row_date=AUTUMN)},
        primary={"call_rec": [call(datetime(2000, 10, 29, 4, 33, 20))], "linkex": [down]},
        secondary={"htrunk": trunks(0, 430, row_date=AUTUMN), "call_rec": [call(datetime(2000, 10, 29, 4, 31))]},
        archived=datetime(2000, 10, 29, 7),
        as_of=datetime(2000, 10, 29, 7),
        settings='timezone = "America/Denver"',
        whole=True,
    )
    opened = files.open()

    plan = opened.plan_outages()
    assert plan is not None
    opened.execute(plan)

    assert files.run("primary", "SELECT row_time FROM call_rec") == [(431,)]
