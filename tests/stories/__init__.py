"""Whole stories, from the first command to the last, on pairs of every kind of server."""
