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
    """One server of the pair. `url` may hold a secret and is never shown; in `shown_url` ${NAME} stands for it."""

    role: Role
    url: str = field(repr=False)
    shown_url: str
    load: str | None = None
    read_only: bool = False
    without_transactions: bool = False
    """The user accepts steps on a database that keeps no transaction log, which cannot be rolled back."""
    pseudo_acds: tuple[int, ...] = ()
    """ACDs made up on this server, whose rows it alone has (rule 8)."""
    mask: Mask = UNMASKED
    """What the url takes from the environment."""

    def masked(self, text: str) -> str:
        """Return a text in which what the url takes from the environment stands as in the file, like ${NAME}."""
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
    """How long a statement waits for rows that somebody else has locked."""
    wait_minutes: int = 90
    """How long `--wait` waits for an interval to be archived."""
    keep_days: int = 90
    """How long a run that is done is kept, and can be undone."""
    keep_mb: int = 10_000
    """How much disk runs may take; the oldest that are done go first."""
    samples: int = 5
    """Differing key groups shown for each table."""


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a server keeps rows, where the pair file says so; else dcalloc does (rule 12)."""

    periods: tuple[tuple[Archive, int], ...] = ()
    """Days of intervals and of days, weeks, and months."""

    def of(self, archive: Archive) -> int | None:
        """Return how many periods an archive is kept, or None."""
        return dict(self.periods).get(archive)

    def most(self, grain: Grain) -> int:
        """Return how many periods of an archive may be kept: as the file says, or as many as a CMS can be set to."""
        return self.of(grain.archive) or grain.longest_retention or 0


class CallHistory(StrEnum):
    """Where External Call History is on while all is well (High Availability guide, chapters 1 and 3)."""

    PRIMARY = "primary"
    """On the primary only: it is switched over where the primary fails, and back."""
    BOTH = "both"
    """On both, as customized reports need it: there is nothing to switch."""
    NONE = "none"
    """Not installed."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A command of the user's that does, or looks after, something on one server that no table can do.

    `kind` is that of a checklist line, of a daily check, or `load`.
    """

    kind: str
    server: Role
    command: tuple[str, ...]
    timeout_seconds: int


@dataclass(frozen=True, slots=True)
class PairSettings(NeverPickled):
    """Everything a pair file says. Paths are absolute."""

    file: Path
    primary: ServerSettings
    secondary: ServerSettings
    staging: Path
    as_of: datetime | None = None
    timezone: str = "UTC"
    """The zone epoch seconds are read in."""
    clock_zone: str | None = None
    """The zone of the switch's wall clock, where the file names it; else this machine's is taken."""
    intervals: tuple[tuple[int | None, int], ...] = ()
    """Interval lengths in minutes by ACD; the ACD None stands for all others."""
    retention: Retention = field(default_factory=Retention)
    limits: Limits = DEFAULT_LIMITS
    timetables: TimetableSettings = field(default_factory=TimetableSettings)
    specs: tuple[Path, ...] = ()
    hooks: tuple[Hook, ...] = ()
    call_history: CallHistory | None = None
    """None where the pair file does not say, which is not the same as not installed."""
    expected: tuple[ExpectedRows, ...] = ()
    """Rows of which each server has its own (rule 8)."""
    support: Support = NO_SUPPORT
    """What a call to support is to tell, without secrets of the urls."""

    @property
    def pseudo_acds(self) -> frozenset[int]:
        """The ACDs made up on either server."""
        return frozenset(acd for role in Role for acd in self.server(role).pseudo_acds)

    def hook(self, kind: str, role: Role) -> Hook | None:
        """Return the command the file names for something on one server, or None."""
        return next((one for one in self.hooks if (one.kind, one.server) == (kind, role)), None)

    @property
    def secret_names(self) -> frozenset[str]:
        """The environment variables that the urls take secrets from."""
        return frozenset(name for role in Role for name, _ in self.server(role).mask.values)

    def masked(self, text: str) -> str:
        """Return a text in which neither server's secrets stand."""
        return Mask(self.primary.mask.values + self.secondary.mask.values).text(text)

    def server(self, role: Role) -> ServerSettings:
        """Return the settings of one server."""
        return self.primary if role is Role.PRIMARY else self.secondary

    def interval(self, acd: int) -> int | None:
        """Return the interval length the file gives an ACD, or None."""
        lengths = dict(self.intervals)
        return lengths.get(acd, lengths.get(None))
