"""What no table can do: lines for the people at both servers, before and after a copy (rule 20)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from syncengine.model.pair import Role


class LineKind(StrEnum):
    """What a line is about. Scripts and hooks go by it, so it does not change with the wording."""

    SINGLE_USER = "single-user"
    MULTI_USER = "multi-user"
    LOGINS = "logins"
    REMOVE_LOGINS = "remove-logins"
    VISUAL_VECTORS = "visual-vectors"
    FILES = "files"
    TIMETABLES = "timetables"
    VERIFY_INTERVAL = "verify-interval"
    DATA_SUMMARIZING = "data-summarizing"
    CALL_HISTORY_ON = "external-call-history-on"
    CALL_HISTORY_OFF = "external-call-history-off"
    SUPPORT = "support"
    LOG_OFF = "log-off"
    LOG_ON = "log-on"
    HOST_ALIAS = "host-alias"
    COLLECTION_OFF = "collection-off"
    COLLECTION_ON = "collection-on"
    BACKUP = "backup"
    LINKS = "links"
    """To see that they are up, which the hook of the daily check looks at too."""


@dataclass(frozen=True, slots=True)
class ChecklistLine:
    """One thing to do on one server."""

    kind: LineKind
    server: Role
    text: str
    """A sentence for people."""
    file: str = ""
    """What has to be carried over, of the kind `files`."""
    hook: bool = False
    """The pair file names a command that does it."""
    details: tuple[str, ...] = ()
    """What to have at hand for it, one thing each."""

    @property
    def place(self) -> tuple[str, Role]:
        """What it is about, and where."""
        return self.kind, self.server


@dataclass(frozen=True, slots=True)
class Checklist:
    """What to do beside the tables, in order; only what applies."""

    before: tuple[ChecklistLine, ...] = ()
    after: tuple[ChecklistLine, ...] = ()
