"""What a run is guarded by, each guard taken out in turn: a test must miss it."""
