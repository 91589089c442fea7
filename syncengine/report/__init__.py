"""Shows verdicts, plans and outcomes, as text and as JSON."""
