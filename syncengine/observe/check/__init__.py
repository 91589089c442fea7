"""What a check covers: each server, how alike the two are, and what they do in a scratch table."""
