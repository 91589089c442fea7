"""What is shown for one outage: its verdict before and after, its notes, and the command, which does what it says."""

from __future__ import annotations

import shlex
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.builders import Files, build_files, row
from tests.cli.terminal import Typing
from tests.examples import some_of
from tests.jobs.test_outages import OPEN, broken, guides, link
from tests.scenes import code, storage, trunks

LENGTHS = (15, 30, 60)
BLIND = ("primary", "secondary", "both")


def halves(folder: Path, lengths: dict[str, int], blind: str) -> Files:
    """Build a pair whose servers cut the morning into intervals of some lengths, and one or both were blind at 5:13."""

    def rows(server: str) -> dict[str, list[dict[str, Any]]]:
        minutes = lengths[server]
        past = 500 + max(minutes, 30) if minutes < 60 else 600
        hit: dict[str, Any] = (
            {"incalls": 1, "incomplete": 1 + (server == "secondary")} if blind in (server, "both") else {}
        )
        made = {
            "htrunk": [
                *trunks(400, 500, minutes=minutes),
                *trunks(500, past, minutes=minutes, **hit),
                *(trunks(530, 600, minutes=minutes) if past < 600 else []),
                *trunks(600, 700, minutes=minutes),
            ],
            "hcwc": [code(500, intrvl=minutes, acdcalls=1 if hit else 3, incomplete=int(bool(hit)))],
        }
        return {**made, "linkex": [link(513, 360)] if blind == server else []}

    return build_files(folder, ["htrunk", "hcwc"], primary=rows("primary"), secondary=rows("secondary"))


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("primary", "secondary", "blind"),
    some_of([*product(LENGTHS, LENGTHS, BLIND)], 20),
)
def test_the_command_for_an_outage_does_what_it_says(
    tmp_path: Path, typed: Typing, primary: int, secondary: int, blind: str
) -> None:
    """Typed as it is shown, also where lengths of intervals differ, the command leaves nothing to be offered."""
    files = halves(tmp_path, {"primary": primary, "secondary": secondary}, blind)
    (before,) = typed("outages", "--json", "--pair", files.pair_file).document["outages"]

    done = typed(*shlex.split(before["repair"])[1:], "--yes")

    after = typed("outages", "--json", "--pair", files.pair_file)
    assert done.code == 0
    assert [outage["repair"] for outage in after.document["outages"]] == [None]
    assert after.code == 0


def test_the_command_for_an_outage_has_the_same_options(tmp_path: Path, typed: Typing) -> None:
    """The commands named leave out the tables, times and ACDs that the report leaves out."""
    files = guides(tmp_path)
    requested = ("--since", "2000-06-05 04:00", "--acd", "1", "--exclude-table", "hcwc")

    result = typed("outages", *requested, "--pair", files.pair_file)
    alone, at_once = (line for line in result.out.splitlines() if "syncengine resync" in line)

    assert alone.endswith("--window '2000-06-05 05:00..05:29' --acd 1 --policy reconcile --exclude-table hcwc")
    assert at_once.endswith("--outages --since '2000-06-05 04:00' --acd 1 --exclude-table hcwc --dry-run")
    assert typed(*shlex.split(at_once)[1:]).code == 3
    assert typed(*shlex.split(alone)[1:], "--yes").code == 0


def test_unlike_counts_of_incomplete_have_one_verdict(tmp_path: Path, typed: Typing) -> None:
    """What neither server recorded whole is lost, before the better rows are copied and after; then it is settled."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": [*OPEN, *trunks(530, 600)]},
        primary={"htrunk": trunks(500, 530, incalls=3, incomplete=1)},
        secondary={"htrunk": trunks(500, 530, incalls=1, incomplete=2)},
    )

    before = typed("outages", "--pair", files.pair_file)
    assert typed("resync", "--outages", "--yes", "--pair", files.pair_file).code == 0
    after = typed("outages", "--pair", files.pair_file)

    place = "ACD 1  2000-06-05 05:00-05:29  lost on both"
    assert before.code == 3
    assert f"{place}; some rows can be copied from primary to secondary: 1 table, 2 rows" in before.out
    assert (after.code, f"{place}\n" in after.out, "syncengine resync" in after.out) == (0, True, False)
    assert "1 outage: 1 lost on both." in before.out
    assert "1 outage: 1 lost on both." in after.out


def test_an_outage_needs_no_note_of_thresholds_and_codes(tmp_path: Path, typed: Typing) -> None:
    """What the diary explains is not put down to administration by hand; the same drift without a diary is."""
    files = build_files(
        tmp_path,
        ["htrunk", "hcwc", "agex"],
        both={"htrunk": [*OPEN, *trunks(530, 600)], "dcalloc": [storage("exceptions")], "hcwc": [code(400)]},
        primary={
            "htrunk": trunks(500, 530),
            "hcwc": [code(500)],
            "agex": [row("agex", row_time=514, seqno=1, extype=1, logid="4001", split=1)],
        },
        secondary={"htrunk": broken(500, 530), "linkex": [link(513, 360)]},
    )
    plan = ("resync", "--outages", "--dry-run", "--pair", files.pair_file)
    verify = ("verify", "--window", "2000-06-05 05:13..05:19", "--set", "history", "--pair", files.pair_file)

    assert "hcwc" in typed(*plan).out
    assert "follow" not in typed(*plan).out
    assert "Where it comes from" not in typed(*verify).out
    files.run("secondary", "DELETE FROM linkex")
    result = typed(*verify).text
    assert "agex follows from ag_ex_adm, not compared here" in result
    assert "hcwc follows from Call Center Administration: Call Work Codes" in result


def test_the_name_of_a_server_is_said_once(tmp_path: Path, typed: Typing) -> None:
    """A note about a table that cannot be read begins with its server, and what the server said does not repeat it."""
    files = guides(tmp_path)
    files.run("primary", "ALTER TABLE arch_stat RENAME TO gone")
    files.run("primary", "CREATE VIEW arch_stat AS SELECT * FROM gone")
    files.run("primary", "DROP TABLE gone")

    result = typed("outages", "--pair", files.pair_file).out

    note = next(line for line in result.splitlines() if line.startswith("Note: "))
    assert note.startswith("Note: primary: arch_stat cannot be read, so how far its archives have run is not known (")
    assert note.count("primary") == 1
    assert "(primary: " not in result
