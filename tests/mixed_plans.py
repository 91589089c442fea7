"""Plans of history and administration in one, which no command makes but the engine executes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from unittest.mock import patch

from syncengine.app import Pair
from syncengine.app.tables import PairQuery, TableSelector
from syncengine.model.plan import Plan
from syncengine.model.spec import TableSpec


def mixed_plan(pair: Pair, *, tables: Iterable[str], **options: Any) -> Plan:
    """Plan to copy tables of both kinds, so that one run has steps of each: many tables, and two in one step."""
    with resync_of_any_class():
        return pair.plan_resync(tables=tables, **options)


def resync_of_any_class() -> Any:
    """Return a context in which a resync takes administration as well."""

    def for_resync(selector: TableSelector, query: PairQuery) -> tuple[TableSpec, ...]:
        return selector.selected(query)

    return patch.object(TableSelector, "for_resync", for_resync)
