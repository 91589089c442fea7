"""The embedded server: a CMS database kept in a DuckDB file."""
