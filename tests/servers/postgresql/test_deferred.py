"""What PostgreSQL puts off until the commit is done before the last look at what a step has written."""

from __future__ import annotations

import pytest

from syncengine.model.errors import ServerError
from tests.servers.postgresql.cluster import Database
from tests.servers.postgresql.conftest import Open
from tests.servers.postgresql.test_numbers import int32, rows_with
from tests.servers.postgresql.test_surroundings import Customers, customers

pytestmark = pytest.mark.postgresql
__all__ = ["customers"]


def test_a_trigger_that_waits_for_the_commit_does_not_change_rows_on_their_way(customers: Customers) -> None:
    """Where a deferred trigger changes what was written the step is rolled back, though the trigger was allowed."""
    customers.have(
        "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN UPDATE hsplit SET acdcalls = acdcalls + 100 WHERE starttime = 500 AND acdcalls < 50; RETURN NULL; "
        "END$$",
        "CREATE CONSTRAINT TRIGGER c_late AFTER INSERT ON hsplit DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION late()",
    )
    before = customers.files.bag("secondary", "hsplit")

    result = customers.type("resync", "--yes", "--allow-triggers", "hsplit")

    assert result.code == 1
    assert "the rows secondary would have are not those that were staged; rolled back" in result.text
    assert customers.files.bag("secondary", "hsplit") == before


def test_a_constraint_that_waits_for_the_commit_refuses_before_it(database: Database, opened: Open) -> None:
    """A deferred foreign key refuses rows while the step can still say of which table, and is not looked at before."""
    database.run("CREATE TABLE c_splits (split smallint PRIMARY KEY)")
    database.run(
        "ALTER TABLE hsplit ADD CONSTRAINT c_known FOREIGN KEY (split) REFERENCES c_splits "
        "DEFERRABLE INITIALLY DEFERRED"
    )
    with opened(writable=True) as server, server.begin() as session:
        assert session.insert("hsplit", rows_with(acdcalls=int32(5))) == 1
        with pytest.raises(ServerError, match="violates foreign key constraint"):
            session.run_deferred()
