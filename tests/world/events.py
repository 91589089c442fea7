"""What can happen at the switch, as values in seconds of the world."""

from __future__ import annotations

from dataclasses import dataclass

from tests.world.values import Span

AUX, AVAIL, ACD, ACW, RING = 20, 30, 40, 50, 80
"""Work modes."""


@dataclass(frozen=True, slots=True)
class Login:
    """An agent logged on to one split; `end` is after the world's last second if he is still logged on then."""

    acd: int
    logid: str
    extension: str
    split: int
    place: int
    """Which of his splits it is: 0 is the one that his times of all splits are booked in."""
    begin: int
    end: int
    session: int
    """The second at which he logged on with his first split."""
    reason: int = 0


@dataclass(frozen=True, slots=True)
class WorkState:
    """What an agent does from a second up to another; the split is 0 where his work is for none."""

    acd: int
    logid: str
    split: int
    booked: int
    """The split that times of all splits are booked in."""
    mode: int
    number: int
    """Its place among the states of his session."""
    begin: int
    end: int
    reason: int = 0


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a call, from when it arrives at its VDN or is transferred up to when it ends."""

    acd: int
    callid: int
    segment: int
    begin: int
    end: int
    finish: int
    """When its after-call work ends too."""
    vdn: str
    vector: int
    split: int
    """0 where it was queued to none."""
    tkgrp: int
    disposition: int
    """2 answered, 3 abandoned, 6 disconnected."""
    answered: int = 0
    ringing: int = 0
    """How many seconds it rang before it was answered."""
    logid: str = ""
    origin: str = ""
    """Who transferred it here."""
    held: int = 0
    """For how many seconds."""
    transferred: bool = False
    conference: bool = False
    cwc: str = ""

    @property
    def span(self) -> Span:
        """The span in which a server must see the call to count it."""
        return (self.begin, self.finish)


@dataclass(frozen=True, slots=True)
class Exceeded:
    """An agent was in AUX longer than a limit allows."""

    acd: int
    since: int
    at: int
    logid: str
    split: int
    threshold: int
    reason: int
