"""Options of a run: how it treats differences, and the daily, weekly and monthly rows above them."""

from __future__ import annotations

from enum import StrEnum


class Policy(StrEnum):
    """How a run treats differences."""

    REPLACE = "replace"
    """The vendor's restore: buckets end with the source's rows."""
    FILL = "fill"
    """Add buckets the target lacks; delete nothing."""
    ROWS = "rows"
    """Whole key groups that differ, the rest of the bucket untouched."""
    RECONCILE = "reconcile"
    """Each interval from the server that recorded it completely, in both directions."""

    @property
    def does(self) -> str:
        """Its effect on history, for people."""
        match self:
            case Policy.REPLACE:
                return "buckets that differ end with the source's rows (the vendor's restore)"
            case Policy.FILL:
                return "add buckets the target lacks, delete nothing"
            case Policy.ROWS:
                return "rewrite only the key groups that differ"
            case Policy.RECONCILE:
                return "each interval from the server that recorded it completely, in both directions"

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
        """Whether it deletes nothing, and so changes no row that the target has."""
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
    """What a run does with periods that were summarised before it repaired their intervals (rule 10)."""

    LIST = "list"
    """List them: Data Summarizing has to be rerun for them."""
    RECOMPUTE = "recompute"
    """Recompute them from the target's own intervals, once these are repaired."""
    COPY = "copy"
    """Copy them from the other server, if its intervals were all whole, once both servers' intervals agree."""


class UnknownColumns(StrEnum):
    """What to do with columns that no rule rolls up, when a daily, weekly or monthly row is recomputed."""

    REFUSE = "refuse"
    """Do not recompute the row: Data Summarizing has to be rerun for its period."""
    NULL = "null"
    """Write the row with NULL in these columns."""
