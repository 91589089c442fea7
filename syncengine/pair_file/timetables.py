"""The timetables section of a pair file: the column with their state, and which belong to each server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, model_validator

from syncengine.model.pair import Role
from syncengine.model.timetable_flag import (
    NULL,
    OWN,
    StoredState,
    TimetableFlag,
    TimetableSettings,
    TimetableState,
    stored_text,
)
from syncengine.model.timetables import NAME, OWNER, SCHEDULES

FLAG = re.compile(rf"{SCHEDULES}\.([a-z_][a-z0-9_]{{0,127}})")
SERVERS = tuple(role.value for role in Role)


def _flag(flag: str) -> str:
    found = FLAG.fullmatch(flag.lower())
    if found is None:
        raise ValueError(
            f"{flag!r} is not a column of {SCHEDULES}, the table of schedules; write it like {SCHEDULES}.run_local"
        )
    if found.group(1) in (OWNER, NAME):
        raise ValueError(f"{flag!r} identifies the timetable; it does not say where it runs")
    return found.group(1)


def _stored(given: Any) -> dict[str, str | None]:  # noqa: ANN401  # any value of the file
    """Return the value each server stores; a single value is for both."""
    values = dict(given) if isinstance(given, Mapping) else dict.fromkeys(SERVERS, given)
    if set(values) != set(SERVERS):
        raise ValueError('needs a value for each server, like { primary = "1", secondary = "2" }, or one for both')
    return {server: _value(value) for server, value in values.items()}


def _value(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f'a stored value is text or a whole number, or "{NULL}" for none, not {value!r}')
    return None if value == NULL else stored_text(value)


Stored = Annotated[dict[str, str | None], BeforeValidator(_stored)]


class TimetablesEntry(BaseModel):
    """How timetables are stored on this pair's servers."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    flag: Annotated[str, AfterValidator(_flag)] | None = None
    only_here: Stored | None = None
    here_or_another: Stored | None = None
    not_here: Stored | None = None
    own: tuple[str, ...] | list[str] = OWN

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Refuse a flag without a value for each state, or with the same value for two states."""
        missing = [key for key, stored in self._states().items() if stored is None]
        if self.flag is None:
            if len(missing) < len(TimetableState):
                raise ValueError(f"has stored values without their column; add flag = '{SCHEDULES}.COLUMN'")
            return self
        if missing:
            raise ValueError(f"flag needs the stored value of each state, and {' and '.join(missing)} is missing")
        for server in SERVERS:
            by_value: dict[str | None, str] = {}
            for key, stored in self._states().items():
                value = (stored or {})[server]
                if value in by_value:
                    shown = NULL if value is None else repr(value)
                    raise ValueError(
                        f"{by_value[value]} and {key} are both stored as {shown} on {server}; "
                        "give each state a different value"
                    )
                by_value[value] = key
        return self

    def _states(self) -> dict[str, dict[str, str | None] | None]:
        """Return the stored values of each state, by the key of the state."""
        return {_key(state): getattr(self, _key(state)) for state in TimetableState}

    @property
    def settings(self) -> TimetableSettings:
        """The same as settings of a pair."""
        if self.flag is None:
            return TimetableSettings(own=tuple(self.own))
        stored = tuple(
            StoredState(state, server, value)
            for state in TimetableState
            for server, value in (self._states()[_key(state)] or {}).items()
        )
        return TimetableSettings(TimetableFlag(self.flag, stored), tuple(self.own))


def _key(state: TimetableState) -> str:
    return state.value.replace(" ", "_")
