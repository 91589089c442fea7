"""Runs: begun, resumed and undone under the lock of the pair, with the hooks around them."""
