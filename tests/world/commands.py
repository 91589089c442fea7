"""What an operator types: commands as the documentation has them, in groups that scenarios draw from.

What stands in braces is filled in when a command is typed (`operator.py`).
"""

from __future__ import annotations

READING = (
    ("verify",),
    ("verify", "--window", "{days 1 0}"),
    ("verify", "--window", "{outage secondary -1}"),
    ("verify", "--table", "haglog"),
    ("verify", "--acd", "1"),
    ("verify", "--full"),
    ("verify", "--from", "secondary"),
    ("outages",),
    ("status",),
    ("check",),
    ("runs",),
)
REPAIRING = (
    ("resync", "--outages", "--yes"),
    ("resync", "--outages", "--yes"),
    ("resync", "--outages", "--dry-run"),
    ("resync", "--window", "{outage secondary -1}", "--yes"),
    ("resync", "--window", "{outage primary -1}", "--from", "secondary", "--yes"),
    ("resync", "--window", "{outage secondary -1}", "--policy", "reconcile", "--yes"),
    ("resync", "--window", "{outage secondary -1}", "--policy", "fill", "--yes"),
    ("resync", "--window", "{outage secondary -1}", "--policy", "rows", "--yes"),
    ("resync", "--window", "{outage secondary -2}", "--table", "haglog", "--yes"),
    ("resync", "--window", "{days 1 0}", "--yes"),
    ("resync", "--window", "{days 1 1}", "--yes"),
    ("resync", "--window", "{days 1 1}", "--from", "secondary", "--yes"),
    ("resync", "--window", "{days 2 1}", "--from", "secondary", "--yes"),
    ("resync", "--window", "{days 1 1}", "--acd", "1", "--take-broken", "--yes"),
    ("resync", "--window", "{outage primary -1}", "--from", "secondary", "--allow-deletions", "0", "--yes"),
    ("backfill", "--window", "{days 3 1}", "--yes"),
)
BADLY_TYPED = (
    ("verify", "--window", "yesterday"),
    ("resync", "--window", "2000-06-05 05:19..05:13", "--yes"),
    ("resync", "--window", "06/05/00 05:13..05:19", "--yes"),
    ("resync", "--window", "2000-06-05 05:13", "--yes"),
    ("resync", "--window", "2000-06-05 25:00..26:00", "--yes"),
    ("resync", "--window", "1997-06-05 05:13..05:19", "--yes"),
    ("resync", "--yes"),
    ("resync", "--outages", "--window", "2000-06-05", "--yes"),
    ("resync", "--window", "2000-06-05", "--table", "hsplitt", "--yes"),
    ("resync", "--window", "2000-06-05", "--acd", "9", "--yes"),
    ("undo", "20991231", "--yes"),
    ("verify", "--table", "dcalloc"),
    ("resync", "--window", "2000-06-05"),
)
UNDOING = (
    ("undo", "--yes"),
    ("undo", "{run -1}", "--yes"),
    ("undo", "{run -2}", "--yes"),
    ("undo", "{run 0}", "--yes"),
    ("undo", "--dry-run"),
    ("resume",),
    ("report",),
)
LATER_UNDOS = (
    ("resume",),
    ("resume", "{run -1}"),
    ("undo", "{run -1}", "--yes"),
    ("runs",),
    ("status", "--ledger"),
)
WAITING = (
    ("resync", "--outages", "--wait", "--yes"),
    ("resync", "--window", "{outage secondary -1}", "--wait", "--yes"),
    ("resync", "--window", "{outage primary -1}", "--from", "secondary", "--wait", "--yes"),
)
ROLLING_UP = (
    ("verify", "--internal"),
    ("resync", "--outages", "--rollups", "recompute", "--yes"),
    ("resync", "--outages", "--rollups", "copy", "--yes"),
    ("resync", "--window", "{outage secondary -1}", "--rollups", "recompute", "--yes"),
    ("resync", "--window", "{days 3 1}", "--rollups", "copy", "--yes"),
)
ADMINISTERING = (
    ("sync", "--set", "dictionary", "--yes"),
    ("sync", "--set", "synonyms", "--yes"),
    ("sync", "--set", "agent-groups", "--yes"),
    ("sync", "--set", "users", "--yes"),
    ("sync", "--set", "users", "--remove-users", "--yes"),
    ("sync", "--set", "timetables", "--yes"),
    ("sync", "--set", "dictionary", "--prefer", "primary", "--yes"),
    ("sync", "--set", "dictionary", "--prefer", "secondary", "--yes"),
    ("sync", "--set", "synonyms", "--from", "secondary", "--yes"),
    ("sync", "--set", "dictionary", "--acd", "1", "--yes"),
    ("sync", "--table", "splits", "--include-manual", "--yes"),
    ("sync", "--set", "dictionary", "--dry-run"),
    ("timetables",),
    ("checklist", "nightly"),
)
