"""Timetables: listed side by side, and edited on one server."""
