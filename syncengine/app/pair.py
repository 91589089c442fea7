"""A pair as one object with the things people do to it. This is the Python API."""

from __future__ import annotations

from syncengine.app.looking import Looking
from syncengine.app.planning import Planning
from syncengine.app.running import Running


class Pair(Looking, Planning, Running):
    """A High Availability pair. Use `open_pair` to get one.

    What differs is looked at, what is to be written is planned, and a plan is executed, as a run that is kept.
    """

    __slots__ = ()
