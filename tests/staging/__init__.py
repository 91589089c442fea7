"""Tests of the staging folder."""
