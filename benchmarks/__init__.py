"""Measurements, each with its correctness asserted."""
