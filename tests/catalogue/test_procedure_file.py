"""Checklists are written down in a file each, and read strictly: a fault names its file and its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from syncengine.catalogue.procedure_file import procedure_names, read_procedure
from syncengine.model.errors import InputError, SpecError
from syncengine.model.procedure import OPPOSITES, ProbeName
from syncengine.planning.probes.registry import PROBES

HEAD = 'title = "A title"\nsource = "chapter 9"\n'
FIRST = '\n[[lines]]\nname = "first"\ntext = "Do it."\n'


def faults(folder: Path, text: str) -> tuple[str, ...]:
    """Return the faults of a file."""
    (folder / "mine.toml").write_text(text)
    with pytest.raises(SpecError) as caught:
        read_procedure("mine", folder)
    return caught.value.faults


def steps(name: str) -> list[int]:
    """Return the steps of the guide that the lines of a checklist do, in order."""
    marks = [line.guide for line in read_procedure(name).lines if re.fullmatch(r"[\d, ]+", line.guide)]
    return [int(step) for mark in marks for step in mark.split(", ")]


@pytest.mark.parametrize("name", procedure_names())
def test_every_checklist_can_be_read(name: str) -> None:
    """Each shipped checklist is without fault, and no line of it is longer than people read."""
    procedure = read_procedure(name)

    assert procedure.title
    assert all(line.text.endswith(".") and len(line.text) < 240 for line in procedure.lines)
    assert not any("`" in line.text for line in procedure.lines)


def test_base_load_upgrade_has_all_33_steps() -> None:
    """Appendix G's steps are in the checklist, each once and in their order."""
    assert steps("base-load-upgrade") == list(range(1, 34))


def test_collection_off_and_on_has_all_18_steps() -> None:
    """Chapter 3's steps are in the checklist, single-user mode in steps 2, 6, 10 and 14 of the guide's way."""
    procedure = read_procedure("collection-off-and-on")

    assert steps("collection-off-and-on") == list(range(1, 19))
    assert procedure.ways[0].name == "guide"
    single = [line for line in procedure.lines if line.kind in ("single-user", "multi-user")]
    assert [(line.guide, line.ways) for line in single] == [(step, ("guide",)) for step in ("2", "6", "10", "14")]


def test_a_probe_for_a_change_comes_after_the_probe_for_no_change() -> None:
    """Loads that were unlike from the start, or a link that dropped in the days before, tick no line of an upgrade."""
    for procedure in map(read_procedure, procedure_names()):
        for line in procedure.lines:
            if line.probe in (ProbeName.LOADS_UNLIKE, ProbeName.SET_UP_UNLIKE, ProbeName.PROFILES_UNLIKE):
                assert procedure.line(line.after).probe is OPPOSITES[line.probe]
            if line.probe is ProbeName.LINKS_DOWN:
                assert line.after


SAID = {"log-off": r"\blog off\b", "log-on": r"\blog on\b", "single-user": "single-user", "multi-user": "multi-user"}


def test_a_line_that_a_hook_ticks_promises_only_what_the_hook_does() -> None:
    """A hook that logs users off does not log them on, nor put a server in any mode."""
    for procedure in map(read_procedure, procedure_names()):
        for line in (line for line in procedure.lines if line.kind is not None):
            said = {kind for kind, words in SAID.items() if re.search(words, line.text)}
            assert said <= {str(line.kind)}, (procedure.name, line.name)


def test_every_line_that_repairs_outages_makes_days_weeks_and_months_anew() -> None:
    """A later run cannot: it finds nothing that differs below them, so that they would stay as they are."""
    repairs = [line.command for name in procedure_names() for line in read_procedure(name).lines]
    repairs = [command for command in repairs if command[:2] == ("resync", "--outages")]

    assert len(repairs) == 7
    assert all(command[-2:] == ("--rollups", "recompute") for command in repairs)


def test_what_was_never_copied_is_added_to_the_secondary_before_its_administration_goes_back() -> None:
    """A copy from the secondary deletes rows that only the primary has: those it got before it failed."""
    commands = [line.command for line in read_procedure("return").lines]

    added = commands.index(("sync", "--set", "SET", "--policy", "fill"))
    assert added < commands.index(("sync", "--set", "administration", "--from", "secondary"))


def test_all_of_administration_is_copied_between_lines_about_single_user_mode() -> None:
    """Its plan needs that mode; a list without such lines names single sets, which need none."""
    for procedure in map(read_procedure, procedure_names()):
        kinds = [line.kind for line in procedure.lines]
        for place, line in enumerate(procedure.lines):
            whole = line.command[:3] == ("sync", "--set", "administration") and "--dry-run" not in line.command
            if whole:
                assert "single-user" in kinds[:place], (procedure.name, line.name)
                assert "multi-user" in kinds[place:], (procedure.name, line.name)


def test_both_ways_of_a_call_profile_change_have_their_costs() -> None:
    """Ours takes two intervals and loses nothing; the guide's is quick and loses minutes for good."""
    ours, guide = read_procedure("call-profile-change").ways

    assert "nothing is lost" in ours.costs
    assert "two intervals" not in guide.costs
    assert "lost for good" in guide.costs


def test_every_probe_is_made() -> None:
    """Every probe a line can name has its own check, and no other has."""
    assert set(PROBES) == set(ProbeName)


def test_an_unknown_checklist_is_refused_with_the_names() -> None:
    """A wrong name is one sentence with the names there are."""
    with pytest.raises(InputError, match=r"There is no checklist 'upgrade'\. There are .*base-load-upgrade"):
        read_procedure("upgrade")
    with pytest.raises(InputError, match="There is no checklist"):
        read_procedure("../pyproject")


def test_all_faults_are_listed_with_their_lines(tmp_path: Path) -> None:
    """Faults of several lines are listed together; each names the file and the line its entry begins on."""
    second = '\n[[lines]]\nname = "second"\ntext = "Do it."\nkind = "backups"\nserver = "tertiary"\n'
    third = '\n[[lines]]\nname = "Third"\ntext = "Two\\nlines"\nsent = "links-back"\n'

    found = faults(tmp_path, HEAD + FIRST + second + third)

    where = f"{tmp_path.name}/mine.toml"
    assert [fault.partition(": ")[0] for fault in found] == [f"{where}, line 8"] * 2 + [f"{where}, line 14"] * 3
    assert re.search("kind: must be 'single-user'", found[1]) or "kind" in found[0]
    assert any("sent: unknown key" in fault for fault in found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + FIRST + FIRST, "line 8: name: an earlier line already has the name 'first'"),
        (HEAD + FIRST + 'probe = "archived"\nafter = "second"\n', "line 4: after: no earlier line has the name"),
        (HEAD + FIRST + "temporary = true\n", "line 4: after and temporary need a probe"),
        (HEAD + FIRST + 'kind = "backup"\n', "line 4: server: a hook runs for a server"),
        (HEAD + FIRST + 'command = ["verify", "--pair", "x"]\n', "line 4: command: leave --pair out"),
        (HEAD + FIRST + 'ways = ["short"]\n', "line 4: ways: no [[ways]] has the name 'short'"),
        (HEAD, "lines: is missing"),
        ("title = \n", "not TOML"),
    ],
)
def test_what_leads_nowhere_is_a_fault(text: str, message: str, tmp_path: Path) -> None:
    """A name that is used twice or does not exist, and a key without what it needs, are faults."""
    (fault,) = [one for one in faults(tmp_path, text) if message in one]

    assert fault.startswith(f"{tmp_path.name}/mine.toml")
