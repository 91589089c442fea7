"""Cascades and later effects of a write on PostgreSQL: found at any distance, allowed by name, recorded."""

from __future__ import annotations

import pytest

from syncengine.model.pair import Role
from syncengine.model.refusals import SideEffectError
from syncengine.model.surroundings import ReachedTrigger, Trigger, Write
from tests.builders import servers_of
from tests.jobs.imitation import once_written
from tests.servers.postgresql.test_surroundings import FIVE_NOTES, KEY, NOTES, TOTALS, Customers, customers

pytestmark = pytest.mark.postgresql
__all__ = ["customers"]

COUNTING = (
    "CREATE TABLE c_count (n integer)",
    "INSERT INTO c_count VALUES (0)",
    "CREATE FUNCTION count_it() RETURNS trigger LANGUAGE plpgsql AS "
    "$$BEGIN UPDATE c_count SET n = n + 1; RETURN NULL; END$$",
)
COUNTED = "CREATE TRIGGER {name} AFTER {on} ON {table} FOR EACH ROW EXECUTE FUNCTION count_it()"


def test_a_trigger_of_a_table_that_a_cascade_reaches_needs_permission(customers: Customers) -> None:
    """Rows that go with those written run no trigger unasked; allowed, plan, run and undo name it with its table."""
    customers.have(KEY, NOTES.format(action="CASCADE"), FIVE_NOTES, *COUNTING)
    customers.have(COUNTED.format(name="c_counting", on="DELETE", table="c_notes"))

    refused = customers.type("resync", "--yes", "--allow-cascades", "hsplit")
    remaining = customers.ask("SELECT n FROM c_count")
    allowed = customers.type("resync", "--yes", "--allow-cascades", "hsplit", "--allow-triggers", "hsplit")
    undone = customers.type("undo", "--yes")

    assert refused.code == 4
    assert "the trigger c_counting of c_notes" in refused.text
    assert "--allow-triggers hsplit" in refused.text
    assert remaining == [(0,)]
    assert allowed.code == 0
    assert allowed.text.count("the trigger c_counting of c_notes") == 2
    assert customers.ask("SELECT n FROM c_count") == [(3,)]
    assert undone.code == 5
    assert "the trigger c_counting of c_notes" in undone.text.partition("Not restored")[2]


@pytest.mark.soak
def test_triggers_are_found_at_any_distance(customers: Customers) -> None:
    """Those of partitions, of rows set to NULL and of the tables behind count; those of what is not reached do not."""
    customers.have(
        KEY,
        "CREATE TABLE c_notes (id integer, day date, row_date date, starttime smallint, split smallint, "
        "PRIMARY KEY (id, day), FOREIGN KEY (row_date, starttime, split) REFERENCES hsplit "
        "(row_date, starttime, split) ON DELETE CASCADE) PARTITION BY RANGE (day)",
        "CREATE TABLE c_june PARTITION OF c_notes FOR VALUES FROM ('2000-06-01') TO ('2000-07-01')",
        "CREATE TABLE c_lines (id integer, day date, FOREIGN KEY (id, day) REFERENCES c_notes (id, day) "
        "ON DELETE SET NULL)",
        "CREATE TABLE c_last (id integer, day date, FOREIGN KEY (id, day) REFERENCES c_notes (id, day))",
        *COUNTING,
        COUNTED.format(name="c_of_partition", on="DELETE", table="c_june"),
        COUNTED.format(name="c_of_lines", on="UPDATE", table="c_lines"),
        COUNTED.format(name="c_of_lines_gone", on="DELETE", table="c_lines"),
        COUNTED.format(name="c_of_last", on="DELETE", table="c_last"),
        COUNTED.format(name="c_off", on="UPDATE", table="c_lines"),
        "ALTER TABLE c_lines DISABLE TRIGGER c_off",
        "CREATE RULE c_ruled AS ON DELETE TO c_notes DO ALSO UPDATE c_count SET n = n + 1",
    )

    with servers_of(customers.files.pair_file) as servers:
        found = servers[Role.SECONDARY].surroundings(["hsplit"])["hsplit"]

    assert set(found.reached) == {
        ReachedTrigger("c_notes", Trigger("c_of_partition", (Write.DELETE,))),
        ReachedTrigger("c_notes", Trigger("c_ruled", (Write.DELETE,), called="rule")),
        ReachedTrigger("c_lines", Trigger("c_of_lines", (Write.UPDATE,))),
    }


@pytest.mark.soak
def test_a_trigger_made_during_the_last_batch_is_reported(customers: Customers) -> None:
    """What is on the table right after its last batch is recorded with the run, though the plan knew of nothing."""
    with once_written("hsplit", lambda: customers.have(*TOTALS)):
        ran = customers.type("resync", "--yes", "--json")
    customers.have("ALTER TABLE hsplit DISABLE TRIGGER c_adding")
    undone = customers.type("undo", "--yes")

    assert [one["name"] for one in ran.document["outcome"]["side_effects"]] == ["c_adding"]
    assert undone.code == 5
    assert "c_adding" in undone.text.partition("Not restored")[2]


@pytest.mark.soak
def test_what_has_come_since_is_refused_an_undo(customers: Customers) -> None:
    """An undo runs the trigger that was allowed for its run, and no other until that is allowed."""
    customers.have(*TOTALS, *COUNTING)
    assert customers.type("resync", "--yes", "--allow-triggers", "hsplit").code == 0
    customers.have(
        COUNTED.format(name="t_delete", on="DELETE", table="hsplit"),
        COUNTED.format(name="t_update", on="UPDATE", table="hsplit"),
    )
    before = customers.files.bag("secondary", "hsplit")

    refused = customers.type("undo", "--yes")
    unchanged = customers.files.bag("secondary", "hsplit")
    counted = customers.ask("SELECT n FROM c_count")
    allowed = customers.type("undo", "--yes", "--allow-triggers", "hsplit")

    assert (refused.code, allowed.code) == (4, 5)
    assert "t_delete" in refused.text
    assert "c_adding" not in refused.text
    assert unchanged == before
    assert counted == [(0,)]


@pytest.mark.soak
def test_a_table_that_was_named_before_it_had_a_trigger_is_not_allowed_one(customers: Customers) -> None:
    """A trigger that comes between plan and run is refused, whatever the plan was allowed."""
    pair = customers.files.open()
    plan = pair.plan_resync(window="2000-06-05 05:13..05:19", tables="hsplit", allow_triggers="hsplit")
    customers.have(*TOTALS)

    with pytest.raises(SideEffectError, match="c_adding"):
        pair.execute(plan)

    assert pair.runs() == ()
