"""Does the steps of a plan."""
