"""A pair as one object with the things people do to it. This is the Python API."""

from syncengine.app.opening import bare_checklist, build_demo, open_catalogue, open_pair, open_procedures
from syncengine.app.pair import Pair
from syncengine.jobs.runs.result import Ran

__all__ = ["Pair", "Ran", "bare_checklist", "build_demo", "open_catalogue", "open_pair", "open_procedures"]
