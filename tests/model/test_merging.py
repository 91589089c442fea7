"""What parts of an observation hold in each field becomes that of the whole."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.checklist import ChecklistLine, LineKind
from syncengine.model.cuts import Cut, CutRow, CutState
from syncengine.model.drift import (
    BucketDrift,
    BucketExtent,
    ChangedBy,
    Counts,
    GroupChange,
    KeyGroupDrift,
    Observation,
    Scope,
    Strength,
    TableObservation,
    TableState,
)
from syncengine.model.expected import ExpectedDifference, ExpectedKind
from syncengine.model.facts import ServerFacts
from syncengine.model.fingerprint import FingerprintColumn
from syncengine.model.merging import merged, merged_tables
from syncengine.model.pair import Role
from syncengine.model.remembered_days import RememberedCounts
from syncengine.model.selection import KeyGroups
from syncengine.model.sides import Sides
from syncengine.model.spec import ColumnType, CompanionFile, DataClass
from syncengine.model.stretch import Overlap
from syncengine.model.timetables import TimetableListing
from syncengine.model.window import Window
from tests.builders import catalogue

NOON = datetime(2000, 6, 5, 12)
WINDOW = Window(NOON, NOON + timedelta(hours=1))
COLUMN = FingerprintColumn("incalls", ColumnType("integer"))


def table(day: int = 5, **values: Any) -> TableObservation:
    """Return an observation of a table in which no field is as it is by default, of a day."""
    bucket = Bucket(date(2000, 6, day), 1200, 1)
    cut_row = CutRow(bucket, ("1",), NOON, None, 1, None, begin_cut=True, end_cut=False, rows=1)
    fields: dict[str, Any] = {
        "spec": catalogue().table("htrunk"),
        "state": TableState.COMPARED,
        "problem": "a problem",
        "hint": "a hint",
        "scopes": (Scope(1),),
        "compared": (COLUMN,),
        "all_columns": (COLUMN,),
        "uncovered": ("more",),
        "unknown": ("other",),
        "strength": Strength.EVERY_ROW,
        "buckets_compared": 3,
        "rows_compared": 9,
        "differing": (BucketDrift(bucket, BucketState(1), counts=Counts(missing=1)),),
        "other_acds": (2,),
        "source_extents": (BucketExtent(1, 3, bucket, bucket),),
        "source_rows": 5,
        "target_rows": 4,
        "samples": (KeyGroupDrift(bucket, (), 1, 0), KeyGroupDrift(bucket, (("tkgrp", 2),), 1, 0)),
        "notes": ("a note",),
        "changes": (GroupChange(bucket, (), ("1",), ChangedBy.TARGET, Counts(), 1, 1, 1),),
        "excluded": KeyGroups(("incalls",), (("1",),)),
        "remembered": RememberedCounts(1, 2, 3, 4, 5, NOON),
        "expected": (ExpectedDifference(ExpectedKind.PSEUDO_ACD, "ACD 9", "made up", 1, 2, 3),),
        "overlaps": (Overlap(Role.PRIMARY, 1, WINDOW, 2),),
        "cuts": (Cut(1, Role.PRIMARY, CutState.NO_WHOLE, (cut_row,), (), (WINDOW,)),),
        "unwritable": "no permission",
    }
    return TableObservation(**{**fields, **values})


def observation(**values: Any) -> Observation:
    """Return an observation in which no field is as it is by default."""
    fields: dict[str, Any] = {
        "as_of": NOON,
        "seed": 7,
        "requested": WINDOW,
        "facts": Sides.by_role(Role.PRIMARY, {role: ServerFacts(role, "id", "kind", None, (1,)) for role in Role}),
        "tables": (table(),),
        "zone": "UTC",
        "acds": (1,),
        "notes": ("could not be remembered",),
        "timetables": TimetableListing(NOON, ()),
        "files": (CompanionFile("/cms/here", "things", "copy it", DataClass.SYSTEM),),
        "excluded_tables": (table(spec=catalogue().table("hsplit")),),
        "by_hand": (ChecklistLine(next(iter(LineKind)), Role.PRIMARY, "do it"),),
        "interval_lengths": ((1, 30),),
    }
    return Observation(**{**fields, **values})


def default(field: Field[Any]) -> Any:
    """Return what a field holds by default."""
    return field.default_factory() if field.default_factory is not MISSING else field.default


@pytest.mark.parametrize("whole", [table(), observation()], ids=["table", "observation"])
def test_no_field_is_lost(whole: Any) -> None:
    """A part alone is the whole in each field: one that merging does not know fails here."""
    assert [one.name for one in fields(whole) if getattr(whole, one.name) == default(one)] == []
    if isinstance(whole, Observation):
        assert merged((whole,), samples=5) == whole
    else:
        assert merged_tables((whole,), samples=5) == whole


def test_months_of_a_table_add_up_in_order() -> None:
    """Counts are sums, what is listed is in the order of time, and the first samples of all are included."""
    later, earlier = table(20), table(5)

    both = merged_tables((later, earlier), samples=3)

    assert (both.buckets_compared, both.rows_compared, both.source_rows, both.target_rows) == (6, 18, 10, 8)
    assert both.differing == (*earlier.differing, *later.differing)
    assert both.samples == (*earlier.samples, later.samples[0])
    assert both.source_extents == (
        BucketExtent(1, 6, Bucket(date(2000, 6, 5), 1200, 1), Bucket(date(2000, 6, 20), 1200, 1)),
    )
    assert both.remembered == RememberedCounts(1, 4, 6, 8, 10, NOON)
    assert both.expected == (ExpectedDifference(ExpectedKind.PSEUDO_ACD, "ACD 9", "made up", 2, 4, 6),)


def test_a_month_that_could_not_be_read_says_so_of_the_table() -> None:
    """If a part of a table could not be read, it is not known whether the table differs."""
    failed = TableObservation(catalogue().table("htrunk"), TableState.NOT_READ, "it was in use")

    assert merged_tables((table(), failed), samples=5) == failed


def test_tables_stand_in_the_order_of_the_parts() -> None:
    """Parts of several tables are one observation, each table once."""
    other = observation(tables=(table(spec=catalogue().table("hsplit")),))

    assert [one.spec.name for one in merged((observation(), other, observation()), samples=5).tables] == [
        "htrunk",
        "hsplit",
    ]


def test_parts_of_several_requests_are_refused() -> None:
    """Observations with another seed, or of another time, do not merge."""
    with pytest.raises(ValueError, match="not all have the same seed"):
        merged((observation(), observation(seed=8)), samples=5)
    with pytest.raises(ValueError, match="no observation to merge"):
        merged((), samples=5)
