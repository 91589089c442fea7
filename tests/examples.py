"""How much a sampled test tries: little and the same each time, or in `make soak` much more, at random."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings

SOAK_SEED = os.environ.get("SOAK_SEED", "")
"""The seed of a soak, which `make soak` prints; empty where there is none."""
SOAKING = bool(SOAK_SEED)
MORE = 100
"""How many times as many examples a soak tries."""
Test = TypeVar("Test", bound=Callable[..., Any])
Case = TypeVar("Case")

settings.register_profile("ci", derandomize=True, deadline=None, print_blob=False)
settings.register_profile("soak", derandomize=False, deadline=None, print_blob=True)
settings.load_profile("soak" if SOAKING else "ci")


def examples(number: int) -> Callable[[Test], Test]:
    """Show a property so many examples, in a soak many more."""

    def shown(test: Test) -> Test:
        most = number * (MORE if SOAKING else 1)
        marked: Test = pytest.mark.sampled(settings(max_examples=most, suppress_health_check=list(HealthCheck))(test))
        return marked

    return shown


def some_of(cases: Sequence[Case], every: int) -> Sequence[Case]:
    """Return one in so many of a list of cases, in a soak all of them."""
    return cases if SOAKING else cases[::every]
