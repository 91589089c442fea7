"""A backfill: history in bulk, portion by portion."""
