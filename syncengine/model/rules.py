"""The rules of the domain, by number and name, as docs/explanation/rules.md has them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; its name is the sentence it begins with."""

    number: int
    name: str

    def __str__(self) -> str:
        return f"rule {self.number}: {self.name}"


LOCAL_ADMINISTRATION = Rule(1, "local administration belongs to one server")
ALIGNED_WINDOWS = Rule(5, "windows are aligned to intervals")
ARCHIVED_ON_BOTH = Rule(6, "only what both servers have archived is copied")
OWN_TO_EACH_SERVER = Rule(8, "some columns and tables are each server's own")
CONSENT_TO_DELETIONS = Rule(13, "deletions need consent")
SAME_LOAD = Rule(14, "the same load, the same columns")
ONE_ADMINISTRATOR = Rule(15, "one administrator")
