"""A High Availability pair, as its file describes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from syncengine.model.expected import ExpectedRows
from syncengine.model.grain import Archive, Grain
from syncengine.model.mask import UNMASKED, Mask
from syncengine.model.never_pickled import NeverPickled
from syncengine.model.support import NO_SUPPORT, Support
from syncengine.model.timetable_flag import TimetableSettings


class Role(StrEnum):
    """Which of the two servers: the primary is where administration is done."""

    PRIMARY = "primary"
    SECONDARY = "secondary"

    @property
    def other(self) -> Role:
        """The other server of the pair."""
        return Role.SECONDARY if self is Role.PRIMARY else Role.PRIMARY


@dataclass(frozen=True, slots=True)
class ServerSettings(NeverPickled):
    """One server of the pair. `url` may contain a secret and is never shown; `shown_url` has ${NAME} instead."""

    role: Role
    url: str = field(repr=False)
    shown_url: str
    load: str | None = None
    read_only: bool = False
    without_transactions: bool = False
    """The user accepts steps on a database without a transaction log, which cannot be rolled back."""
    pseudo_acds: tuple[int, ...] = ()
    """The pseudo-ACDs of this server: it alone has their rows (rule 8)."""
    mask: Mask = UNMASKED
    """Masks the values that the url takes from the environment."""

    def masked(self, text: str) -> str:
        """Return a text with ${NAME} in place of each value that the url takes from the environment."""
        return self.mask.text(text)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the user allows a run to do and to use."""

    deletions: int = 1000
    """Rows that only the target holds and a plan may delete (rule 13)."""
    step_rows: int = 20_000
    """Rows one transaction may delete and insert together; a bucket is never split."""
    compare_rows: int = 500_000
    """Rows fetched from both servers for one exact comparison."""
    memory_mb: int = 256
    """Memory for comparing rows; more spills to the staging folder."""
    query_seconds: int = 600
    """How long one query on a server may take."""
    lock_seconds: int = 30
    """How long a statement waits for rows that another session has locked."""
    wait_minutes: int = 90
    """How long `--wait` waits for an interval to be archived."""
    keep_days: int = 90
    """How many days a finished run is stored and can be undone."""
    keep_mb: int = 10_000
    """How much disk space runs may take; the oldest finished ones are removed first."""
    samples: int = 5
    """Differing key groups shown for each table."""


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a server stores rows, if the pair file says so; else dcalloc decides (rule 12)."""

    periods: tuple[tuple[Archive, int], ...] = ()
    """Days of intervals and of days, weeks, and months."""

    def of(self, archive: Archive) -> int | None:
        """Return how many periods of an archive are stored, or None."""
        return dict(self.periods).get(archive)

    def most(self, grain: Grain) -> int:
        """Return how many periods of an archive may be stored: as the file says, or the most a CMS can be set to."""
        return self.of(grain.archive) or grain.longest_retention or 0


class CallHistory(StrEnum):
    """Where External Call History is normally on (High Availability guide, chapters 1 and 3)."""

    PRIMARY = "primary"
    """On the primary only: it is switched over when the primary fails, and back afterwards."""
    BOTH = "both"
    """On both, as customized reports need it: there is nothing to switch."""
    NONE = "none"
    """Not installed."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A command of the user's that does or checks something on one server that no table can.

    `kind` is that of a checklist line, of a daily check, or `load`.
    """

    kind: str
    server: Role
    command: tuple[str, ...]
    timeout_seconds: int


@dataclass(frozen=True, slots=True)
class PairSettings(NeverPickled):
    """The content of a pair file. Paths are absolute."""

    file: Path
    primary: ServerSettings
    secondary: ServerSettings
    staging: Path
    as_of: datetime | None = None
    timezone: str = "UTC"
    """The time zone for epoch seconds."""
    clock_zone: str | None = None
    """The time zone of the switch's wall clock, if the file names it; else that of this machine is taken."""
    intervals: tuple[tuple[int | None, int], ...] = ()
    """Interval lengths in minutes by ACD; the ACD None is for all others."""
    retention: Retention = field(default_factory=Retention)
    limits: Limits = DEFAULT_LIMITS
    timetables: TimetableSettings = field(default_factory=TimetableSettings)
    specs: tuple[Path, ...] = ()
    hooks: tuple[Hook, ...] = ()
    call_history: CallHistory | None = None
    """None if the pair file does not say, which does not mean that it is not installed."""
    expected: tuple[ExpectedRows, ...] = ()
    """Rows of which each server has its own (rule 8)."""
    support: Support = NO_SUPPORT
    """The details for a call to support, without secrets of the urls."""

    @property
    def pseudo_acds(self) -> frozenset[int]:
        """The pseudo-ACDs of both servers."""
        return frozenset(acd for role in Role for acd in self.server(role).pseudo_acds)

    def hook(self, kind: str, role: Role) -> Hook | None:
        """Return the hook of a kind for one server, or None."""
        return next((one for one in self.hooks if (one.kind, one.server) == (kind, role)), None)

    @property
    def secret_names(self) -> frozenset[str]:
        """The environment variables that the urls take secrets from."""
        return frozenset(name for role in Role for name, _ in self.server(role).mask.values)

    def masked(self, text: str) -> str:
        """Return a text without the secrets of either server."""
        return Mask(self.primary.mask.values + self.secondary.mask.values).text(text)

    def server(self, role: Role) -> ServerSettings:
        """Return the settings of one server."""
        return self.primary if role is Role.PRIMARY else self.secondary

    def interval(self, acd: int) -> int | None:
        """Return the interval length of an ACD by the file, or None."""
        lengths = dict(self.intervals)
        return lengths.get(acd, lengths.get(None))
