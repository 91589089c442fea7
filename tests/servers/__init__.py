"""Tests of the servers, each kind in a folder of its own."""
