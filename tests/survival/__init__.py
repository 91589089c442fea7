"""What remains when a run is killed, cut off, or loses its files, disk or tables."""
