"""Reads both servers and reports what differs; writes nothing."""
