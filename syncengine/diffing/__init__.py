"""Pure: which rows to read next, and what differs between two bags of rows."""
