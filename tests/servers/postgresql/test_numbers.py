"""The sequences of a PostgreSQL target: past what was written, for whoever takes a number next, or said not to be."""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from syncengine.model.surroundings import Counter, side_effects_of
from syncengine.servers.postgresql.families import read_families
from syncengine.servers.postgresql.sequences import read_sequences
from syncengine.servers.protocol import Server
from syncengine.servers.sql.dialect import Statement
from tests.servers.postgresql.cluster import Cluster, Database
from tests.servers.postgresql.conftest import Open

pytestmark = pytest.mark.postgresql
RACING_SECONDS = 10
OWN = "INSERT INTO hsplit (row_date, starttime, split, acd) VALUES ('2000-06-05', 600, 1, 1) RETURNING {columns}"


def rows_with(**columns: Collection[Any]) -> pa.RecordBatchReader:
    """Return rows of hsplit that hold something in columns beside its own."""
    count = len(next(iter(columns.values())))
    whole = {
        "row_date": [date(2000, 6, 5)] * count,
        "starttime": [500] * count,
        "split": [1] * count,
        "acd": [1] * count,
    }
    small = {name: pa.array(values, pa.int16()) for name, values in whole.items() if name != "row_date"}
    table = pa.table({"row_date": pa.array(whole["row_date"], pa.date32()), **small, **columns})
    return pa.RecordBatchReader.from_batches(table.schema, table.to_batches())


def write(server: Server, **columns: Collection[Any]) -> None:
    """Write rows that hold something in columns beside the table's own."""
    with server.begin() as session:
        session.insert("hsplit", rows_with(**columns))
        session.commit()


def int32(*values: int) -> pa.Array:
    """Return a column of numbers."""
    return pa.array(values, pa.int32())


NUMBERED = (
    "CREATE SEQUENCE c_text",
    "ALTER TABLE hsplit ADD named_late integer DEFAULT nextval('public.C_Text'::text)",
    'CREATE SEQUENCE "C Odd.\'s"',
    """ALTER TABLE hsplit ADD odd integer DEFAULT nextval('"C Odd.''s"'::text)""",
    "CREATE SEQUENCE c_typed",
    "CREATE DOMAIN c_counted AS integer DEFAULT nextval('c_typed')",
    "ALTER TABLE hsplit ADD of_a_domain c_counted",
    "CREATE SEQUENCE c_down INCREMENT -1",
    "ALTER TABLE hsplit ADD down integer DEFAULT nextval('c_down')",
    "CREATE SEQUENCE c_full MAXVALUE 50",
    "ALTER TABLE hsplit ADD beyond integer DEFAULT nextval('c_full')",
    "CREATE SEQUENCE c_first START 7",
    "ALTER TABLE hsplit ADD just integer DEFAULT nextval('c_first')",
    "CREATE SEQUENCE c_broken",
    "ALTER TABLE hsplit ADD broken double precision DEFAULT nextval('c_broken')",
    "CREATE SEQUENCE c_ahead START 5000",
    "ALTER TABLE hsplit ADD ahead integer DEFAULT nextval('c_ahead')",
)
WRITTEN = {
    "named_late": int32(3, 9),
    "odd": int32(3, 9),
    "of_a_domain": int32(3, 9),
    "down": int32(-3, -9),
    "beyond": int32(3, 70),
    "just": int32(7, 7),
    "broken": pa.array([9.5, float("inf")]),
    "ahead": int32(3, 9),
}
NEXT = {"named_late": 10, "odd": 10, "of_a_domain": 10, "down": -10, "just": 8, "broken": 10.0, "ahead": 5001}


def test_every_kind_of_sequence_is_advanced_past_what_is_written(database: Database, opened: Open) -> None:
    """Up or down, full, new, named by a default of any form: the target's own next insert gets the number after."""
    for statement in NUMBERED:
        database.run(statement)
    database.run("SELECT nextval('c_ahead')")
    with opened(writable=True) as server:
        counters = server.surroundings(["hsplit"])["hsplit"].counters
        write(server, **WRITTEN)
    database.run("ALTER TABLE hsplit ALTER beyond SET DEFAULT 0")

    own = dict(zip(NEXT, database.run(OWN.format(columns=", ".join(NEXT)))[0], strict=True))

    assert own == NEXT
    assert {one.column for one in counters} == set(WRITTEN)
    assert not [one for one in counters if one.why_not_advanced or one.caveat]
    assert database.run("SELECT last_value, is_called FROM c_full") == [(50, True)]


REASONS = {
    "hidden": "this login may not: GRANT USAGE ON SCHEMA c_hidden TO it",
    "forbidden": "this login may not: GRANT SELECT, UPDATE ON SEQUENCE c_forbidden TO it",
    "lettered": "its column is not numeric",
    "lost": "its default names c_nowhere, which is not a sequence that this login sees",
    "computed": "syncengine cannot read which sequence its default names",
    "called": "its default calls c_next, which may use a sequence of its own",
}


def test_a_sequence_that_is_not_advanced_is_named(running: Cluster, database: Database, opened: Open) -> None:
    """A sequence that may not be set, or is not known, is named with why; writing goes on, and nothing fails."""
    with running.as_superuser(database) as superuser:
        for statement in (
            "CREATE SCHEMA c_hidden",
            "CREATE SEQUENCE c_hidden.nrs",
            "GRANT ALL ON SEQUENCE c_hidden.nrs TO cms",
            "ALTER TABLE hsplit ADD hidden integer DEFAULT nextval('c_hidden.nrs')",
            "CREATE SEQUENCE c_forbidden",
            "ALTER TABLE hsplit ADD forbidden integer DEFAULT nextval('c_forbidden')",
        ):
            superuser.run(statement)
    for statement in (
        "CREATE SEQUENCE c_letters",
        "ALTER TABLE hsplit ADD lettered text DEFAULT 'X' || nextval('c_letters')",
        "ALTER TABLE hsplit ADD lost integer",
        "ALTER TABLE hsplit ALTER lost SET DEFAULT nextval('c_nowhere'::text)",
        "ALTER TABLE hsplit ADD computed integer",
        "ALTER TABLE hsplit ALTER computed SET DEFAULT nextval('c_' || 'letters')",
        "CREATE FUNCTION c_next() RETURNS integer VOLATILE LANGUAGE sql AS $$SELECT 1$$",
        "ALTER TABLE hsplit ADD called integer DEFAULT c_next()",
        "ALTER TABLE hsplit ADD harmless integer DEFAULT 3",
    ):
        database.run(statement)
    with opened(writable=True) as server:
        found = server.surroundings(["hsplit"])["hsplit"]
        write(
            server,
            hidden=int32(3),
            forbidden=int32(3),
            lettered=["X3"],
            lost=int32(3),
            computed=int32(3),
            called=int32(3),
        )

    reasons = {one.column: one.why_not_advanced.partition(": nextval")[0] for one in found.counters}
    assert reasons == REASONS
    assert all("is not advanced past the written numbers" in effect.message for effect in side_effects_of(found))
    assert database.run("SELECT last_value, is_called FROM c_letters") == [(1, False)]


@contextmanager
def granted(running: Cluster, database: Database, name: str, options: str = "") -> Iterator[None]:
    """Have a sequence that the login may use and does not own number a column."""
    with running.as_superuser(database) as superuser:
        superuser.run(f"CREATE SEQUENCE {name} {options}")
        superuser.run(f"GRANT SELECT, UPDATE ON SEQUENCE {name} TO cms")
        superuser.run(f"ALTER TABLE hsplit ADD nr integer DEFAULT nextval('{name}')")
    yield


def test_numbers_cached_by_a_session_are_withdrawn(database: Database, opened: Open) -> None:
    """Who has taken numbers beforehand (CACHE) gives out none that was written since."""
    database.run("CREATE SEQUENCE c_held CACHE 50")
    database.run("ALTER TABLE hsplit ADD nr integer UNIQUE DEFAULT nextval('c_held')")
    own = OWN.format(columns="nr")
    with database.another() as other, opened(writable=True) as server:
        assert other.run(own) == [(1,)]

        write(server, nr=int32(3, 4))

        assert [other.run(own)[0][0] for _ in range(3)] == [51, 52, 53]


def test_numbers_that_sessions_may_have_cached_are_named(running: Cluster, database: Database, opened: Open) -> None:
    """Where only its owner could take them, the plan says that they may meet what is written."""
    with granted(running, database, "c_held", "CACHE 50"), opened() as server:
        found = server.surroundings(["hsplit"])["hsplit"]

    (counter,) = found.counters
    assert counter == Counter("nr", "c_held", caveat=counter.caveat)
    (says,) = [effect.message for effect in side_effects_of(found)]
    assert says.startswith("the sequence c_held that numbers its column nr is advanced past the written numbers, but")
    assert "CACHE 50" in says


@pytest.mark.parametrize("highest", [40, 3_000_000])
def test_a_sequence_of_somebody_elses_is_advanced_too(
    running: Cluster, database: Database, opened: Open, highest: int
) -> None:
    """The right to use a sequence is enough to have it past the written numbers, near or far."""
    with granted(running, database, "c_granted"), opened(writable=True) as server:
        write(server, nr=int32(2, highest))
        write(server, nr=int32(5))

    assert database.run(OWN.format(columns="nr")) == [(highest + 1,)]


def test_an_advance_is_undone_with_its_transaction(database: Database, opened: Open) -> None:
    """A step that is rolled back leaves the login's own sequence as it was, and nobody got a number meanwhile."""
    database.run("ALTER TABLE hsplit ADD nr serial")
    with opened(writable=True) as server, server.begin() as session:
        session.insert("hsplit", rows_with(nr=int32(90)))

    assert database.run("SELECT nextval('hsplit_nr_seq')") == [(1,)]


@pytest.mark.soak
@pytest.mark.parametrize("owned", [True, False])
def test_no_number_is_given_out_twice(running: Cluster, database: Database, owned: bool) -> None:
    """Whoever takes numbers while a sequence is advanced, for other tables or by itself, gets each once."""
    if owned:
        database.run("ALTER TABLE hsplit ADD nr serial")
    else:
        with granted(running, database, "hsplit_nr_seq"):
            pass
    (table,) = database.run("SELECT CAST(CAST('hsplit' AS regclass) AS BIGINT)")[0]
    database.run("CREATE UNLOGGED TABLE c_taken (n bigint)")
    until = time.monotonic() + RACING_SECONDS

    def take() -> None:
        with database.another() as other:
            while time.monotonic() < until:
                other.run("INSERT INTO c_taken SELECT nextval('hsplit_nr_seq') FROM generate_series(1, 200000)")

    taker = threading.Thread(target=take)
    taker.start()
    with database.another() as writer:

        def ask(statement: Statement) -> list[tuple[Any, ...]]:
            number = itertools.count(1)
            return writer.run(re.sub(r"\?", lambda _: f"${next(number)}", statement.text), statement.values)

        ((_, sequence),) = read_sequences(ask, read_families(ask), (table,))
        for ahead in itertools.cycle(range(1, 3000, 7)):
            if time.monotonic() > until:
                break
            last = int(writer.run("SELECT last_value FROM hsplit_nr_seq")[0][0])
            writer.run("BEGIN")
            sequence.advance(ask, last, last + ahead)
            writer.run("COMMIT")
    taker.join()

    assert int(str(database.run("SELECT count(*) FROM c_taken")[0][0])) > 10_000
    assert database.run("SELECT n FROM c_taken GROUP BY n HAVING count(*) > 1 LIMIT 3") == []
