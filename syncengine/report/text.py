"""Small pieces of text that reports share."""

from __future__ import annotations

from datetime import timedelta

from rich.table import Table

from syncengine.model.bucket import Bucket, BucketColumns, bucket_start
from syncengine.model.spec import Archive, TableSpec


def grid(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """Return an empty table without lines; the columns in `right` hold numbers."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", no_wrap=True)
    return table


def number(count: int) -> str:
    """Return a count, a dot for none, so that the eye finds the others."""
    return f"{count:,}" if count else "·"


def plural(count: int, noun: str) -> str:
    """Return `1 table` or `2 tables`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def bucket_text(bucket: Bucket, spec: TableSpec, zone: str) -> str:
    """Return a bucket as people name it: ACD, day and interval."""
    acd = f"ACD {bucket.acd}" if bucket.acd is not None else ""
    columns = BucketColumns.of(spec)
    start = bucket_start(bucket, columns, zone)
    when = ""
    if start is not None and bucket.slot is not None:
        when = f"{start:%Y-%m-%d %H:%M}"
        if spec.archive is Archive.EVENT:
            when += f"-{start + timedelta(minutes=14):%H:%M}"
    elif bucket.row_date is not None:
        when = f"{bucket.row_date}"
    return " ".join(part for part in (acd, when) if part) or "all rows"
