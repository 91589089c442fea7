"""The files a build leaves, and what it refuses."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from syncengine.catalogue import load_catalogue
from syncengine.demo import DemoPair, DemoShape, build_pair
from syncengine.model.errors import InputError, UnknownTableError
from syncengine.servers.duckdb.types import stored_type
from tests.demo.conftest import SMALL, attached

TINY = DemoShape(days=1, acds=1, splits=1, agents=1, vdns=1, trunks=1)


def digest(path: Path) -> dict[str, tuple[object, ...]]:
    """Return what identifies the bag of rows of each table in a file."""
    connection = duckdb.connect(str(path), read_only=True)
    try:
        return {
            table: connection.execute(
                f'SELECT count(*), sum(hash(t) % 1000003), bit_xor(hash(t)) FROM "{table}" t'
            ).fetchall()[0]
            for (table,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        }
    finally:
        connection.close()


@pytest.mark.soak
def test_every_table_of_the_catalogue_has_its_columns_and_types_on_both_servers(
    both: duckdb.DuckDBPyConnection,
) -> None:
    """Columns stand in the order of the spec, with the types they are stored as."""
    for server in ("p", "s"):
        for spec in load_catalogue().tables:
            found = both.execute(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = ? AND table_name = ? "
                "ORDER BY column_index",
                [server, spec.name],
            ).fetchall()
            assert found == [(c.name, stored_type(c.type)) for c in spec.columns], (server, spec.name)


def test_no_table_of_the_catalogue_is_empty(small_pair: DemoPair) -> None:
    """Only months, of which none is whole in nine days, and rare malicious calls may have no rows."""
    empty = {name for name, counts in small_pair.rows.items() if not any(counts)}
    assert {name for name in empty if not name.startswith("m")} == set()


def test_text_is_blank_padded_to_its_width(both: duckdb.DuckDBPyConnection) -> None:
    """A CHAR value has the full width of its column everywhere (rule 16)."""
    for spec in load_catalogue().tables:
        for column in spec.columns:
            if column.type.name == "char":
                lengths = both.execute(
                    f'SELECT DISTINCT length("{column.name}") FROM p."{spec.name}" WHERE "{column.name}" IS NOT NULL'
                ).fetchall()
                assert {length for (length,) in lengths} <= {column.type.width}, (spec.name, column.name)


def test_only_nullable_columns_hold_null(both: duckdb.DuckDBPyConnection) -> None:
    """NULL stands only where the spec says that it may."""
    for spec in load_catalogue().tables:
        for column in spec.columns:
            if not column.nullable:
                (count,) = both.execute(
                    f'SELECT count(*) FROM p."{spec.name}" WHERE "{column.name}" IS NULL'
                ).fetchall()
                assert count == (0,), (spec.name, column.name)


@pytest.mark.soak
def test_the_same_seed_gives_the_same_rows_and_another_seed_others(
    small_pair: DemoPair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build is reproducible to the last column whatever the number of threads, and the seed matters."""
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    again = build_pair(tmp_path / "again", SMALL)
    first = digest(small_pair.primary)
    assert digest(again.primary) == first
    assert digest(again.secondary) == digest(small_pair.secondary)
    other = build_pair(tmp_path / "other", replace(SMALL, seed=2), tables=["hsplit", "users"])
    second = digest(other.primary)
    assert second["hsplit"] != first["hsplit"]
    assert second["users"] == first["users"]


@pytest.mark.soak
def test_chosen_tables_are_filled_as_in_a_whole_build_and_the_others_stay_empty(
    small_pair: DemoPair, tmp_path: Path
) -> None:
    """Naming tables changes which rows are written, never their values."""
    chosen = {"wsplit", "synonyms", "call_rec"}
    pair = build_pair(tmp_path, SMALL, tables=chosen)
    assert {name for name, counts in pair.rows.items() if any(counts)} == chosen
    part, whole = digest(pair.primary), digest(small_pair.primary)
    assert all(part[name] == whole[name] for name in chosen)


@pytest.mark.soak
def test_the_smallest_pair_can_be_built(tmp_path: Path) -> None:
    """One ACD with one of everything still has its outage and its damaged interval."""
    pair = build_pair(tmp_path, TINY)
    connection = attached(pair)
    assert connection.execute("SELECT count(*) FROM s.hsplit WHERE incomplete = 1").fetchall() == [(1,)]
    connection.close()


def test_a_folder_with_a_pair_is_refused_and_not_changed(tmp_path: Path) -> None:
    """One file of a pair is enough; the message names it and says what to do."""
    (tmp_path / "secondary.duckdb").write_text("mine")
    with pytest.raises(InputError, match=r"secondary\.duckdb.*another folder"):
        build_pair(tmp_path, TINY)
    assert [path.name for path in tmp_path.iterdir()] == ["secondary.duckdb"]
    assert (tmp_path / "secondary.duckdb").read_text() == "mine"


def test_an_interrupted_build_leaves_nothing_behind(tmp_path: Path) -> None:
    """Whatever stops a build, no file of it remains."""

    def stop(line: str) -> None:
        if line.startswith("Secondary"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_pair(tmp_path, TINY, tables=["hsplit"], progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_table_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    """A misspelled table gets the nearest names."""
    with pytest.raises(UnknownTableError, match="hsplit"):
        build_pair(tmp_path / "new", TINY, tables=["hsplitt"])
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("days", 0),
        ("days", 63),
        ("acds", 9),
        ("splits", 1000),
        ("agents", 0),
        ("vdns", -1),
        ("trunks", 5000),
        ("seed", -1),
    ],
)
def test_a_shape_out_of_range_is_refused_with_its_range(part: str, value: int) -> None:
    """The message names the part, the given number, and the numbers allowed."""
    with pytest.raises(InputError, match=rf"{part}={value}.*from \d+ to \d+"):
        DemoShape(**{part: value})


def test_the_pair_file_is_toml_with_paths_relative_to_its_folder(small_pair: DemoPair) -> None:
    """The folder can be copied anywhere."""
    settings = tomllib.loads(small_pair.pair_file.read_text(encoding="utf-8"))
    assert settings["primary"]["url"] == "duckdb:///primary.duckdb"
    assert settings["secondary"] == {"url": "duckdb:///secondary.duckdb", "load": settings["primary"]["load"]}
    assert str(settings["as_of"]) == "2000-06-05 06:10:00"
    assert settings["timezone"] == "Etc/GMT+6"
