"""The only wiring: a pair as one object with the things people do to it. This is the Python API."""

from syncengine.app.opening import open_pair
from syncengine.app.pair import Pair
from syncengine.jobs.runs.result import Ran

__all__ = ["Pair", "Ran", "open_pair"]
