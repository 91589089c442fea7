"""Frozen values that the rest of the engine passes around. No input or output."""
