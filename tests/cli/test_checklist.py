"""`syncengine checklist`: what it prints, what it saves, what it refuses."""

from __future__ import annotations

import json
import shutil
import stat
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from syncengine.staging.checklist_file import ChecklistFile
from syncengine.staging.pair_lock import pair_locked
from tests.builders import Files, build_files
from tests.cli.terminal import CommandResult, Typing, contents
from tests.following import archived, link_down
from tests.rules.hooked import fails, hook, notes, python, ran, with_hooks
from tests.scenes import trunks

NAME = "collection-off-and-on"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a pair at five o'clock, with hooks for some lines; it is copied, never written to."""
    files = build_files(tmp_path_factory.mktemp("built") / "pair", ["htrunk"], both={"htrunk": trunks(400, 700)})
    archived(files, "05:00")
    users = hook("log-off", python("print('12 users informed')"))
    return with_hooks(files, users, hook("single-user", fails()), hook("multi-user")).folder


@pytest.fixture
def files(built: Path, tmp_path: Path) -> Files:
    """Return such a pair."""
    return Files(Path(shutil.copytree(built, tmp_path / "pair")))


def checklist(typed: Typing, files: Files, *options: object) -> CommandResult:
    """Type the checklist of a pair."""
    return typed("checklist", NAME, "--pair", files.pair_file, *map(str, options))


def line(result: CommandResult, number: int) -> dict[str, object]:
    """Return a line of its document."""
    found: dict[str, object] = next(one for one in result.document["lines"] if one["number"] == number)
    return found


def record(files: Files) -> Path:
    """Return the file of the checklist."""
    return files.folder / "pair.staging" / "checklists" / f"{NAME}.json"


def test_without_a_name_the_checklists_are_listed(typed: Typing) -> None:
    """Each with what it is for, and how to show it and fill it in."""
    result = typed("checklist")

    assert result.code == 0
    assert "base-load-upgrade Both servers get a new base load" in result.text
    assert "syncengine checklist NAME --pair FILE" in result.text


def test_without_a_pair_it_is_the_bare_list(typed: Typing) -> None:
    """Every line of every way with an empty box, its reason and its command; exit code 0."""
    result = typed("checklist", NAME)

    assert result.code == 0
    assert result.out.count("[ ]") == 19
    assert "Way guide: as the guide has it, in single-user mode." in result.out
    assert "Put the primary in single-user mode. (guide 2; only way guide)" in result.out
    assert "syncengine resync --pair FILE --outages" in result.out


def test_showing_a_checklist_begins_nothing(files: Files, typed: Typing) -> None:
    """A checklist that is only shown is not saved, and says how to begin it; no server is written to."""
    before = contents(files.folder)

    result = checklist(typed, files)

    assert result.code == 3
    assert f"syncengine checklist {NAME} --pair {files.pair_file} --anew" in result.out
    assert contents(files.folder) == before


def test_what_is_ticked_is_stored_for_the_user_alone(files: Files, typed: Typing) -> None:
    """Ticks stay, with when and by whom; the file is versioned, and nobody else can read it."""
    checklist(typed, files, "--tick", 2, "--tick", 5, "--at", "2000-06-05 04:58")

    result = checklist(typed, files)

    assert "[x]  2. Tell users to log off" in result.out
    assert "2000-06-05 04:58, ticked by hand" in result.out
    assert json.loads(record(files).read_text())["version"] == 1
    assert stat.S_IMODE(record(files).stat().st_mode) == 0o600
    assert stat.S_IMODE(record(files).parent.stat().st_mode) == 0o700


def test_what_the_pair_shows_is_ticked_since_it_was_begun(files: Files, typed: Typing) -> None:
    """An outage of before ticks nothing unless --since includes it; a later one stays though it passes."""
    link_down(files, "primary", "04:35", "04:40")
    begun = checklist(typed, files, "--anew", "--json")
    earlier = checklist(typed, files, "--tick", 2, "--since", "2000-06-05 04:00", "--json")
    link_down(files, "primary", "05:13", "05:19")

    now = checklist(typed, files, "--json")
    files.run("primary", "DELETE FROM linkex")
    stored = checklist(typed, files, "--json")

    assert line(begun, 4)["tick"] is None
    assert line(earlier, 4)["tick"] == {
        "at": "2000-06-05T04:35:00",
        "by": "probe",
        "how": "diary of links: down since 2000-06-05 04:35, data collection was turned off",
    }
    assert line(stored, 4)["tick"] == line(earlier, 4)["tick"] != line(now, 5)["tick"]


def test_a_hook_carries_out_its_line(files: Files, typed: Typing) -> None:
    """--do runs it for the server of the line, passes it the line, and ticks with its output."""
    assert "Tell users to log off the primary (time A). (guide 1) [hook]" in checklist(typed, files).out

    result = checklist(typed, files, "--do", 2, "--json")

    assert line(result, 2)["tick"]["how"] == "primary: 12 users informed"  # type: ignore[index]
    ((_, environment),) = notes(files)
    assert (environment["SYNCENGINE_HOOK"], environment["SYNCENGINE_SERVER"]) == ("log-off", "primary")
    again = checklist(typed, files, "--do", 2)
    assert (again.code, len(notes(files))) == (2, 1)
    assert "Line 2 is done already, since 2000-06-05 05:00: its hook is not run again." in again.err
    assert checklist(typed, files, "--untick", 2, "--do", 2).code == 3
    assert len(notes(files)) == 2
    assert environment["SYNCENGINE_LINES"] == "Tell users to log off the primary (time A)."


def test_a_hook_that_fails_ticks_nothing(files: Files, typed: Typing) -> None:
    """It is named with its output, exit code 1; what another hook did before it stays ticked."""
    result = checklist(typed, files, "--do", 2, "--do", 3)

    assert result.code == 1
    assert result.err.startswith(
        "Line 3 is not ticked: the hook single-user of primary ended with exit code 3, and printed: "
    )
    after = checklist(typed, files, "--json")
    assert (line(after, 2)["done"], line(after, 3)["done"]) == (True, False)


BAD = [
    (["--tick", "0"], f"The checklist {NAME} has no line 0. It has lines 1 to 19."),
    (["--untick", "20"], f"The checklist {NAME} has no line 20."),
    (["--tick", "-3"], "has no line -3"),
    (["--tick", "x"], "not a whole number"),
    (
        ["--way", "multi-user", "--tick", "3"],
        "Line 3 of collection-off-and-on does not belong to the way multi-user",
    ),
    (["--way", "quick"], f"The checklist {NAME} has no way 'quick'. Choose guide or multi-user."),
    (["--tick", "2", "--untick", "2"], "Line 2 cannot be ticked and unticked at once."),
    (["--do", "5"], "Line 5 has no hook that carries it out. Do it by hand, then tick it."),
    (["--do", "4"], "or name a command for primary under [hooks.collection-off] in the pair file."),
    (["--do", "10"], "`syncengine resync --outages --rollups recompute --pair "),
    (["--at", "2000-06-05 05:00"], "--at requires --tick or --do. Add --tick N."),
    (["--tick", "2", "--at", "yesterday"], "yesterday"),
    (
        ["--tick", "2", "--at", "2000-06-05 05:01"],
        "--at '2000-06-05 05:01' lies in the future: it is 2000-06-05 05:00 now.",
    ),
    (["--since", "2001-06-05"], "--since '2001-06-05 00:00' lies in the future"),
]


def test_bad_input_is_one_sentence(files: Files, typed: Typing) -> None:
    """A line, a way or a time that is none is named with what to type instead; nothing is begun or saved."""
    for options, sentence in BAD:
        result = checklist(typed, files, *options)

        assert result.code == 2, options
        assert sentence in result.err
    assert not record(files).exists()


def test_what_belongs_to_a_pair_needs_one(typed: Typing) -> None:
    """A tick without a pair, a pair without a name, or a name that is none: exit code 2."""
    assert "Add --pair FILE." in typed("checklist", NAME, "--tick", "1").err
    assert "Name one of base-load-upgrade" in typed("checklist", "--pair", "pair.toml").err
    assert "There is no checklist 'upgrade'." in typed("checklist", "upgrade").err
    assert typed("checklist", "upgrade").code == 2


def test_untick_takes_only_what_comes_from_now_on(files: Files, typed: Typing) -> None:
    """A link drop that was taken for collection being off is unticked, and does not come again."""
    checklist(typed, files, "--anew")
    link_down(files, "primary", "05:01", "05:02")
    ticked = checklist(typed, files, "--json")

    unticked = checklist(typed, files, "--untick", 4, "--json")
    link_down(files, "primary", "05:13", "05:19")
    again = checklist(typed, files, "--json")

    assert line(ticked, 4)["done"] is True
    assert line(unticked, 4)["done"] is False
    assert line(again, 4)["tick"]["at"] == "2000-06-05T05:13:00"  # type: ignore[index]


def test_a_tick_by_hand_replaces_what_a_probe_found(files: Files, typed: Typing) -> None:
    """A tick with the true time replaces the one a probe made."""
    checklist(typed, files, "--anew")
    link_down(files, "primary", "05:13", "05:19")
    checklist(typed, files)

    result = checklist(typed, files, "--tick", 4, "--at", "2000-06-05 05:11", "--json")

    assert line(result, 4)["tick"] == {"at": "2000-06-05T05:11:00", "by": "hand", "how": ""}


def test_what_no_probe_can_find_yet_contradicts_no_tick(files: Files, typed: Typing) -> None:
    """Collection is off, and the diary shows it only once it is on again: a tick by hand is believed."""
    result = checklist(typed, files, "--tick", 4)

    assert "[x]  4." in result.out
    assert "[!]" not in result.out


def test_a_tick_that_the_pair_contradicts_is_reported(files: Files, typed: Typing) -> None:
    """Ticked by hand, and the archive has not run: it is said, with how to untick, and the exit code stays 3."""
    every = [word for number in range(1, 20) for word in ("--tick", number)]
    link_down(files, "primary", "05:13", "05:19")

    result = checklist(typed, files, *every)

    assert result.code == 3
    assert "[!]  9. Wait until the interval" in result.out
    assert "But: primary has archived ACD 1 up to 2000-06-05 05:00" in result.out
    assert f"syncengine checklist {NAME} --pair {files.pair_file} --untick 9" in result.out


def test_anew_forgets_the_ticks(files: Files, typed: Typing) -> None:
    """It begins again: nothing is ticked by hand any more."""
    checklist(typed, files, "--tick", 2)

    result = checklist(typed, files, "--anew", "--json")

    assert line(result, 2)["done"] is False


def test_a_way_is_remembered(files: Files, typed: Typing) -> None:
    """The other way leaves lines out, whose numbers no other line gets, and stays the chosen one."""
    checklist(typed, files, "--anew", "--way", "multi-user")

    result = checklist(typed, files)

    assert "single-user mode. (guide 2" not in result.out
    assert "[ ]  4. Turn data collection off on the primary" in result.out
    assert "Another way, whose lines are not listed: as the guide has it" in result.out


def test_while_a_run_writes_nothing_is_ticked(files: Files, typed: Typing) -> None:
    """A tick is refused with exit code 4; the list is shown all the same."""
    checklist(typed, files, "--anew")
    before = record(files).read_bytes()
    link_down(files, "primary", "05:13", "05:19")

    with pair_locked(files.folder / "pair.staging"):
        refused = checklist(typed, files, "--tick", 2)
        shown = checklist(typed, files)

    assert refused.code == 4
    assert "Another run is writing to this pair" in refused.err
    assert shown.code == 3
    assert "the filled-in lines could not be saved: another run is writing" in shown.out
    assert record(files).read_bytes() == before


def test_a_damaged_record_is_named_and_begun_again(files: Files, typed: Typing) -> None:
    """A byte that is another is seen; what is lost and what to type is said, and that works."""
    checklist(typed, files, "--tick", 2)
    text = record(files).read_text()
    record(files).write_text(text.replace("log-off-primary", "log-off-primarx"))

    result = checklist(typed, files)

    assert result.code == 1
    assert "is damaged; it is no longer known which of its lines were ticked." in result.err
    assert f"`syncengine checklist {NAME} --anew --pair {files.pair_file}` starts it again" in result.err
    assert checklist(typed, files, "--anew").code == 3


def test_a_record_of_a_later_release_is_left_alone(
    files: Files, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version that is not known here is named, and not taken for an older one."""
    monkeypatch.setattr("syncengine.staging.checklist_file.VERSION", 2)
    checklist(typed, files, "--tick", 2)
    monkeypatch.undo()

    result = checklist(typed, files)

    assert result.code == 1
    assert "was written by a later release of syncengine" in result.err


def test_a_write_that_is_cut_short_leaves_what_was_stored(
    files: Files, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is written beside and renamed: until then the ticks of before are all there."""
    checklist(typed, files, "--tick", 2)
    before = record(files).read_bytes()

    def cut_short(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("syncengine.staging.durable.os.fsync", cut_short)
        result = checklist(typed, files, "--tick", 5)

    assert result.code == 1
    assert "There is no disk space left for staging" in result.err
    assert record(files).read_bytes() == before
    assert ChecklistFile(files.folder / "pair.staging", NAME).load() is not None


def test_a_server_that_does_not_answer_ends_nothing(files: Files, typed: Typing) -> None:
    """During an upgrade one server is down: its lines are to be ticked by hand, and the list goes on."""
    files.database("secondary").write_bytes(b"no database")

    result = typed("checklist", "base-load-upgrade", "--pair", files.pair_file, "--tick", "6")

    assert result.code == 3
    assert "Not known: secondary: " in result.out
    assert "[x]  1. Note the CMS version and load" in result.out


def test_a_list_of_another_day_is_not_done_today(files: Files, typed: Typing) -> None:
    """Nightly is begun anew each day: where it was not, yesterday's ticks are shown as such, and nothing is done."""
    nightly = ("checklist", "nightly", "--pair", files.pair_file)
    path = record(files).with_name("nightly.json")
    ticks = [word for number in range(1, 16) for word in ("--tick", str(number))]
    today = typed(*nightly, "--anew", *ticks)
    begun = json.loads(path.read_text())["checklist"]["begun"]
    earlier = ChecklistFile(files.folder / "pair.staging", "nightly")
    found = earlier.load()
    assert found is not None
    earlier.save(replace(found, begun=found.begun - timedelta(days=1)))

    later = typed(*nightly)

    assert (today.code, later.code) == (0, 3)
    assert "All 15 lines are done" in today.out
    yesterday = datetime.fromisoformat(begun) - timedelta(days=1)
    assert f"Its ticks are of {yesterday:%Y-%m-%d}. To begin today's checklist, type" in later.out
    assert typed(*nightly, "--json").document["done"] is False
    assert typed(*nightly, "--anew").code == 3
    assert "Its ticks are of" not in typed(*nightly).out


def test_a_list_of_long_ago_says_that_it_is(files: Files, typed: Typing) -> None:
    """What was ticked in the last takeover is not taken for this one's: how long ago it was begun is said."""
    checklist(typed, files, "--tick", 2)
    file = ChecklistFile(files.folder / "pair.staging", NAME)
    found = file.load()
    assert found is not None
    file.save(replace(found, begun=found.begun - timedelta(days=90)))

    assert "90 days ago; for a new event begin it again with --anew" in checklist(typed, files).text
    assert "days ago" not in checklist(typed, files, "--anew").text


def test_lines_with_nothing_to_do_are_not_counted_as_done(files: Files, typed: Typing) -> None:
    """Where no administration has to be copied, its lines do not count as progress."""
    result = typed("checklist", "secondary-return", "--pair", files.pair_file, "--tick", "1")

    assert "[-]  5. Check whether administration was changed" in result.out
    assert "2 of 13 lines are done, and 4 have nothing to do. Next is line 2." in result.out


def status(typed: Typing, files: Files) -> CommandResult:
    """Type the status of a pair, from its ledger alone."""
    return typed("status", "--ledger", "--pair", files.pair_file)


@pytest.mark.parametrize("back", ["--do", pytest.param("--tick", marks=pytest.mark.soak)])
def test_a_server_in_single_user_mode_is_reported_until_it_is_back(back: str, files: Files, typed: Typing) -> None:
    """Status names a server that --do has put there, also where the list is begun anew; runs leave it to the list."""
    with_hooks(files, hook("single-user"), hook("multi-user"))
    checklist(typed, files, "--do", 3)
    files.run("secondary", "UPDATE htrunk SET incalls = 1 WHERE starttime = 400")

    reported = status(typed, files)
    checklist(typed, files, "--anew")
    resynced = typed("resync", "--window", "2000-06-05 04:00..04:29", "--yes", "--pair", files.pair_file)
    still = status(typed, files)
    checklist(typed, files, back, 7)
    after = status(typed, files)

    assert [one.code for one in (reported, resynced, still, after)] == [5, 0, 5, 0]
    assert "A hook of a checklist put primary in single-user mode." in reported.text
    assert ran(files) == ["single-user", *(["multi-user"] if back == "--do" else [])]


def test_a_hook_that_was_stopped_may_have_done_it(files: Files, typed: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    """After Ctrl-C nothing is ticked, and until it is, the list says that it was begun; status does too."""
    with_hooks(files, hook("single-user"), hook("multi-user"))

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("syncengine.jobs.hook_commands.run_command", stopped)
        result = checklist(typed, files, "--do", 3)
    later, known = checklist(typed, files), status(typed, files)

    assert result.code == 130
    assert "[ ]  3. Put the primary" in later.out
    assert "line 3: the hook single-user of primary was stopped by the user; check whether it was done" in later.text
    assert known.code == 5
    assert "Note: line 3" not in checklist(typed, files, "--tick", 3).text


def test_of_two_servers_the_one_whose_hook_has_done_it_is_named(files: Files, typed: Typing) -> None:
    """The line is not ticked where the second fails, and what was done on the first is said."""
    with_hooks(files, hook("collection-on", python("sys.exit(os.environ['SYNCENGINE_SERVER'] == 'secondary')")))

    result = typed("checklist", "new-server", "--pair", files.pair_file, "--do", "10")

    assert result.code == 1
    assert "the hook collection-on of secondary ended with exit code 1. Done before it: primary" in result.err
