"""Rows and marks on local disk, and the DuckDB that compares them."""
