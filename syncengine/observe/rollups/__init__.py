"""Days, weeks and months beside the intervals they are made of."""
