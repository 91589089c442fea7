"""Keeps the two servers of a CMS High Availability pair in step."""
