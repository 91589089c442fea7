"""Asks both servers and says what differs; writes nothing."""
