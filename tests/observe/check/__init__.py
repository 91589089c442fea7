"""Tests of the check of a pair."""
