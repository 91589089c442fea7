"""What people have done: a run, a backfill, an undo, a sync, the daily check; each puts stages together."""
