"""What of a checklist a pair itself shows: pure looks at what was gathered of it."""
