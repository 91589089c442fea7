"""The embedded server: a CMS database in a DuckDB file."""
