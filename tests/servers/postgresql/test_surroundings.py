"""Side effects of a customer's table on PostgreSQL: known before the plan, refused or named, reported afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from syncengine.model.pair import Role
from syncengine.model.refusals import SideEffectError
from syncengine.model.surroundings import (
    CheckConstraint,
    Counter,
    OnDelete,
    Reference,
    Surroundings,
    Trigger,
    UniqueKey,
    Write,
)
from tests.builders import Files, build_files, half_hours
from tests.cli.terminal import CommandResult, Typing
from tests.examples import some_of
from tests.servers.postgresql.cluster import PASSWORD, Cluster, Database
from tests.servers.postgresql.conftest import Open
from tests.servers.postgresql.loading import PostgreSQLFiles, copy_database

pytestmark = pytest.mark.postgresql
WINDOW = ("--window", "2000-06-05 05:13..05:19", "--table", "hsplit")
ONE_BUCKET = "starttime = 500"
PAIR = """as_of = 2000-06-05T07:10:00
timezone = "UTC"
[primary]
url = "{primary}"
load = "r3v8ag.f"
[secondary]
url = "{secondary}"
load = "r3v8ag.f"
"""


@dataclass(frozen=True)
class Customers:
    """A pair of which one row of hsplit differs, and what a customer has around the table on the secondary."""

    files: PostgreSQLFiles
    typed: Typing

    def have(self, *statements: str, on: str = "secondary") -> None:
        """Run statements of the customer's."""
        for statement in statements:
            self.files.run(on, statement)

    def ask(self, statement: str, on: str = "secondary") -> list[tuple[object, ...]]:
        """Return what a server answers."""
        return self.files.run(on, statement)

    def type(self, command: str, *words: str) -> CommandResult:
        """Type a command."""
        options = WINDOW if command == "resync" else ()
        return self.typed(command, "--pair", self.files.pair_file, *options, *words)


@pytest.fixture
def customers(tmp_path: Path, running: Cluster, typed: Typing, monkeypatch: pytest.MonkeyPatch) -> Iterator[Customers]:
    """Give a pair of databases, copies of ones that are made once."""
    monkeypatch.setenv("CMS_PASSWORD", PASSWORD)

    def built() -> Files:
        if not (tmp_path / "built").exists():
            build_files(
                tmp_path / "built",
                primary={"hsplit": [*half_hours(430, 500), *half_hours(500, 530, acdcalls=9)]},
                secondary={"hsplit": half_hours(430, 530)},
            )
        return Files(tmp_path / "built")

    def filled(role: Role) -> Callable[[Database], None]:
        return lambda empty: copy_database(built().database(role), empty)

    databases: dict[Role, Database] = {}
    for role in Role:
        databases[role] = running.create_filled(("customers", role), filled(role))
    (tmp_path / "pair.toml").write_text(
        PAIR.format(**{role: database.url_for("cms:${CMS_PASSWORD}") for role, database in databases.items()})
    )
    files = PostgreSQLFiles(tmp_path, databases, running)
    yield Customers(files, typed)
    files.end()


KEY = "ALTER TABLE hsplit ADD CONSTRAINT hsplit_key UNIQUE (row_date, starttime, split)"
NOTES = (
    "CREATE TABLE c_notes (note text, row_date date DEFAULT '2000-06-05', starttime smallint, split smallint, "
    "CONSTRAINT c_notes_fk FOREIGN KEY (row_date, starttime, split) "
    "REFERENCES hsplit (row_date, starttime, split) ON DELETE {action})"
)
FIVE_NOTES = (
    "INSERT INTO c_notes (note, starttime, split) VALUES ('a', 430, 1), ('b', 430, 2), ('c', 500, 1), ('d', 500, 2), "
    "('e', 500, 2)"
)
TOTALS = (
    "CREATE TABLE c_totals (calls bigint)",
    "INSERT INTO c_totals SELECT sum(acdcalls) FROM hsplit",
    "CREATE FUNCTION add_up() RETURNS trigger LANGUAGE plpgsql AS "
    "$$BEGIN UPDATE c_totals SET calls = calls + NEW.acdcalls; RETURN NULL; END$$",
    "CREATE TRIGGER c_adding AFTER INSERT ON hsplit FOR EACH ROW EXECUTE FUNCTION add_up()",
)


@pytest.mark.sampled
@pytest.mark.parametrize("action", some_of(["CASCADE", "SET NULL", "SET DEFAULT"], 3))
def test_rows_of_other_tables_are_not_deleted_with_rewritten_rows(customers: Customers, action: str) -> None:
    """A reference that deletes or changes other tables' rows refuses the plan, names them and what to type."""
    customers.have(KEY, NOTES.format(action=action), FIVE_NOTES)
    before = customers.ask("SELECT * FROM c_notes ORDER BY note")
    rows = customers.files.bag("secondary", "hsplit")

    result = customers.type("resync", "--yes")

    assert result.code == 4
    assert "rows of c_notes that refer to a deleted row of hsplit" in result.text
    assert f"foreign key c_notes_fk, on delete {action.lower()}" in result.text
    assert "--allow-cascades hsplit" in result.text
    assert customers.ask("SELECT * FROM c_notes ORDER BY note") == before
    assert customers.files.bag("secondary", "hsplit") == rows


def test_plan_run_and_undo_name_allowed_cascades(customers: Customers) -> None:
    """With --allow-cascades rows are written, and plan, run and undo say which rows an undo leaves gone."""
    customers.have(KEY, NOTES.format(action="CASCADE"), FIVE_NOTES)
    rows = customers.files.bag("secondary", "hsplit")

    ran = customers.type("resync", "--yes", "--allow-cascades", "hsplit")
    notes = customers.ask("SELECT note FROM c_notes ORDER BY note")
    undone = customers.type("undo", "--yes")

    assert ran.code == 0
    assert ran.text.count("rows of c_notes that refer to a deleted row of hsplit are deleted with it") == 2
    assert "An undo does not restore this" in ran.text
    assert notes == [("a",), ("b",)]
    assert undone.code == 5
    assert "Not restored: side effects of run" in undone.text
    assert "are as they were before" in undone.text
    assert customers.files.bag("secondary", "hsplit") == rows
    assert customers.ask("SELECT note FROM c_notes ORDER BY note") == notes


@pytest.mark.soak
def test_an_undo_is_refused_what_its_run_was_not_allowed(customers: Customers) -> None:
    """A reference that was added since the run keeps its undo from taking rows with it, until it is allowed."""
    customers.have(KEY)
    assert customers.type("resync", "--yes").code == 0
    customers.have(NOTES.format(action="CASCADE"), FIVE_NOTES)

    refused = customers.type("undo", "--yes")
    remaining = customers.ask("SELECT count(*) FROM c_notes")
    allowed = customers.type("undo", "--yes", "--allow-cascades", "hsplit")

    assert refused.code == 4
    assert "--allow-cascades hsplit" in refused.text
    assert "--policy" not in refused.err
    assert remaining == [(5,)]
    assert allowed.code == 5
    assert customers.ask("SELECT count(*) FROM c_notes") == [(2,)]


def test_a_trigger_that_adds_up_is_not_run_unasked(customers: Customers) -> None:
    """A trigger that a write would run refuses the plan; allowed, it runs, and the run says that it did."""
    customers.have(*TOTALS)
    before = customers.ask("SELECT * FROM c_totals")

    refused = customers.type("resync", "--yes")
    remaining = customers.ask("SELECT * FROM c_totals")
    allowed = customers.type("resync", "--yes", "--allow-triggers", "hsplit", "--json")

    assert refused.code == 4
    assert "the trigger c_adding runs on each insert" in refused.text
    assert "--allow-triggers hsplit" in refused.text
    assert remaining == before
    assert allowed.code == 0
    assert allowed.document["allowed"] == {"triggers": ["hsplit"], "cascades": []}
    assert [one["name"] for one in allowed.document["outcome"]["side_effects"]] == ["c_adding"]
    assert customers.ask("SELECT * FROM c_totals") != before


@pytest.mark.soak
@pytest.mark.parametrize(
    "harmless",
    [
        "ALTER TABLE hsplit DISABLE TRIGGER c_adding",
        "DROP TRIGGER c_adding ON hsplit; CREATE TRIGGER c_adding BEFORE UPDATE ON hsplit "
        "FOR EACH ROW EXECUTE FUNCTION add_up()",
    ],
    ids=["switched off", "on update"],
)
def test_a_trigger_that_no_write_of_the_plan_runs_is_let_be(customers: Customers, harmless: str) -> None:
    """A trigger that is switched off, or on what no step does, refuses nothing."""
    customers.have(*TOTALS, *harmless.split("; "))

    assert customers.type("resync", "--yes").code == 0


@pytest.mark.soak
def test_an_unneeded_permission_is_harmless_and_an_unknown_table_is_not(customers: Customers) -> None:
    """Naming a table without triggers changes nothing; a name that is no table is bad input."""
    assert customers.type("resync", "--dry-run", "--allow-triggers", "hsplit", "--allow-cascades", "hagent").code == 3

    wrong = customers.type("resync", "--yes", "--allow-triggers", "hsplitt")

    assert wrong.code == 2
    assert "hsplitt" in wrong.text
    assert "hsplit" in wrong.text.replace("hsplitt", "")


@pytest.mark.soak
def test_a_trigger_that_appears_after_the_plan_is_not_run(customers: Customers) -> None:
    """What a plan did not know of keeps it from being carried out."""
    pair = customers.files.open()
    plan = pair.plan_resync(window="2000-06-05 05:13..05:19", tables="hsplit")
    customers.have(*TOTALS)
    before = customers.files.bag("secondary", "hsplit")

    with pytest.raises(SideEffectError, match="c_adding"):
        pair.execute(plan)

    assert customers.files.bag("secondary", "hsplit") == before
    assert pair.runs() == ()


@pytest.mark.soak
def test_a_trigger_that_drops_rows_is_noticed_though_it_was_allowed(customers: Customers) -> None:
    """Where an allowed trigger keeps rows out, the step is rolled back and says so."""
    customers.have(
        "CREATE FUNCTION drop_it() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$",
        "CREATE TRIGGER c_dropping BEFORE INSERT ON hsplit FOR EACH ROW EXECUTE FUNCTION drop_it()",
    )
    before = customers.files.bag("secondary", "hsplit")

    result = customers.type("resync", "--yes", "--allow-triggers", "hsplit")

    assert result.code == 1
    assert "rolled back" in result.text
    assert "trigger" in result.text
    assert "bug report" not in result.text
    assert customers.files.bag("secondary", "hsplit") == before


NUMBERED = (
    "nr serial PRIMARY KEY",
    "nr integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
    "nr integer GENERATED ALWAYS AS IDENTITY (INCREMENT BY 5) UNIQUE",
)


@pytest.mark.sampled
@pytest.mark.parametrize("column", some_of(NUMBERED, 3))
def test_the_targets_own_next_insert_gets_a_number_of_its_own(customers: Customers, column: str) -> None:
    """After a resync what numbers a column of the target counts on past what was written; an undo sets nothing back."""
    customers.have(f"ALTER TABLE hsplit ADD COLUMN {column}")
    customers.have(
        "ALTER TABLE hsplit ADD COLUMN nr serial",
        f"UPDATE hsplit SET nr = nr + 1000 WHERE {ONE_BUCKET}",
        on="primary",
    )
    own = "INSERT INTO hsplit (row_date, starttime, split, acd) VALUES ('2000-06-05', 600, {}, 1) RETURNING nr"

    planned = customers.type("resync", "--dry-run")
    assert "is advanced past the written numbers" in planned.text
    assert customers.type("resync", "--yes").code == 0
    highest = int(str(customers.ask("SELECT max(nr) FROM hsplit")[0][0]))
    first = int(str(customers.ask(own.format(1))[0][0]))
    assert customers.type("undo", "--yes").code == 0

    assert highest > 1000
    assert first > highest
    assert int(str(customers.ask(own.format(2))[0][0])) > first


@pytest.mark.soak
def test_a_sequence_that_is_ahead_is_not_set_back(customers: Customers) -> None:
    """Numbers that were given out are not given out again because smaller ones are written."""
    for role in ("primary", "secondary"):
        customers.have("ALTER TABLE hsplit ADD COLUMN nr serial", on=role)
    customers.have("SELECT setval('hsplit_nr_seq', 5000)")

    assert customers.type("resync", "--yes").code == 0

    assert customers.ask("SELECT nextval('hsplit_nr_seq')") == [(5001,)]


VIEW = ("ALTER TABLE hsplit RENAME TO c_stored", "CREATE VIEW hsplit AS SELECT * FROM c_stored")
UNWRITABLE = {
    "view": (VIEW, "it is a view"),
    "generated": (
        ("ALTER TABLE hsplit ADD COLUMN g integer GENERATED ALWAYS AS (acdcalls * 2) STORED",),
        "column g is",
    ),
    "rule": (("CREATE RULE c_instead AS ON DELETE TO hsplit DO INSTEAD NOTHING",), "c_instead does something else"),
    "heirs": (("CREATE TABLE c_heir () INHERITS (hsplit)",), "the rows of c_heir"),
}


@pytest.mark.sampled
@pytest.mark.parametrize("kind", some_of(sorted(UNWRITABLE), 4))
def test_what_cannot_be_written_is_known_before(customers: Customers, kind: str) -> None:
    """A view, a generated column, a rule in place of a delete, tables that inherit: refused with why, nothing begun."""
    statements, why = UNWRITABLE[kind]
    customers.have(*statements)
    if kind == "generated":
        customers.have("ALTER TABLE hsplit ADD COLUMN g integer", on="primary")

    result = customers.type("resync", "--yes")

    assert result.code == 4
    assert why in result.text
    assert "The plan can write nothing else" in result.text
    assert customers.files.open().runs() == ()


@pytest.mark.soak
def test_row_security_hides_nothing_from_a_verdict(running: Cluster, customers: Customers) -> None:
    """Rows that row security hides from the login are not taken for rows that are not there."""
    running.create_login("narrow")
    database = customers.files.database("secondary")
    customers.have(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO narrow",
        "ALTER TABLE hsplit ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY c_some ON hsplit USING (NOT ({ONE_BUCKET}))",
    )
    text = customers.files.pair_file.read_text()
    place = f"127.0.0.1:{database.port}/{database.name}"
    customers.files.pair_file.write_text(
        text.replace("cms:${CMS_PASSWORD}@" + place, "narrow:${CMS_PASSWORD}@" + place)
    )
    try:
        for command in (("verify", "--table", "hsplit"), ("resync", "--yes")):
            result = customers.type(*command)
            assert result.code == 1
            assert "row-level security" in result.text
            assert "BYPASSRLS" in result.text
    finally:
        running.drop_login("narrow", database)


REFUSALS = {
    "check": (
        ("ALTER TABLE hsplit ADD CONSTRAINT c_few CHECK (acdcalls < 9)",),
        ("each row must satisfy c_few", "violates check constraint", "c_few"),
    ),
    "unique": (
        ("CREATE UNIQUE INDEX c_once ON hsplit (acdcalls) WHERE acdcalls = 9",),
        ("no two rows where acdcalls = 9 may have the same acdcalls (c_once)", "unique", "c_once"),
    ),
    "no action": (
        (KEY, NOTES.format(action="NO ACTION"), FIVE_NOTES),
        (
            "a row of hsplit cannot be deleted while a row of c_notes refers to it",
            "violates foreign key constraint",
            "c_notes",
        ),
    ),
    "its own parent": (
        (
            "CREATE TABLE c_splits (split smallint PRIMARY KEY, calls integer UNIQUE)",
            "INSERT INTO c_splits VALUES (1, 5), (2, 6)",
            "ALTER TABLE hsplit ADD CONSTRAINT c_known FOREIGN KEY (acdcalls) REFERENCES c_splits (calls) NOT VALID",
        ),
        ("each row must refer to a row of c_splits", "violates foreign key constraint", "c_known"),
    ),
    "trigger": (
        (
            "CREATE TABLE c_log (acdcalls integer CHECK (acdcalls < 9))",
            "CREATE FUNCTION log_it() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN INSERT INTO c_logg VALUES (NEW.acdcalls); RETURN NULL; END$$",
            "CREATE TRIGGER c_logging AFTER INSERT ON hsplit FOR EACH ROW EXECUTE FUNCTION log_it()",
        ),
        ("the trigger c_logging runs on each insert", "a trigger or a function refused", "log_it"),
    ),
}


@pytest.mark.sampled
@pytest.mark.parametrize("kind", some_of(sorted(REFUSALS), 5))
def test_constraints_are_named_before_and_reported_in_a_sentence(customers: Customers, kind: str) -> None:
    """The plan names constraints; where one refuses the source's rows, nothing is written, and what refused is said."""
    statements, (named, *others) = REFUSALS[kind]
    customers.have(*statements)
    before = customers.files.bag("secondary", "hsplit")
    allowed = ("--allow-triggers", "hsplit")

    planned = customers.type("resync", "--dry-run", *allowed)
    result = customers.type("resync", "--yes", *allowed)

    assert planned.code == 3
    assert named in planned.text
    assert result.code == 1
    for words in (*others, "hsplit"):
        assert words in result.text.replace(named, "")
    assert "bug report" not in result.text
    assert customers.files.bag("secondary", "hsplit") == before


@pytest.mark.soak
def test_partitions_are_written_as_their_table(customers: Customers) -> None:
    """A partitioned table is written through itself, and side effects of its partitions count as its own."""
    customers.have(
        "ALTER TABLE hsplit RENAME TO c_old",
        "CREATE TABLE hsplit (LIKE c_old) PARTITION BY RANGE (row_date)",
        "CREATE TABLE c_june PARTITION OF hsplit FOR VALUES FROM ('2000-06-01') TO ('2000-07-01')",
        "INSERT INTO hsplit SELECT * FROM c_old",
        *(one.replace("ON hsplit", "ON c_june") for one in TOTALS),
    )

    refused = customers.type("resync", "--yes")
    customers.have("DROP TRIGGER c_adding ON c_june")

    assert refused.code == 4
    assert "c_adding" in refused.text
    assert customers.type("resync", "--yes").code == 0


@pytest.mark.soak
def test_a_check_lists_side_effects_of_writes(customers: Customers) -> None:
    """`check` names triggers, cascades and what cannot be written, table by table."""
    customers.have(KEY, NOTES.format(action="CASCADE"), *TOTALS)

    result = customers.type("check", "-v")
    document = customers.type("check", "--json").document

    assert "the trigger c_adding runs on each insert" in result.text
    (table,) = [one for one in document["servers"][1]["tables"] if one["table"] == "hsplit"]
    assert {(one["kind"], one["name"]) for one in table["side_effects"]} == {
        ("trigger", "c_adding"),
        ("cascade", "c_notes_fk"),
        ("unique", "hsplit_key"),
    }


def test_the_catalogue_shows_the_surroundings_of_a_table(database: Database, opened: Open) -> None:
    """Triggers, references at any distance, constraints, counters: each as it is, and only what is switched on."""
    for statement in (
        "ALTER TABLE hsplit ADD COLUMN nr serial, ADD CONSTRAINT c_key PRIMARY KEY (acd, split)",
        "ALTER TABLE hsplit ADD CONSTRAINT c_positive CHECK (acd > 0)",
        "CREATE TABLE c_one (a smallint PRIMARY KEY, b smallint, CONSTRAINT c_first FOREIGN KEY (a, b) "
        "REFERENCES hsplit (acd, split) ON DELETE CASCADE)",
        "CREATE SCHEMA c_other",
        "CREATE TABLE c_other.two (a smallint CONSTRAINT c_second REFERENCES c_one ON DELETE SET DEFAULT)",
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$",
        "CREATE TRIGGER c_all BEFORE INSERT OR UPDATE OR DELETE ON hsplit FOR EACH ROW EXECUTE FUNCTION nothing()",
        "CREATE TRIGGER c_off AFTER INSERT ON hsplit EXECUTE FUNCTION nothing()",
        "ALTER TABLE hsplit DISABLE TRIGGER c_off",
    ):
        database.run(statement)

    with opened() as server:
        found = server.surroundings(["HSplit", "nowhere"])

    assert found == {
        "HSplit": Surroundings(
            table="HSplit",
            triggers=(Trigger("c_all", tuple(Write)),),
            referred_by=(
                Reference("c_first", "c_one", "hsplit", ("a, b",), OnDelete.CASCADE),
                Reference("c_second", "c_other.two", "c_one", ("a",), OnDelete.SET_DEFAULT),
            ),
            counters=(Counter("nr", "hsplit_nr_seq"),),
            unique=(UniqueKey("c_key", ("acd, split",)),),
            checks=(CheckConstraint("c_positive", "CHECK (acd > 0)"),),
        )
    }
