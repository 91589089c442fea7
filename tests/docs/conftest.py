"""One damaged demo pair for all pages."""

from __future__ import annotations

import functools
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from syncengine.app import table_settings
from syncengine.catalogue import Catalogue, load_catalogue
from syncengine.demo import DemoPair, build
from syncengine.demo.build import build_pair
from syncengine.demo.shape import DemoShape
from tests.builders import narrow, narrow_columns
from tests.docs.pages import pages

SMALL = DemoShape(days=3, splits=4, agents=16, vdns=8, trunks=12)
"""The shape the tutorial builds, too."""
SLIM_TABLES = ("hsplit", "hagent", "agex", "acds", "arch_stat", "dcalloc", "linkex")
"""What the slim pair has."""


@pytest.fixture(scope="session")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small demo pair after its outage; it is copied, never written to.

    Its wide tables have the columns that pages name, since a statement over all of them takes long to plan.
    """
    folder = tmp_path_factory.mktemp("docs") / "damaged"
    build_pair(folder, SMALL)
    narrow(folder, words())
    return folder


@functools.cache
def words() -> frozenset[str]:
    """Return all words of all pages."""
    return frozenset(word for page in pages() for word in re.findall(r"[a-z_0-9]+", page.read_text(encoding="utf-8")))


@functools.cache
def shipped() -> Catalogue:
    """Return the shipped specs without the columns that the narrow pairs lack."""
    return narrowed(load_catalogue())


def narrow_catalogue(*folders: Path) -> Catalogue:
    """Return the specs without the columns that the narrow pairs lack; folders of your own are read as usual."""
    return narrowed(load_catalogue(*folders)) if folders else shipped()


def narrowed(found: Catalogue) -> Catalogue:
    """Return a catalogue without the columns that the narrow pairs lack."""
    tables = (replace(spec, columns=narrow_columns(spec, words())) for spec in found.tables)
    return replace(found, tables=tuple(tables))


@pytest.fixture(autouse=True)
def narrow_pairs(monkeypatch: pytest.MonkeyPatch, fast_setup: None) -> None:
    """Build pairs narrow wherever a page builds one, and have the specs describe no column that they lack."""
    del fast_setup

    def built(folder: Path, *given: Any, **named: Any) -> DemoPair:
        pair = build_pair(folder, *given, **named)
        narrow(folder, words())
        return pair

    monkeypatch.setattr(table_settings, "load_catalogue", narrow_catalogue)
    monkeypatch.setattr(build, "build_pair", built)


@pytest.fixture
def slim(tmp_path: Path) -> Path:
    """Return the folder of a damaged pair with few tables: what is the same for every table shows sooner."""
    folder = tmp_path / "slim"
    build_pair(folder, SMALL, tables=SLIM_TABLES)
    for role in ("primary", "secondary"):
        with duckdb.connect(str(folder / f"{role}.duckdb")) as connection:
            names = connection.execute("SELECT table_name FROM information_schema.tables").fetchall()
            for (name,) in names:
                if name not in SLIM_TABLES:
                    connection.execute(f'DROP TABLE "{name}"')
    return folder
