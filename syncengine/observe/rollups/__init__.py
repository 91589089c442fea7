"""Days, weeks and months compared with the intervals they are made from."""
