"""Draws the scenario of a seed: of no shape for every even seed, of one shape for every odd one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture.providers import HypothesisProvider

from tests.world.scenarios import LEVELS, scenarios
from tests.world.shapes import shape_named, shapes_of
from tests.world.values import Scenario

QUIET = settings(
    database=None,
    deadline=None,
    derandomize=False,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
    verbosity=Verbosity.quiet,
    print_blob=False,
)


@contextlib.contextmanager
def without_constants() -> Iterator[None]:
    """Keep hypothesis from drawing numbers of the source of what is imported: that differs between processes."""
    name = "_maybe_draw_constant"
    before = getattr(HypothesisProvider, name, None)
    setattr(HypothesisProvider, name, lambda *_, **__: None)
    try:
        yield
    finally:
        setattr(HypothesisProvider, name, before)


def strategy_of(seed: int, level: int, shape: str = "") -> st.SearchStrategy[Scenario]:
    """Return what the scenario of a seed is drawn from; `shape` is the name of one, for any seed."""
    if shape:
        chosen = shape_named(shape)
    elif seed % 2:
        shapes = shapes_of(level)
        chosen = shapes[seed // 2 % len(shapes)]
    else:
        return scenarios(level)
    return chosen.scenarios().map(lambda one: replace(one, shape=chosen.name))


def drawn(seed: int, level: int = max(LEVELS), shape: str = "") -> Scenario:
    """Return the scenario of a seed, the same on every machine."""
    found: list[Scenario] = []

    # The first example is always the simplest.
    @hypothesis.seed(seed)
    @settings(QUIET, max_examples=2, phases=(Phase.generate,))
    @given(strategy_of(seed, level, shape))
    def take(scenario: Scenario) -> None:
        found.append(scenario)

    with without_constants():
        take()
    return found[-1]
