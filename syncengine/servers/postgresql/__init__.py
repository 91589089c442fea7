"""A PostgreSQL server, reached through ADBC: rows are read and written as Arrow."""
