"""The SQLAlchemy dialect, without a server."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from syncengine.servers.informix.dialect import InformixDialect

TABLE = sa.Table(
    "hsplit",
    sa.MetaData(schema="root"),
    sa.Column("row_date", sa.Date),
    sa.Column("acd", sa.SmallInteger),
    sa.Column("order", sa.Integer),
)


def sql(statement: sa.sql.ClauseElement) -> str:
    """Return a statement as the dialect writes it, on one line."""
    return " ".join(str(statement.compile(dialect=InformixDialect(), compile_kwargs={"literal_binds": False})).split())


@pytest.mark.parametrize("url", ["informix+ibm_db://u:x@h:1/cms", "informix://u:x@h:1/cms"])
def test_the_dialect_is_found_by_its_url(url: str) -> None:
    """create_engine knows both urls by the package's entry points, and opens nothing yet."""
    engine = sa.create_engine(url)

    assert isinstance(engine.dialect, InformixDialect)
    assert "x@" not in repr(engine)


def test_rows_are_skipped_and_limited_before_distinct() -> None:
    """SKIP and FIRST come first, as numbers: Informix takes no markers there."""
    statement = sa.select(TABLE.c.acd).distinct().limit(10).offset(20)

    text = str(statement.compile(dialect=InformixDialect(), compile_kwargs={"literal_binds": True}))

    assert " ".join(text.split()).startswith("SELECT SKIP 20 FIRST 10 DISTINCT")
    assert "LIMIT" not in text


def test_names_are_not_quoted_and_owners_are_in_single_quotes() -> None:
    """Double quotes may mean a string, so that no name has them; an owner's single quotes always name him."""
    assert sql(TABLE.insert()) == "INSERT INTO 'root'.hsplit (row_date, acd, order) VALUES (?, ?, ?)"


def test_a_select_has_a_from() -> None:
    """Informix selects from something."""
    assert sql(sa.select(sa.literal_column("1"))) == "SELECT 1 FROM informix.systables WHERE tabid = 1"


@pytest.mark.parametrize(
    ("column_type", "text"),
    [
        (sa.DateTime(), "DATETIME YEAR TO FRACTION(5)"),
        (sa.Time(), "DATETIME HOUR TO SECOND"),
        (sa.Double(), "FLOAT"),
        (sa.REAL(), "SMALLFLOAT"),
        (sa.LargeBinary(), "BYTE"),
        (sa.CHAR(5), "CHAR(5)"),
        (sa.Numeric(8, 2), "NUMERIC(8, 2)"),
    ],
)
def test_types_are_written_as_informix_has_them(column_type: sa.types.TypeEngine[object], text: str) -> None:
    """DDL names Informix's own types."""
    assert column_type.compile(dialect=InformixDialect()) == text


def test_true_false_and_now() -> None:
    """BOOLEAN is a letter, and now has a qualifier."""
    assert sql(sa.select(sa.true(), sa.false(), sa.func.now())).startswith(
        "SELECT 't' AS anon_1, 'f' AS anon_2, CURRENT YEAR TO FRACTION(5)"
    )


def test_autocommit_is_given_when_connecting_only() -> None:
    """The driver takes the mode when it connects; asking for it later is refused with what to do."""
    with pytest.raises(sa.exc.ArgumentError, match="autocommit=True"):
        InformixDialect().set_isolation_level(object(), "AUTOCOMMIT")


def test_the_connection_string_is_built_from_the_url_alone() -> None:
    """What is handed to the driver holds what the url says, and the autocommit mode."""
    (text, *_), options = InformixDialect(autocommit=True).create_connect_args(
        sa.make_url("informix+ibm_db://sync:p%40ss@cms-denver:9090/cms")
    )

    assert "HOSTNAME=cms-denver;PORT=9090;" in text
    assert "DATABASE=cms;" in text
    assert text.endswith("UID=sync;PWD=p@ss;")
    assert list(options["conn_options"].values()) == [1]


def test_what_was_decoded_is_not_decoded_again() -> None:
    """A database whose name holds a %, as a pair file's url decoded has it, is that database to the driver."""
    url = sa.URL.create("informix+ibm_db", username="sync", host="h", database="d%41@srv")

    (text, *_), _ = InformixDialect().create_connect_args(url)

    assert "DATABASE=d%41@srv;" in text
