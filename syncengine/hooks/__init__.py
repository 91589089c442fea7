"""Runs the commands a pair file names: the one place where processes are started."""
