"""What the rule tests share: the shipped catalogue may have few tables of a class."""

from __future__ import annotations

import pytest

from tests.rules.hooked import leave_few_tables


@pytest.fixture
def few_tables(monkeypatch: pytest.MonkeyPatch, fast_setup: None) -> None:
    """Let the system administration be few tables."""
    del fast_setup
    leave_few_tables(monkeypatch.setattr)
