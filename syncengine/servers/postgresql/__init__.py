"""A PostgreSQL server, spoken to through ADBC: rows come and go as Arrow."""
