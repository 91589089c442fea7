"""What no table can do: lines for the people at both servers, before and after a copy (rule 20)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from syncengine.model.pair import Role


class LineKind(StrEnum):
    """What a line is about. Scripts and hooks rely on it, so it does not change with the wording."""

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
    """Check that they are up, as the hook of the daily check does."""
    ADMINISTER = "administer"
    """Make administration alike that is entered on each server: only people can do that."""


@dataclass(frozen=True, slots=True)
class ChecklistLine:
    """One thing to do on one server."""

    kind: LineKind
    server: Role
    text: str
    """A sentence for people."""
    file: str = ""
    """For the kind `files`: the file or folder to copy."""
    source: Role | None = None
    """The server to copy it from; None if it is not copied."""
    hook: bool = False
    """The pair file names a command that does it."""
    details: tuple[str, ...] = ()
    """What people need for it, one item each."""

    @property
    def hookable(self) -> bool:
        """Say whether a hook may do it: one that copies files cannot remove them."""
        return self.kind is not LineKind.FILES or self.source is not None

    @property
    def place(self) -> tuple[str, Role]:
        """Its kind and server."""
        return self.kind, self.server


@dataclass(frozen=True, slots=True)
class Checklist:
    """What people have to do before and after a copy, in order; only the lines that apply."""

    before: tuple[ChecklistLine, ...] = ()
    after: tuple[ChecklistLine, ...] = ()
