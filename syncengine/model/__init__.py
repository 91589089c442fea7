"""Frozen values: what the rest of the engine hands around. No input or output."""
