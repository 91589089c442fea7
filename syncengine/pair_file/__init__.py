"""Reads the file that describes a pair."""

from syncengine.pair_file.pair_file import read_pair_file

__all__ = ["read_pair_file"]
