"""Side effects of tables are known before every plan of any kind, and reported after every run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.pair import Role
from syncengine.model.plan import Plan
from syncengine.model.refusals import SideEffectError
from syncengine.model.surroundings import OnDelete, Reference, Surroundings, Trigger, Write
from syncengine.servers.duckdb.server import DuckDBServer
from tests.builders import Files, build_files, half_hours, row
from tests.cli.terminal import TRUNKS, CommandResult, Typing, drifting_pair
from tests.jobs.test_outages import guides
from tests.rules.summarised import pair as summarised
from tests.rules.test_rule_10_rollup_repair import IN_MAY, window
from tests.rules.timetabled import three_owners
from tests.scenes import WINDOW

REAL_SURROUNDINGS = DuckDBServer.surroundings
ADDS_UP = Trigger("c_adding", (Write.INSERT,))
TAKES_AWAY = Reference("c_fk", "c_notes", "htrunk", ("n",), OnDelete.CASCADE)


@contextmanager
def with_surroundings(*tables: str, **around: Any) -> Iterator[None]:
    """Let the secondary report something around tables, around all where none is named, that embedded servers lack."""

    def surroundings(self: DuckDBServer, names: Collection[str]) -> dict[str, Surroundings]:
        found = dict(REAL_SURROUNDINGS(self, names))
        if self.describe().role is Role.SECONDARY:
            found |= {name: replace(one, **around) for name, one in found.items() if name in tables or not tables}
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DuckDBServer, "surroundings", surroundings)
        yield


def renamed(folder: Path) -> Files:
    """Build a pair of which one name differs."""
    names = {role: {"synonyms": [row("synonyms", item_name=role, value="7")]} for role in ("primary", "secondary")}
    return build_files(folder, ["synonyms"], primary=names["primary"], secondary=names["secondary"])


def blind_in_may(folder: Path) -> Files:
    """Build a pair with a half hour that was not recorded, and roll-ups that include it."""
    return summarised(folder, blind={IN_MAY: 1030})


def edit(files: Files, **allowed: str) -> Plan:
    """Plan to let timetables run on the secondary."""
    return files.open().plan_run_on("this", owners="jm", **allowed)


PLANS: dict[str, tuple[Callable[[Path], Files], Callable[..., Plan | None], str]] = {
    "resync": (
        drifting_pair,
        lambda files, **a: files.open().plan_resync(window=WINDOW, tables="htrunk", **a),
        "htrunk",
    ),
    "sync": (renamed, lambda files, **a: files.open().plan_sync(tables="synonyms", **a), "synonyms"),
    "outages": (guides, lambda files, **a: files.open().plan_outages(**a), "htrunk"),
    "rollups": (
        blind_in_may,
        lambda files, **a: files.open().plan_resync(window=window(), tables="hcwc", rollups="recompute", **a),
        "dcwc",
    ),
    "timetables": (three_owners, edit, "ttsched"),
}


@pytest.mark.soak("rollups", "outages", "resync", "sync")
@pytest.mark.parametrize("what", sorted(PLANS))
def test_side_effects_of_every_plan_are_checked(tmp_path: Path, what: str) -> None:
    """Whatever a plan is for: a trigger at a table it writes, roll-ups included, refuses it until it is allowed."""
    build, make, table = PLANS[what]
    files = build(tmp_path)

    with with_surroundings(table, triggers=(ADDS_UP,)):
        with pytest.raises(SideEffectError, match="c_adding") as refused:
            make(files)
        made = make(files, allow_triggers=table)
        assert made is not None
        result = files.open().execute(made)

    assert f"`allow_triggers={table!r}`" in refused.value.hint
    assert {(one.table, one.effect.name) for one in made.effects_on_rows} == {(table, "c_adding")}
    assert result.outcome.done
    assert {(one.into, one.table) for one in result.side_effects} == {(Role.SECONDARY, table)}


def test_side_effects_of_a_backfill_are_checked(tmp_path: Path, typed: Typing) -> None:
    """A backfill is refused, and what it was allowed is reported and recorded for its resume."""
    files = drifting_pair(tmp_path)

    def backfill(*words: str) -> CommandResult:
        options = ("--window", "2000-06-04..2000-06-05", "--table", "htrunk", "--policy", "replace", "--yes")
        return typed("backfill", "--pair", files.pair_file, *options, *words)

    before = files.bag("secondary", "htrunk")
    with with_surroundings("htrunk", triggers=(ADDS_UP,)):
        refused = backfill()
        refused_at = files.bag("secondary", "htrunk")
        allowed = backfill("--allow-triggers", "htrunk")
        run = files.open().run()

    assert refused.code == 4
    assert "c_adding" in refused.text
    assert refused_at == before
    assert allowed.code in (0, 3)
    assert "Side effects on other rows than were written" in allowed.text
    assert run.header.request is not None
    assert run.header.request.allowed.triggers == ("htrunk",)
    assert [one.effect.name for one in run.granted.approved] == ["c_adding"]


def test_only_what_the_plan_writes_and_where_it_writes_counts(tmp_path: Path) -> None:
    """A trigger at the source, or at a table that does not differ, refuses nothing."""
    files = drifting_pair(tmp_path)
    files.run("secondary", "CREATE TABLE hcwc AS SELECT * FROM htrunk WHERE FALSE")

    with with_surroundings("htrunk", triggers=(ADDS_UP,)):
        assert files.open().plan_resync(window=WINDOW, tables="htrunk", source="secondary").steps
    with with_surroundings("hcwc", triggers=(ADDS_UP,)):
        assert files.open().plan_resync(window=WINDOW, tables="htrunk").steps


def test_delete_triggers_do_not_count_where_nothing_is_deleted(tmp_path: Path, typed: Typing) -> None:
    """The way out of a cascade that the refusal names, --policy fill, is one."""
    files = build_files(
        tmp_path, ["htrunk"], both={"htrunk": []}, primary={"htrunk": [row("htrunk", starttime=500, tkgrp=1)]}
    )
    with with_surroundings("htrunk", referred_by=(TAKES_AWAY,)):
        assert typed("resync", "--dry-run", "--pair", files.pair_file, *TRUNKS).code == 3
        files.add("secondary", "htrunk", row("htrunk", starttime=500, tkgrp=2))
        refused = typed("resync", "--dry-run", "--pair", files.pair_file, *TRUNKS)
        filled = typed("resync", "--dry-run", "--policy", "fill", "--pair", files.pair_file, *TRUNKS)

    assert refused.code == 4
    assert "--policy fill deletes nothing" in refused.text
    assert filled.code == 3


@pytest.mark.soak
def test_a_planned_table_that_loses_rows_differs_afterwards(tmp_path: Path) -> None:
    """Where a cascade deletes rows of a table that the plan writes itself, the plan says that it will differ."""
    files = build_files(
        tmp_path,
        ["htrunk", "hsplit"],
        primary={"htrunk": [row("htrunk", starttime=500, incalls=9)], "hsplit": half_hours(500, 530, acdcalls=9)},
        secondary={"htrunk": [row("htrunk", starttime=500)], "hsplit": half_hours(500, 530)},
    )
    with with_surroundings("htrunk", referred_by=(replace(TAKES_AWAY, table="hsplit"),)):
        plan = files.open().plan_resync(window=WINDOW, tables=("htrunk", "hsplit"), allow_cascades="htrunk")

    (effect,) = plan.effects_on_rows
    assert effect.effect.message.endswith("and what hsplit loses by it differs after the run")


def test_an_undo_names_the_side_effects_of_its_run(tmp_path: Path) -> None:
    """Triggers allowed to a run are allowed to its undo, and named; a removed trigger stays named."""
    files = drifting_pair(tmp_path)
    pair = files.open()
    with with_surroundings("htrunk", triggers=(ADDS_UP,)):
        ran = pair.execute(pair.plan_resync(window=WINDOW, tables="htrunk", allow_triggers=("htrunk", "hagent")))
        assert pair.plan_undo(ran.outcome.run_id).effects_on_rows
    back = pair.plan_undo(ran.outcome.run_id)
    undone = pair.execute(back)

    assert [one.effect.name for one in back.not_undone] == ["c_adding"]
    assert back.effects_on_rows == ()
    assert undone.side_effects == ()
    assert pair.run().in_sync is False


def test_a_resume_is_bound_by_what_its_run_was_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trigger added after a run was stopped keeps it from being resumed."""
    files = drifting_pair(tmp_path)
    pair = files.open()

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("syncengine.execute.transaction.BatchWriter.write", stop)
        pair.execute(pair.plan_resync(window=WINDOW, tables="htrunk"))
    with with_surroundings("htrunk", triggers=(ADDS_UP,)), pytest.raises(SideEffectError, match="c_adding"):
        pair.resume()

    assert pair.resume().outcome.done


def differing(folder: Path, *statements: str) -> Files:
    """Build a drifting pair with something around hsplit on the secondary."""
    files = build_files(
        folder,
        ["hsplit"],
        primary={"hsplit": half_hours(430, 530, acdcalls=9)},
        secondary={"hsplit": half_hours(430, 530)},
    )
    for statement in statements:
        files.run("secondary", statement)
    return files


def remade(files: Files, what: str) -> None:
    """Make hsplit of the secondary again, with something added to its columns."""
    described = files.run(
        "secondary",
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'hsplit' ORDER BY column_index",
    )
    columns = ", ".join(f'"{name}" {native}' for name, native in described)
    names = ", ".join(f'"{name}"' for name, _ in described)
    for statement in (
        "CREATE TABLE c_copied AS FROM hsplit",
        "DROP TABLE hsplit",
        f"CREATE TABLE hsplit ({columns}, {what})",
        f"INSERT INTO hsplit ({names}) FROM c_copied",
        "DROP TABLE c_copied",
    ):
        files.run("secondary", statement)


HSPLIT = ("--window", WINDOW, "--table", "hsplit")


def test_an_embedded_sequence_is_advanced_and_never_lowered(tmp_path: Path, typed: Typing) -> None:
    """The next number of a target's own is past what was written, and stays so where it was ahead already."""
    numbers = ("CREATE SEQUENCE c_numbers", "ALTER TABLE hsplit ALTER acdtime SET DEFAULT nextval('c_numbers')")
    files = differing(tmp_path, *numbers)
    files.run("primary", "UPDATE hsplit SET acdtime = 3000 + split WHERE starttime = 500")

    output = typed("resync", "--yes", "--pair", files.pair_file, *HSPLIT)
    after = files.run("secondary", "SELECT nextval('c_numbers')")
    files.run("primary", "UPDATE hsplit SET acdtime = 2000 WHERE starttime = 500")
    again = typed("resync", "--yes", "--pair", files.pair_file, *HSPLIT)

    assert output.code == again.code == 0
    assert "the sequence c_numbers that numbers its column acdtime is advanced" in output.text
    assert after == [(3003,)]
    assert files.run("secondary", "SELECT nextval('c_numbers')") == [(3004,)]


def test_an_embedded_table_with_a_key_and_a_check_is_written(tmp_path: Path, typed: Typing) -> None:
    """Locking its rows changes nothing that a key or a check forbids, and the plan names both."""
    files = differing(tmp_path)
    remade(files, "PRIMARY KEY (split, starttime), CHECK (split < 3)")
    files.run("secondary", "CREATE UNIQUE INDEX c_once ON hsplit (starttime, split, acd)")

    output = typed("resync", "--yes", "--pair", files.pair_file, *HSPLIT)

    assert output.code == 0
    assert "no two rows may have the same split, starttime" in output.text
    assert "(c_once)" in output.text
    assert "each row must satisfy" in output.text


@pytest.mark.soak
def test_an_embedded_view_is_refused(tmp_path: Path, typed: Typing) -> None:
    """A view in the place of a table refuses the plan, and `check` lists it."""
    files = differing(
        tmp_path, "CREATE TABLE c_copied AS FROM hsplit", "DROP TABLE hsplit", "CREATE VIEW hsplit AS FROM c_copied"
    )

    output = typed("resync", "--yes", "--pair", files.pair_file, *HSPLIT)
    checked = typed("check", "--pair", files.pair_file)

    assert output.code == 4
    assert "hsplit on secondary is not written: it is a view" in output.text
    assert "hsplit: it is a view" in checked.text
    assert files.open().runs() == ()


def test_an_embedded_generated_column_is_refused(tmp_path: Path, typed: Typing) -> None:
    """A column that the server computes refuses the plan by its name."""
    files = differing(tmp_path)
    files.run("primary", "ALTER TABLE hsplit ADD COLUMN g INTEGER")
    remade(files, "g INTEGER GENERATED ALWAYS AS (acdcalls * 2)")

    output = typed("resync", "--yes", "--pair", files.pair_file, *HSPLIT)

    assert output.code == 4
    assert "its column g is computed by the server itself" in output.text
    assert files.open().runs() == ()


def test_an_embedded_reference_retains_its_rows_and_is_reported(tmp_path: Path, typed: Typing) -> None:
    """Rows that another table refers to stay: the plan names the reference, and the refusal gives table and reason."""
    files = differing(tmp_path)
    remade(files, "UNIQUE (split, starttime)")
    for statement in (
        "CREATE TABLE c_notes (split SMALLINT, starttime SMALLINT, "
        "FOREIGN KEY (split, starttime) REFERENCES hsplit (split, starttime))",
        "INSERT INTO c_notes VALUES (1, 500)",
    ):
        files.run("secondary", statement)
    before = files.bag("secondary", "hsplit")

    output = typed("resync", "--yes", "--pair", files.pair_file, *HSPLIT)

    assert output.code == 1
    assert "a row of hsplit cannot be deleted while a row of c_notes refers to it" in output.text
    assert "step 1 (hsplit) was not done: secondary: a foreign key forbids it" in output.text
    assert files.bag("secondary", "hsplit") == before
