"""Tests of reports: text for people, and tables on any screen."""
