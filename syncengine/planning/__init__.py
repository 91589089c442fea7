"""Turns what differs into steps, or refuses with a reason."""
