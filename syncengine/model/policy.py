"""What is asked of a run: how it treats what differs, and the days, weeks and months above it."""

from __future__ import annotations

from enum import StrEnum


class Policy(StrEnum):
    """How a run treats what differs."""

    REPLACE = "replace"
    """The vendor's restore: buckets end with the source's rows."""
    FILL = "fill"
    """Add buckets the target lacks; delete nothing."""
    ROWS = "rows"
    """Whole key groups that differ, the rest of the bucket untouched."""
    RECONCILE = "reconcile"
    """Each interval from the server that saw it whole, in both directions."""

    @property
    def does(self) -> str:
        """What it does to history, for people."""
        match self:
            case Policy.REPLACE:
                return "buckets that differ end with the source's rows (the vendor's restore)"
            case Policy.FILL:
                return "add buckets the target lacks, delete nothing"
            case Policy.ROWS:
                return "rewrite only the key groups that differ"
            case Policy.RECONCILE:
                return "each interval from the server that saw it whole, in both directions"

    @property
    def both_directions(self) -> bool:
        """Whether both servers may be written to."""
        match self:
            case Policy.RECONCILE:
                return True
            case Policy.REPLACE | Policy.FILL | Policy.ROWS:
                return False

    @property
    def only_adds(self) -> bool:
        """Whether it deletes nothing, and so changes nothing that the target has."""
        match self:
            case Policy.FILL:
                return True
            case Policy.REPLACE | Policy.ROWS | Policy.RECONCILE:
                return False

    @property
    def in_bulk(self) -> bool:
        """Whether history can be copied by it in bulk."""
        match self:
            case Policy.FILL | Policy.REPLACE | Policy.RECONCILE:
                return True
            case Policy.ROWS:
                return False

    @property
    def administers(self) -> bool:
        """Whether administration can be copied by it."""
        match self:
            case Policy.REPLACE | Policy.FILL:
                return True
            case Policy.ROWS | Policy.RECONCILE:
                return False


IN_BULK = tuple(one for one in Policy if one.in_bulk)
ADMINISTERING = tuple(one for one in Policy if one.administers)


class Rollups(StrEnum):
    """What a run does about periods that were summarised before it repaired their intervals (rule 10)."""

    LIST = "list"
    """Name them: Data Summarizing has to be rerun for them."""
    RECOMPUTE = "recompute"
    """Roll them up anew from the target's own intervals, once these are repaired."""
    COPY = "copy"
    """Take them from the other server, whose intervals were all whole, once its intervals and the target's agree."""


class UnknownColumns(StrEnum):
    """What becomes of columns that no rule rolls up where a row of a day, week or month is to be made."""

    REFUSE = "refuse"
    """No such row is made: the period is left to Data Summarizing."""
    NULL = "null"
    """The row is made, and they are NULL in it."""
