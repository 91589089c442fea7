"""Every error is a value that goes whole from one process to another."""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import pkgutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

import syncengine
from syncengine.model import errors, refusals
from syncengine.model.bucket import Bucket
from syncengine.model.drift import ChangedBy, Counts, GroupChange
from syncengine.model.errors import RefusedError, SyncError
from syncengine.model.outages import UnknownCoverage, UnknownCoverageReason
from syncengine.model.pair import Role
from syncengine.model.permission import Permission
from syncengine.model.plan import PlannedChange, SkipReason

BY_BOTH = GroupChange(Bucket(None, None, 1), (("value", "a"),), ("vdn", None), ChangedBy.BOTH, Counts(), 1, 1, 1)
ATTRIBUTES: dict[str, Any] = {
    "message": "A sentence.",
    "hint": "What to do.",
    "faults": ("line 1: wrong", "line 2: too"),
    "transient": True,
    "retry_smaller": True,
    "temporary": True,
    "into": Role.SECONDARY,
    "role": Role.PRIMARY,
    "count": 3,
    "allowed": 2,
    "needs": Permission(triggers=("htrunk",)),
    "loads": {Role.PRIMARY: "r3v8ag.f", Role.SECONDARY: "r3v8ah.a"},
    "changes": (PlannedChange("synonyms", BY_BOTH, SkipReason.CONFLICT),),
    "unknown_coverage": (UnknownCoverage(Role.PRIMARY, 1, UnknownCoverageReason.NO_ROWS, "it has no row"),),
    "run_id": "20000605-0710-1",
}
"""The attributes of errors, by name."""


def every_error() -> list[type[SyncError]]:
    """Return every class of error that any module of the package defines."""
    for module in pkgutil.walk_packages(syncengine.__path__, "syncengine."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return sorted({SyncError, *_below(SyncError)}, key=lambda kind: kind.__name__)


def _below(kind: type[SyncError]) -> Iterator[type[SyncError]]:
    for inner in kind.__subclasses__():
        if inner.__module__.startswith("syncengine."):
            yield inner
            yield from _below(inner)


def made(kind: type[SyncError]) -> SyncError:
    """Return an error with all of its attributes."""
    parameters, values = inspect.signature(kind).parameters, dict(ATTRIBUTES)
    if "tables" in parameters:
        values["tables"] = ((Role.PRIMARY, "htrunk"),) if kind is refusals.UnwritableError else ("htrunk",)
    error = kind(**{name: values[name] for name in parameters})
    error.add_note("while portion 3 was read")
    return error


def raised(error: SyncError) -> None:
    """Raise an error, as work in another process may."""
    raise error


def observable(error: BaseException) -> tuple[object, ...]:
    """Return everything that can be read from an error."""
    return type(error), str(error), error.args, vars(error), getattr(error, "rule", None), error.__notes__


def test_every_error_is_pickled_and_copied_whole() -> None:
    """Whatever class it is of, an error has the same sentence, hint and data after it was pickled, copied or both."""
    for kind in every_error():
        error = made(kind)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            assert observable(pickle.loads(pickle.dumps(error, protocol))) == observable(error)  # noqa: S301  # our own
        assert observable(copy.copy(error)) == observable(copy.deepcopy(error)) == observable(error)


def test_a_pool_of_processes_raises_them_as_they_were_raised() -> None:
    """An error raised in another process is caught here by its class, with all attributes, and breaks no pool."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        for error, done in [(made(kind), pool.submit(raised, made(kind))) for kind in every_error()]:
            with pytest.raises(type(error)) as caught:
                done.result()
            assert observable(caught.value) == observable(error)


def test_every_error_stands_in_one_of_two_modules() -> None:
    """All errors can be caught by name from the modules in the pages, and refusals from one module."""
    for kind in every_error():
        home = refusals if issubclass(kind, RefusedError) and kind is not RefusedError else errors
        assert kind.__module__ == home.__name__
