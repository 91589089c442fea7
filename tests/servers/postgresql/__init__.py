"""PostgreSQL, live: a cluster of its own for each run."""
