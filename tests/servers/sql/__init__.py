"""Tests of the SQL all servers share."""
