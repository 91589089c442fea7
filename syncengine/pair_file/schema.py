"""The shape of a pair file, checked by pydantic so that every fault is found at once."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from syncengine.model.grain import DAILY, INTERVAL, MONTHLY, WEEKLY
from syncengine.model.hooks import KINDS
from syncengine.model.interval import LENGTHS
from syncengine.model.mask import REFERENCE
from syncengine.model.pair import Limits, Role
from syncengine.model.window_syntax import FIRST_YEAR, LAST_YEAR
from syncengine.pair_file.timetables import TimetablesEntry

PASSWORD_IN_URL = re.compile(r"://[^/@:]*:(.+)@|[?&;](?:password|pwd|passwd)=([^&;]*)", re.IGNORECASE)
DEFAULTS = Limits()
IL_DIGITS = 10
"""Digits of the number of an installation location (High Availability guide, Preface)."""
MOST_ROWS = 10**12
MOST_MB = 10**8
"""More than any server has, and less than a clock or counter can take."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone; write one like America/Denver or Etc/GMT+6") from None
    return name


def _url(url: str) -> str:
    if "://" not in url:
        raise ValueError("is not a url; write duckdb:///FILE, with the path relative to this file")
    passwords = (found.group(1) or found.group(2) for found in PASSWORD_IN_URL.finditer(url))
    if any(REFERENCE.fullmatch(password) is None for password in passwords if password):
        raise ValueError("has a password in it; write ${NAME} instead and set NAME in the environment")
    return url


def _acd_or_default(name: str) -> str:
    if re.fullmatch("default|[1-9][0-9]?", name) is None:
        raise ValueError("is not an ACD; write its number, or default for all")
    return name


def _interval(minutes: int) -> int:
    if minutes not in LENGTHS:
        raise ValueError(f"an interval is 15, 30 or 60 minutes long, not {minutes}")
    return minutes


def _wall_clock(moment: datetime) -> datetime:
    if moment.tzinfo is not None:
        raise ValueError("is the switch's wall clock and takes no time zone; write 2000-06-05T06:10:00")
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"is outside the years {FIRST_YEAR} to {LAST_YEAR}")
    return moment


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ServerEntry(_Strict):
    """One server."""

    url: Annotated[str, AfterValidator(_url)]
    load: str | None = None
    read_only: bool = False
    without_transactions: bool = False
    pseudo_acds: list[Annotated[int, Field(ge=1, le=99)]] = []


class RetentionEntry(_Strict):
    """How long each archive is stored, instead of what dcalloc has: days, days, weeks, months."""

    interval: int | None = Field(default=None, ge=1, le=INTERVAL.longest_retention)
    daily: int | None = Field(default=None, ge=1, le=DAILY.longest_retention)
    weekly: int | None = Field(default=None, ge=1, le=WEEKLY.longest_retention)
    monthly: int | None = Field(default=None, ge=1, le=MONTHLY.longest_retention)


class LimitsEntry(_Strict):
    """What a run may do and use."""

    deletions: int = Field(default=DEFAULTS.deletions, ge=0, le=MOST_ROWS)
    step_rows: int = Field(default=DEFAULTS.step_rows, ge=1, le=MOST_ROWS)
    compare_rows: int = Field(default=DEFAULTS.compare_rows, ge=1000, le=MOST_ROWS)
    memory_mb: int = Field(default=DEFAULTS.memory_mb, ge=64, le=MOST_MB)
    query_seconds: int = Field(default=DEFAULTS.query_seconds, ge=1, le=86_400)
    lock_seconds: int = Field(default=DEFAULTS.lock_seconds, ge=1, le=3600)
    wait_minutes: int = Field(default=DEFAULTS.wait_minutes, ge=1, le=10_080)
    keep_days: int = Field(default=DEFAULTS.keep_days, ge=0, le=36_500)
    keep_mb: int = Field(default=DEFAULTS.keep_mb, ge=0, le=MOST_MB)
    samples: int = Field(default=DEFAULTS.samples, ge=0, le=1000)


class ExpectedEntry(_Strict):
    """Rows of which each server has its own."""

    table: str
    where: Annotated[dict[str, Annotated[list[int | str], Field(min_length=1)]], Field(min_length=1)]
    why: Annotated[str, Field(min_length=1)]


def _one_line(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty; leave the key out if it is not known")
    if not text.isprintable():
        raise ValueError("must be one line without tabs or control characters")
    return text.strip()


def _installation(number: str) -> str:
    digits = re.sub(r"[ ./-]", "", number)
    if digits.isdecimal() and len(digits) != IL_DIGITS:
        raise ValueError(f"an IL number has {IL_DIGITS} digits, not {len(digits)}; see the service contract")
    return number


Words = Annotated[str, Field(max_length=200), AfterValidator(_one_line)]


class SupportEntry(_Strict):
    """Details for a call to support."""

    helpline: Words = ""
    installation: Annotated[Words, AfterValidator(_installation)] = ""
    contract: Words = ""
    professional_services: Words = ""
    organization: Words = ""
    contact: Words = ""
    switch_release: Words = ""
    primary_machine: Words = ""
    secondary_machine: Words = ""


def _hook_kind(name: str) -> str:
    if name not in KINDS:
        raise ValueError(f"{name!r} is not a hook; there are {', '.join(KINDS)}")
    return name


def _list(command: object) -> object:
    if not isinstance(command, list):
        raise ValueError('is not a list; write the arguments one by one, like ["ssh", "cms-boulder", "restart"]')
    return command


def _table(hook: object) -> object:
    if not isinstance(hook, dict):
        raise ValueError("is not a table; write the list of arguments as its command")
    return hook


def _command(command: list[str]) -> list[str]:
    if not command or not command[0].strip():
        raise ValueError("has no program")
    if any("\0" in word for word in command):
        raise ValueError("has a NUL character")
    return command


Command = Annotated[list[str], BeforeValidator(_list), AfterValidator(_command)]


class HookEntry(_Strict):
    """A command for either server, or one for each."""

    command: Command | None = None
    primary: Command | None = None
    secondary: Command | None = None
    timeout_seconds: int = Field(default=60, ge=1, le=86_400)

    def of(self, role: Role) -> list[str] | None:
        """Return the command for one server, or None."""
        return (self.primary if role is Role.PRIMARY else self.secondary) or self.command

    @model_validator(mode="after")
    def _names_a_command(self) -> Self:
        if not any(map(self.of, Role)):
            raise ValueError("has no command; write command, primary or secondary, each a list of arguments")
        return self


class PairEntry(_Strict):
    """The whole file."""

    primary: ServerEntry
    secondary: ServerEntry
    as_of: Annotated[datetime, AfterValidator(_wall_clock)] | None = None
    timezone: Annotated[str, AfterValidator(_zone)] | None = None
    staging: str | None = None
    specs: tuple[str, ...] | list[str] = ()
    intervals: dict[Annotated[str, AfterValidator(_acd_or_default)], Annotated[int, AfterValidator(_interval)]] = {}
    retention: RetentionEntry = RetentionEntry()
    limits: LimitsEntry = LimitsEntry()
    external_call_history: Literal["primary", "both", "none"] | None = None
    expected: list[ExpectedEntry] = []
    hooks: dict[Annotated[str, AfterValidator(_hook_kind)], Annotated[HookEntry, BeforeValidator(_table)]] = {}
    timetables: TimetablesEntry = TimetablesEntry()
    support: SupportEntry = SupportEntry()
