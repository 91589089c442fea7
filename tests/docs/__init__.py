"""The documentation is held against the program."""
