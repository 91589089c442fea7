"""The documentation is compared with the program."""
