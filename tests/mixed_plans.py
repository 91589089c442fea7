"""Plans of history and administration in one, which no command makes and the engine carries out all the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from unittest.mock import patch

from syncengine.app import Pair
from syncengine.app.tables import Asked, Choosing
from syncengine.model.plan import Plan
from syncengine.model.spec import TableSpec


def mixed_plan(pair: Pair, *, tables: Iterable[str], **options: Any) -> Plan:
    """Plan to copy tables of both kinds, so that one run has steps of each: many tables, and two in one step."""
    with letting_both_through():
        return pair.plan_resync(tables=tables, **options)


def letting_both_through() -> Any:
    """Return a context in which a resync takes administration, too."""

    def to_resync(choosing: Choosing, asked: Asked) -> tuple[TableSpec, ...]:
        return choosing.asked_for(asked)

    return patch.object(Choosing, "to_resync", to_resync)
