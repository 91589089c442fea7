"""A pair as one object with the things people do to it. This is the Python API."""

from __future__ import annotations

from syncengine.app.planning_calls import PlanningCalls
from syncengine.app.read_only import ReadOnlyCalls
from syncengine.app.run_calls import RunCalls


class Pair(ReadOnlyCalls, PlanningCalls, RunCalls):
    """A High Availability pair. Use `open_pair` to get one.

    What differs is looked at, what is to be written is planned, and a plan is executed, as a run that is kept.
    """

    __slots__ = ()
