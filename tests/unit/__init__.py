"""What each part promises by itself."""
