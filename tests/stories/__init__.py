"""Whole stories, from the first look to the last, on pairs of every kind of server."""
