"""The pages that list errors and rules are compared with the code."""

from __future__ import annotations

import re

from syncengine.cli.exit_codes import exit_code_of
from syncengine.model import errors, refusals, rules
from syncengine.model.errors import RefusedError, SyncError
from syncengine.model.rules import Rule
from tests.docs.pages import DOCS, section, table_rows

EXIT_CODES = DOCS / "reference" / "exit-codes.md"
RULES = DOCS / "explanation" / "rules.md"
EVERY = {
    name: kind
    for name, kind in (vars(errors) | vars(refusals)).items()
    if isinstance(kind, type) and issubclass(kind, SyncError) and kind is not SyncError
}
REFUSALS = tuple(table_rows(section(EXIT_CODES, "Refusals")))


def test_every_exception_has_its_exit_code() -> None:
    """The page lists every exception with the code a command would end with."""
    rows = (*table_rows(section(EXIT_CODES, "From Python")), *REFUSALS)
    shown = {name: int(code) for name, code, *_ in rows}
    assert shown == {name: int(exit_code_of(kind.__new__(kind))) for name, kind in EVERY.items()}


def test_every_refusal_has_its_rule() -> None:
    """The page lists every kind of refusal with the number of its rule, or that it has none."""
    shown = {name: rule for name, _, rule, _ in REFUSALS}
    kinds = {name: kind for name, kind in EVERY.items() if issubclass(kind, RefusedError) and kind is not RefusedError}
    assert shown == {name: str(kind.rule.number) if kind.rule else "none" for name, kind in kinds.items()}


def test_every_rule_is_named_as_on_its_page() -> None:
    """A refusal and a finding name their rule by the words it begins with on the page of the rules."""
    heads = re.findall(r"^\*\*(\d+)\. (.+?)\.?\*\*", RULES.read_text(encoding="utf-8"), re.MULTILINE)
    named = {int(number): f"{head[0].lower()}{head[1:]}" for number, head in heads}
    used = [one for one in vars(rules).values() if isinstance(one, Rule)]
    assert used
    assert {one.number: one.name for one in used} == {one.number: named[one.number] for one in used}
