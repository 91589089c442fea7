"""Pure: which rows to ask for next, and what differs between two bags."""
