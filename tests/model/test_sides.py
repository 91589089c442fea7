"""What there is of source and target, by role."""

from __future__ import annotations

import pickle

import pytest

from syncengine.model.pair import Role
from syncengine.model.sides import Sides

ROWS = {Role.PRIMARY: 7, Role.SECONDARY: 5}


@pytest.mark.parametrize("source", Role)
def test_each_value_is_found_by_its_role(source: Role) -> None:
    """Whichever server is the source, each server has its own value, and source and target are distinguished."""
    rows = Sides.by_role(source, ROWS)

    assert {role: rows.of(role) for role in Role} == ROWS
    assert dict(zip(rows.roles, rows, strict=True)) == ROWS
    assert (rows.source, rows.target) == (ROWS[source], ROWS[source.other])
    assert (rows.source_role, rows.target_role) == (source, source.other)
    assert rows.map(str) == Sides(source, str(ROWS[source]), str(ROWS[source.other]))


def test_sides_are_values() -> None:
    """They compare by what they hold and by which is the source, and come through a pickle as they are."""
    rows = Sides.by_role(Role.PRIMARY, ROWS)

    assert rows != Sides.by_role(Role.SECONDARY, ROWS)
    assert pickle.loads(pickle.dumps(rows)) == rows  # noqa: S301  # of our own making
