"""Tests of how things are told to people."""
