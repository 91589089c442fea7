"""Days, weeks and months: verified against their own intervals, and repaired after them."""
