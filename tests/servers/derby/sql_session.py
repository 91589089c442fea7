"""What a session of the client has set, and what the server says about itself in it."""

from __future__ import annotations

from dataclasses import dataclass, field

ISOLATIONS = {
    "DIRTY READ": "1",
    "COMMITTED READ": "2",
    "COMMITTED READ LAST COMMITTED": "1",
    "CURSOR STABILITY": "2",
    "REPEATABLE READ": "3",
}
"""How strictly a statement reads, as the name of the package it runs in says it: the driver leaves that to Informix."""


@dataclass
class Session:
    """What a connection has set, and what the server answers about itself."""

    database: str = "cms"
    version: str = "14.10.FC9"
    logged: bool = True
    ansi: bool = False
    isolation: str = "COMMITTED READ"
    temporary: set[str] = field(default_factory=set)
    """The names of its temporary tables."""

    @property
    def package_isolation(self) -> str:
        """Return the digit of the isolation in the name of a package."""
        return ISOLATIONS[self.isolation]

    @property
    def full_version(self) -> str:
        """Return the version as DBINFO gives it."""
        return f"IBM Informix Dynamic Server Version {self.version}"
