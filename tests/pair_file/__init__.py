"""Tests of the pair file."""
