"""A pair as one object with everything a user does to it. This is the Python API."""

from __future__ import annotations

from syncengine.app.planning_calls import PlanningCalls
from syncengine.app.read_only import ReadOnlyCalls
from syncengine.app.run_calls import RunCalls


class Pair(ReadOnlyCalls, PlanningCalls, RunCalls):
    """A High Availability pair. Use `open_pair` to get one.

    Verify shows what differs, a plan what would be written, and execute carries a plan out, as a run that is saved.
    """

    __slots__ = ()
