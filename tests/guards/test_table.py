"""The table of guards agrees with the product."""

from __future__ import annotations

import ast
import textwrap

import pytest

from tests.guards.guard import ROOT, Guard
from tests.guards.table import GUARDS

PAGE = ROOT / "docs/explanation/what-survives.md"


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_a_guard_can_be_removed(guard: Guard) -> None:
    """Its lines are there, once; without them the module is Python; and the test that must fail exists."""
    text = (ROOT / guard.path).read_text()
    file, _, name = guard.failing_test.partition("::")
    tests = ast.parse((ROOT / file).read_text()).body

    remaining = guard.removed_from(text)

    assert remaining != text
    compile(remaining, str(guard.path), "exec")
    assert name.partition("[")[0] in {one.name for one in tests if isinstance(one, ast.FunctionDef)}


def test_names_of_guards_are_their_own() -> None:
    """No two guards have one name, so that each can be tried alone."""
    assert len({guard.name for guard in GUARDS}) == len(GUARDS)


def test_the_page_lists_every_guard_and_no_other() -> None:
    """what-survives.md lists every guard with what it prevents and the test that must fail without it."""
    listed = PAGE.read_text().partition("## Its guards")[2].partition("\n- ")[2]

    assert f"- {listed}" == "".join(map(listing, GUARDS))


def listing(guard: Guard) -> str:
    """Return the line of the page for a guard."""
    words = f"- `{guard.name}`: without it {guard.prevents}. `{guard.failing_test}`"
    return textwrap.fill(words, 120, subsequent_indent="  ", break_on_hyphens=False) + "\n"
